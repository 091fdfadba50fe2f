package tokens

import "github.com/tamis-search/tamis/internal/strhash"

const (
	cacheSlots = 1 << 15
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
// 768 KiB, and room for merging; it serves one goroutine at a time.
type merger struct {
	vocab *vocab
	cache []remembered
	parts []part
	nodes []node
	heap  []uint64
}

// count returns the number of tokens of one piece.
func (m *merger) count(piece string) int {
	if len(piece) == 1 {
		return 1
	}
	if len(piece) > cachePiece {
		return m.encode(piece)
	}
	e := &m.cache[strhash.Sum(piece)%cacheSlots]
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
type node struct {
	prev, end int32
	rank      uint32 // of the merger with the part that starts at end
}

// mergeLong is mergeShort in O(n log n), by a heap of mergers that are ordered by
// rank, then start; it takes some 40 bytes for each byte of the piece. An entry
// of the heap is void when its part's rank has changed since.
func (m *merger) mergeLong(piece string) int {
	n := len(piece)
	if cap(m.nodes) < n {
		m.nodes = make([]node, n)
		m.heap = make([]uint64, 0, n)
	}
	nodes := m.nodes[:n]
	m.heap = m.heap[:0]
	for i := range nodes {
		rank := noRank
		if i+1 < n {
			rank = m.vocab.rank(piece[i : i+2])
		}
		nodes[i] = node{int32(i - 1), int32(i + 1), rank}
		if rank != noRank {
			m.heap = append(m.heap, uint64(rank)<<32|uint64(i))
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sift(i)
	}
	// renew computes the rank of the part at start, which or whose right
	// neighbour has changed.
	renew := func(start int32) {
		p := &nodes[start]
		p.rank = noRank
		if int(p.end) < n {
			if p.rank = m.vocab.rank(piece[start:nodes[p.end].end]); p.rank != noRank {
				m.push(uint64(p.rank)<<32 | uint64(start))
			}
		}
	}
	count := n
	for len(m.heap) > 0 {
		top := m.pop()
		start := int32(uint32(top))
		p := &nodes[start]
		if p.rank != uint32(top>>32) {
			continue
		}
		gone := &nodes[p.end]
		gone.rank = noRank
		p.end = gone.end
		count--
		if int(p.end) < n {
			nodes[p.end].prev = start
		}
		renew(start)
		if p.prev >= 0 {
			renew(p.prev)
		}
	}
	return count
}

func (m *merger) push(e uint64) {
	m.heap = append(m.heap, e)
	for i := len(m.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if m.heap[up] <= e {
			return
		}
		m.heap[i], m.heap[up] = m.heap[up], e
		i = up
	}
}

func (m *merger) pop() uint64 {
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
		if c+1 < len(h) && h[c+1] < h[c] {
			c++
		}
		if h[i] <= h[c] {
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
