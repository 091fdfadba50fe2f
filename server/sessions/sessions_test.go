package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/session"
)

func indexed(t *testing.T, docs map[string]tamis.Document) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	_, err = ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
		for id, d := range docs {
			d.ID = id
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func texts(all map[string]string) map[string]tamis.Document {
	docs := map[string]tamis.Document{}
	for id, text := range all {
		docs[id] = tamis.Document{Source: text}
	}
	return docs
}

var (
	anna = &access.Caller{Name: "anna", Scope: access.Read}
	bert = &access.Caller{Name: "bert", Scope: access.Read}
	o    = session.Options{Tokens: 1000}
)

func start(t *testing.T, k *Kept, c *access.Caller, ix *tamis.Index) string {
	t.Helper()
	name, err := k.Start(c, "notes", ix, o)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// ask puts a question to a session, and says what its window holds then.
func ask(k *Kept, c *access.Caller, name string, ix *tamis.Index, question string) (window string, err error) {
	err = k.With(context.Background(), c, "notes", name, ix, func(s *session.Session) error {
		if question != "" {
			if _, err := s.Context(context.Background(), question, tamis.Budget{}, c.Sees("")); err != nil {
				return err
			}
		}
		window = s.Window().Text
		return nil
	})
	return window, err
}

// TestOwners: who started a session is the only one who can name it, in its collection.
func TestOwners(t *testing.T) {
	ix := indexed(t, texts(map[string]string{"a": "The kettle whistles."}))
	k := New(10, time.Hour)
	name := start(t, k, anna, ix)
	if got, err := ask(k, anna, name, ix, "kettle"); err != nil || !strings.Contains(got, "whistles") {
		t.Fatal(got, err)
	}
	if _, err := ask(k, bert, name, ix, "kettle"); !errors.Is(err, ErrNone) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := k.With(context.Background(), anna, "other", name, ix, nil); !errors.Is(err, ErrNone) {
		t.Errorf("another collection's: %v", err)
	}
	if err := k.End(bert, "notes", name); !errors.Is(err, ErrNone) {
		t.Errorf("ended by somebody else: %v", err)
	}
	if err := k.End(anna, "notes", name); err != nil {
		t.Error(err)
	}
	if _, err := ask(k, anna, name, ix, ""); !errors.Is(err, ErrNone) {
		t.Errorf("after its end: %v", err)
	}
	if _, err := k.Start(anna, "notes", ix, session.Options{}); !errors.Is(err, tamis.ErrInvalid) {
		t.Errorf("a window of no tokens: %v", err)
	}
}

// TestForgotten: the session that was used least lately goes for one too many, others' stay,
// and all go after a time.
func TestForgotten(t *testing.T) {
	ix := indexed(t, texts(map[string]string{"a": "The kettle whistles."}))
	k := New(2, time.Hour)
	his := start(t, k, bert, ix)
	first, second := start(t, k, anna, ix), start(t, k, anna, ix)
	if _, err := ask(k, anna, first, ix, ""); err != nil {
		t.Fatal(err)
	}
	third := start(t, k, anna, ix)
	for name, want := range map[string]error{first: nil, second: ErrNone, third: nil} {
		if _, err := ask(k, anna, name, ix, ""); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if _, err := ask(k, bert, his, ix, ""); err != nil {
		t.Errorf("another's went: %v", err)
	}
	for _, s := range k.all {
		s.used = s.used.Add(-2 * time.Hour)
	}
	start(t, k, bert, ix)
	if _, err := ask(k, anna, first, ix, ""); !errors.Is(err, ErrNone) {
		t.Errorf("after its time: %v", err)
	}
}

// TestAnotherState: a session goes on over another state of its index, without what has
// changed or gone, pinned or not.
func TestAnotherState(t *testing.T) {
	was := indexed(t, texts(map[string]string{"a": "The kettle whistles.", "b": "The kettle boils over.", "c": "A kettle of copper."}))
	k := New(10, time.Hour)
	name := start(t, k, anna, was)
	before, err := ask(k, anna, name, was, "kettle")
	if err != nil || strings.Count(before, "kettle") != 3 {
		t.Fatal(before, err)
	}
	err = k.With(context.Background(), anna, "notes", name, was, func(s *session.Session) error {
		return s.Pin(1, true)
	})
	if err != nil {
		t.Fatal(err)
	}
	now := indexed(t, texts(map[string]string{"a": "The kettle is silent.", "b": "The kettle boils over."}))
	after, err := ask(k, anna, name, now, "")
	if err != nil || !strings.Contains(after, "boils over") || strings.Contains(after, "whistles") || strings.Contains(after, "copper") {
		t.Errorf("%q (%v)", after, err)
	}
	if after, err = ask(k, anna, name, now, "kettle"); err != nil || !strings.Contains(after, "is silent") || strings.Count(after, "boils over") != 1 {
		t.Errorf("%q (%v)", after, err)
	}
}

// TestGroupsLost: who is in a group no more keeps nothing of its documents.
func TestGroupsLost(t *testing.T) {
	docs := texts(map[string]string{"a": "The kettle whistles."})
	docs["b"] = tamis.Document{Source: "The kettle is of gold.", Metadata: map[string]any{"groups": []any{"cooks"}}}
	ix := indexed(t, docs)
	k := New(10, time.Hour)
	cook := &access.Caller{Name: "anna", Scope: access.Read, Groups: []string{"cooks"}}
	name := start(t, k, cook, ix)
	if got, err := ask(k, cook, name, ix, "kettle"); err != nil || !strings.Contains(got, "gold") {
		t.Fatal(got, err)
	}
	if got, err := ask(k, anna, name, ix, ""); err != nil || strings.Contains(got, "gold") || !strings.Contains(got, "whistles") {
		t.Errorf("%q (%v)", got, err)
	}
}

func TestSpend(t *testing.T) {
	ix := indexed(t, texts(map[string]string{"a": "The kettle whistles."}))
	k := New(10, time.Hour)
	name := start(t, k, anna, ix)
	for _, c := range [][2]int{{30, 30}, {0, 30}, {-10, 20}, {-100, 0}, {5, 5}} {
		if got := k.Spend(anna, "notes", name, c[0]); got != c[1] {
			t.Errorf("%+d: %d, want %d", c[0], got, c[1])
		}
	}
	if got := k.Spend(bert, "notes", name, 7); got != 0 {
		t.Errorf("somebody else's: %d", got)
	}
}

// TestManyAtOnce: turns of one session come one after another, under the race detector.
func TestManyAtOnce(t *testing.T) {
	ix := indexed(t, texts(map[string]string{"a": "The kettle whistles.", "b": "The pan sings."}))
	k := New(5, time.Hour)
	shared := start(t, k, anna, ix)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			c := &access.Caller{Name: fmt.Sprint(w), Scope: access.Read}
			for range 10 {
				own, err := k.Start(c, "notes", ix, o)
				if err != nil {
					t.Error(err)
				}
				if _, err := ask(k, c, own, ix, "pan"); err != nil {
					t.Error(err)
				}
				if _, err := ask(k, anna, shared, ix, "kettle"); err != nil {
					t.Error(err)
				}
				k.Spend(anna, "notes", shared, 1)
			}
		})
	}
	all.Wait()
	if got := k.Spend(anna, "notes", shared, 0); got != 40 {
		t.Errorf("%d", got)
	}
}
