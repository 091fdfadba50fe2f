package stream

import (
	"fmt"
	"math"
)

// overhead is the bytes of an entry of a Memory beside its centroid: its span, its links
// and its place in the tree.
const overhead = 80

// A Span is a part of a stream as a Memory has it: rows that follow each other, as one
// centroid, their mean.
type Span struct {
	First, Last int // rows
	From, To    float64
	Count       int // rows in it, less than Last-First+1 where some were left out
	Centroid    []float32
}

// Memory keeps an endless stream within a bound of bytes. Where it is full, the two
// neighbours that lose least by it become one: their distance, 1 less the cosine of their
// centroids, times min(a, b)^Weight, where they stand for a and b rows. So scenes that last become one
// entry, and what was there for a moment keeps one of its own as long as it differs.
type Memory struct {
	width  int
	weight float64
	chunks []chunk // of slots: they come as rows do, and are never copied
	slots  int     // that were taken
	free   []int32 // slots
	first  int32
	last   int32
	live   int
	tree   []int32 // of a tournament: the slot with the cheapest merge below each node
	leaves int
	full   bool
}

const chunkSlots = 256

type chunk struct {
	slots  []slot
	floats []float32 // their centroids
}

type slot struct {
	first, last int
	from, to    float64
	count       int
	prev, next  int32
	length      float64 // of the centroid
	cost        float64 // of merging with the next
}

// Weight is how much rows that were joined already weigh where no other is given: see
// Memory and docs/benchmarks.md.
const Weight = 0.75

// LeastBytes is the least bound of a Memory: two entries.
func LeastBytes(width int) int { return 2 * entryBytes(width) }

func entryBytes(width int) int { return 4*width + overhead }

// Entries is how many entries a Memory of so many bytes has.
func Entries(width, bytes int) int { return bytes / entryBytes(width) }

// NewMemory makes one for rows of so many numbers, within so many bytes, which are taken as
// rows come.
func NewMemory(width, bytes int, weight float64) (*Memory, error) {
	n := Entries(width, bytes)
	if n < 2 {
		return nil, fmt.Errorf("%d bytes are too few for rows of %d numbers: a memory has two entries, %d bytes, at least", bytes, width, LeastBytes(width))
	}
	n = min(n, math.MaxInt32/4)
	return &Memory{width: width, weight: weight, first: -1, last: -1, leaves: n}, nil
}

// Push takes the next row and its time. Rows ascend.
func (m *Memory) Push(row int, time float64, v []float32) {
	if m.live == m.leaves {
		m.merge(m.tree[1])
	}
	s := m.slot()
	copy(m.centroid(s), v)
	*m.at(s) = slot{first: row, last: row, from: time, to: time, count: 1, prev: m.last, next: -1, length: math.Sqrt(dot(v, v)), cost: math.Inf(1)}
	if m.last >= 0 {
		m.at(m.last).next = s
	} else {
		m.first = s
	}
	before := m.last
	m.last = s
	m.live++
	if m.live == m.leaves && !m.full {
		m.grow()
		return
	}
	m.price(before)
	m.price(s)
}

// slot is a free slot, or a new one.
func (m *Memory) slot() int32 {
	if n := len(m.free); n > 0 {
		s := m.free[n-1]
		m.free = m.free[:n-1]
		return s
	}
	if m.slots%chunkSlots == 0 {
		n := min(chunkSlots, m.leaves-m.slots)
		m.chunks = append(m.chunks, chunk{make([]slot, n), make([]float32, n*m.width)})
	}
	m.slots++
	return int32(m.slots - 1)
}

func (m *Memory) at(s int32) *slot { return &m.chunks[s/chunkSlots].slots[s%chunkSlots] }

// grow makes the tree, once the memory is full for the first time.
func (m *Memory) grow() {
	m.full = true
	m.tree = make([]int32, 2*m.leaves)
	m.free = make([]int32, 0, 1)
	for i := range m.leaves {
		m.tree[m.leaves+i] = int32(i)
		m.at(int32(i)).cost = m.costOf(int32(i))
	}
	for i := m.leaves - 1; i >= 1; i-- {
		m.tree[i] = m.cheaper(m.tree[2*i], m.tree[2*i+1])
	}
}

func (m *Memory) cheaper(a, b int32) int32 {
	x, y := m.at(a), m.at(b)
	if y.cost < x.cost || y.cost == x.cost && y.first < x.first {
		return b
	}
	return a
}

// price sets the cost of merging a slot with its next.
func (m *Memory) price(s int32) {
	if s < 0 || !m.full {
		return
	}
	m.at(s).cost = m.costOf(s)
	for i := (m.leaves + int(s)) / 2; i >= 1; i /= 2 {
		m.tree[i] = m.cheaper(m.tree[2*i], m.tree[2*i+1])
	}
}

func (m *Memory) costOf(s int32) float64 {
	a := m.at(s)
	if a.next < 0 {
		return math.Inf(1)
	}
	b := m.at(a.next)
	return cost(m.centroid(s), m.centroid(a.next), a.length, b.length, a.count, b.count, m.weight)
}

func cost(a, b []float32, la, lb float64, na, nb int, weight float64) float64 {
	cosine := 0.
	if la > 0 && lb > 0 {
		cosine = dot(a, b) / (la * lb)
	} else if la == lb {
		cosine = 1
	}
	c := max(0, 1-cosine)
	switch n := float64(min(na, nb)); weight {
	case 0:
	case 0.5:
		c *= math.Sqrt(n) // the same on each machine, as Pow need not be
	case 0.75:
		c *= math.Sqrt(n) * math.Sqrt(math.Sqrt(n))
	case 1:
		c *= n
	default:
		c *= math.Pow(n, weight)
	}
	return c
}

// merge joins a slot with its next, and frees that.
func (m *Memory) merge(s int32) {
	n := m.at(s).next
	a, b := m.at(s), m.at(n)
	length := mean(m.centroid(s), m.centroid(n), a.count, b.count)
	a.last, a.to, a.count, a.next, a.length = b.last, b.to, a.count+b.count, b.next, length
	if b.next >= 0 {
		m.at(b.next).prev = s
	} else {
		m.last = s
	}
	b.cost, b.next = math.Inf(1), -1
	m.free = append(m.free, n)
	m.live--
	m.price(n)
	m.price(a.prev)
	m.price(s)
}

// mean makes a the mean of both, and returns its length.
func mean(a, b []float32, na, nb int) float64 {
	n := float64(na + nb)
	for i := range a {
		a[i] = float32((float64(float64(a[i])*float64(na)) + float64(float64(b[i])*float64(nb))) / n)
	}
	return math.Sqrt(dot(a, a))
}

func (m *Memory) centroid(s int32) []float32 {
	i := int(s % chunkSlots)
	return m.chunks[s/chunkSlots].floats[i*m.width : (i+1)*m.width]
}

// Spans is what the memory holds, in the order of the stream.
func (m *Memory) Spans() []Span {
	var out []Span
	for s := m.first; s >= 0; s = m.at(s).next {
		x := m.at(s)
		out = append(out, Span{x.first, x.last, x.from, x.to, x.count, append([]float32(nil), m.centroid(s)...)})
	}
	return out
}
