package dense

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// A passage is a few of many centroids, so that a multi-vector has an inverted index: of
// each list of vectors around a centroid the rows that have one in it (Li et al., SLIM,
// SIGIR 2023; Santhanam et al., PLAID, CIKM 2022; Scheerer et al., WARP, SIGIR 2025). A
// search for less than full recall goes through it in three steps, each over fewer rows
// than the one before:
//
//	find      for each vector of the query, the rows of the lists nearest to it: a row has
//	          the product with its nearest centroid, and where none of its lists was
//	          looked into, that of the next list
//	compare   MaxSim with the centroids of all the row's vectors instead of these
//	refine    MaxSim with what is stored
//
// What is refined is exact, so that only a row that was not found can be missed. (As terms of
// learned sparse vectors, which are summed, centroids would add what MaxSim takes the greatest
// of.)

// PartsForLists is how many vectors a segment of multi-vectors needs to have lists.
const PartsForLists = 1 << 15

const compared = 8 // rows for each that is refined

// late is what a segment of multi-vectors has beside its vectors.
type late struct {
	centers *centers
	of      []byte    // u16, the list of each vector
	first   []byte    // u32, where the rows of each list begin, and their number
	rows    []byte    // u32, ascending in each list
	recalls []lateHow // measured, in falling order of recall and cost
	rooms   sync.Pool // *lateRoom
}

// lateHow is a shortcut: how many lists are looked into for each vector of a query, how
// many rows are refined, and the recall at 10 that was measured.
type lateHow struct {
	probes, refined int
	recall          float32
}

// lateRoom is scratch of one search of one segment.
type lateRoom struct {
	sums  []float32 // by row
	seen  []uint32  // the last vector of a query that found a row, counted over searches
	turn  uint32
	found []uint32 // rows
	lists []uint64
	keys  []uint64
	most  []float32
}

// lists is how many there are.
func (l *late) lists() int { return l.centers.len() }

func (l *late) listOf(part int) int { return int(le.Uint16(l.of[2*part:])) }

func (l *late) room(rows int) *lateRoom {
	r, _ := l.rooms.Get().(*lateRoom)
	if r == nil || len(r.sums) != rows || r.turn > math.MaxUint32/2 {
		r = &lateRoom{sums: make([]float32, rows), seen: make([]uint32, rows)}
	}
	return r
}

// products are those of each vector of a query with each centroid: a row for each list, with
// a number for each vector.
func (l *late) products(queries []*query) []float32 {
	dims, n := l.centers.dims, len(queries)
	rows := make([]float32, 0, n*dims)
	for _, q := range queries {
		rows = append(rows, q.floats...)
	}
	wide := simd.Padded(l.lists())
	out := make([]float32, n*wide)
	simd.Multiply(out, wide, rows, dims, l.centers.packed, make([]float32, wide), n, dims, l.lists())
	by := make([]float32, l.lists()*n)
	for i := range n {
		for c, x := range out[i*wide:][:l.lists()] {
			by[c*n+i] = x
		}
	}
	return by
}

// find fills room with the rows that lists near the vectors of a query have, and what each
// has of MaxSim beyond what all rows have.
func (l *late) find(room *lateRoom, by []float32, n, probes int) {
	for _, row := range room.found {
		room.sums[row] = 0
	}
	room.found = room.found[:0]
	start := room.turn
	for i := range n {
		room.turn++
		lists := room.lists[:0]
		for c := range l.lists() {
			lists = append(lists, topk.SignedKey(by[c*n+i], uint32(c)))
		}
		room.lists = lists
		lists = greatest(lists, probes+1)
		rest := float32(0)
		if len(lists) > probes {
			rest = topk.SignedScore(lists[probes])
			lists = lists[:probes]
		}
		for _, key := range lists {
			c, more := ^uint32(key), topk.SignedScore(key)-rest
			from, to := le.Uint32(l.first[4*c:]), le.Uint32(l.first[4*c+4:])
			for at := from; at < to; at++ {
				row := le.Uint32(l.rows[4*at:])
				if room.seen[row] == room.turn {
					continue
				}
				if room.seen[row] <= start {
					room.found = append(room.found, row)
				}
				room.seen[row] = room.turn
				room.sums[row] += more
			}
		}
	}
}

// greatest is the n greatest of keys in descending order; keys are reordered.
func greatest(keys []uint64, n int) []uint64 {
	if n < len(keys) {
		topk.Select(keys, n)
		keys = keys[:n]
	}
	slices.SortFunc(keys, func(a, b uint64) int { return cmp.Compare(b, a) })
	return keys
}

// interact is MaxSim of a query with the centroids of a row's vectors.
func (m *Multi) interact(by, most []float32, row int) float32 {
	n := len(most)
	for i := range most {
		most[i] = float32(math.Inf(-1))
	}
	first, end := m.row(row)
	if first == end {
		return 0
	}
	for at := first; at < end; at++ {
		x := by[m.late.listOf(at)*n:][:n]
		for i, s := range x {
			if s > most[i] {
				most[i] = s
			}
		}
	}
	sum := float32(0)
	for _, s := range most {
		sum += s
	}
	return sum
}

// candidates are the rows to refine, the best first: their numbers in the segment in the low
// halves of keys.
func (m *Multi) candidates(room *lateRoom, by []float32, n int, how lateHow, visible topk.Mask) []uint64 {
	l := m.late
	keys, want := room.keys[:0], how.refined
	if visible.Lanes != nil { // a filter hides what the nearest lists hold
		want *= 2
	}
	for probes := how.probes; ; probes *= 4 {
		l.find(room, by, n, probes)
		keys = keys[:0]
		for _, row := range room.found {
			if visible.Has(row) {
				keys = append(keys, topk.SignedKey(room.sums[row], row))
			}
		}
		if len(keys) >= min(want, m.Rows()) || probes >= l.lists() {
			break
		}
	}
	room.keys = keys
	if n := compared * how.refined; n < len(keys) {
		topk.Select(keys, n)
		keys = keys[:n]
	}
	room.most = slices.Grow(room.most[:0], n)[:n]
	for i, key := range keys {
		row := ^uint32(key)
		keys[i] = topk.SignedKey(m.interact(by, room.most, int(row)), row)
	}
	return greatest(keys, how.refined)
}

// setting is the cheapest shortcut known to reach the recall; false where there is none, or
// no need of one.
func (s *MultiSource) setting(recall float32, k int) (best lateHow, ok bool) {
	l := s.Segment.late
	if l == nil || recall >= 1 || k > tunedK*10 {
		return best, false
	}
	recall += float32((1 - recall) * leastMore)
	for _, x := range l.recalls {
		if x.recall >= recall {
			best, ok = x, true
		}
	}
	best.refined += 2 * max(0, k-tunedK) // the promise is of the best 10
	if ok && s.Visible.Lanes != nil {
		seen := 0
		for _, lane := range s.Visible.Lanes {
			seen += bits.OnesCount32(lane)
		}
		ok = seen > compared*best.refined
	}
	return best, ok
}

// near adds the rows that a shortcut finds; first is the number of the first.
func (s *MultiSource) near(ctx context.Context, queries []*query, how lateHow, first uint32, best *topk.Collector) error {
	m := s.Segment
	room := m.late.room(m.Rows())
	defer m.late.rooms.Put(room)
	by := m.late.products(queries)
	for i, key := range m.candidates(room, by, len(queries), how, s.Visible) {
		if i%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row := ^uint32(key)
		best.Add(topk.SignedKey(m.score(queries, int(row)), first+row))
	}
	return nil
}
