package tokens

import (
	"hash/maphash"
)

const (
	cacheSlots = 1 << 14
	cachePiece = 22  // bytes of the longest remembered piece
	listPiece  = 100 // pieces of more bytes are merged by a heap
	keepNodes  = 1 << 16
)

// remembered is a piece and its number of tokens. A zero size marks an empty slot.
type remembered struct {
	piece [cachePiece]byte
	size  uint8
	count uint8
}

// merger counts the tokens of pieces. It has a cache of pieces, direct mapped,
// 384 KiB, and room for merging; it serves one goroutine at a time.
type merger struct {
	vocab *vocab
	cache []remembered
	parts []part
	nodes []node
	heap  []candidate
}

// count returns the number of tokens of one piece.
func (m *merger) count(piece string) int {
	if len(piece) == 1 {
		return 1
	}
	if len(piece) > cachePiece {
		return m.encode(piece)
	}
	e := &m.cache[maphash.String(m.vocab.seed, piece)%cacheSlots]
	if int(e.size) == len(piece) && string(e.piece[:e.size]) == piece {
		return int(e.count)
	}
	n := m.encode(piece)
	copy(e.piece[:], piece)
	e.size, e.count = uint8(len(piece)), uint8(n)
	return n
}

func (m *merger) encode(piece string) int {
	if m.vocab.rank(piece) != noRank {
		return 1
	}
	if len(piece) <= listPiece {
		return m.mergeShort(piece)
	}
	return m.mergeLong(piece)
}

// part is a token in the making: it starts at start, and rank is that of its
// merger with the next one.
type part struct {
	start int
	rank  uint32
}

// mergeShort merges by scanning for the lowest rank, the leftmost of equal ones,
// until none is left: quadratic, but without a heap's cost.
func (m *merger) mergeShort(piece string) int {
	v := m.vocab
	p := m.parts[:0]
	for i := range len(piece) {
		rank := noRank
		if i+2 <= len(piece) {
			rank = v.rank(piece[i : i+2])
		}
		p = append(p, part{i, rank})
	}
	p = append(p, part{len(piece), noRank})
	m.parts = p
	// at returns the rank of the merger of parts i and i+1.
	at := func(i int) uint32 {
		if i+2 >= len(p) {
			return noRank
		}
		return v.rank(piece[p[i].start:p[i+2].start])
	}
	for {
		best, rank := -1, noRank
		for i := range p[:len(p)-1] {
			if p[i].rank < rank {
				best, rank = i, p[i].rank
			}
		}
		if best < 0 {
			return len(p) - 1
		}
		p = append(p[:best+1], p[best+2:]...)
		p[best].rank = at(best)
		if best > 0 {
			p[best-1].rank = at(best - 1)
		}
	}
}

// node is a part in a doubly linked list; its index is the byte it starts at.
// end is 0 once the part has been merged into the one before it.
type node struct {
	prev, end int32
}

// candidate is a merger of the parts that start at start and meet at mid; it is
// void when either part has changed since.
type candidate struct {
	rank            uint32
	start, mid, end int32
}

func (a candidate) before(b candidate) bool {
	return a.rank < b.rank || a.rank == b.rank && a.start < b.start
}

// mergeLong is mergeShort in O(n log n), by a heap of candidates.
func (m *merger) mergeLong(piece string) int {
	n := len(piece)
	if cap(m.nodes) < n {
		m.nodes = make([]node, n)
	}
	nodes := m.nodes[:n]
	for i := range nodes {
		nodes[i] = node{int32(i - 1), int32(i + 1)}
	}
	m.heap = m.heap[:0]
	for i := range n - 1 {
		if r := m.vocab.rank(piece[i : i+2]); r != noRank {
			m.heap = append(m.heap, candidate{r, int32(i), int32(i + 1), int32(i + 2)})
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sift(i)
	}
	offer := func(start, mid, end int32) {
		if r := m.vocab.rank(piece[start:end]); r != noRank {
			m.push(candidate{r, start, mid, end})
		}
	}
	count := n
	for len(m.heap) > 0 {
		c := m.pop()
		if nodes[c.start].end != c.mid || nodes[c.mid].end != c.end {
			continue
		}
		nodes[c.start].end = c.end
		nodes[c.mid].end = 0
		count--
		if int(c.end) < n {
			nodes[c.end].prev = c.start
			offer(c.start, c.end, nodes[c.end].end)
		}
		if prev := nodes[c.start].prev; prev >= 0 {
			offer(prev, c.start, c.end)
		}
	}
	return count
}

func (m *merger) push(c candidate) {
	m.heap = append(m.heap, c)
	for i := len(m.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !m.heap[i].before(m.heap[up]) {
			return
		}
		m.heap[i], m.heap[up] = m.heap[up], m.heap[i]
		i = up
	}
}

func (m *merger) pop() candidate {
	top := m.heap[0]
	last := len(m.heap) - 1
	m.heap[0] = m.heap[last]
	m.heap = m.heap[:last]
	m.sift(0)
	return top
}

func (m *merger) sift(i int) {
	h := m.heap
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

// shrink gives back the room that a very long piece took.
func (m *merger) shrink() {
	if cap(m.nodes) > keepNodes {
		m.nodes = nil
	}
	if cap(m.heap) > keepNodes {
		m.heap = nil
	}
}
