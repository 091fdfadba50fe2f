package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/arms"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/pack/render"
)

// budget is that of contexts whose sources are ordered.
const budget = 250

// source is a document's part of a context.
type source struct {
	doc, text string
	paid      float64 // attention a token
}

// answer is what comes of an order of sources.
type answer struct {
	right float64 // the answer is said
	nats  float64 // of a token of the answer, less is better
	place float64 // of the first source with the answer, 1 for the last
}

// order asks each question with the sources of its context in several orders: as packed, the best first, the same
// turned around (render.BestLast), and by the attention that each source gets, the most last, once and three times.
func (b *bench) order(ctx context.Context, name string, set *eval.EvidenceSet, ix *tamis.Index) error {
	names := []string{"best first", "best last", "attention", "attention, three times"}
	var right, nats, place [4][]float64
	var took []float64
	for q := range b.questions(set) {
		if len(right[0]) == b.most {
			break
		}
		if len(q.Answers) == 0 {
			continue
		}
		c, err := ix.Context(ctx, q.Text, tamis.Budget{Tokens: budget}, tamis.Layout{Order: render.Order})
		if err != nil {
			return err
		}
		sources := sourcesOf(set, c)
		if len(sources) < 3 || arms.Score(c.Text, q.Answers, true) == 0 {
			continue
		}
		var all [4]answer
		seen := map[string]*reading{}
		for k, by := range [][]source{sources, reversed(sources)} {
			if all[k], err = b.answered(ctx, seen, by, q); err != nil {
				return err
			}
		}
		now := sources
		for k := 2; k < 4; k++ {
			for range k - 1 { // once, then twice more
				if now, err = b.sorted(ctx, seen, now, q.Text); err != nil {
					return err
				}
			}
			if all[k], err = b.answered(ctx, seen, now, q); err != nil {
				return err
			}
		}
		took = append(took, float64(seen[key(sources)].took.Milliseconds()))
		for k := range all {
			right[k], nats[k], place[k] = append(right[k], all[k].right), append(nats[k], all[k].nats), append(place[k], all[k].place)
		}
	}
	fmt.Printf("%s, %d questions with the answer among 3 sources or more of %d tokens; a sorting takes %.0f ms in the median\n", name, len(right[0]), budget, figures.Median(took))
	for what, values := range map[string][][]float64{"answered": right[:], "nats a token of the answer": nats[:], "1 over the answering source's place from the end": place[:]} {
		if err := compare(what, names, values); err != nil {
			return err
		}
	}
	return nil
}

func reversed(s []source) []source {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

// sourcesOf are the documents of a context, in its order.
func sourcesOf(set *eval.EvidenceSet, c *tamis.Context) (out []source) {
	for _, s := range c.Spans {
		d, ok := set.Document(s.Doc)
		if !ok {
			continue
		}
		i := slices.IndexFunc(out, func(x source) bool { return x.doc == s.Doc })
		if i < 0 {
			i, out = len(out), append(out, source{doc: s.Doc, text: d.Title + ":"})
		}
		out[i].text += " " + d.Text[s.Start:s.End]
	}
	return out
}

// reading is sources in an order, read with a question.
type reading struct {
	cache  *decoder.Cache
	logits []float32
	ends   []int
	took   time.Duration
	answer *answer
}

func key(sources []source) (s string) {
	for _, x := range sources {
		s += x.doc + "\n"
	}
	return s
}

// read reads sources and a question, once in each order.
func (b *bench) read(ctx context.Context, seen map[string]*reading, sources []source, asked string) (*reading, error) {
	if r := seen[key(sources)]; r != nil {
		return r, nil
	}
	began := time.Now()
	ids := b.ids(system)
	r := &reading{cache: b.d.NewCache(), ends: []int{len(ids)}}
	for _, s := range sources {
		ids = append(ids, b.ids("\n"+strings.Join(strings.Fields(s.text), " ")+"\n")...)
		r.ends = append(r.ends, len(ids))
	}
	r.cache.Looks = true
	var err error
	r.logits, err = b.d.Read(ctx, r.cache, append(ids, b.ids("\nQuestion: "+asked+turn)...))
	r.took, seen[key(sources)] = time.Since(began), r
	return r, err
}

// sorted are sources by the attention that the last token pays to a token of theirs, the mean of all heads, the
// most last (Peysakhovich and Lerer 2023).
func (b *bench) sorted(ctx context.Context, seen map[string]*reading, sources []source, asked string) ([]source, error) {
	r, err := b.read(ctx, seen, sources, asked)
	if err != nil {
		return nil, err
	}
	paid, err := b.d.Look(r.cache, r.ends)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(sources)
	for i := range out {
		out[i].paid = 0
		for _, v := range paid[i] {
			out[i].paid += float64(v) / float64(r.ends[i+1]-r.ends[i])
		}
	}
	slices.SortStableFunc(out, func(a, b source) int { return cmp.Compare(a.paid, b.paid) })
	return out, nil
}

func (b *bench) answered(ctx context.Context, seen map[string]*reading, sources []source, q *eval.Question) (a answer, err error) {
	r, err := b.read(ctx, seen, sources, q.Text)
	if err != nil {
		return a, err
	}
	if r.answer != nil {
		return *r.answer, nil
	}
	a.nats = math.Inf(1)
	for _, gold := range q.Answers[:min(2, len(q.Answers))] {
		ids := b.ids(" " + gold)
		ids = ids[:min(len(ids), decoder.MostEach)]
		c := r.cache.Clone()
		all, err := b.d.ReadEach(ctx, c, ids)
		if err != nil {
			return a, err
		}
		sum := 0.0
		for i, id := range ids {
			at := r.logits
			if i > 0 {
				at = all[i-1]
			}
			sum += surprise(at, id)
		}
		a.nats = min(a.nats, sum/float64(len(ids)))
	}
	for i, s := range reversed(sources) {
		if arms.Score(s.text, q.Answers, true) > 0 {
			a.place = 1 / float64(i+1)
			break
		}
	}
	said, err := b.said(ctx, r.cache.Clone(), r.logits, 12)
	a.right, r.answer = arms.Score(said, q.Answers, true), &a
	return a, err
}

// surprise is how many nats a token is worth after logits.
func surprise(logits []float32, id int32) float64 {
	most, sum := slices.Max(logits), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v - most))
	}
	return math.Log(sum) - float64(logits[id]-most)
}
