package lsi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/text"
)

// What is learned, where Options name nothing else.
const (
	DefaultWidth = 192
	mostTerms    = 60_000 // the most frequent ones
	fewest       = 2      // passages that have a term
	rounds       = 6      // of iteration: the subspace hardly turns after four
	lanes        = 32     // numbers of a vector that are iterated together, apart from others
	leastRows    = 2 * lanes
)

// Count is how many times a text has a term.
type Count struct{ Term, Times int32 }

// ErrSmall is wrapped where a corpus is too small to learn from.
var ErrSmall = errors.New("too little text to learn from")

// Options of Learn.
type Options struct {
	// Analyzer makes the terms of texts.
	Analyzer string
	// Width is how many numbers a vector is to have, a multiple of 32; 0 is DefaultWidth. A
	// small corpus gets fewer.
	Width int
	Seed  uint64
	// Progress, where not nil, is told how much of the work is done.
	Progress func(done, all int)
}

// Learn makes a model of the texts of passages. The same texts, in the same order, and the same
// options make the same model, bit for bit.
func Learn(ctx context.Context, passages iter.Seq2[string, error], o Options) (*Model, error) {
	a, err := text.NewAnalyzer(o.Analyzer)
	if err != nil {
		return nil, err
	}
	c := &corpus{ids: map[string]int32{}}
	var terms []string
	for s, err := range passages {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		terms = a.Terms(terms[:0], s)
		c.rows = append(c.rows, counted(terms, c.id))
	}
	c.keep()
	width := cmp.Or(o.Width, DefaultWidth) / lanes * lanes
	width = min(width, len(c.words)/4/lanes*lanes, len(c.rows)/2/lanes*lanes)
	if width == 0 {
		return nil, fmt.Errorf("%w: %d passages with %d terms that stand in two of them or more; %d and %d are the least", ErrSmall, len(c.rows), len(c.words), leastRows, 4*lanes)
	}
	m := &Model{words: c.words, Config: Config{Kind: kind, Analyzer: a.Name(), Width: width, Mean: c.mean(), Passages: len(c.rows), Seed: o.Seed}}
	idf := c.weigh()
	s := newSubspace(len(c.words), width, o.Seed)
	for i := range rounds {
		if o.Progress != nil {
			o.Progress(i, rounds)
		}
		if err := s.turn(ctx, c); err != nil {
			return nil, err
		}
	}
	m.vectors = make([]float32, len(c.words)*width)
	for b, block := range s.blocks {
		for t := range c.words {
			for i, x := range block[t*lanes:][:lanes] {
				m.vectors[t*width+b*lanes+i] = simd.FromHalf(simd.ToHalf(float32(x * float32(idf[t]))))
			}
		}
	}
	m.terms = c.ids
	m.rename()
	return m, nil
}

// counted are the terms of a text by number, each once, the least number first.
func counted(terms []string, id func(string) (int32, bool)) []Count {
	var row []Count
	for _, t := range terms {
		if n, ok := id(t); ok {
			row = append(row, Count{n, 1})
		}
	}
	slices.SortFunc(row, func(a, b Count) int { return cmp.Compare(a.Term, b.Term) })
	n := 0
	for _, c := range row {
		if n > 0 && row[n-1].Term == c.Term {
			row[n-1].Times++
			continue
		}
		row[n] = c
		n++
	}
	return slices.Clip(row[:n])
}

// corpus is the passages that are learned from, as rows of a sparse matrix.
type corpus struct {
	ids     map[string]int32
	words   []string
	rows    [][]Count
	weights [][]float32 // of the terms of rows, which have the length 1
	has     []int32     // passages that have a term
}

func (c *corpus) id(term string) (int32, bool) {
	n, ok := c.ids[term]
	if !ok {
		n = int32(len(c.words))
		c.ids[term] = n
		c.words = append(c.words, term)
	}
	return n, true
}

// keep leaves the terms that are frequent enough to have company, in the order of the alphabet.
func (c *corpus) keep() {
	has := make([]int32, len(c.words))
	for _, row := range c.rows {
		for _, x := range row {
			has[x.Term]++
		}
	}
	kept := make([]int32, 0, len(c.words))
	for t, n := range has {
		if n >= fewest {
			kept = append(kept, int32(t))
		}
	}
	slices.SortFunc(kept, func(a, b int32) int {
		return cmp.Or(cmp.Compare(has[b], has[a]), cmp.Compare(c.words[a], c.words[b]))
	})
	kept = kept[:min(len(kept), mostTerms)]
	slices.SortFunc(kept, func(a, b int32) int { return cmp.Compare(c.words[a], c.words[b]) })
	now := make([]int32, len(c.words)) // numbers from 1
	words := make([]string, len(kept))
	clear(c.ids)
	c.has = make([]int32, len(kept))
	for i, t := range kept {
		now[t], words[i], c.has[i] = int32(i)+1, c.words[t], has[t]
		c.ids[words[i]] = int32(i)
	}
	c.words = words
	for i, row := range c.rows {
		row = slices.DeleteFunc(row, func(x Count) bool { return now[x.Term] == 0 })
		for j := range row {
			row[j].Term = now[row[j].Term] - 1
		}
		slices.SortFunc(row, func(a, b Count) int { return cmp.Compare(a.Term, b.Term) })
		c.rows[i] = row
	}
}

// mean is how many terms a passage has, 1 at least.
func (c *corpus) mean() float64 {
	all := 0
	for _, row := range c.rows {
		for _, x := range row {
			all += int(x.Times)
		}
	}
	return max(1, float64(all)/float64(max(1, len(c.rows))))
}

// weigh gives the terms of each row their weights, and returns the inverse document
// frequencies.
func (c *corpus) weigh() []float64 {
	idf := make([]float64, len(c.words))
	for t, n := range c.has {
		idf[t] = portable.Log(1 + (float64(len(c.rows))-float64(n)+.5)/(float64(n)+.5))
	}
	c.weights = make([][]float32, len(c.rows))
	for i, row := range c.rows {
		w := make([]float32, len(row))
		square := 0.0
		for j, x := range row {
			v := damped(x.Times) * idf[x.Term]
			w[j] = float32(v)
			square += float64(v * v)
		}
		if square > 0 {
			by := float32(1 / math.Sqrt(square))
			for j := range w {
				w[j] *= by
			}
		}
		c.weights[i] = w
	}
	return idf
}

// subspace is an orthonormal basis of some directions of the terms, which each turn brings
// nearer to those in which the corpus varies most (subspace iteration: Halko, Martinsson and
// Tropp 2011). Blocks hold lanes of it, by term: they are worked on apart, so that processors
// share the work and no bit depends on how many there are.
type subspace struct {
	terms  int
	blocks [][]float32
}

func newSubspace(terms, width int, seed uint64) *subspace {
	s := &subspace{terms: terms}
	random := rand.New(rand.NewPCG(seed, 0x6c7369))
	for range width / lanes {
		block := make([]float32, terms*lanes)
		for i := range block {
			block[i] = random.Float32() - .5
		}
		s.blocks = append(s.blocks, block)
	}
	return s
}

// turn multiplies the basis by the corpus and by its transpose, and makes it orthonormal again.
func (s *subspace) turn(ctx context.Context, c *corpus) error {
	s.each(len(s.blocks), func(b int) { s.blocks[b] = product(ctx, c, s.blocks[b]) })
	if err := ctx.Err(); err != nil {
		return err
	}
	for range 2 { // what the first leaves of rounding, the second takes away
		if err := s.orthonormal(); err != nil {
			return err
		}
	}
	return nil
}

// each runs f for 0 to n-1 on all processors.
func (s *subspace) each(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// product is what lanes of the basis become: row by row, its weights times them, and that times
// its weights again.
func product(ctx context.Context, c *corpus, from []float32) []float32 {
	to := make([]float32, len(from))
	for i, row := range c.rows {
		if i%4096 == 0 && ctx.Err() != nil {
			return to
		}
		var z [lanes]float32
		w := c.weights[i]
		for j, x := range row {
			of := (*[lanes]float32)(from[int(x.Term)*lanes:])
			for l := range z {
				z[l] += float32(w[j] * of[l])
			}
		}
		for j, x := range row {
			of := (*[lanes]float32)(to[int(x.Term)*lanes:])
			for l := range z {
				of[l] += float32(w[j] * z[l])
			}
		}
	}
	return to
}

// orthonormal makes the basis orthonormal by the Cholesky factor of its inner products.
func (s *subspace) orthonormal() error {
	n := len(s.blocks) * lanes
	gram := make([]float64, n*n)
	var pairs [][2]int
	for a := range s.blocks {
		for b := range a + 1 {
			pairs = append(pairs, [2]int{a, b})
		}
	}
	s.each(len(pairs), func(i int) {
		a, b := pairs[i][0], pairs[i][1]
		for t := range s.terms {
			x, y := (*[lanes]float32)(s.blocks[a][t*lanes:]), (*[lanes]float32)(s.blocks[b][t*lanes:])
			for k := range x {
				into := (*[lanes]float64)(gram[(a*lanes+k)*n+b*lanes:])
				for l := range y {
					into[l] += float64(float64(x[k]) * float64(y[l]))
				}
			}
		}
	})
	if !cholesky(gram, n) {
		return fmt.Errorf("%w: its passages vary in fewer than %d directions", ErrSmall, n)
	}
	const together = 512
	s.each((s.terms+together-1)/together, func(part int) {
		row := make([]float64, n)
		for t := part * together; t < min(s.terms, (part+1)*together); t++ {
			for i := range row {
				x := float64(s.blocks[i/lanes][t*lanes+i%lanes])
				for j, l := range gram[i*n:][:i] {
					x -= float64(l * row[j])
				}
				row[i] = x / gram[i*n+i]
				s.blocks[i/lanes][t*lanes+i%lanes] = float32(row[i])
			}
		}
	})
	return nil
}

// cholesky makes the lower triangle of a symmetric matrix its factor; false where the matrix
// is not positive definite.
func cholesky(a []float64, n int) bool {
	for i := range n {
		for j := range i + 1 {
			x := a[i*n+j]
			for k := range j {
				x -= float64(a[i*n+k] * a[j*n+k])
			}
			if i > j {
				a[i*n+j] = x / a[j*n+j]
				continue
			}
			if !(x > 1e-12) {
				return false
			}
			a[i*n+i] = math.Sqrt(x)
		}
	}
	return true
}
