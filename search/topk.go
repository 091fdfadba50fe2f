package search

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// TopK returns the k best rows of all sources, best first; fewer when fewer
// hold a term of the query.
//
// For every window of 64 rows it adds up what the query's terms can score there
// at most: stored bounds of frequent terms, exact scores of rare ones, whose
// postings are decoded whole. It visits the windows in rounds of falling
// bounds, scores all rows of a window term by term, and ends when no bound
// reaches the k-th best score. A window without a visible row is never visited,
// and where few rows of a window are visible these alone are looked up.
func TopK(sources []Source, terms []Term, stats Stats, p Params, k int) []topk.Hit {
	hits, _ := rank(context.Background(), sources, terms, stats, p, k) // only a context gives errors
	return hits
}

// rank is TopK until ctx is cancelled, which is looked at between sources.
func rank(ctx context.Context, sources []Source, terms []Term, stats Stats, p Params, k int) ([]topk.Hit, error) {
	s := searchers.Get().(*searcher)
	defer searchers.Put(s)
	s.numbers.Reset()
	for i := range sources {
		s.numbers.Add(sources[i].Inverted.Rows())
	}
	rows := s.numbers.Len()
	if k <= 0 || rows == 0 {
		return nil, ctx.Err()
	}
	if rows > math.MaxUint32 {
		return exhaustive(ctx, sources, terms, stats, p, k) // keys number rows in 32 bits
	}
	s.weights = weights(s.weights[:0], terms, &stats)
	s.best.Reset(int(min(uint64(k), rows)))
	for i := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.first = uint32(s.numbers.First(i))
		if !s.search(&sources[i], terms, &stats, p) {
			return exhaustive(ctx, sources, terms, stats, p, k)
		}
	}
	return s.numbers.Hits(s.best.Sorted(), topk.Score), nil
}

var searchers = sync.Pool{New: func() any { return new(searcher) }}

// spanRows is the most rows that are scored at once.
const spanRows = 4096

// A searcher is the working memory of one query.
type searcher struct {
	weights []float32
	best    topk.Collector

	// Of the source being searched:
	source     *Source
	codes      []byte
	norms      [256]float32
	first      uint32    // number of its first row over all sources
	cursors    []*cursor // in query order
	order      []*cursor // the rare ones, then the frequent ones, each by falling weight
	used       int       // cursors in use
	frequent   int       // of these, frequent ones
	sums       []uint16  // bound of each window, in units of 1/scale, rounded up
	scale      float64
	thin       int // windows that hold 64 visible rows, of those that hold any
	picked     []uint32
	matrix     [][index.WindowRows]float32 // score by term and row of a window; zero between windows
	filled     []int                       // its rows that are not zero
	candidates []candidate
	parts      []float32 // scores of the candidates by term, in query order
	scores     [spanRows]float32
	hits       [spanRows]uint32

	numbers topk.Numbering // of the rows of all sources
}

// search adds the hits of one source. It returns false when parameters make
// bounds meaningless.
func (s *searcher) search(src *Source, terms []Term, stats *Stats, p Params) bool {
	v := src.Inverted
	s.source, s.codes = src, v.Codes()
	s.norms = index.Norms(v.Lengths(), p.K1, p.B, uint64(stats.Rows), stats.TotalLength)
	factor, ok := boundFactor(v, &s.norms)
	if !ok {
		return false
	}
	s.open(v, terms)
	if s.used == 0 {
		return true
	}
	s.bound(v, factor)
	s.rounds()
	return true
}

// boundFactor is what stored bounds must be multiplied by to hold under norms.
func boundFactor(v *index.Inverted, norms *[256]float32) (float64, bool) {
	factor := 1.0
	stored := v.BoundNorms()
	lowest, highest := v.CodeRange()
	for c := int(lowest); c <= int(highest); c++ {
		if !(norms[c] >= 0) || math.IsInf(float64(norms[c]), 0) {
			return 0, false
		}
		factor = max(factor, (1+float64(stored[c]))/(1+float64(norms[c])))
	}
	return factor * (1 + 1e-5), true
}

// open looks the terms up and decodes the rare ones.
func (s *searcher) open(v *index.Inverted, terms []Term) {
	s.used = 0
	for i, t := range terms {
		if s.weights[i] == 0 {
			continue
		}
		list, ok := v.Lookup(t.Text)
		if !ok {
			continue
		}
		c := s.cursor()
		c.weight, c.at, c.loaded = s.weights[i], 0, -1
		c.rows, c.scores = c.rows[:0], c.scores[:0]
		if c.dense, c.frequent = list.Dense(); c.frequent {
			continue
		}
		for read := list.Cursor(); read.Next(&c.block); {
			n := c.block.N
			simd.Impacts(&c.impacts, &c.block.Rows, &c.block.TFs, 0, n, s.codes, &s.norms, c.weight)
			c.rows = append(c.rows, c.block.Rows[:n]...)
			c.scores = append(c.scores, c.impacts[:n]...)
		}
	}
}

// bound fills sums.
func (s *searcher) bound(v *index.Inverted, factor float64) {
	windows := (v.Rows() + index.WindowRows - 1) / index.WindowRows
	padded := (windows + simd.Lanes - 1) / simd.Lanes * simd.Lanes
	s.sums = slices.Grow(s.sums[:0], padded)[:padded]
	s.picked = slices.Grow(s.picked[:0], padded)[:padded]
	most := 0.0
	s.frequent = 0
	for _, c := range s.cursors[:s.used] {
		if c.frequent {
			most += float64(c.weight) * factor
			c.unit = c.weight * float32(factor) * ((1 + 1e-6) / 255)
			s.frequent++
		} else {
			most += float64(c.weight)
		}
	}
	// A frequent term's bound loses less than one unit to rounding down, so all
	// sums start with that much, and with one more: 0 marks a visited window.
	for i := range s.sums {
		s.sums[i] = uint16(s.frequent) + 1
	}
	s.scale = max(0, 65000-2*float64(s.used)) / most
	for _, c := range s.cursors[:s.used] {
		if c.frequent {
			simd.AddBounds(s.sums, c.dense.Bounds, uint16(math.Ceil(float64(c.weight)*factor*s.scale*(256./255))))
			continue
		}
		scale := float32(s.scale * (1 + 1e-6))
		for i := 0; i < len(c.rows); {
			w := c.rows[i] / index.WindowRows
			high := c.scores[i]
			for i++; i < len(c.rows) && c.rows[i]/index.WindowRows == w; i++ {
				high = max(high, c.scores[i])
			}
			s.sums[w] += uint16(high*scale) + 1
		}
	}
	clear(s.sums[windows:])
	s.hide(windows)
	s.order = append(s.order[:0], s.cursors[:s.used]...)
	slices.SortStableFunc(s.order, func(a, b *cursor) int {
		if a.frequent != b.frequent {
			if a.frequent {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.weight, a.weight)
	})
	for len(s.matrix) < s.used {
		s.matrix = append(s.matrix, [index.WindowRows]float32{})
	}
}

// hide takes the windows without a visible row for visited. It counts how many
// windows hold as many visible rows as one does where all are.
func (s *searcher) hide(windows int) {
	s.thin = 1
	if s.source.Visible == nil {
		return
	}
	rows, left := 0, 0
	for w := range windows {
		m := s.mask(uint32(w))
		if m == 0 {
			s.sums[w] = 0
			continue
		}
		rows += bits.OnesCount64(m)
		left++
	}
	if rows > 0 {
		s.thin = (left*index.WindowRows + rows - 1) / rows
	}
}

// mask is the visible rows of a window.
func (s *searcher) mask(w uint32) uint64 {
	switch v := s.source.Visible; {
	case v == nil:
		return math.MaxUint64
	case int(w) < len(v):
		return v[w]
	}
	return 0
}

// offer takes a scored row.
func (s *searcher) offer(row uint32, score float32) {
	if key := topk.Key(score, s.first+row); key > s.best.Floor() && s.source.visible(row) {
		s.best.Add(key)
	}
}
