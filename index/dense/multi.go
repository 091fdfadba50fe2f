package dense

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

const (
	multiMagic   = "TAMISMLT"
	multiVersion = 1
	lateVersion  = 2 // with lists
	multiHeader  = 20
	mostParts    = 1 << 20 // vectors of a query
)

// A MultiBuilder collects multi-vectors.
type MultiBuilder struct {
	parts  *Builder
	starts []uint32
}

// NewMultiBuilder returns an empty MultiBuilder.
func NewMultiBuilder(c Config) *MultiBuilder {
	b := &MultiBuilder{parts: NewBuilder(c), starts: []uint32{0}}
	b.parts.flat = true
	return b
}

// Add adds a valid multi-vector as the next row. The error wraps ErrFull where there is
// no room; the builder cannot be used then.
func (b *MultiBuilder) Add(m vector.Multi) error {
	for _, d := range m {
		if err := b.parts.Add(d); err != nil {
			return err
		}
	}
	b.starts = append(b.starts, uint32(b.parts.rows))
	return nil
}

// Bytes returns the segment.
func (b *MultiBuilder) Bytes() ([]byte, error) {
	parts, err := b.parts.Bytes()
	if err != nil {
		return nil, err
	}
	starts := make([]byte, 0, 4*len(b.starts))
	for _, n := range b.starts {
		starts = le.AppendUint32(starts, n)
	}
	if b.parts.rows >= PartsForLists {
		m := &Multi{starts: starts}
		if m.parts, err = Open(parts); err != nil {
			return nil, err
		}
		m.withLists()
		return m.late.assemble(m.Rows(), starts, parts), nil
	}
	out := append(make([]byte, 0, aligned(multiHeader+len(starts))+len(parts)), multiMagic...)
	for _, n := range []uint32{multiVersion, uint32(len(b.starts) - 1), crc32.Checksum(starts, castagnoli)} {
		out = le.AppendUint32(out, n)
	}
	out = append(out, starts...)
	out = append(out, make([]byte, aligned(len(out))-len(out))...)
	return append(out, parts...), nil
}

// Multi is an opened segment of multi-vectors. It is immutable and safe for concurrent
// use.
type Multi struct {
	parts  *Segment
	starts []byte
	size   int
	late   *late // nil where all rows are scored
}

// OpenMulti is Open for what a MultiBuilder or MergeMulti wrote.
func OpenMulti(data []byte) (*Multi, error) {
	if len(data) < multiHeader || string(data[:8]) != multiMagic {
		return nil, corrupt("no header of multi-vectors")
	}
	header := multiHeader
	switch v := le.Uint32(data[8:]); v {
	case multiVersion:
	case lateVersion:
		header = lateHeader
		if len(data) < header || crc32.Checksum(data[:header-4], castagnoli) != le.Uint32(data[header-4:]) {
			return nil, corrupt("checksum of the header of multi-vectors differs")
		}
	default:
		return nil, fmt.Errorf("%w: %d of multi-vectors, this program reads %d and %d", ErrVersion, v, multiVersion, lateVersion)
	}
	rows := int(le.Uint32(data[12:]))
	at := header + 4*(rows+1)
	if rows > MaxRows || aligned(at) > len(data) {
		return nil, corrupt("%d multi-vectors end beyond the data", rows)
	}
	m := &Multi{starts: data[header:at:at], size: len(data)}
	if crc32.Checksum(m.starts, castagnoli) != le.Uint32(data[16:]) {
		return nil, corrupt("checksum of the starts of multi-vectors differs")
	}
	var err error
	end := len(data)
	var secs [lateSections][]byte
	if header == lateHeader {
		if end, secs, err = m.openLate(data, aligned(at)); err != nil {
			return nil, err
		}
	}
	if m.parts, err = Open(data[aligned(at):end:end]); err != nil {
		return nil, err
	}
	last := 0
	for row := range rows {
		first, end := m.row(row)
		if first != last || end < first {
			return nil, corrupt("multi-vector %d is out of order", row)
		}
		last = end
	}
	if last != m.parts.rows || m.parts.lists != nil {
		return nil, corrupt("%d vectors, where multi-vectors have %d", m.parts.rows, last)
	}
	if header == lateHeader {
		if err := m.openLists(secs); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// row is the half-open range of the vectors of a row.
func (m *Multi) row(row int) (first, end int) {
	return int(le.Uint32(m.starts[4*row:])), int(le.Uint32(m.starts[4*row+4:]))
}

// Rows is the number of rows.
func (m *Multi) Rows() int { return len(m.starts)/4 - 1 }

// Parts is the number of vectors of all rows.
func (m *Multi) Parts() int { return m.parts.rows }

// Config is how the vectors are stored.
func (m *Multi) Config() Config { return m.parts.conf }

// Size is the number of bytes.
func (m *Multi) Size() int { return m.size }

// Loss is that of the vectors: see Segment.
func (m *Multi) Loss() float32 { return m.parts.loss }

// Vector is what is stored of a row.
func (m *Multi) Vector(row uint32) (v vector.Multi) {
	if int(row) >= m.Rows() {
		return nil
	}
	for first, end := m.row(int(row)); first < end; first++ {
		v = append(v, m.parts.Vector(uint32(first)))
	}
	return v
}

// Mask returns one that shows the rows for which visible is true.
func (m *Multi) Mask(visible func(row uint32) bool) topk.Mask { return topk.NewMask(m.Rows(), visible) }

// Hide returns mask, one of m, less the given rows.
func (m *Multi) Hide(mask topk.Mask, rows []uint32) topk.Mask {
	return mask.Hide(m.Rows(), rows, func(row uint32) uint32 { return row })
}

// MultiPart is one input of MergeMulti.
type MultiPart struct {
	Segment *Multi
	// Keep says which rows go into the result; nil for all of them.
	Keep func(row uint32) bool
}

// MergeMulti is Merge for multi-vectors.
func MergeMulti(parts []MultiPart) ([]byte, error) {
	if len(parts) == 0 {
		return nil, errors.New("dense: nothing to merge")
	}
	b := NewMultiBuilder(parts[0].Segment.Config())
	for _, p := range parts {
		if err := b.parts.like(p.Segment.parts); err != nil {
			return nil, err
		}
		for row := range p.Segment.Rows() {
			if p.Keep != nil && !p.Keep(uint32(row)) {
				continue
			}
			first, end := p.Segment.row(row)
			if err := b.parts.take(p.Segment.parts, first, end); err != nil {
				return nil, err
			}
			b.starts = append(b.starts, uint32(b.parts.rows))
		}
	}
	return b.Bytes()
}

// MultiSource is what is searched.
type MultiSource struct {
	Segment *Multi
	// Visible says which rows can be hits; the zero Mask means all of them.
	Visible topk.Mask
}

// RankMulti returns the k rows of all sources that score best: the score of a row is the
// sum, over the vectors of the query, of the greatest inner product with one of the row's
// (MaxSim: Khattab and Zaharia, ColBERT, SIGIR 2020). Below a recall of 1 it may be
// approximate; the scores of what is found are exact.
func RankMulti(ctx context.Context, sources []MultiSource, v vector.Multi, k int, recall float32) (topk.Ranking, error) {
	r := topk.Ranking{Exact: true, Recall: 1}
	if len(v) > mostParts {
		return r, fmt.Errorf("%w: the query has %d vectors, more than %d", vector.ErrFormat, len(v), mostParts)
	}
	var numbers topk.Numbering
	for i := range sources {
		c := sources[i].Segment.Config()
		if vector.Dims(v) != c.Dims {
			return r, fmt.Errorf("%w: the query has vectors of %d numbers, those of the field have %d", vector.ErrFormat, vector.Dims(v), c.Dims)
		}
		if c != sources[0].Segment.Config() {
			return r, fmt.Errorf("%w: segments store the field's vectors differently", vector.ErrKind)
		}
		numbers.Add(sources[i].Segment.Rows())
	}
	if k = int(min(uint64(max(k, 0)), numbers.Len())); k == 0 {
		return r, ctx.Err()
	}
	if numbers.Len() > math.MaxUint32 { // keys number rows in 32 bits
		return r, fmt.Errorf("dense: %d vectors are more than can be ranked", numbers.Len())
	}
	queries := make([]*query, len(v))
	for i, d := range v {
		queries[i] = newQuery(d, sources[0].Segment.Config())
	}
	var best topk.Collector
	best.Reset(k)
	for i := range sources {
		src := &sources[i]
		if how, ok := src.setting(recall, k); ok {
			if err := src.near(ctx, queries, how, uint32(numbers.First(i)), &best); err != nil {
				return r, err
			}
			r.Exact, r.Recall = false, min(r.Recall, how.recall)
			continue
		}
		for row := range src.Segment.Rows() {
			if row%64 == 0 && ctx.Err() != nil {
				return r, ctx.Err()
			}
			if src.Visible.Has(uint32(row)) {
				best.Add(topk.SignedKey(src.Segment.score(queries, row), uint32(numbers.First(i))+uint32(row)))
			}
		}
	}
	r.Hits = numbers.Hits(best.Sorted(), topk.SignedScore)
	return r, nil
}

// score is the sum of the greatest products.
func (m *Multi) score(queries []*query, row int) float32 {
	first, end := m.row(row)
	if first == end {
		return 0
	}
	sum := float32(0)
	var scores [scanRows]float32
	for _, q := range queries {
		most := float32(math.Inf(-1))
		for at := first; at < end; at += scanRows {
			n := min(scanRows, end-at)
			m.parts.score(scores[:n], q, at)
			for _, s := range scores[:n] {
				most = max(most, s)
			}
		}
		sum += most
	}
	return sum
}
