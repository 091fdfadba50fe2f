package enginetest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/strhash"
	"github.com/tamis-search/tamis/vector"
)

// maker is an Encoder whose vectors are made of the words of a text: near where these are.
type maker struct {
	name  string
	kind  vector.Kind
	texts int // that were encoded
	stop  func(texts int)
}

func (m *maker) Name() string      { return "model:" + m.name }
func (m *maker) Place() string     { return "/models/" + m.name }
func (m *maker) Kind() vector.Kind { return m.kind }
func (m *maker) Width() int        { return 24 }

func (m *maker) All(_ context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[tamis.Vector, error] {
	return func(yield func(tamis.Vector, error) bool) {
		for text := range texts {
			if u == encode.Passage && text != silence {
				m.texts++
				if m.stop != nil {
					m.stop(m.texts)
				}
			}
			if !yield(m.vector(text), nil) {
				return
			}
		}
	}
}

// silence is a text of which a sparse model says nothing: an engine may have it read again.
const silence = "silence"

func (m *maker) vector(text string) tamis.Vector {
	sum, sparse, multi := make(tamis.Dense, m.Width()), tamis.Sparse{}, tamis.Multi{}
	for _, word := range strings.Fields(text) {
		word = strings.ToLower(strings.Trim(word, ".,?"))
		r := rand.New(rand.NewPCG(strhash.Sum(word), strhash.Sum(m.name)))
		one := make(tamis.Dense, m.Width())
		for i := range one {
			one[i] = float32(r.NormFloat64())
			sum[i] += one[i]
		}
		if sparse[word] = float32(.1 + 2*r.Float64()); word == silence {
			delete(sparse, word)
		}
		multi = append(multi, one)
	}
	switch m.kind {
	case vector.KindSparse:
		return sparse
	case vector.KindMulti:
		return multi
	}
	return sum
}

// made are documents whose passages a model reads.
func made(seed uint64) []tamis.Document {
	docs := marked(60, seed)
	for i := range docs {
		docs[i].Source += strings.Repeat(" "+words[i%len(words)], i%3)
	}
	book := chapters(9)
	return append(docs, book, tamis.Document{ID: "silent", Source: silence}, tamis.Document{ID: "empty"})
}

// encoding gives passages vectors, those that lack them, whichever kind a model makes.
func encoding(t *testing.T, p *pair) {
	docs := made(18)
	p.add(docs...)
	p.floor, p.distance = 10, .03 // an engine may keep 8 bits of a number
	for _, kind := range []vector.Kind{vector.KindDense, vector.KindSparse, vector.KindMulti} {
		if kind == vector.KindDense && !engine.Has(p.subject, engine.Dense) || kind == vector.KindMulti && !engine.Has(p.subject, engine.Multi) {
			continue
		}
		e := &maker{name: kind.String(), kind: kind}
		for i, round := range []string{"first", "nothing is left", "one is changed, one is new", "another place"} {
			if i == 2 {
				docs[7].Source += " with salt and butter, " + kind.String()
				p.add(append(docs, tamis.Document{ID: "new of " + kind.String(), Source: "a new town on the river"})...)
			}
			p.same(kind.String()+": "+round, func(ix engine.Index) (any, error) {
				e.texts = 0
				done, all := 0, 0
				report, err := ix.Encode(t.Context(), e, func(d, a int) { done, all = d, a })
				return []any{report, e.texts, done == all}, err
			})
		}
		r := rand.New(rand.NewPCG(18, uint64(kind)))
		for range 5 {
			q := words[r.IntN(len(words))] + " " + words[r.IntN(len(words))]
			p.asked(tamis.Query{Vector: e.vector(q), Field: e.Name(), K: 1 + r.IntN(20)})
		}
	}
	p.same("models", func(ix engine.Index) (any, error) { return ix.Models(), nil })
	// The vectors stay where the documents are added as they were.
	p.same("added again", func(ix engine.Index) (any, error) { return ix.Add(t.Context(), sequence(docs)) })
	other := &maker{name: "other", kind: vector.KindSparse}
	p.same("another model", func(ix engine.Index) (any, error) { return ix.Encode(t.Context(), other, nil) })
	p.ranked(tamis.Query{Vector: other.vector("mill stone"), Field: other.Name(), K: 10})
	p.same("delete", func(ix engine.Index) (any, error) { return ix.Delete(t.Context(), "doc003", "book") })
	p.ranked(tamis.Query{Vector: other.vector("mill stone"), Field: other.Name(), K: 10})
}

// stopped ends encoding in the middle: what was made is not made again.
func stopped(t *testing.T, ix engine.Index) {
	docs := short(300, 19)
	if _, err := ix.Add(t.Context(), sequence(docs)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	e := &maker{name: "stopped", kind: vector.KindSparse, stop: func(n int) {
		if n == 200 {
			cancel()
		}
	}}
	first, err := ix.Encode(ctx, e, nil)
	if err == nil {
		t.Fatal("a cancelled call returns no error")
	}
	e.texts, e.stop = 0, nil
	second, err := ix.Encode(t.Context(), e, nil)
	if err != nil || first.Passages+second.Passages != len(docs) || first.Passages < 100 || e.texts != second.Passages {
		t.Errorf("%d passages before it was stopped, then %d of %d texts: %v", first.Passages, second.Passages, e.texts, err)
	}
}

// given are vectors of a file, for documents that are there and some that are not.
func given(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Vectors) {
		t.Skip("the engine has no vectors")
	}
	docs := marked(40, 20)
	p.add(docs...)
	r := rand.New(rand.NewPCG(20, 1))
	path := filepath.Join(t.TempDir(), "v.jsonl")
	write := func(lines ...string) {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for i := range 30 {
		lines = append(lines, fmt.Sprintf(`{"id":"doc%03d","vector":{"w%d":%g,"%d":1.5,"all":0.25}}`, i, i%7, .1+r.Float64(), i))
	}
	lines = append(lines, `{"id":"fresh","contents":"a text of its own","vector":{"w1":2,"all":1}}`, `{"id":"bare","vector":{"w1":3}}`,
		`{"id":"doc001","vector":{"w1":9}}`, `{"id":"doc002","vector":{"w1":-1}}`, `not JSON`, `{"id":"doc035","vector":[1,2]}`)
	write(lines...)
	give := func(what, field string) {
		p.same(what, func(ix engine.Index) (any, error) { return ix.AddVectors(t.Context(), path, field) })
	}
	give("first", "")
	give("again", "")
	write(`{"id":"doc005","vector":{"w5":7}}`, lines[0])
	give("another", "")
	for range 6 {
		p.asked(tamis.Query{Vector: tamis.Sparse{fmt.Sprint("w", r.IntN(7)): 1, "all": 2, fmt.Sprint(r.IntN(30)): 1}, K: 20, Unit: tamis.Documents})
	}
	p.same("added again", func(ix engine.Index) (any, error) { return ix.Add(t.Context(), sequence(docs)) })
	p.ranked(tamis.Query{Vector: tamis.Sparse{"all": 1}, K: 40, Unit: tamis.Documents})
	docs[4].Source = "another text, whose vector is not known"
	p.add(docs[4])
	p.ranked(tamis.Query{Vector: tamis.Sparse{"all": 1}, K: 40, Unit: tamis.Documents})
	p.same("a field of passages", func(ix engine.Index) (any, error) {
		if _, err := ix.Encode(t.Context(), &maker{name: "s", kind: vector.KindSparse}, nil); err != nil {
			return nil, err
		}
		return ix.AddVectors(t.Context(), path, "model:s")
	})
	p.same("no file", func(ix engine.Index) (any, error) { return ix.AddVectors(t.Context(), path+".no", "x") })
	if engine.Has(p.subject, engine.Dense) {
		write(`{"id":"doc005","vector":[1,-2,3]}`, `{"id":"doc006","vector":[-1,2,.5]}`, `{"id":"doc007","vector":[1,2]}`)
		give("dense", "near")
		p.floor = 1
		p.ranked(tamis.Query{Vector: tamis.Dense{1, 1, 1}, Field: "near", K: 5, Unit: tamis.Documents})
	}
}

// multi are multi-vectors that documents come with.
func multi(t *testing.T, p *pair) {
	r := rand.New(rand.NewPCG(21, 1))
	some := func(n int) (m tamis.Multi) {
		for range n {
			m = append(m, someDense(r, 12))
		}
		return m
	}
	docs := marked(80, 21)
	for i := range docs {
		if i%4 != 3 {
			docs[i].Vectors = map[string]vector.Value{"vector": some(1 + r.IntN(9))}
		}
	}
	if !engine.Has(p.subject, engine.Multi) {
		report, err := p.subject.Add(t.Context(), sequence(docs[:1]))
		if err != nil || len(report.Skipped) != 1 {
			t.Errorf("an engine without multi-vectors takes one: %+v %v", report, err)
		}
		return
	}
	p.add(docs...)
	p.add(docs[:10]...)
	p.floor = 1 // scores may be written as one more
	for range 6 {
		p.asked(tamis.Query{Vector: some(1 + r.IntN(5)), K: 1 + r.IntN(30), Unit: tamis.Documents})
	}
	q := tamis.Query{Text: "mill stone", Vector: some(4), K: 15, Unit: tamis.Documents}
	for _, q.Plan = range []string{"rerank(text, multi, n=20)", "rrf(text, multi)"} {
		if _, err := p.oracle.Search(t.Context(), q); err != nil {
			p.same(q.Plan, func(ix engine.Index) (any, error) { return ix.Search(t.Context(), q) })
			continue
		}
		p.ranked(q)
	}
	p.same("of another width", func(ix engine.Index) (any, error) {
		return ix.Search(t.Context(), tamis.Query{Vector: tamis.Multi{{1, 2}}})
	})
}
