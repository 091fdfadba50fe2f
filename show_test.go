package tamis_test

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
)

func TestShow(t *testing.T) {
	ix := open(t, "")
	source := "Intro.\n\nOne äöü.\nTwo.\nThree.\r\nFour.\n" + strings.Repeat("long 猫 ", 4000) + "\nEnd."
	add(t, ix, tamis.Document{ID: "d", Title: "T", Source: source}, tamis.Document{ID: "hidden", Source: "secret", Metadata: map[string]any{"groups": []string{"a"}}})
	lines := func(start, end, around int) (all []string) {
		t.Helper()
		s, err := ix.Show(t.Context(), "d", start, end, around, tamis.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.Lines {
			if source[l.Start:l.End] != l.Text {
				t.Fatalf("%+v is not verbatim", l)
			}
			all = append(all, l.Text)
		}
		return all
	}
	at := strings.Index(source, "Two")
	for _, tt := range []struct {
		start, end, around int
		want               []string
	}{
		{at, at + 3, 0, []string{"Two."}}, {at, at + 5, 0, []string{"Two."}}, {at, at + 6, 0, []string{"Two.", "Three.\r"}},
		{at, at, 1, []string{"One äöü.", "Two.", "Three.\r"}}, {0, 1, 2, []string{"Intro.", "", "One äöü."}},
		{len(source), len(source), 0, []string{"End."}}, {0, 0, 0, []string{"Intro."}},
	} {
		if got := lines(tt.start, tt.end, tt.around); !slices.Equal(got, tt.want) {
			t.Errorf("%d-%d with %d: %q, want %q", tt.start, tt.end, tt.around, got, tt.want)
		}
	}
	// Of a long line only what is near is shown, on borders of runes.
	rng := rand.New(rand.NewPCG(1, 15))
	for range 300 {
		start := rng.IntN(len(source))
		for !utf8.RuneStart(source[start]) {
			start--
		}
		if got := strings.Join(lines(start, start, rng.IntN(3)), "\n"); !utf8.ValidString(got) || len(got) > 9000 {
			t.Fatalf("%d: %q", start, got)
		}
	}
	for _, r := range [][2]int{{-1, 0}, {2, 1}, {0, len(source) + 1}} {
		if _, err := ix.Show(t.Context(), "d", r[0], r[1], 0, tamis.Scope{}); !errors.Is(err, tamis.ErrInvalid) {
			t.Errorf("%v: %v", r, err)
		}
	}
	// What cannot be seen is as what is not there.
	_, hidden := ix.Show(t.Context(), "hidden", 0, 1, 0, tamis.Scope{Groups: []string{"b"}})
	_, missing := ix.Show(t.Context(), "missing", 0, 99, 0, tamis.Scope{Groups: []string{"b"}})
	if !errors.Is(hidden, tamis.ErrNotFound) || hidden.Error() != missing.Error() {
		t.Errorf("%v, %v", hidden, missing)
	}
	if s, err := ix.Show(t.Context(), "hidden", 0, 6, 0, tamis.Scope{Groups: []string{"a"}}); err != nil || s.Lines[0].Text != "secret" {
		t.Error(s, err)
	}
}

func TestShowLine(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"a.txt": "one\ntwo\n\nfour", "b.html": "<html>\n<body>\n<p>first\n<p>second\n</body>"})
	ix := open(t, "")
	if _, err := ix.AddFiles(t.Context(), []string{dir}, tamis.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		line int
		want string // "-": no such line
	}{{"a.txt", 1, "one"}, {"a.txt", 2, "two"}, {"a.txt", 3, ""}, {"a.txt", 4, "four"}, {"a.txt", 5, "-"}, {"a.txt", 0, "-"}, {"b.html", 3, "first"}, {"b.html", 4, "second"}, {"b.html", 9, "-"}} {
		s, err := ix.ShowLine(t.Context(), filepath.Join(dir, tt.name), tt.line, 0, tamis.Scope{})
		switch {
		case tt.want == "-" && errors.Is(err, tamis.ErrInvalid):
		case err != nil || len(s.Lines) != 1 || s.Lines[0].Text != tt.want || s.Lines[0].Number != tt.line:
			t.Errorf("%s:%d: %+v, %v", tt.name, tt.line, s, err)
		}
	}
}
