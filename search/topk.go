package search

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/simd"
)

// TopK returns the k best rows of all sources, best first; fewer when fewer
// hold a term of the query.
//
// For every window of 64 rows it adds up what the query's terms can score there
// at most: stored bounds of frequent terms, exact scores of rare ones, whose
// postings are decoded whole. It visits the windows in rounds of falling
// bounds, scores all rows of a window term by term, and ends when no bound
// reaches the k-th best score.
func TopK(sources []Source, terms []Term, stats Stats, p Params, k int) []Hit {
	rows := uint64(0)
	for i := range sources {
		rows += uint64(sources[i].Inverted.Rows())
	}
	if k <= 0 || rows == 0 {
		return nil
	}
	if rows > math.MaxUint32 {
		return Exhaustive(sources, terms, stats, p, k) // keys number rows in 32 bits
	}
	s := searchers.Get().(*searcher)
	defer searchers.Put(s)
	s.weights = weights(s.weights[:0], terms, &stats)
	s.best.reset(int(min(uint64(k), rows)))
	s.first = 0
	for i := range sources {
		if !s.search(&sources[i], terms, &stats, p) {
			return Exhaustive(sources, terms, stats, p, k)
		}
		s.first += uint32(sources[i].Inverted.Rows())
	}
	keys := s.best.sorted(&s.spare)
	hits := make([]Hit, len(keys))
	for i, key := range keys {
		source, row := 0, ^uint32(key)
		for row >= uint32(sources[source].Inverted.Rows()) {
			row -= uint32(sources[source].Inverted.Rows())
			source++
		}
		hits[i] = Hit{source, row, math.Float32frombits(uint32(key >> 32))}
	}
	return hits
}

var searchers = sync.Pool{New: func() any { return new(searcher) }}

// spanRows is the most rows that are scored at once.
const spanRows = 4096

// A searcher is the working memory of one query.
type searcher struct {
	weights []float32
	best    collector
	spare   []uint64

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
	picked     []uint32
	matrix     [][index.WindowRows]float32 // score by term and row of a window; zero between windows
	filled     []int                       // its rows that are not zero
	candidates []candidate
	parts      []float32 // scores of the candidates by term, in query order
	scores     [spanRows]float32
	hits       [spanRows]uint32
}

// A cursor gives the scores of one term.
type cursor struct {
	number int // in query order
	weight float32
	unit   float32 // of a frequent term's bounds

	// A rare term's postings, all decoded.
	rows   []uint32
	scores []float32
	at     int

	// A frequent term's blocks.
	frequent bool
	dense    index.DenseList
	loaded   int // block in block, or -1
	seekAt   int // block that the last lookup ended at
	block    index.Block
	impacts  [index.BlockSize]float32 // scores of postings of block, where asked for
}

func (s *searcher) cursor() *cursor {
	if s.used == len(s.cursors) {
		s.cursors = append(s.cursors, new(cursor))
	}
	s.used++
	c := s.cursors[s.used-1]
	c.number = s.used - 1
	return c
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

// low is the least bound at which a window can still hold a hit.
func (s *searcher) low() uint16 {
	if s.best.floor == 0 {
		if s.frequent == 0 {
			return 2
		}
		return 1
	}
	return uint16(min(max(int(float64(s.need())*s.scale), 1), math.MaxUint16))
}

// need is a little less than the least score of a hit, by what sums in another
// order may differ.
func (s *searcher) need() float32 {
	return s.best.min * (1 - 1e-5 - 2e-7*float32(s.used))
}

// rounds visits the windows by falling bound: a few of the best first, to raise
// the threshold, then eight times as many, and so on.
func (s *searcher) rounds() {
	enough := 4 + s.best.k/16
	low := s.low()
	for top := simd.Max(s.sums); top >= low; {
		floor, n := top, 0
		for {
			if step := floor/8 + 1; floor-low > step {
				floor -= step
			} else {
				floor = low
			}
			n = simd.SelectRange(s.picked, s.sums, floor, top)
			if n >= enough || floor == low {
				break
			}
		}
		s.visit(s.picked[:n], low)
		s.best.settle()
		low, top, enough = s.low(), floor-1, 8*enough
	}
}

// visit scores ascending windows.
func (s *searcher) visit(windows []uint32, low uint16) {
	for _, c := range s.cursors[:s.used] {
		c.at = 0
	}
	rows := uint32(len(s.codes))
	for len(windows) > 0 && windows[len(windows)-1]*index.WindowRows >= rows {
		windows = windows[:len(windows)-1] // sums has room for a multiple of simd.Lanes
	}
	if s.best.floor == 0 || s.wide(len(windows)) {
		s.spans(windows, low)
		return
	}
	for _, w := range windows {
		if s.sums[w] >= low {
			s.window(w, min((w+1)*index.WindowRows, rows))
			low = s.low()
			s.sums[w] = 0
		}
	}
	s.decide()
}

// wide says whether scoring whole spans of rows is the cheaper way to visit n
// windows: all postings of the frequent terms there, at a few nanoseconds each,
// against a few lookups a window.
func (s *searcher) wide(n int) bool {
	postings, lookup := 0, lookupCost
	if s.best.k > smallK {
		lookup *= 2 // more rows of each window stay in play
	}
	for _, c := range s.order[s.used-s.frequent:] {
		postings += c.dense.DF()
	}
	return spanPosting*postings < (windowCost+lookup*min(s.frequent, 4))*n
}

// Costs in units of about a nanosecond: a posting in a span, a window, and what
// a frequent term adds to it.
const (
	spanPosting = 2
	windowCost  = 40
	lookupCost  = 60
)

// spans scores ascending windows in spans of up to spanRows rows, bridging the
// gaps between them where they lie close.
func (s *searcher) spans(windows []uint32, low uint16) {
	rows := uint32(len(s.codes))
	for i := 0; i < len(windows); {
		w := windows[i]
		i++
		if s.sums[w] < low {
			continue
		}
		end := w + 1
		for ; i < len(windows) && windows[i] <= end+maxBridge && windows[i]-w < spanRows/index.WindowRows; i++ {
			if s.sums[windows[i]] >= low {
				end = windows[i] + 1
			}
		}
		s.span(w*index.WindowRows, min(end*index.WindowRows, rows))
		clear(s.sums[w:end])
		low = s.low()
	}
}

// maxBridge is the number of windows between two that are scored with them.
const maxBridge = 2

// fewLanes is the number of rows of a window up to which looking up each of
// them in a term's postings is cheaper than scoring all postings there.
const fewLanes = 5

// maxCandidates is the number of candidates that are looked up together.
const maxCandidates = 1024

// A candidate is a row that may reach the threshold.
type candidate struct {
	row  uint32
	id   uint32  // its scores by term are searcher.parts[id·used:][:used]
	next int32   // the frequent terms before this one are in sum
	sum  float32 // of the scores so far
	rest float32 // what the other terms can add
}

// window looks for candidates in window w, which ends before row hi, when a
// threshold is known. It takes the terms with the heaviest first until what the
// others can add at most lifts few rows to the threshold.
func (s *searcher) window(w, hi uint32) {
	lo := w * index.WindowRows
	need := s.need()
	rare := s.used - s.frequent
	rest := float32(0)
	for _, c := range s.order[rare:] {
		rest += c.unit * float32(c.dense.Bounds[w])
	}
	sums := (*[index.WindowRows]float32)(s.scores[:])
	clear(sums[:])
	s.filled = s.filled[:0]
	for _, c := range s.order[:rare] {
		i := seek(c.rows, c.at, lo)
		c.at = i
		if i == len(c.rows) || c.rows[i] >= hi {
			continue
		}
		lanes := s.lanes(c)
		for ; i < len(c.rows) && c.rows[i] < hi; i++ {
			at := c.rows[i] % index.WindowRows
			lanes[at] = c.scores[i]
			sums[at] += c.scores[i]
		}
	}
	next, alive := 0, 0
	for ; ; next++ {
		if least := need - rest; least > 0 {
			alive = simd.SelectFrom(s.hits[:], sums[:], least)
			if alive <= fewLanes || next == s.frequent {
				break
			}
		} else if next == s.frequent {
			// Rounding left more than nothing to reach: every row that scores.
			alive = simd.SelectFrom(s.hits[:], sums[:], math.SmallestNonzeroFloat32)
			break
		}
		c := s.order[rare+next]
		if bound := c.dense.Bounds[w]; bound != 0 {
			rest -= c.unit * float32(bound)
			c.window(s, lo, hi, s.lanes(c), sums)
		}
	}
	for _, i := range s.hits[:alive] {
		id := len(s.candidates)
		if (id+1)*s.used > len(s.parts) {
			s.parts = append(s.parts, make([]float32, max(4096, s.used))...)
		}
		parts := s.parts[id*s.used:][:s.used]
		clear(parts)
		for _, j := range s.filled {
			parts[j] = s.matrix[j][i]
		}
		s.candidates = append(s.candidates, candidate{lo + i, uint32(id), int32(next), sums[i], max(rest, 0)})
	}
	for _, i := range s.filled {
		s.matrix[i] = [index.WindowRows]float32{}
	}
	if len(s.candidates) >= maxCandidates {
		s.decide()
	}
}

// decide looks the candidates up in the frequent terms that they lack, the
// heaviest term first, and drops those that can no longer reach the threshold.
// Those that stay are scored again in query order, the order that counts.
func (s *searcher) decide() {
	need := s.need()
	list := s.candidates
	for j, c := range s.order[s.used-s.frequent:] {
		c.seekAt = 0
		kept := list[:0]
		for _, x := range list {
			if x.sum+x.rest < need {
				continue
			}
			if x.next <= int32(j) {
				if bound := c.dense.Bounds[x.row/index.WindowRows]; bound != 0 {
					x.rest = max(0, x.rest-c.unit*float32(bound))
					if part := c.lookup(s, x.row); part != 0 {
						x.sum += part
						s.parts[int(x.id)*s.used+c.number] = part
					}
				}
			}
			kept = append(kept, x)
		}
		list = kept
	}
	for _, x := range list {
		if x.sum+x.rest < need {
			continue
		}
		sum := float32(0)
		for _, part := range s.parts[int(x.id)*s.used:][:s.used] {
			sum += part
		}
		s.offer(x.row, sum)
	}
	s.candidates = s.candidates[:0]
}

// offer takes a scored row.
func (s *searcher) offer(row uint32, score float32) {
	if key := rowKey(score, s.first+row); key > s.best.floor && (s.source.Deleted == nil || !s.source.Deleted(row)) {
		s.best.add(key)
	}
}

// lanes is the row of the matrix for a term: its score for each row of the
// window, zero so far.
func (s *searcher) lanes(c *cursor) *[index.WindowRows]float32 {
	s.filled = append(s.filled, c.number)
	return &s.matrix[c.number]
}

// span scores the rows from lo to before hi.
func (s *searcher) span(lo, hi uint32) {
	n := (hi - lo + simd.Lanes - 1) / simd.Lanes * simd.Lanes
	scores := s.scores[:n]
	clear(scores)
	for _, c := range s.cursors[:s.used] {
		if c.frequent {
			c.addBlocks(s, lo, hi)
		} else {
			c.addScores(&s.scores, lo, hi)
		}
	}
	m := simd.SelectFrom(s.hits[:], scores, s.best.min)
	for _, i := range s.hits[:m] {
		if row := lo + i; s.sums[row/index.WindowRows] != 0 {
			s.offer(row, scores[i])
		}
	}
}

// addScores adds a rare term's scores of the rows from lo to before hi.
func (c *cursor) addScores(scores *[spanRows]float32, lo, hi uint32) {
	i := seek(c.rows, c.at, lo)
	for ; i < len(c.rows) && c.rows[i] < hi; i++ {
		scores[(c.rows[i]-lo)%spanRows] += c.scores[i]
	}
	c.at = i
}

// seek finds the first of rows[i:] that is row or after it.
func seek(rows []uint32, i int, row uint32) int {
	lo, step := i, 1
	for ; i < len(rows) && rows[i] < row; i += step {
		lo = i + 1
		step *= 2
	}
	hi := min(i, len(rows))
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); rows[mid] < row {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// addBlocks adds a frequent term's scores of the rows from lo to before hi.
func (c *cursor) addBlocks(s *searcher, lo, hi uint32) {
	if hi-lo <= index.WindowRows && c.dense.Bounds[lo/index.WindowRows] == 0 {
		return
	}
	b := &c.block
	for i := c.dense.Seek(c.at, lo); i < c.dense.Blocks; i++ {
		c.at = i
		if c.loaded != i {
			c.dense.Load(i, b)
			c.loaded = i
		}
		j, end := simd.Between(&b.Rows, lo, hi)
		if j < end {
			b.Frequencies()
		}
		simd.Impacts(&c.impacts, &b.Rows, &b.TFs, j, end, s.codes, &s.norms, c.weight)
		if j < end {
			rows := b.Rows[j:end]
			for i, x := range c.impacts[j:end][:len(rows)] {
				s.scores[(rows[i]-lo)%spanRows] += x
			}
		}
		if end < index.BlockSize {
			return
		}
	}
}

// window adds a frequent term's scores of one window, rows lo to before hi, to
// its lanes and to the sums.
func (c *cursor) window(s *searcher, lo, hi uint32, lanes, sums *[index.WindowRows]float32) {
	b := &c.block
	for i := c.dense.Seek(c.at, lo); i < c.dense.Blocks; i++ {
		c.at = i
		if c.loaded != i {
			c.dense.Load(i, b)
			c.loaded = i
		}
		j, end := simd.Between(&b.Rows, lo, hi)
		if j < end {
			b.Frequencies()
		}
		simd.Impacts(&c.impacts, &b.Rows, &b.TFs, j, end, s.codes, &s.norms, c.weight)
		if j < end {
			rows := b.Rows[j:end]
			for i, x := range c.impacts[j:end][:len(rows)] {
				at := rows[i] % index.WindowRows
				lanes[at] = x
				sums[at] += x
			}
		}
		if end < index.BlockSize {
			return
		}
	}
}

// lookup is a frequent term's score of one row, 0 when the row lacks the term.
// Rows come in ascending order since seekAt was 0.
func (c *cursor) lookup(s *searcher, row uint32) float32 {
	i := c.seekAt
	if i >= c.dense.Blocks || c.dense.Last(i) < row {
		i = c.dense.Seek(i, row)
		c.seekAt = i
		if i >= c.dense.Blocks {
			return 0
		}
	}
	b := &c.block
	if c.loaded != i {
		c.dense.Load(i, b)
		c.loaded = i
	}
	j := simd.Below(&b.Rows, row)
	if j >= b.N || b.Rows[j] != row {
		return 0
	}
	b.Frequencies()
	return score(c.weight, float32(b.TFs[j]), s.norms[s.codes[row]])
}
