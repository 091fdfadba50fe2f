package filter

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func fields(list ...any) Fields {
	f := Fields{}
	for i := 0; i < len(list); i += 2 {
		f.Set(list[i].(string), list[i+1])
	}
	return f
}

var document = fields(
	"lang", "en", "year", 2021.0, "path", "src/a.go", "draft", false, "tags", []string{"red", "blue"}, "none", []string{},
	"mtime", time.Date(2024, 5, 1, 12, 0, 0, 5, time.FixedZone("", 7200)), "published", "2024-01-31", "a.b", "dotted", "odd name", "x", "And", 1.5)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{`lang = "en"`, true},
		{`lang = 'en' and year >= 2020 and not path ^ "vendor/"`, true},
		{`lang = "de" or year < 2020 or path ^ "vendor/"`, false},
		{`lang != "en"`, false},
		{`lang > "e" and lang < "eo" and lang <= "en" and lang >= "en"`, true},
		{`year in (1.5, "2021", 2021)`, true},
		{`year = "2021"`, false},
		{`year > "2020" or year < "2022"`, false},
		{`year != "2021"`, true},
		{`year = 2.021e3`, true},
		{`year > -1`, true},
		{`draft = false and draft != true`, true},
		{`draft = "false"`, false},
		{`tags = "red" and tags = "blue"`, true},
		{`tags != "red"`, false},
		{`tags != "green"`, true},
		{`tags in ("green", "blue")`, true},
		{`tags ^ "bl"`, true},
		{`tags < "c"`, true},
		{`has tags and not has absent and not has none`, true},
		{`absent != 1`, true},
		{`has absent and absent != 1`, false},
		{`not absent < 1`, true},
		{`mtime > 2024-05-01 and mtime < 2024-05-02`, true},
		{`mtime > 2024-05-01T12:00:00+02:00 and mtime = 2024-05-01T10:00:00.000000005Z`, true},
		{`mtime > "2024"`, false},
		{`published = 2024-01-31T01:00:00+01:00`, true},
		{`published = "2024-01-31"`, true},
		{`published ^ "2024-"`, true},
		{`a.b = "dotted" and "a.b" = "dotted"`, true},
		{`"odd name" = "x" and "And" = 1.5`, true},
		{`lang ^ ""`, true},
		{`year ^ ""`, false},
		{`(lang = "de" or lang = "en") and (year = 1 or year = 2021)`, true},
		{`lang = "de" and lang = "en" or year = 2021`, true},
		{`NOT NOT lang IN ("en") AND HAS lang`, true},
		{`lang = "\u0065\u006e"`, true},
	} {
		e, err := Parse(c.filter)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		if got := e.Match(document); got != c.want {
			t.Errorf("%s: %v", c.filter, got)
		}
		checkCanonical(t, e)
	}
}

func checkCanonical(t *testing.T, e *Expr) {
	t.Helper()
	s := e.String()
	again, err := Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	if !reflect.DeepEqual(again, e) || again.String() != s {
		t.Fatalf("%s is read as %s", s, again)
	}
}

func TestString(t *testing.T) {
	for in, want := range map[string]string{
		`not(a=1)`:                      `a != 1`,
		`not not a = 1`:                 `a = 1`,
		`not (a != 1)`:                  `a = 1`,
		`not (a=1 and b=2)`:             `not (a = 1 and b = 2)`,
		`(a=1 and (b=2 and c=3))`:       `a = 1 and b = 2 and c = 3`,
		`a=1 and (b=2 or c=3) or d=4`:   `a = 1 and (b = 2 or c = 3) or d = 4`,
		`a in (1)`:                      `a = 1`,
		`not a in (1,'x',TRUE)`:         `not a in (1, "x", true)`,
		`'in' = -0.0`:                   `"in" = 0`,
		`'' ^ "a\tb\\\"\u0001"`:         `"" ^ "a\tb\\\"\u0001"`,
		`a = 1e400000 or b = 1`:         ``,
		`a < 2024-02-30`:                ``,
		`a<2024-05-01T00:00:00Z`:        `a < 2024-05-01`,
		`a<2024-05-01T01:00:00.5+02:00`: `a < 2024-04-30T23:00:00.5Z`,
		`größe-2.x = 1`:                 `größe-2.x = 1`,
		`a>=1E21`:                       `a >= 1e+21`,
	} {
		e, err := Parse(in)
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if e.String() != want {
			t.Errorf("%s: got %s, want %s", in, e, want)
		}
		checkCanonical(t, e)
	}
}

func TestErrors(t *testing.T) {
	for in, want := range map[string]string{
		``:                            `filter, column 1: expected a field, found the end of the filter`,
		`lang`:                        `filter, column 5: expected =, !=, <, <=, >, >=, ^ or in behind a field, found the end of the filter`,
		`lang = en`:                   `filter, column 8: expected a value, found en (a text is written in quotes: "en")`,
		`lang == "en"`:                `filter, column 7: expected a text in quotes, a number, a time, true or false, found =`,
		`größe > `:                    `filter, column 9: expected a text in quotes, a number, a time, true or false, found the end of the filter`,
		`a = 1 b = 2`:                 `filter, column 7: expected "and", "or" or the end of the filter, found b`,
		`(a = 1`:                      `filter, column 7: expected "and", "or" or ")", found the end of the filter`,
		`a = 1)`:                      `filter, column 6: expected "and", "or" or the end of the filter, found )`,
		`a ! 1`:                       `filter, column 3: expected "!=", found "!"`,
		`a = "x`:                      `filter, column 7: expected " to end the text that begins at column 5`,
		`a = "x\y"`:                   `filter, column 7: expected one of the escapes \\ \" \' \n \t \r \uXXXX`,
		`a = "\ud800"`:                `filter, column 6: expected one of the escapes \\ \" \' \n \t \r \uXXXX`,
		`a = 12px`:                    `filter, column 5: expected a number, found 12px (a text is written in quotes)`,
		`a = 0x1p2`:                   `filter, column 5: expected a number, found 0x1p2 (a text is written in quotes)`,
		`a = 1e999`:                   `filter, column 5: expected a number that fits 64 bits, found 1e999`,
		`a > 2024-13-01`:              `filter, column 5: expected a date (2024-01-31) or a time of RFC 3339 (2024-01-31T12:00:00Z), found 2024-13-01`,
		`a > 0000-01-01T00:00:00+1:0`: `filter, column 5: expected a date (2024-01-31) or a time of RFC 3339 (2024-01-31T12:00:00Z), found 0000-01-01T00:00:00+1:0`,
		`a > true`:                    `filter, column 5: expected a text, a number or a time behind >, found true, which has no order`,
		`a ^ 5`:                       `filter, column 5: expected a text in quotes behind ^, found 5`,
		`a in 5`:                      `filter, column 6: expected "(" behind in, found 5`,
		`a in ()`:                     `filter, column 7: expected a text in quotes, a number, a time, true or false, found )`,
		`a in (1 2)`:                  `filter, column 9: expected "," or ")" behind a value, found 2`,
		`not and`:                     `filter, column 5: expected a field, found and (a field of that name is written in quotes)`,
		`a = 1 and`:                   `filter, column 10: expected a field, found the end of the filter`,
		`a & b`:                       `filter, column 3: expected a field, a value or an operator, found '&'`,
		"a = \"\xff\"":                `filter, column 6: expected UTF-8, found the byte 0xff`,
		"a \xff":                      `filter, column 3: expected UTF-8, found the byte 0xff`,
		`has "x" = 5`:                 `filter, column 9: expected "and", "or" or the end of the filter, found =`,
	} {
		_, err := Parse(in)
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", in, err, want)
			continue
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || utf8.RuneCountInString(in[:syntax.Offset]) != syntax.Column-1 {
			t.Errorf("%s: offset %d for column %d", in, syntax.Offset, syntax.Column)
		}
	}
}

func TestNesting(t *testing.T) {
	for _, n := range []int{maxDepth, maxDepth + 1, 1 << 20} {
		for _, open := range []string{"(", "not ", "not("} {
			depth := n
			if open == "not(" {
				depth /= 2
			}
			in := strings.Repeat(open, depth) + "a = 1" + strings.Repeat(")", depth*strings.Count(open, "("))
			if _, err := Parse(in); (err == nil) != (n <= maxDepth || n == maxDepth+1 && open == "not(") {
				t.Errorf("%d times %q: %v", depth, open, err)
			}
		}
	}
}

func TestVisible(t *testing.T) {
	for _, c := range []struct {
		list   any
		groups []string
		want   bool
	}{
		{nil, nil, true},
		{nil, []string{"a"}, true},
		{[]string{}, nil, true},
		{"a", nil, false},
		{"a", []string{"b", "a"}, true},
		{[]string{"a", "c"}, []string{"c"}, true},
		{[]string{"a", "c"}, []string{"b"}, false},
		{[]string{""}, nil, false},
		{5.0, []string{"5"}, false},
		{true, []string{"true"}, false},
	} {
		e := Visible(c.groups)
		if got := e.Match(fields(GroupsField, c.list)); got != c.want {
			t.Errorf("%v as %q: %v", c.list, c.groups, got)
		}
		checkCanonical(t, e)
	}
}

// FuzzParse: no text makes the parser panic, and what it reads it reads again
// from the canonical form, with the same meaning.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`lang = "en" and year >= 2020 and not path ^ "vendor/"`, `a in (1, "x", true, 2024-01-31T00:00:00.5+01:00) or has b`,
		`not (not not a != -1.5e3 or 'b\u00e9\'' < 0000-01-01)`, `"" = '' and (((a=1)))`, "a = 9999-12-31T23:59:59-01:00", "a\u0085<1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			syntax, ok := err.(*SyntaxError)
			if !ok || syntax.Offset < 0 || syntax.Offset > len(s) || syntax.Column < 1 || syntax.Reason == "" {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		checkCanonical(t, e)
		e.Match(document)
	})
}
