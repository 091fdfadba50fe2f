// Package train learns from a corpus what helps to search it, without judgments and without
// a published model, and asks questions made of the corpus itself whether it does.
package train

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/lsi"
)

// heldOut is one document of so many, which the model that is examined never sees.
const heldOut = 5

// Options of Learn.
type Options struct {
	lsi.Options
	// Expand has passages expanded too.
	Expand bool
	// Most is how many passages are learned from: of more, documents are left out, evenly.
	// 0 is DefaultMost.
	Most int
	// Questions is how many are asked at most; 0 is DefaultQuestions.
	Questions int
}

// What Options do not name.
const (
	DefaultMost      = 200_000
	DefaultQuestions = 1000
)

// Source yields the documents of a corpus, each time the same ones in the same order.
type Source func(ctx context.Context) iter.Seq2[*corpus.Document, error]

// Learn learns vectors of a corpus (package lsi), and how its passages are expanded where
// Options say so. The model that is returned has seen all of it; the gain is that of another
// one, which saw four documents of five, on questions from the fifth ones.
func Learn(ctx context.Context, from Source, o Options) (*lsi.Model, *Gain, error) {
	taken, err := sample(ctx, from, o)
	if err != nil {
		return nil, nil, err
	}
	seen, err := lsi.Learn(ctx, texts(from(ctx), func(d *corpus.Document) bool { return taken(d) && !held(d.ID, o.Seed) }), o.Options)
	if err != nil {
		return nil, nil, fmt.Errorf("the model that is examined: %w", err)
	}
	gain, err := examine(ctx, from, seen, o)
	if err != nil {
		return nil, nil, err
	}
	m, err := whole(ctx, from, taken, o)
	return m, gain, err
}

// Unexamined learns from a corpus as Learn does, and asks nothing.
func Unexamined(ctx context.Context, from Source, o Options) (*lsi.Model, error) {
	taken, err := sample(ctx, from, o)
	if err != nil {
		return nil, err
	}
	return whole(ctx, from, taken, o)
}

// whole learns from all of a corpus.
func whole(ctx context.Context, from Source, taken func(*corpus.Document) bool, o Options) (*lsi.Model, error) {
	m, err := lsi.Learn(ctx, texts(from(ctx), taken), o.Options)
	if err == nil && o.Expand {
		err = m.Remember(ctx, runs(from(ctx), taken))
	}
	return m, err
}

// sample says which documents are learned from, so that their passages are no more than
// Most, about.
func sample(ctx context.Context, from Source, o Options) (func(*corpus.Document) bool, error) {
	passages := 0
	for d, err := range from(ctx) {
		if err != nil {
			return nil, err
		}
		passages += len(split.Split(d, split.Options{}))
	}
	most := cmp.Or(o.Most, DefaultMost)
	every := uint64(max(1, (passages+most-1)/most))
	return func(d *corpus.Document) bool { return drawn(d.ID, o.Seed)%every == 0 }, nil
}

// drawn is a number by which documents are chosen, the same on every machine.
func drawn(id string, seed uint64) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", seed, id)
	x := h.Sum64() // whose low bits are those of the last byte, nearly
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

// held says whether a document is kept from the model that is examined.
func held(id string, seed uint64) bool { return drawn(id, seed)>>32%heldOut == 0 }

// texts are those of the passages of some documents, as they are encoded.
func texts(docs iter.Seq2[*corpus.Document, error], of func(*corpus.Document) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for d, err := range docs {
			if err != nil {
				yield("", err)
				return
			}
			if !of(d) {
				continue
			}
			for _, p := range split.Split(d, split.Options{}) {
				if !yield(encode.DefaultInput.Text(d.Title, p.Headings, "", d.Source[p.Start:p.End]), nil) {
					return
				}
			}
		}
	}
}

// runs are the passages of some documents, those of one together.
func runs(docs iter.Seq2[*corpus.Document, error], of func(*corpus.Document) bool) iter.Seq2[encode.Run, error] {
	return func(yield func(encode.Run, error) bool) {
		for d, err := range docs {
			if err != nil {
				yield(encode.Run{}, err)
				return
			}
			if !of(d) {
				continue
			}
			for together := range slices.Chunk(split.Split(d, split.Options{}), encode.MostRun) {
				start := together[0].Start
				r := encode.Run{Before: encode.DefaultInput.Text(d.Title, nil, "", ""), Text: d.Source[start:together[len(together)-1].End]}
				for _, p := range together {
					r.Passages = append(r.Passages, [2]int{p.Start - start, p.End - start})
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}
