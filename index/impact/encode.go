package impact

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/tamis-search/tamis/internal/simd"
)

const (
	magic      = "tamisimp"
	version    = 2
	headerSize = 8 + 4*4 + 8 + 4*4 + sections*12 + 4
	termSize   = 28
	align      = 64
	denseShare = 16 // more than 1/16 of the blocks
	tail       = 4 + blockRows
)

// The sections, in the order of the file.
const (
	secOrder = iota
	secTerms
	secRows
	secCounts
	secBlocks
	secMaxima
	secRecords
	secOverflow
	secStarts
	secForward
	secWeights
	secUnits
	secRecalls
	sections
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var le = binary.LittleEndian

// writer assembles a segment.
type writer struct {
	b        *Builder
	steps    []steps
	names    []uint32 // numbers of the terms in ascending order of terms
	rank     []uint32 // place of each number in names
	blocks   int
	stride   int // bytes of a dense row
	dense    int
	sections [sections][]byte
	loss     float64
}

func newWriter(b *Builder) *writer {
	w := &writer{b: b, steps: b.termSteps(), names: b.byName()}
	w.rank = make([]uint32, len(w.names))
	for at, t := range w.names {
		w.rank[t] = uint32(at)
	}
	w.blocks = (b.Rows() + blockRows - 1) / blockRows
	w.stride = stride(w.blocks)
	return w
}

// stride is the number of bytes of a dense row.
func stride(blocks int) int { return (blocks + simd.RowLanes - 1) / simd.RowLanes * simd.RowLanes }

// write fills the sections for rows in the given order.
func (w *writer) write(order []uint32) {
	b := w.b
	for _, row := range order {
		w.sections[secOrder] = le.AppendUint32(w.sections[secOrder], row)
	}
	starts, places, codes := w.invert(order)
	for at, t := range w.names {
		w.term(b.names[t], w.steps[t].unit, places[starts[at]:starts[at+1]], codes[starts[at]:starts[at+1]])
	}
	w.sections[secOverflow] = append(w.sections[secOverflow], make([]byte, tail)...)
	if b.conf.Precision != Bits8 {
		w.forward()
	}
}

// invert gives for each term the places of its rows, ascending, and its codes there.
func (w *writer) invert(order []uint32) (starts, places []uint32, codes []byte) {
	b := w.b
	starts = make([]uint32, len(w.names)+1)
	for _, t := range b.terms {
		starts[w.rank[t]+1]++
	}
	for i := range w.names {
		starts[i+1] += starts[i]
	}
	next := append([]uint32(nil), starts...)
	places, codes = make([]uint32, len(b.terms)), make([]byte, len(b.terms))
	lost, total := 0.0, 0.0
	for place, row := range order {
		terms, weights := b.row(row)
		for i, t := range terms {
			s := w.steps[t]
			stored := s.stored(b.conf.Precision, weights[i])
			lost += float64(stored-weights[i]) * float64(stored-weights[i])
			total += float64(weights[i]) * float64(weights[i])
			at := &next[w.rank[t]]
			places[*at], codes[*at] = uint32(place), s.code(b.conf.Precision, stored)
			*at++
		}
	}
	if total > 0 {
		w.loss = math.Sqrt(lost / total)
	}
	return starts, places, codes
}

// term writes a term's maxima and records.
func (w *writer) term(name uint32, unit float32, places []uint32, codes []byte) {
	s := &w.sections
	blocks := 0
	for i, p := range places {
		if i == 0 || p/blockRows != places[i-1]/blockRows {
			blocks++
		}
	}
	dense := blocks*denseShare > w.blocks
	list := len(s[secMaxima])
	var row []byte
	if dense {
		list = w.dense
		w.dense++
		at := len(s[secRows])
		s[secRows] = append(s[secRows], make([]byte, w.stride)...)
		row = s[secRows][at:]
	}
	first, highest := len(s[secRecords])/4, byte(0)
	for i := 0; i < len(places); {
		block := places[i] / blockRows
		most, lanes, start := byte(0), uint32(0), i
		for ; i < len(places) && places[i]/blockRows == block; i++ {
			most = max(most, codes[i])
			lanes |= 1 << (places[i] % blockRows)
		}
		highest = max(highest, most)
		if dense {
			row[block] = most
		} else {
			s[secBlocks] = le.AppendUint16(s[secBlocks], uint16(block))
			s[secMaxima] = append(s[secMaxima], most)
		}
		s[secRecords] = le.AppendUint32(s[secRecords], w.record(lanes, codes[start:i]))
	}
	if dense {
		w.counts(row)
	}
	e := le.AppendUint32(s[secTerms], name)
	e = le.AppendUint32(e, math.Float32bits(unit))
	for _, n := range []int{len(places), blocks, list, first} {
		e = le.AppendUint32(e, uint32(n))
	}
	s[secTerms] = append(e, highest, b2u(dense), 0, 0)
}

// record packs the postings of a term in a block.
func (w *writer) record(lanes uint32, codes []byte) uint32 {
	low := uint32(bits.TrailingZeros32(lanes))
	switch len(codes) {
	case 1:
		return 1<<30 | low | uint32(codes[0])<<10
	case 2:
		high := uint32(bits.TrailingZeros32(lanes & (lanes - 1)))
		return 2<<30 | low | high<<5 | uint32(codes[0])<<10 | uint32(codes[1])<<18
	}
	at := uint32(len(w.sections[secOverflow]))
	w.sections[secOverflow] = append(le.AppendUint32(w.sections[secOverflow], lanes), codes...)
	return 3<<30 | at
}

func (w *writer) counts(row []byte) {
	n := uint32(0)
	for i, most := range row {
		if i%simd.RowLanes == 0 {
			w.sections[secCounts] = le.AppendUint32(w.sections[secCounts], n)
		}
		if most != 0 {
			n++
		}
	}
}

// forward writes the stored weights by row.
func (w *writer) forward() {
	b, s := w.b, &w.sections
	for _, at := range b.starts {
		s[secStarts] = le.AppendUint32(s[secStarts], at)
	}
	for i, t := range b.terms {
		if w.forwardBytes() == 2 {
			s[secForward] = le.AppendUint16(s[secForward], uint16(w.rank[t]))
		} else {
			s[secForward] = le.AppendUint32(s[secForward], w.rank[t])
		}
		if b.conf.Precision == Bits16 {
			s[secWeights] = le.AppendUint16(s[secWeights], uint16(round(b.weights[i], w.steps[t].fine, 65535)))
		} else {
			s[secWeights] = le.AppendUint32(s[secWeights], math.Float32bits(b.weights[i]))
		}
	}
	if b.conf.Precision == Bits16 {
		for _, t := range w.names {
			s[secUnits] = le.AppendUint32(s[secUnits], math.Float32bits(w.steps[t].fine))
		}
	}
}

// forwardBytes is the size of a term in the forward index.
func (w *writer) forwardBytes() int {
	switch {
	case w.b.conf.Precision == Bits8:
		return 0
	case len(w.names) <= 1<<16:
		return 2
	}
	return 4
}

// finish puts the sections together, with the recalls measured.
func (w *writer) finish(recalls []byte) []byte {
	w.sections[secRecalls] = recalls
	size := headerSize
	for _, s := range w.sections {
		size = aligned(size) + len(s)
	}
	out := append(make([]byte, 0, size), magic...)
	for _, n := range []int{version, int(w.b.conf.Precision), w.b.Rows(), len(w.names)} {
		out = le.AppendUint32(out, uint32(n))
	}
	out = le.AppendUint64(out, uint64(len(w.b.terms)))
	out = le.AppendUint32(out, math.Float32bits(w.b.conf.Unit))
	out = le.AppendUint32(out, math.Float32bits(float32(w.loss)))
	out = le.AppendUint32(out, uint32(w.dense))
	out = le.AppendUint32(out, uint32(w.forwardBytes()))
	for _, s := range w.sections {
		out = le.AppendUint64(out, uint64(len(s)))
		out = le.AppendUint32(out, crc32.Checksum(s, castagnoli))
	}
	out = le.AppendUint32(out, crc32.Checksum(out, castagnoli))
	for _, s := range w.sections {
		out = append(out, make([]byte, aligned(len(out))-len(out))...)
		out = append(out, s...)
	}
	return out
}

func aligned(n int) int { return (n + align - 1) / align * align }

func b2u(b bool) byte {
	if b {
		return 1
	}
	return 0
}
