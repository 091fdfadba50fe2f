// Package enginetest holds an engine to what an index is: it does the same things with
// it and with the embedded one, and compares what they answer. What an engine says it
// lacks is held to be an error that says so.
package enginetest

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine"
)

// Opener opens an empty index of the engine, which ends with the test.
type Opener func(t *testing.T) engine.Index

// Run runs all tests.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *pair)
	}{
		{"Surfaces", surfaces},
		{"Adding", adding}, {"Deleting", deleting}, {"Ranking", ranking}, {"Filters", filters}, {"Groups", groups},
		{"Contexts", contexts}, {"Replay", replay}, {"Showing", showing}, {"Names", names}, {"BadInput", badInput},
		{"Lacks", lacks}, {"Long", long}, {"Sparse", sparse}, {"Dense", dense}, {"PassageVectors", passageVectors}, {"Plans", plans}, {"Aggregates", aggregates}, {"Folding", folding},
		{"Encoding", encoding}, {"Given", given}, {"Multi", multi},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, both(t, open)) })
	}
	t.Run("Writers", func(t *testing.T) { writers(t, open(t)) })
	t.Run("Stopped", func(t *testing.T) { stopped(t, open(t)) })
	t.Run("Cancelled", func(t *testing.T) { cancelled(t, open(t)) })
}

// pair is an embedded index and one of the engine, with the same documents.
type pair struct {
	t        *testing.T
	oracle   *tamis.Index
	subject  engine.Index
	indexes  [2]engine.Index
	distance float64 // by which a score may differ, as a share of it
	floor    float64 // or of this
}

func both(t *testing.T, open Opener) *pair {
	t.Helper()
	oracle, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = oracle.Close() })
	p := &pair{t: t, oracle: oracle, subject: open(t), distance: 1e-5}
	p.indexes = [2]engine.Index{p.oracle, p.subject}
	return p
}

func sequence(docs []tamis.Document) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// same has both indexes do something, and holds what they answer to be the same JSON, or
// errors of the same text.
func (p *pair) same(what string, do func(ix engine.Index) (any, error)) {
	p.t.Helper()
	var out [2]string
	for i, ix := range p.indexes {
		v, err := do(ix)
		if err != nil {
			out[i] = "error: " + err.Error()
			continue
		}
		b, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			p.t.Fatal(err)
		}
		out[i] = string(b)
	}
	if out[0] != out[1] {
		p.t.Errorf("%s: embedded\n%s\nthis engine\n%s", what, out[0], out[1])
	}
}

func (p *pair) add(docs ...tamis.Document) {
	p.t.Helper()
	p.same("add", func(ix engine.Index) (any, error) { return ix.Add(p.t.Context(), sequence(docs)) })
}

// words of texts whose lengths every engine stores as they are: below 24 terms.
var words = strings.Fields("sieve flour grain mill stone water wheel river bridge road town market bread oven salt butter honey apple knife table")

// short are documents of one short passage.
func short(n int, seed uint64) []tamis.Document {
	r := rand.New(rand.NewPCG(seed, 1))
	docs := make([]tamis.Document, n)
	for i := range docs {
		var text []string
		for range 3 + r.IntN(12) {
			text = append(text, words[min(r.IntN(len(words)), r.IntN(len(words)))])
		}
		docs[i] = tamis.Document{ID: fmt.Sprintf("doc%03d", i), Title: words[r.IntN(len(words))], Source: strings.Join(text, " ") + ".", Lang: "en"}
	}
	return docs
}

// ranked holds the hits of a search to be those of the oracle: scores within a distance,
// the same order where they are further apart than that.
func (p *pair) ranked(q tamis.Query) {
	p.t.Helper()
	all := q
	if q.Plan == "" { // a plan counts more of its lists for more hits
		all.K = 1000
	}
	want, err := p.oracle.Search(p.t.Context(), all)
	if err != nil {
		p.t.Fatal(err)
	}
	got, err := p.subject.Search(p.t.Context(), q)
	if err != nil {
		p.t.Fatalf("%+v: %v", q, err)
	}
	if got.Exact != want.Exact || got.Plan != want.Plan {
		p.t.Errorf("%+v: exact %t by plan %q, not %t by %q", q, got.Exact, got.Plan, want.Exact, want.Plan)
	}
	if len(got.Hits) != min(q.K, len(want.Hits)) {
		p.t.Fatalf("%q: %d hits, not %d", q.Text, len(got.Hits), min(q.K, len(want.Hits)))
	}
	score := map[string]tamis.Hit{}
	for _, h := range want.Hits {
		score[fmt.Sprint(h.Doc, h.Start)] = h
	}
	for i, h := range got.Hits {
		w, ok := score[fmt.Sprint(h.Doc, h.Start)]
		if !ok {
			p.t.Errorf("%q: %s is no hit", q.Text, h.Doc)
			continue
		}
		near := func(a, b float32) bool {
			return math.Abs(float64(a)-float64(b)) <= p.distance*max(math.Abs(float64(a)), math.Abs(float64(b)), p.floor)
		}
		if !near(h.Score, w.Score) || !near(w.Score, want.Hits[i].Score) {
			p.t.Errorf("%q: hit %d is %s with %g, whose score is %g; the %d. is %s with %g", q.Text, i+1, h.Doc, h.Score, w.Score, i+1, want.Hits[i].Doc, want.Hits[i].Score)
		}
		h.Score, h.Rank, w.Score, w.Rank = 0, 0, 0, 0
		for j := range min(len(h.Lists), len(w.Lists)) { // near scores may stand in another order
			if near(h.Lists[j].Score, w.Lists[j].Score) {
				h.Lists[j] = w.Lists[j]
			}
		}
		a, _ := json.Marshal(w)
		b, _ := json.Marshal(h)
		if string(a) != string(b) {
			p.t.Errorf("%q: hit %d is\n%s, not\n%s", q.Text, i+1, b, a)
		}
	}
}

// chapters is a document of several passages with headings, tables and lines.
func chapters(n int) tamis.Document {
	d := tamis.Document{ID: "book", Title: "The mill", Type: "markdown", Lang: "en", Verbatim: true, Place: tamis.Place{Line: 1}, Path: "/books/mill.md"}
	var b strings.Builder
	block := func(text string) {
		start := b.Len()
		b.WriteString(text)
		at := corpus.Block{Start: start, End: b.Len(), FileStart: start, FileEnd: b.Len()}
		if heading, ok := strings.CutPrefix(text, "## "); ok {
			at.Kind, at.Level, at.Label = corpus.Heading, 2, heading
		}
		d.Blocks = append(d.Blocks, at)
		b.WriteString("\n\n")
	}
	r := rand.New(rand.NewPCG(8, uint64(n)))
	for i := range n {
		block(fmt.Sprintf("## Chapter %d of the %s", i+1, words[i%len(words)]))
		for range 5 {
			var s []string
			for range 60 {
				s = append(s, words[r.IntN(len(words))])
			}
			s[0] = strings.ToUpper(s[0][:1]) + s[0][1:]
			block(strings.Join(s[:20], " ") + ".\n" + strings.Join(s[20:40], " ") + ". " + strings.Join(s[40:], " ") + ".")
		}
	}
	d.Source = b.String()
	return d
}
