package index

import (
	"container/heap"
	"fmt"
	"math"

	"github.com/tamis-search/tamis/internal/yield"
)

// Part is one input of Merge.
type Part struct {
	Inverted *Inverted
	// Live says which rows go into the result; nil for all of them.
	Live func(row uint32) bool
}

// Merge writes the index of all live rows of the parts, renumbered from 0 in
// the order of parts and rows. The bytes equal those of a Builder that was
// given these rows, when the parts were built with the same Config as dst.
// lengths are those of its rows, summed up anew from the frequencies, so they
// lose nothing. The error wraps ErrCorrupt: a part whose postings cannot be read
// is not merged.
func Merge(dst Config, parts []Part) (data []byte, lengths []uint64, err error) {
	m := merger{parts: make([]mergePart, len(parts))}
	for i, p := range parts {
		if err := m.parts[i].init(p, i, uint32(len(lengths))); err != nil {
			return nil, nil, fmt.Errorf("part %d: %w", i, err)
		}
		lengths = append(lengths, m.parts[i].lengths...)
	}
	w := writer{conf: dst, codes: make([]byte, len(lengths))}
	for i, n := range lengths {
		w.total += n
		w.codes[i] = lengthCode(dst.LuceneLengths, uint32(min(n, math.MaxUint32)))
	}
	w.bounds.init(dst, w.codes, w.total)
	m.write(&w)
	return w.finish(nil), lengths, nil
}

const dropped = math.MaxUint32

// mergePart walks the terms of one part.
type mergePart struct {
	index   int
	rows    []uint32 // new number of each row, or dropped
	lengths []uint64 // of the live rows
	cursor  termCursor
}

func (p *mergePart) init(part Part, i int, first uint32) error {
	v := part.Inverted
	p.index = i
	p.rows = make([]uint32, v.Rows())
	n := uint32(0)
	for row := range p.rows {
		p.rows[row] = dropped
		if part.Live == nil || part.Live(uint32(row)) {
			p.rows[row] = first + n
			n++
		}
	}
	p.lengths = make([]uint64, n)
	total := uint64(0)
	var b Block
	var work yield.Work
	p.cursor = termCursor{dictCursor: dictCursor{v: v}}
	for p.cursor.next() {
		n := 0
		for c := p.cursor.list.Cursor(); c.Next(&b); n += b.N {
			for j, row := range b.Rows[:b.N] {
				total += uint64(b.TFs[j])
				if at := p.rows[row]; at != dropped {
					p.lengths[at-first] += uint64(b.TFs[j])
				}
			}
		}
		work.Did(n + termWork)
		if n != p.cursor.list.df {
			return corrupt("term %q: %d of its %d postings can be read", p.cursor.term, n, p.cursor.list.df)
		}
	}
	if total != v.total || p.cursor.terms != v.terms {
		return corrupt("%d of %d terms of length %d of %d can be read", p.cursor.terms, v.terms, total, v.total)
	}
	p.cursor = termCursor{dictCursor: dictCursor{v: v}}
	return nil
}

// merger is a heap of parts by term, then by number.
type merger struct {
	parts []mergePart
	heap  []*mergePart
}

func (m *merger) Len() int { return len(m.heap) }
func (m *merger) Less(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	if x, y := string(a.cursor.term), string(b.cursor.term); x != y {
		return x < y
	}
	return a.index < b.index
}
func (m *merger) Swap(i, j int) { m.heap[i], m.heap[j] = m.heap[j], m.heap[i] }
func (m *merger) Push(any)      {}
func (m *merger) Pop() any {
	m.heap = m.heap[:len(m.heap)-1]
	return nil
}

func (m *merger) write(w *writer) {
	for i := range m.parts {
		if m.parts[i].cursor.next() {
			m.heap = append(m.heap, &m.parts[i])
		}
	}
	heap.Init(m)
	var term []byte
	var rows, tfs []uint32
	var b Block
	flush := func() {
		if len(rows) > 0 {
			w.add(term, rows, tfs)
		}
		rows, tfs = rows[:0], tfs[:0]
	}
	for len(m.heap) > 0 {
		p := m.heap[0]
		if string(p.cursor.term) != string(term) {
			flush()
			term = append(term[:0], p.cursor.term...)
		}
		for c := p.cursor.list.Cursor(); c.Next(&b); {
			for i, row := range b.Rows[:b.N] {
				if at := p.rows[row]; at != dropped {
					rows, tfs = append(rows, at), append(tfs, b.TFs[i])
				}
			}
		}
		if p.cursor.next() {
			heap.Fix(m, 0)
		} else {
			heap.Remove(m, 0)
		}
	}
	flush()
}
