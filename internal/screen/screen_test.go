package screen

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func shown(t testing.TB, colours bool, pieces ...string) string {
	t.Helper()
	var b strings.Builder
	w := NewWriter(&b, colours)
	for _, p := range pieces {
		if n, err := w.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriter(t *testing.T) {
	for in, want := range map[string]string{
		"plain äöü 猫 🦉\n\ttab":              "plain äöü 猫 🦉\n\ttab",
		"\x1b[31mred":                       `\x1b[31mred`,
		"\x1b]52;c;eA==\x07":                `\x1b]52;c;eA==\x07`,
		"gone\rover":                        `gone\rover`,
		"a line of Windows\r\nand more":     "a line of Windows\nand more",
		"\u009b31m \u202eevil\u2066":        `\u009b31m \u202eevil\u2066`,
		"\x9b31m":                           `\x9b31m`,
		"\u2028 \U000e0041 \x7f\x00":        `\u2028 \U000e0041 \x7f\x00`,
		"می\u200cخواهم 👩\u200d🚀 soft\u00ad": "می\u200cخواهم 👩\u200d🚀 soft\u00ad",
		"\uFFFD is a rune":                  "\uFFFD is a rune",
	} {
		if got := shown(t, true, in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
		if got := shown(t, true, strings.Split(in, "")...); got != want {
			t.Errorf("%q in pieces is shown as %q, want %q", in, got, want)
		}
		var bytes []string
		for i := range len(in) {
			bytes = append(bytes, in[i:i+1])
		}
		if got := shown(t, true, bytes...); got != want {
			t.Errorf("%q byte by byte is shown as %q, want %q", in, got, want)
		}
	}
}

func TestStyle(t *testing.T) {
	var b strings.Builder
	if got := Style(&b, Bold, "x"); got != "x" {
		t.Errorf("%q for no terminal", got)
	}
	if got := Style(NewWriter(&b, false), Bold, "x"); got != "x" {
		t.Errorf("%q for no colours", got)
	}
	w := NewWriter(&b, true)
	if _, err := w.Write([]byte(Style(w, Bold, "a\x1b[31m") + Style(w, Match, "é") + "\xff")); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1ma\\x1b[31m\x1b[0m\x1b[1;31mé\x1b[0m\\xff"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"docs/ä b.md": "docs/ä b.md", "a\nskipped b": `"a\nskipped b"`, "\x1b]0;x": `"\x1b]0;x"`, `"q"`: `"\"q\""`, " x": `" x"`,
		"a\u202etxt.exe": `"a\u202etxt.exe"`, "\xff": `"\xff"`, "": "",
	} {
		if got := Name(in); got != want {
			t.Errorf("%q is named %s, want %s", in, got, want)
		}
	}
	if got, want := Line("open a\n\x1b[31mb\u202e\xff: no"), `open a \x1b[31mb\u202e\xff: no`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzShown: whatever is shown, in whatever pieces, holds nothing that drives a
// terminal, and is the same as in one piece.
func FuzzShown(f *testing.F) {
	f.Add("a\x1b[31m\r\nb\u202e\xff", 3)
	f.Add("\xffb\xff0\xc3", 1)
	f.Add("\r\r\n\xe2\x80", 2)
	f.Fuzz(func(t *testing.T, s string, cut int) {
		whole := shown(t, false, s)
		cut = min(max(cut, 0), len(s))
		if got := shown(t, false, s[:cut], s[cut:]); got != whole {
			t.Fatalf("%q cut at %d is shown as %q, whole as %q", s, cut, got, whole)
		}
		clean := whole
		for a := range 256 { // the marks are made into these, and nothing else is
			if seq, ok := sequence(byte(a)); ok {
				clean = strings.ReplaceAll(clean, seq, "")
			}
		}
		if utf8.ValidString(s) && clean != whole {
			t.Fatalf("%q drives a terminal: %q", s, whole)
		}
		for _, text := range []string{clean, Line(s), Name(s)} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, drives) {
				t.Fatalf("%q is shown as %q", s, text)
			}
		}
		if strings.ContainsAny(Line(s)+Name(s), "\n\t") {
			t.Fatalf("%q is more than a line", s)
		}
		if utf8.ValidString(s) && !strings.ContainsFunc(s, drives) && whole != s {
			t.Fatalf("%q is shown as %q", s, whole)
		}
	})
}
