package schema

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemas are what answers are held to in tests, each with what it allows and what not.
var schemas = []struct {
	schema    string
	yes, no   []string
	unchecked bool // the independent validator knows less
}{
	{schema: `{"type": "object", "properties": {"answer": {"type": "string"}, "sure": {"type": "boolean"}, "sources": {"type": "array", "items": {"type": "integer", "minimum": 1}}}, "required": ["answer", "sources"], "additionalProperties": false}`,
		yes: []string{`{"answer": "It is 7 \"or\" 8.", "sure": false, "sources": [1, 12]}`, `{"answer":"ä\u00e4\n","sources":[]}`, ` {"answer": "", "sources": [3]}`},
		no:  []string{`{"sources": [1], "answer": ""}`, `{"answer": ""}`, `{"answer": "", "sources": [0]}`, `{"answer": "", "sources": [1],}`, `{"answer": "` + "\n" + `", "sources": []}`, `{"answer": "\ud800", "sources": []}`, `{"answer": "", "sources": [01]}`, "[]"}},
	{schema: `{"properties": {"a": {"type": "null"}, "b": {"type": "number"}, "c": {"enum": ["x", 1, [true, {"k": null}]]}}}`,
		yes: []string{`{}`, `{"a": null}`, `{"b": -0.5e+10}`, `{"a": null, "c": "x"}`, `{"c":[true,{"k":null}]}`, `{"b": 3, "c": 1}`}, no: []string{`{"b": 1, "a": null}`, `{"b": 1.}`, `{"c": 2}`, `{, "b": 1}`, `{"d": 1}`}},
	{schema: `{"type": ["string", "null"], "minLength": 2, "maxLength": 4}`, yes: []string{`"ab"`, `"äöü€"`, `null`, `"\n\u0041"`}, no: []string{`"a"`, `"abcde"`, `7`}},
	{schema: `{"type": "array", "items": {"enum": ["red", "green"]}, "minItems": 1, "maxItems": 3}`, yes: []string{`["red"]`, `["red", "red","green"]`}, no: []string{`[]`, `["red","red","red","red"]`, `["blue"]`, `["red",]`}},
	{schema: `{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"name": {"type": "string", "pattern": "^[a-z]{1,5}$"}, "under": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "required": ["name"], "additionalProperties": false}}}`,
		yes: []string{`{"name": "a", "under": [{"name": "bc", "under": []}, {"name": "d"}]}`}, no: []string{`{"name": "A"}`, `{"name": "abcdef"}`, `{"under": []}`}},
	{schema: `{"anyOf": [{"type": "integer", "minimum": -3, "maximum": 12}, {"const": {"none": true}}]}`, yes: []string{`-3`, `12`, `0`, `{"none":true}`}, no: []string{`-4`, `13`, `1.0`, `{"none":false}`, `007`}},
	{schema: `{"type": "object", "additionalProperties": {"type": "integer"}}`, yes: []string{`{}`, `{"x": 1, "y z": -20}`}, no: []string{`{"x": "1"}`, `{"": 1}`}},
	{schema: `{"type": "array", "prefixItems": [{"type": "string", "format": "date"}, {"type": "boolean"}], "items": false}`, yes: []string{`["2026-11-29", true]`}, no: []string{`["2026-13-29", true]`, `["2026-11-29"]`, `["2026-11-29", true, 1]`}, unchecked: true},
	{schema: `{"type": "string", "pattern": "x(\\d|[\"\\\\é-ÿ])+"}`, yes: []string{`"x7"`, `"abc x\"\\éÿ!"`}, no: []string{`"x"`, `"xa"`, `"abc"`}},
	{schema: `{"type": "string", "pattern": "^(?:[^a-z]|\\p{Greek}{2}|[𐀀-𐃿])$"}`, yes: []string{`"A"`, `"\""`, `"αβ"`, `"𐀁"`, `"€"`}, no: []string{`"a"`, `"αβγ"`, `""`}},
	{schema: `true`, yes: []string{`{"a": [1, "x", null, {"b": -1.5e3}]}`, `"x"`, `[]`}, no: []string{`nul`, `[1 2]`, `{"a" 1}`, `'x'`}},
}

func whole(s *State, text string) bool {
	s = s.After([]byte(text))
	return s != nil && s.Done()
}

func TestAllows(t *testing.T) {
	for _, c := range schemas {
		s, err := Parse([]byte(c.schema))
		if err != nil {
			t.Fatalf("%s: %v", c.schema, err)
		}
		for _, text := range c.yes {
			if !whole(s, text) {
				t.Errorf("%s refuses %s", c.schema, text)
			}
		}
		for _, text := range c.no {
			if whole(s, text) {
				t.Errorf("%s allows %s", c.schema, text)
			}
		}
	}
}

// say writes what a state allows, byte after byte at random, towards an end after a while.
func say(s *State, random *rand.Rand) (string, bool) {
	var out []byte
	for len(out) < 400 {
		if s.Over() || s.Done() && (len(out) > 100 || random.IntN(4) == 0) {
			return string(out), true
		}
		var may []byte
		for b := range 256 {
			if slices.ContainsFunc(s.stacks, func(f *frame) bool { return f.rest[0].bytes.has(byte(b)) }) {
				may = append(may, byte(b))
			}
		}
		if len(may) == 0 {
			return string(out), false
		}
		b := may[random.IntN(len(may))]
		if len(out) > 100 {
			for _, end := range [2]string{"]}x7\"", "]}7x\""}[len(out)%2] {
				if slices.Contains(may, byte(end)) {
					b = byte(end)
				}
			}
		} else if random.IntN(3) > 0 { // bytes that are no text are most of what strings allow
			for range 4 {
				if b = may[random.IntN(len(may))]; b < 0x7F {
					break
				}
			}
		}
		out, s = append(out, b), s.Next(b)
	}
	return string(out), s.Done()
}

// TestRandomAnswers: whatever is said is JSON that an independent validator takes.
func TestRandomAnswers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range schemas {
		s, err := Parse([]byte(c.schema))
		if err != nil {
			t.Fatal(err)
		}
		var theirs jsonschema.Schema
		if err := json.Unmarshal([]byte(c.schema), &theirs); err != nil {
			t.Fatal(err)
		}
		resolved, err := theirs.Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		ended := 0
		for range 150 {
			text, whole := say(s, random)
			if !whole {
				continue
			}
			ended++
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil || !utf8.ValidString(text) || Check([]byte(text)) != nil {
				t.Fatalf("%s: said %q: %v", c.schema, text, err)
			}
			if err := resolved.Validate(v); err != nil && !c.unchecked {
				t.Fatalf("%s: said %s: %v", c.schema, text, err)
			}
		}
		if ended < 100 {
			t.Errorf("%s: %d of 150 answers ended", c.schema, ended)
		}
	}
}

// TestHash: states that were reached by different ways and allow the same are one for who keeps
// what they allow; those inside a text do not grow.
func TestHash(t *testing.T) {
	s, err := Parse([]byte(`{"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string", "maxLength": 3}}}`))
	if err != nil {
		t.Fatal(err)
	}
	one, two := s.After([]byte(`{"a": "x`)), s.After([]byte(`{"a":"much more`))
	if one.Hash() != two.Hash() {
		t.Error("the same text by two ways")
	}
	for _, other := range []string{`{"b": "x`, `{"a": "x\`, `{"b": "xy`, `{"a": "x"`, `{`, `{}`} {
		if s.After([]byte(other)).Hash() == one.Hash() {
			t.Errorf("%s has the hash of another state", other)
		}
	}
}

func TestRefuses(t *testing.T) {
	for schema, want := range map[string]string{
		`{`:                                   "no JSON",
		`{} {}`:                               "follows after its end",
		`{"type": "strnig"}`:                  "strnig",
		`{"not": {"type": "string"}}`:         "not",
		`{"type": "number", "multipleOf": 2}`: "multipleOf",
		`{"$ref": "#"}`:                       "without saying anything",
		`{"$ref": "other.json"}`:              "$defs",
		`{"$ref": "#/$defs/x"}`:               "#/$defs/x",
		`{"anyOf": [{"$ref": "#"}, {"type": "null"}]}`:                              "without saying anything",
		`{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}`: "ever ends",
		`{"type": "object", "properties": {"a": {}}, "required": ["b"]}`:            "required names",
		`{"type": "array", "minItems": 3, "maxItems": 2}`:                           "minItems is 3",
		`{"type": "array", "maxItems": 99999999}`:                                   "maxItems",
		`{"type": "string", "pattern": "("}`:                                        "pattern",
		`{"type": "string", "pattern": "^(a*)*$"}`:                                  "without saying anything",
		`{"type": "string", "pattern": "a\\bc"}`:                                    "\\b",
		`{"type": "integer", "minimum": 5, "maximum": 4}`:                           "above maximum",
		`{"type": "integer", "maximum": 4}`:                                         "bounds",
		`{"type": "integer", "minimum": 1.5}`:                                       "whole number",
		`{"type": "object", "properties": {"a": {"type": "number", "minimum": 4}}}`: "#/properties/a",
		`{"enum": []}`: "enum",
		`false`:        "false",
		`{"allOf": [{"type": "string"}, {"minLength": 2}]}`:                  "allOf",
		strings.Repeat(`{"items":`, 100) + `true` + strings.Repeat(`}`, 100): "in each other",
		strings.Repeat(" ", mostBytes) + "{}":                                "bytes",
		`{"type": "array", "maxItems": 9999, "items": {"type": "array", "maxItems": 9999, "items": {"type": "string", "maxLength": 9999}}}`: "",
	} {
		_, err := Parse([]byte(schema))
		if want == "" {
			if err != nil {
				t.Errorf("%.80s: %v", schema, err)
			}
			continue
		}
		if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", schema, err, want)
		}
	}
}

// FuzzParse: no schema makes a panic, and what is said under one is JSON.
func FuzzParse(f *testing.F) {
	for i, c := range schemas {
		f.Add(c.schema, uint64(i))
	}
	f.Add(`{"type":"string","pattern":"^(a|b*){2,3}[^x]?$"}`, uint64(1))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if len(text) > 4096 {
			return
		}
		s, err := Parse([]byte(text))
		if err != nil {
			if !errors.Is(err, ErrSchema) {
				t.Fatal(err)
			}
			return
		}
		if said, whole := say(s, rand.New(rand.NewPCG(seed, 1))); whole && !json.Valid([]byte(said)) {
			t.Fatalf("%s allows %q", text, said)
		}
	})
}

func TestStrings(t *testing.T) {
	if got := strings.Join(Strings([]byte(`{"b": "one [1]", "a": ["two", {"c": "three [2]"}], "n": 7}`)), "|"); got != "one [1]|two|three [2]" {
		t.Error(got)
	}
	for text, whole := range map[string]bool{`{"a": 1}`: true, `{"a": 1} x`: false, `{"a": `: false, ``: false} {
		if (Check([]byte(text)) == nil) != whole {
			t.Errorf("%q", text)
		}
	}
}
