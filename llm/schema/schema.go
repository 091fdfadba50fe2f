// Package schema makes a JSON Schema into what a model may say next, byte for byte: an answer that
// is held to it is JSON that the schema allows, whatever the model. (The way is that of
// llama.cpp's grammars and of Outlines, Willard and Louf 2023: "Efficient Guided Generation for
// Large Language Models".)
//
// A schema is of draft 2020-12. What is kept: type, properties, required, additionalProperties,
// items, prefixItems, minItems, maxItems, enum, const, anyOf, oneOf (as anyOf), allOf of one, $ref
// within the schema, minLength, maxLength, pattern (a regular expression as of RE2; one of ^…$
// is held whole), the formats date, date-time, time and uuid, and bounds of integers: at least 0 or
// 1, or between two of which the greater is at most 9,999 more. What else constrains is refused, so
// that no answer passes for what it is not; titles, descriptions and the like say nothing.
//
// Answers are written without blanks but one after a colon or a comma, properties in the order of
// the schema, and none that it does not name, unless it names none.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
)

// ErrSchema is wrapped by every error about a schema.
var ErrSchema = errors.New("schema of answers")

// Bounds of what is read.
const (
	mostBytes  = 256 << 10
	mostNested = 64
	mostTimes  = 10000
	mostRules  = 200000
	mostSpan   = 10000
)

// Parse is what an answer may begin with under a JSON Schema. Errors wrap ErrSchema and name the
// place in the schema.
func Parse(data []byte) (*State, error) {
	if len(data) > mostBytes {
		return nil, fmt.Errorf("%w: it has %d bytes; at most %d are read", ErrSchema, len(data), mostBytes)
	}
	root, err := read(data)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no JSON: %w", ErrSchema, err)
	}
	c := &compiler{g: &grammar{}, root: root, places: map[string]element{}}
	c.basics()
	value, err := c.value(root, "#", 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	// Models with words that begin with a blank like to begin with one.
	answer := c.g.rule(sequence{c.g.maybe(anyOf(" \n")), value})
	switch {
	case c.g.circle() >= 0:
		return nil, fmt.Errorf("%w: a $ref or a pattern leads back to itself without saying anything", ErrSchema)
	case !c.g.ends()[answer.rule]:
		return nil, fmt.Errorf("%w: nothing that it allows ever ends: some required value needs itself", ErrSchema)
	}
	return c.g.begin(answer), nil
}

// object is one of JSON, its keys in their order.
type object struct {
	keys   []string
	values map[string]any
}

func read(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows after its end")
		}
	}
	return v, err
}

func readValue(d *json.Decoder, depth int) (any, error) {
	if depth > mostNested {
		return nil, fmt.Errorf("more than %d values in each other", mostNested)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := &object{values: map[string]any{}}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			k := key.(string) // the decoder takes nothing else
			if _, twice := o.values[k]; twice {
				return nil, fmt.Errorf("the key %s stands there twice", screen.Name(k))
			}
			o.keys, o.values[k] = append(o.keys, k), v
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

// write is a value as an answer has it.
func write(v any) string {
	switch v := v.(type) {
	case *object:
		var parts []string
		for _, k := range v.keys {
			parts = append(parts, quote(k)+":"+write(v.values[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, write(x))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		return quote(v)
	case json.Number:
		return v.String()
	}
	b, _ := json.Marshal(v) // true, false, null
	return string(b)
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // to memory
	return strings.TrimSuffix(b.String(), "\n")
}

// known are the words of schemas that are kept, and those that constrain nothing.
var (
	known = []string{"type", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems", "enum", "const", "anyOf", "oneOf", "allOf", "$ref",
		"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "$defs", "definitions"}
	silent = []string{"title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "$anchor", "deprecated", "readOnly", "writeOnly", "nullable", "strict", "name"}
)

// Check says what an answer that is held to a schema lacks: nil where it is one JSON value.
func Check(answer []byte) error {
	d := json.NewDecoder(bytes.NewReader(answer))
	var v any
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the answer goes on after its JSON")
	}
	return nil
}

// Strings are the texts in a JSON value, in their order.
func Strings(answer []byte) []string {
	v, err := read(answer)
	if err != nil {
		return nil
	}
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, x := range v {
				walk(x)
			}
		case *object:
			for _, k := range v.keys {
				walk(v.values[k])
			}
		}
	}
	walk(v)
	return slices.Clip(out)
}
