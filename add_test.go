package tamis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
)

func open(t *testing.T, dir string) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	return ix
}

func seq(docs ...tamis.Document) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func add(t *testing.T, ix *tamis.Index, docs ...tamis.Document) tamis.Report {
	t.Helper()
	r, err := ix.Add(t.Context(), seq(docs...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// counts is a report without its reasons: added, updated, unchanged, removed,
// skipped.
func counts(r tamis.Report) [5]int {
	return [5]int{r.Added, r.Updated, r.Unchanged, r.Removed, len(r.Skipped)}
}

// clean checks that an index is whole and holds so many documents.
func clean(t *testing.T, ix *tamis.Index, documents int) {
	t.Helper()
	r, err := ix.Check(context.Background(), false)
	if err != nil || len(r.Lost)+len(r.Derivable) > 0 || r.Documents != documents {
		t.Fatalf("check: %+v, %v; want %d documents", r, err, documents)
	}
}

// found lists the documents that a query finds, in order.
func found(t *testing.T, ix *tamis.Index, query string) []string {
	t.Helper()
	res, err := ix.Search(t.Context(), tamis.Query{Text: query, K: 100, Unit: tamis.Documents})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, h := range res.Hits {
		ids = append(ids, h.Doc)
	}
	return ids
}

func TestAddReports(t *testing.T) {
	ix := open(t, "")
	broken := errors.New("the feed broke")
	r, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		_ = yield(tamis.Document{ID: "a", Source: "A walrus."}, nil) &&
			yield(tamis.Document{}, broken) &&
			yield(tamis.Document{Source: "No id."}, nil) &&
			yield(tamis.Document{ID: "a", Source: "Another walrus."}, nil) &&
			yield(tamis.Document{ID: "bytes", Source: "a\xffb"}, nil) &&
			yield(tamis.Document{ID: "id\xff", Source: "text"}, nil) &&
			yield(tamis.Document{ID: "range", Source: "text", Blocks: []corpus.Block{{Start: 2, End: 9}}}, nil) &&
			yield(tamis.Document{ID: "order", Source: "text", Blocks: []corpus.Block{{Start: 2, End: 3}, {Start: 0, End: 1}}}, nil) &&
			yield(tamis.Document{ID: "meta", Source: "text", Metadata: map[string]any{"f": func() {}}}, nil) &&
			yield(tamis.Document{ID: "empty"}, nil) &&
			yield(tamis.Document{ID: "z", Source: "A zebra."}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, s := range r.Skipped {
		reasons = append(reasons, s.Path+": "+s.Reason)
	}
	for i, want := range []string{": the feed broke", ": the document has no id", `a: id "a" came before`, "bytes: the text is not valid UTF-8",
		"the id is not valid UTF-8", "range: block 0 has the range [2, 9)", "order: block 1 has the range [0, 1)", "meta: its metadata cannot be stored"} {
		if i >= len(reasons) || !strings.Contains(reasons[i], want) {
			t.Fatalf("reason %d: want %q in %q", i, want, reasons)
		}
	}
	if got := counts(r); got != [5]int{3, 0, 0, 0, 8} {
		t.Fatalf("%v: %q", got, reasons)
	}
	if got := found(t, ix, "walrus zebra"); !slices.Equal(got, []string{"a", "z"}) {
		t.Fatal(got)
	}
	clean(t, ix, 3)
}

// countdown is cancelled when it was asked n times.
type countdown struct {
	context.Context
	n int
}

func (c *countdown) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancel: a cancelled context ends a call at once; what it counted stays,
// nothing else is there, and the next call finds no lock.
func TestCancel(t *testing.T) {
	dir := t.TempDir()
	ix := open(t, dir)
	add(t, ix, tamis.Document{ID: "before", Source: "A walrus."})
	ctx, cancel := context.WithCancel(t.Context())
	begin := time.Now()
	report, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for i := 0; ; i++ { // for ever, were it not cancelled
			if i == 20 {
				cancel()
			}
			if !yield(tamis.Document{ID: fmt.Sprint("n", i), Source: "A zebra."}, nil) {
				return
			}
		}
	})
	if !errors.Is(err, context.Canceled) || report.Added != 20 || time.Since(begin) > 5*time.Second {
		t.Fatal(err, report.Added, time.Since(begin))
	}
	if n, err := ix.Delete(&countdown{t.Context(), 5}, "n0", "n1", "n2", "n3", "n4", "n5", "n6"); n != 5 || !errors.Is(err, context.Canceled) {
		t.Fatal(n, err)
	}
	for name, err := range map[string]error{
		"delete":   func() error { _, err := ix.Delete(ctx, "before"); return err }(),
		"files":    func() error { _, err := ix.AddFiles(ctx, []string{"."}, tamis.FileOptions{}); return err }(),
		"check":    func() error { _, err := ix.Check(ctx, false); return err }(),
		"search":   func() error { _, err := ix.Search(ctx, tamis.Query{Text: "walrus"}); return err }(),
		"contexts": func() error { _, err := ix.Context(ctx, "walrus", tamis.Budget{Tokens: 100}); return err }(),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	ix = open(t, dir)
	if got := found(t, ix, "walrus"); !slices.Equal(got, []string{"before"}) {
		t.Fatal(got)
	}
	if got := found(t, ix, "zebra"); len(got) != 15 || slices.Contains(got, "n4") || !slices.Contains(got, "n5") {
		t.Fatal(got)
	}
	add(t, ix, tamis.Document{ID: "after", Source: "A zebra."})
	clean(t, ix, 17)
}

var animals = strings.Fields("walrus zebra otter badger heron lynx marten newt ibex stoat")

func animal(i, version int) tamis.Document {
	var b strings.Builder
	for j := range 5 + i%7 {
		fmt.Fprintf(&b, "The %s of field %d met a %s in year %d. ", animals[(i+j)%10], i, animals[(i*j+version)%10], 1900+i+version)
	}
	return tamis.Document{ID: fmt.Sprint("d", i), Title: animals[i%10], Source: b.String()}
}

func TestConcurrent(t *testing.T) {
	ix := open(t, "")
	add(t, ix, animal(0, 0))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	done := func(err error) bool {
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		return ctx.Err() != nil
	}
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() { // writers
			for i := 0; ; i++ {
				if _, err := ix.Add(ctx, seq(animal(1+(i+w)%30, i), animal(1+(i*7)%30, i+1))); done(err) {
					return
				}
				if _, err := ix.Delete(ctx, fmt.Sprint("d", 1+(i*3)%30)); done(err) {
					return
				}
			}
		})
		wg.Go(func() {
			for i := 0; ; i++ {
				res, err := ix.Search(ctx, tamis.Query{Text: animals[i%10] + " " + animals[(i+3)%10], K: 5})
				if done(err) {
					return
				}
				for _, h := range res.Hits {
					if h.Text == "" {
						t.Error("a hit without text")
					}
				}
			}
		})
		wg.Go(func() {
			for i := 0; ; i++ {
				c, err := ix.Context(ctx, "Which year did the "+animals[i%10]+" meet?", tamis.Budget{Tokens: 60, Counter: "words"})
				if done(err) {
					return
				}
				if c.Tokens > 60 {
					t.Errorf("%d tokens", c.Tokens)
				}
			}
		})
	}
	wg.Go(func() {
		for {
			if _, err := ix.Stats(); done(err) {
				return
			}
			if r, err := ix.Check(ctx, false); done(err) {
				return
			} else if len(r.Lost)+len(r.Derivable) > 0 {
				t.Errorf("%+v", r)
			}
		}
	})
	wg.Wait()
}

// answers is all that an index says to some questions.
func answers(t *testing.T, ix *tamis.Index) string {
	t.Helper()
	var b strings.Builder
	for i, a := range animals {
		for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
			res, err := ix.Search(t.Context(), tamis.Query{Text: a + " " + animals[(i+1)%10] + " year", K: 20, Unit: unit})
			if err != nil {
				t.Fatal(err)
			}
			res.TookMS = 0
			out, err := json.Marshal(res)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(out)
		}
		c, err := ix.Context(t.Context(), "Where is the "+a+"?", tamis.Budget{Tokens: 80})
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(out)
	}
	return b.String()
}

// TestHistoryDoesNotShow: an index says the same whether its documents came in
// one call or in many, and whatever was replaced or deleted on the way; scores
// depend on the live documents and their order of addition alone.
func TestHistoryDoesNotShow(t *testing.T) {
	one, many := open(t, ""), t.TempDir()
	docs := make([]tamis.Document, 40)
	for i := range docs {
		docs[i] = animal(i, 0)
	}
	add(t, one, docs...)
	ix := open(t, many)
	add(t, ix, tamis.Document{ID: "gone", Source: "The walrus and the zebra of no year."}, animal(3, 9), animal(17, 9))
	for i, d := range docs {
		if i == 20 {
			if n, err := ix.Delete(t.Context(), "gone", "never there"); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		add(t, ix, d)
		if i%13 == 0 {
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
			ix = open(t, many)
		}
	}
	if answers(t, one) != answers(t, ix) {
		t.Fatal("two indexes of the same documents answer differently")
	}
	clean(t, ix, 40)
}

func TestReplay(t *testing.T) {
	dir := t.TempDir()
	ix := open(t, dir)
	for i := range 8 {
		add(t, ix, animal(i, 0))
	}
	c, err := ix.Context(t.Context(), "Which walrus met a zebra?", tamis.Budget{Tokens: 100})
	if err != nil || len(c.Spans) == 0 {
		t.Fatal(err, c)
	}
	record, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	replay := func() (string, error) {
		var receipt tamis.Context
		if err := json.Unmarshal(record, &receipt); err != nil {
			t.Fatal(err)
		}
		return ix.Replay(t.Context(), &receipt, tamis.Scope{})
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	ix = open(t, dir)
	for i := 8; i < 40; i++ { // enough calls for several merges
		add(t, ix, animal(i, 0))
	}
	if text, err := replay(); err != nil || text != c.Text {
		t.Fatalf("after reopening and merging: %v", err)
	}
	cited := c.Spans[0].Doc
	add(t, ix, tamis.Document{ID: cited, Source: "Nothing as it was."})
	if _, err := replay(); err == nil || !strings.Contains(err.Error(), cited) {
		t.Fatalf("of a changed source: %v", err)
	}
	if _, err := ix.Delete(t.Context(), cited); err != nil {
		t.Fatal(err)
	}
	if _, err := replay(); !errors.Is(err, tamis.ErrNotFound) || !strings.Contains(err.Error(), cited) {
		t.Fatalf("of a deleted source: %v", err)
	}
}

// indexed is an index in memory of these sources, by id.
func indexed(t testing.TB, sources map[string]string) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	put(t, ix, sources)
	return ix
}

func put(t testing.TB, ix *tamis.Index, sources map[string]string) {
	t.Helper()
	var ids []string
	for id := range sources {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var docs iter.Seq2[tamis.Document, error] = func(yield func(tamis.Document, error) bool) {
		for _, id := range ids {
			if !yield(tamis.Document{ID: id, Source: sources[id]}, nil) {
				return
			}
		}
	}
	report, err := ix.Add(context.Background(), docs)
	if err != nil || len(report.Skipped) > 0 {
		t.Fatal(report.Skipped, err)
	}
}
