package learned

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/vector"
)

// counting makes vectors of lengths, and counts of how many texts.
type counting struct{ texts int }

func (*counting) Name() string      { return "lengths" }
func (*counting) Place() string     { return "here" }
func (*counting) Kind() vector.Kind { return vector.KindDense }
func (*counting) Width() int        { return 2 }

func (c *counting) All(_ context.Context, texts iter.Seq[string], _ encode.Use) iter.Seq2[tamis.Vector, error] {
	return func(yield func(tamis.Vector, error) bool) {
		for s := range texts {
			c.texts++
			if !yield(vector.Dense{float32(len(s)), float32(strings.Count(s, "e"))}, nil) {
				return
			}
		}
	}
}

func examples() (all []classify.Example) {
	for i := range 10 {
		all = append(all, classify.Example{ID: fmt.Sprint(i), Text: fmt.Sprintf("red apple number %d", i), Labels: []string{"fruit"}},
			classify.Example{ID: fmt.Sprint("c", i), Text: fmt.Sprintf("fast lorry number %d", i), Labels: []string{"car"}})
	}
	return all
}

func TestLearnedOnce(t *testing.T) {
	var warned []string
	k := Keep{File: filepath.Join(t.TempDir(), "kept"), Warn: func(format string, args ...any) { warned = append(warned, fmt.Sprintf(format, args...)) }}
	e := &counting{}
	ask := func() string {
		t.Helper()
		c, err := Learn(t.Context(), k, e, examples())
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Classify("a red apple", classify.Vectors{Dense: vector.Dense{1, 0}}, 2)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v", r)
	}
	first := ask()
	made := e.texts
	if again := ask(); again != first || e.texts != made || len(warned) > 0 {
		t.Errorf("%s after %s, %d texts encoded again, %q", again, first, e.texts-made, warned)
	}
	b, err := os.ReadFile(k.File)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"damaged": b[:len(b)-1], "another version": append([]byte("tamis labels 0"), b[14:]...)} {
		if err := os.WriteFile(k.File, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		warned = nil
		if again := ask(); again != first || len(warned) != 1 || !strings.Contains(warned[0], name) || !strings.Contains(warned[0], "anew") {
			t.Errorf("%s: %s, %q", name, again, warned)
		}
		warned = nil
		if ask(); len(warned) > 0 {
			t.Errorf("%s: it was not made anew: %q", name, warned)
		}
	}
	k.File = filepath.Join(t.TempDir(), "no", "such", "folder")
	if ask(); len(warned) != 1 || !strings.Contains(warned[0], "cannot be kept") {
		t.Errorf("%q", warned)
	}
}

// TestFolder: what takes no time is not kept, and what was used least lately makes room.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := Learn(t.Context(), Keep{Folder: dir}, nil, examples()); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Error(list, err)
	}
	for i, name := range []string{"new", "old", "other"} {
		file := filepath.Join(dir, name+ending)
		if err := os.WriteFile(file, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-time.Duration(i) * time.Hour)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	makeRoom(dir, "other"+ending, mostBytes-150)
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 || list[0].Name() != "new"+ending {
		t.Error(list, err)
	}
}

// TestExamples: those that somebody sees, with their labels.
func TestExamples(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	docs := func(yield func(tamis.Document, error) bool) {
		for i := range 2500 {
			d := tamis.Document{ID: fmt.Sprintf("d%04d", i), Source: fmt.Sprint("text ", i), Metadata: map[string]any{"team": "a"}}
			switch i % 5 {
			case 0:
				d.Metadata = map[string]any{"team": []string{"b", "a", "none"}}
			case 1:
				d.Metadata["groups"] = "board"
			case 2:
				d.Metadata = nil
			case 3:
				d.Metadata["team"] = "none"
			}
			if !yield(d, nil) {
				return
			}
		}
	}
	if _, err := ix.Add(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	all, err := Examples(t.Context(), ix, tamis.Scope{Groups: []string{}}, "", "team", "none")
	if err != nil || len(all) != 1500 {
		t.Fatal(len(all), err)
	}
	if got := fmt.Sprint(all[0].Labels, len(all[1].Labels), all[2].Labels); got != "[b a] 0 [a]" {
		t.Error(got)
	}
}
