package about

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/vector"
)

const (
	turns    = 25 // of k-means at most
	starts   = 3
	updates  = 20 // of factors
	latent   = 64 // numbers of a vector
	together = 256
)

// grouped groups the texts in k topics.
func (c *texts) grouped(ctx context.Context, m Method, k int) (*groups, error) {
	rows, width := c.rows, len(c.terms)
	switch m {
	case Dealt:
		g := &groups{of: make([]int, len(rows)), n: k}
		for d, row := range rows {
			if g.of[d] = d % k; len(row) == 0 {
				g.of[d] = -1
			}
		}
		return g, nil
	case Factors, Words:
	case Latent:
		var err error
		if rows, width, err = c.latent(ctx); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unknown method %q: use nmf, words or lsi", string(m))
	}
	g, centres, err := means(ctx, rows, width, k)
	if err != nil || m != Factors {
		return g, err
	}
	return factors(ctx, rows, width, g, centres)
}

// latent are the vectors of texts by latent semantic indexing.
func (c *texts) latent(ctx context.Context) ([][]entry, int, error) {
	all := func(yield func(string, error) bool) {
		for _, t := range c.texts {
			if !yield(t.Title+"\n"+t.Text, nil) {
				return
			}
		}
	}
	m, err := lsi.Learn(ctx, all, lsi.Options{Analyzer: "english", Width: latent})
	if err != nil {
		return nil, 0, err
	}
	var rows [][]entry
	var texts iter.Seq[string] = func(yield func(string) bool) {
		for s := range all {
			if !yield(s) {
				return
			}
		}
	}
	for v, err := range m.All(ctx, texts, encode.Query) {
		if err != nil {
			return nil, 0, err
		}
		var row []entry
		for i, x := range v.(vector.Dense) {
			if x != 0 && len(c.rows[len(rows)]) > 0 {
				row = append(row, entry{int32(i), x})
			}
		}
		rows = append(rows, row)
	}
	return rows, m.Width(), nil
}

// each runs f over parts of n rows on all processors. What f makes of a row depends on no
// other.
func each(n int, f func(from, to int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += together {
		free <- struct{}{}
		all.Go(func() { f(from, min(n, from+together)); <-free })
	}
	all.Wait()
}

// means is spherical k-means: the best of some starts, each from texts that lie far from those
// before. The second result is the centres, a number for each term and topic.
func means(ctx context.Context, rows [][]entry, width, k int) (*groups, []float32, error) {
	var best *groups
	var of []float32
	most := math.Inf(-1)
	for s := range starts {
		random := rand.New(rand.NewPCG(uint64(s), 0x746f706963))
		centres := seeds(rows, width, k, random)
		g := &groups{of: make([]int, len(rows)), near: make([]float64, len(rows)), n: k}
		for range turns {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			was := slices.Clone(g.of)
			assign(rows, centres, g)
			if slices.Equal(was, g.of) {
				break
			}
			centres = middles(rows, width, g)
		}
		sum := 0.0
		for _, x := range g.near {
			sum += x
		}
		if sum > most {
			best, of, most = g, centres, sum
		}
	}
	return best, of, nil
}

// seeds are k texts, each chosen the likelier the farther it is from those before it
// (Arthur and Vassilvitskii 2007).
func seeds(rows [][]entry, width, k int, random *rand.Rand) []float32 {
	centres := make([]float32, width*k)
	far := make([]float64, len(rows))
	for d, row := range rows {
		if len(row) > 0 {
			far[d] = 1
		}
	}
	for t := range k {
		sum := 0.0
		for _, x := range far {
			sum += x
		}
		at, chosen := random.Float64()*sum, 0
		for d, x := range far {
			if x > 0 {
				chosen = d
				if at -= x; at < 0 {
					break
				}
			}
		}
		for _, e := range rows[chosen] {
			centres[int(e.term)*k+t] = e.weight
		}
		for d, row := range rows {
			dot := 0.0
			for _, e := range row {
				dot += float64(float64(e.weight) * float64(centres[int(e.term)*k+t]))
			}
			far[d] = min(far[d], max(0, 1-dot))
		}
		far[chosen] = 0
	}
	return centres
}

// dots are the products of a row with each topic.
func dots(row []entry, centres []float32, k int, into []float64) {
	clear(into)
	for _, e := range row {
		for t, x := range centres[int(e.term)*k:][:k] {
			into[t] += float64(float64(e.weight) * float64(x))
		}
	}
}

func assign(rows [][]entry, centres []float32, g *groups) {
	each(len(rows), func(from, to int) {
		into := make([]float64, g.n)
		for d := from; d < to; d++ {
			if g.of[d], g.near[d] = -1, 0; len(rows[d]) == 0 {
				continue
			}
			dots(rows[d], centres, g.n, into)
			best := 0
			for t, x := range into {
				if x > into[best] {
					best = t
				}
			}
			g.of[d], g.near[d] = best, into[best]
		}
	})
}

// middles are the means of the texts of each topic, of length 1.
func middles(rows [][]entry, width int, g *groups) []float32 {
	k := g.n
	sums := make([]float64, width*k)
	for d, row := range rows {
		if t := g.of[d]; t >= 0 {
			for _, e := range row {
				sums[int(e.term)*k+t] += float64(e.weight)
			}
		}
	}
	squares := make([]float64, k)
	for i, x := range sums {
		squares[i%k] += float64(x * x)
	}
	centres := make([]float32, width*k)
	for i, x := range sums {
		if squares[i%k] > 0 {
			centres[i] = float32(x / math.Sqrt(squares[i%k]))
		}
	}
	return centres
}

// typical is how near each text is to the middle of its topic.
func (c *texts) typical(of []int, topics int) []float64 {
	g := &groups{of: of, n: topics}
	centres := middles(c.rows, len(c.terms), g)
	near, into := make([]float64, len(of)), make([]float64, topics)
	for d, t := range of {
		if t >= 0 {
			dots(c.rows[d], centres, topics, into)
			near[d] = into[t]
		}
	}
	return near
}

// factors divides rows into how much each text has of each topic and each topic of each term,
// both at least 0 (Lee and Seung 2001), from the groups of k-means on. A text is of the topic
// that it has most of.
func factors(ctx context.Context, rows [][]entry, width int, g *groups, h []float32) (*groups, error) {
	k := g.n
	w := make([]float32, len(rows)*k)
	for d, t := range g.of {
		for i := range k {
			w[d*k+i] = .05
		}
		if t >= 0 {
			w[d*k+t] = 1
		}
	}
	for i := range h {
		h[i] += .001
	}
	columns := transposed(rows, width)
	for range updates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		update(rows, h, w, k)
		update(columns, w, h, k)
	}
	// Topics are as large as they are: a text has of each what it has of the whole.
	size := make([]float64, k)
	for i, x := range h {
		size[i%k] += float64(float64(x) * float64(x))
	}
	for d, row := range rows {
		g.of[d] = -1
		most := -1.0
		for t := range k {
			if x := float64(w[d*k+t]) * math.Sqrt(size[t]); x > most && len(row) > 0 {
				g.of[d], most = t, x
			}
		}
	}
	return g, nil
}

// update makes w better for rows, given the other factor.
func update(rows [][]entry, other, w []float32, k int) {
	gram := make([]float64, k*k)
	for i := 0; i < len(other); i += k {
		for a, x := range other[i:][:k] {
			for b, y := range other[i:][:k] {
				gram[a*k+b] += float64(float64(x) * float64(y))
			}
		}
	}
	each(len(rows), func(from, to int) {
		into := make([]float64, k)
		next := make([]float32, k)
		for d := from; d < to; d++ {
			dots(rows[d], other, k, into)
			mine := w[d*k:][:k]
			for t := range k {
				below := 1e-12
				for s, x := range mine {
					below += float64(float64(x) * gram[s*k+t])
				}
				next[t] = float32(float64(mine[t]) * (into[t] / below))
			}
			copy(mine, next)
		}
	})
}

func transposed(rows [][]entry, width int) [][]entry {
	columns := make([][]entry, width)
	for d, row := range rows {
		for _, e := range row {
			columns[e.term] = append(columns[e.term], entry{int32(d), e.weight})
		}
	}
	return columns
}
