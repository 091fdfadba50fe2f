package impact

import (
	"sync"

	"github.com/tamis-search/tamis/vector"
)

// Live holds the rows that no segment holds yet, and scores all that have a term
// of the query. With Bits8 and Bits16 its weights are rounded only where
// Config.Unit says how; else scores change a little when the rows become a
// segment. It is safe for concurrent use.
type Live struct {
	mu      sync.RWMutex
	conf    Config
	rows    []vector.Sparse
	lists   map[uint32][]livePosting
	highest map[uint32]float32
}

type livePosting struct {
	row    uint32
	weight float32
}

// NewLive returns an empty Live.
func NewLive(c Config) *Live {
	return &Live{conf: c, lists: map[uint32][]livePosting{}, highest: map[uint32]float32{}}
}

// Add adds a row and returns its number. The vector is kept.
func (l *Live) Add(v vector.Sparse) (row uint32, err error) {
	if err := v.Validate(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	row = uint32(len(l.rows))
	l.rows = append(l.rows, v)
	for i, t := range v.Terms {
		w := v.Weights[i]
		if l.conf.Unit > 0 {
			w = steps{l.conf.Unit, l.conf.Unit}.stored(l.conf.Precision, w)
		}
		l.lists[t] = append(l.lists[t], livePosting{row, w})
		l.highest[t] = max(l.highest[t], w)
	}
	return row, nil
}

// Rows is the number of rows.
func (l *Live) Rows() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.rows)
}

// Mask returns one that shows the rows for which visible is true. Rows added later
// are hidden.
func (l *Live) Mask(visible func(row uint32) bool) Mask {
	n := uint32(l.Rows())
	m := Mask{make([]uint32, n/blockRows+1)}
	for row := range n {
		if visible(row) {
			m.lanes[row/blockRows] |= 1 << (row % blockRows)
		}
	}
	return m
}

// Vectors yields every row with its vector as it was added.
func (l *Live) Vectors(yield func(row uint32, v vector.Sparse) bool) {
	for row := range uint32(l.Rows()) {
		l.mu.RLock()
		v := l.rows[row]
		l.mu.RUnlock()
		if !yield(row, v) {
			return
		}
	}
}

// most is the greatest score that a row can have.
func (l *Live) most(query vector.Sparse) float64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	sum := 0.0
	for i, t := range query.Terms {
		sum += float64(query.Weights[i]) * float64(l.highest[t])
	}
	return sum
}

// score yields the rows that have a term of the query, with their scores.
func (l *Live) score(query vector.Sparse, yield func(row uint32, score float32)) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	scores := make([]float32, len(l.rows))
	for i, t := range query.Terms {
		for _, p := range l.lists[t] {
			scores[p.row] += float32(query.Weights[i] * p.weight)
		}
	}
	for row, s := range scores {
		if s > 0 {
			yield(uint32(row), s)
		}
	}
}
