package lsi

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// How passages are expanded. All of it was chosen on two of the public sets: see
// docs/benchmarks.md.
const (
	mostRemembered = 20_000 // passages that terms are lent from
	lenders        = 20     // of a passage
	leastLent      = .04    // of a weight: less, and its posting costs more than it says
	saturation     = 1.2    // BM25's k1
	lengths        = .75    // and b
	weightSteps    = 255    // of a stored weight, which is 1 at most
	codeSteps      = 127    // of a number of a stored vector
	expandedAtOnce = 1 << 20
)

// Expansion makes sparse vectors of passages of the terms that these lack and that passages
// lend which are most like them (Tao et al. 2006; Efron, Organisciak and Fenlon 2012): each
// lends its terms, weighed as BM25 weighs them, by the fourth power of its cosine. A question
// asks for its terms by their inverse document frequencies, so that the product is what BM25
// would add where the terms were there. A term that a passage has is never lent: what it says
// itself stays as words rank it. Nor is a literal one: who asks for E15 means it.
type Expansion struct {
	model *Model
	all   int     // passages that were counted
	has   []int32 // of them, by term
	// Those that lend: the terms of each by number, ascending, with a weight of weightSteps;
	// and its vector in steps, with the length that these have together.
	starts  []int
	terms   []int32
	weights []uint8
	codes   []byte
	sizes   []float64
	of      []uint64 // which document each is of, by what that says
	name    string
}

// Remember has a model expand passages by those of runs: of more than 20,000, by some of them,
// evenly taken. The same runs give the same bytes.
func (m *Model) Remember(ctx context.Context, runs iter.Seq2[encode.Run, error]) error {
	a, err := m.analyzers.Get(m.Analyzer)
	if err != nil {
		return err
	}
	defer m.analyzers.Put(a)
	x := &Expansion{model: m, has: make([]int32, len(m.words)), starts: []int{0}}
	var rows [][]Count
	var of []uint64
	for r, err := range runs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		passages, own := m.read(a, &r)
		for _, row := range passages {
			for _, c := range row {
				x.has[c.Term]++
			}
			rows, of = append(rows, row), append(of, sumOf(own))
		}
	}
	x.all = len(rows)
	for i, row := range rows {
		if most := max(mostRemembered, x.all); len(row) > 0 && i*mostRemembered/most != (i+1)*mostRemembered/most {
			x.remember(row, of[i])
		}
	}
	if x.lending() == 0 {
		return fmt.Errorf("%w: no passage has a term that the model knows", ErrSmall)
	}
	x.size()
	m.expansion = x
	m.rename()
	return nil
}

// read are the terms of the passages of a run, and those of all of it.
func (m *Model) read(a *text.Analyzer, r *encode.Run) (passages [][]Count, own []int32) {
	for i := range r.Passages {
		row := m.counts(a, r.Passage(i))
		for _, c := range row {
			own = append(own, c.Term)
		}
		passages = append(passages, row)
	}
	slices.Sort(own)
	return passages, slices.Compact(own)
}

// remember has a passage lend its terms.
func (x *Expansion) remember(row []Count, of uint64) {
	length := 0
	for _, c := range row {
		length += int(c.Times)
	}
	norm := saturation * (1 - lengths + lengths*float64(length)/x.model.Mean)
	for _, c := range row {
		w := float64(c.Times) / (float64(c.Times) + norm)
		x.terms, x.weights = append(x.terms, c.Term), append(x.weights, uint8(math.Round(w*weightSteps)))
	}
	x.starts, x.of = append(x.starts, len(x.terms)), append(x.of, of)
	v, _ := x.model.vector(row, encode.Query).Unit()
	for _, step := range steps(v, codeSteps) {
		x.codes = append(x.codes, byte(int8(step)))
	}
}

// expandedMark ends the name of the field of an expansion.
const expandedMark = ":terms"

// size makes the lengths of the vectors, which are not stored.
func (x *Expansion) size() {
	width := x.model.Config.Width
	for i := range x.lending() {
		square := 0
		for _, c := range x.codes[i*width:][:width] {
			square += int(int8(c)) * int(int8(c))
		}
		x.sizes = append(x.sizes, math.Sqrt(float64(square)))
	}
}

// sumOf tells documents apart by their terms.
func sumOf(terms []int32) uint64 {
	h := fnv.New64a()
	for _, t := range terms {
		h.Write([]byte{byte(t), byte(t >> 8), byte(t >> 16), byte(t >> 24)})
	}
	return h.Sum64()
}

// steps are the numbers of a vector in whole steps, of which the greatest has most.
func steps(v vector.Dense, most int) []int16 {
	greatest := float32(0)
	for _, x := range v {
		greatest = max(greatest, x, -x)
	}
	out := make([]int16, len(v))
	if greatest > 0 {
		for i, x := range v {
			out[i] = int16(math.Round(float64(x) / float64(greatest) * float64(most)))
		}
	}
	return out
}

// Name names the field of the vectors.
func (x *Expansion) Name() string { return x.name }

// Place is the folder of the model.
func (x *Expansion) Place() string { return x.model.dir }

// Kind is that of the vectors.
func (x *Expansion) Kind() vector.Kind { return vector.KindSparse }

// Width is how many terms there are.
func (x *Expansion) Width() int { return len(x.model.words) }

// Greatest is a weight that none exceeds.
func (x *Expansion) Greatest() float32 { return 1 }

// Passages is how many lend terms.
func (x *Expansion) Passages() int { return len(x.sizes) }

// Input says that passages are encoded beside the others of their document.
func (x *Expansion) Input() encode.Input { return encode.Input{Title: true, Late: true} }

// All yields the vector of each text, in their order: of a passage as one of a document that
// has no other.
func (x *Expansion) All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[vector.Value, error] {
	if u != encode.Query {
		return x.Late(ctx, func(yield func(encode.Run) bool) {
			for s := range texts {
				if !yield(encode.Run{Text: s, Passages: [][2]int{{0, len(s)}}}) {
					return
				}
			}
		})
	}
	return func(yield func(vector.Value, error) bool) {
		a, err := x.model.analyzers.Get(x.model.Analyzer)
		if err != nil {
			yield(nil, err)
			return
		}
		defer x.model.analyzers.Put(a)
		for s := range texts {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(x.asked(x.model.counts(a, s)), nil) {
				return
			}
		}
	}
}

// Late yields the vectors of the passages of runs, in their order.
func (x *Expansion) Late(ctx context.Context, runs iter.Seq[encode.Run]) iter.Seq2[vector.Value, error] {
	type lent struct {
		passages []vector.Named
		err      error
	}
	each := func(r encode.Run) (out lent) {
		a, err := x.model.analyzers.Get(x.model.Analyzer)
		if err != nil {
			return lent{err: err}
		}
		defer x.model.analyzers.Put(a)
		passages, own := x.model.read(a, &r)
		for _, row := range passages {
			if err := ctx.Err(); err != nil {
				return lent{err: err}
			}
			out.passages = append(out.passages, x.lent(row, own))
		}
		return out
	}
	return func(yield func(vector.Value, error) bool) {
		for l := range inorder.Map(runs, func(r encode.Run) int64 { return int64(len(r.Text)) }, expandedAtOnce, each) {
			if l.err != nil {
				yield(nil, l.err)
				return
			}
			for _, v := range l.passages {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// asked are the terms of a question by their inverse document frequencies.
func (x *Expansion) asked(row []Count) vector.Named {
	v := vector.Named{}
	for _, c := range row {
		n := float64(x.has[c.Term])
		v[x.model.words[c.Term]] = float32(float64(c.Times) * portable.Log(1+(float64(x.all)-n+.5)/(n+.5)))
	}
	return v
}

// lent are the terms that a passage is lent, of a document that has terms of its own.
func (x *Expansion) lent(row []Count, own []int32) vector.Named {
	out := vector.Named{}
	sums, share := map[int32]float64{}, 0.0
	for _, n := range x.like(row, sumOf(own)) {
		by := float64(n.Score) * float64(n.Score)
		by *= by
		share += by
		for i := x.starts[n.Row.Row]; i < x.starts[n.Row.Row+1]; i++ {
			sums[x.terms[i]] += float64(by * float64(x.weights[i]))
		}
	}
	for term, sum := range sums {
		if _, has := slices.BinarySearch(own, term); has || text.Literal(x.model.words[term]) {
			continue
		}
		if w := sum / (share * weightSteps); w >= leastLent {
			out[x.model.words[term]] = float32(min(w, 1))
		}
	}
	return out
}

// like are the passages that a row of terms is most like, by their cosines; not those of
// its document.
func (x *Expansion) like(row []Count, of uint64) []topk.Hit {
	v, ok := x.model.vector(row, encode.Query).Unit()
	if !ok {
		return nil
	}
	asked := steps(v, simd.QuerySteps(len(v)))
	square := 0.0
	for _, s := range asked {
		square += float64(float64(s) * float64(s))
	}
	size := math.Sqrt(square)
	dots := make([]int32, len(x.sizes))
	simd.DotByte(dots, asked, x.codes)
	var hits []topk.Hit
	for i, dot := range dots {
		if dot > 0 && x.sizes[i] > 0 && x.of[i] != of {
			hits = append(hits, topk.Hit{Row: topk.Row{Row: uint32(i)}, Score: float32(float64(dot) / (size * x.sizes[i]))})
		}
	}
	return topk.Best(hits, lenders)
}

// Beside is what else a model makes of texts, in a field of its own; nil for nothing.
func (m *Model) Beside() encode.Maker {
	if m.expansion == nil {
		return nil
	}
	return m.expansion
}

// Expansion is that of a model that has one, else nil.
func (m *Model) Expansion() *Expansion { return m.expansion }
