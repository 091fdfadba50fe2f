package labels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/classify/learned"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/library"
)

type served struct {
	*Giver
	t   *testing.T
	lib *library.Library
}

func serve(t *testing.T) *served {
	lib := library.New(library.Options{Root: t.TempDir()})
	s := &served{New(t.Context(), Options{Field: "team", Library: lib}), t, lib}
	t.Cleanup(func() {
		if err := lib.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write puts documents and deletes others.
func (s *served) write(docs []tamis.Document, gone ...string) {
	s.t.Helper()
	ix, done, err := s.lib.Write(context.Background(), "notes")
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	})
	if err == nil {
		_, err = ix.Delete(context.Background(), gone...)
	}
	if err := done(err); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) ask(by *access.Caller, text string) (*classify.Result, error) {
	s.t.Helper()
	r, err := s.Classify(s.t.Context(), by, "notes", []string{text}, 3)
	if err != nil {
		return nil, err
	}
	return r[0], nil
}

func (s *served) want(by *access.Caller, text, label string) *classify.Result {
	s.t.Helper()
	r, err := s.ask(by, text)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(r.Labels) == 0 || r.Labels[0].Label != label {
		s.t.Fatalf("%q is %+v, want %s", text, r, label)
	}
	return r
}

func note(id, text, team string, groups ...string) tamis.Document {
	d := tamis.Document{ID: id, Source: text, Metadata: map[string]any{"team": team}}
	if len(groups) > 0 {
		d.Metadata["groups"] = groups
	}
	return d
}

func notes() (docs []tamis.Document) {
	for i, thing := range []string{"toner", "paper", "scanner", "printer"} {
		docs = append(docs, note(fmt.Sprint("o", i), "the "+thing+" in the office is empty or jammed", "office"))
	}
	for i, thing := range []string{"milk", "coffee", "fridge", "kettle"} {
		docs = append(docs, note(fmt.Sprint("k", i), "there is no "+thing+" in the kitchen for tea", "kitchen"),
			note(fmt.Sprint("s", i), "the salary of the board and its "+thing+" is a secret", "secret", "board"))
	}
	return docs
}

var (
	reader = &access.Caller{Name: "reader", Scope: access.Read}
	board  = &access.Caller{Name: "board", Scope: access.Read, Groups: []string{"board"}}
)

// TestSeen: examples that a caller does not see teach nothing, and stand in no answer.
func TestSeen(t *testing.T) {
	s := serve(t)
	s.write(notes())
	for range 2 {
		s.want(board, "what is the salary of the board", "secret")
		r, err := s.ask(reader, "what is the salary of the board")
		if err != nil || strings.Contains(fmt.Sprintf("%+v", r), "secret") {
			t.Errorf("%+v, %v", r, err)
		}
	}
	s.want(reader, "the paper is jammed", "office")
	if _, err := s.ask(&access.Caller{Scope: access.Read, Collections: []string{"else"}}, "paper"); !errors.Is(err, access.ErrNoCollection) {
		t.Error(err)
	}
}

// TestChanged: what was learned of documents that are gone, hidden or changed answers no more;
// those that come count later.
func TestChanged(t *testing.T) {
	s := serve(t)
	s.write(notes())
	s.want(reader, "no milk for the tea", "kitchen")
	s.write(nil, "k0", "k1", "k2")
	if r := s.want(reader, "the paper is jammed", "office"); len(r.Others) != 1 {
		t.Errorf("%+v", r)
	}
	s.write([]tamis.Document{note("k3", "there is no kettle in the kitchen for tea", "kitchen", "board")})
	if _, err := s.ask(reader, "the paper is jammed"); !errors.Is(err, classify.ErrOneLabel) {
		t.Error(err)
	}
	s = serve(t)
	s.write(notes())
	s.want(reader, "the paper is jammed", "office")
	changed := notes()[:4]
	for i := range changed { // as long as before
		changed[i].Source = strings.Replace(changed[i].Source, "office", "garden", 1)
	}
	s.write(changed)
	if r := s.want(reader, "the paper is jammed", "office"); strings.Contains(fmt.Sprintf("%+v", r), "in the office") {
		t.Errorf("%+v", r)
	}
	s.write([]tamis.Document{note("g1", "the lawn needs a mower", "garden"), note("g2", "the lawn is dry", "garden"), note("g3", "mow the lawn", "garden")})
	s.want(reader, "the paper is jammed", "office") // goes on
	s.minutes = func(time.Time) bool { return true }
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r, err := s.ask(reader, "mow the dry lawn")
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Labels) > 0 && r.Labels[0].Label == "garden" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%+v", r)
		}
	}
}

func TestOff(t *testing.T) {
	var g *Giver
	for _, g := range []*Giver{g, New(t.Context(), Options{})} {
		if _, err := g.Classify(t.Context(), reader, "notes", []string{"a"}, 1); !errors.Is(err, ErrOff) || g.On() {
			t.Error(err)
		}
	}
	s := serve(t)
	s.write([]tamis.Document{{ID: "a", Source: "without a label"}})
	if _, err := s.ask(reader, "a"); !errors.Is(err, classify.ErrNoExamples) || !strings.Contains(err.Error(), `"team"`) {
		t.Error(err)
	}
}

// TestKept: another start of a server uses what was kept, for the same examples alone.
func TestKept(t *testing.T) {
	s := serve(t)
	s.write(notes())
	var warned int
	file := filepath.Join(t.TempDir(), "kept")
	start := func() *served {
		return &served{New(t.Context(), Options{Field: "team", Library: s.lib, Keep: learned.Keep{File: file, Warn: func(string, ...any) { warned++ }}}), t, s.lib}
	}
	first := fmt.Sprintf("%+v", start().want(reader, "the paper is jammed", "office"))
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(file, long, long); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if again := fmt.Sprintf("%+v", start().want(reader, "the paper is jammed", "office")); again != first {
		t.Errorf("%s\n%s", again, first)
	}
	used, err := os.Stat(file)
	if now, e := os.ReadFile(file); err != nil || e != nil || !bytes.Equal(now, kept) || warned != 0 || !used.ModTime().After(long) {
		t.Errorf("%v, %v, %d warnings", err, e, warned)
	}
	s.write(nil, "k0")
	start().want(reader, "the paper is jammed", "office")
	if now, err := os.ReadFile(file); err != nil || bytes.Equal(now, kept) || warned != 1 {
		t.Errorf("%v, %d warnings", err, warned)
	}
}
