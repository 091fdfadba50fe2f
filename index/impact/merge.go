package impact

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/yield"
	"github.com/tamis-search/tamis/vector"
)

// Part is one input of Merge.
type Part struct {
	Segment *Segment
	// Keep says which rows go into the result; nil for all of them.
	Keep func(row uint32) bool
}

// Merge writes the segment of all kept rows of the parts, renumbered from 0 in the
// order of parts and rows. With Float32, and with Bits8 or Bits16 where all have
// the same Config.Unit, no weight changes; else weights are rounded again. The
// error wraps ErrFull when one segment cannot hold them.
func Merge(c Config, parts []Part) ([]byte, error) {
	b := NewBuilder(c)
	for i, p := range parts {
		if err := b.addSegment(p.Segment, p.Keep); err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
	}
	return b.Bytes()
}

// addSegment adds the kept rows of a segment as Add of one after the other would,
// without holding all of them twice.
func (b *Builder) addSegment(s *Segment, keep func(row uint32) bool) error {
	first := len(b.weights)
	if s.conf.Precision == Bits8 {
		if err := b.addCodes(s, keep); err != nil {
			return err
		}
	} else {
		var v vector.Sparse
		for row := range uint32(s.rows) {
			if keep != nil && !keep(row) {
				continue
			}
			v.Terms, v.Weights = v.Terms[:0], v.Weights[:0]
			lo, hi := s.entries(row)
			for i := lo; i < hi; i++ {
				if place, w := s.entry(i); place < s.terms {
					v.Terms, v.Weights = append(v.Terms, s.term(place).name), append(v.Weights, w)
				}
			}
			if _, err := b.Add(v); err != nil {
				return err
			}
		}
	}
	if s.loss > 0 {
		squares := 0.0
		for _, w := range b.weights[first:] {
			squares += float64(w) * float64(w)
		}
		b.lost += squares * float64(s.loss) * float64(s.loss)
	}
	return nil
}

// addCodes is addSegment of 8-bit weights, which lie by term.
func (b *Builder) addCodes(s *Segment, keep func(row uint32) bool) error {
	const dropped = math.MaxUint32
	to := make([]uint32, s.rows) // where a row goes, from 0
	rows := uint32(0)
	for row := range to {
		to[row] = dropped
		if keep == nil || keep(uint32(row)) {
			to[row] = rows
			rows++
		}
	}
	each := func(t term, f func(row uint32, code byte)) {
		s.codes(t, func(place uint32, code byte) {
			if row := s.row(place); int(row) < s.rows && to[row] != dropped {
				f(to[row], code)
			}
		})
	}
	// Terms are numbered in the order in which rows bring them.
	type found struct{ name, row uint32 }
	var terms []found
	counts := make([]uint32, rows)
	total := 0
	for i := range s.terms {
		t := s.term(i)
		first := uint32(dropped)
		each(t, func(row uint32, _ byte) {
			counts[row]++
			total++
			first = min(first, row)
		})
		if first != dropped {
			terms = append(terms, found{t.name, first})
		}
	}
	at := len(b.terms)
	if b.Rows()+int(rows) > MaxRows || at+total > maxPostings {
		return fmt.Errorf("%w: it has %d rows and %d weights, and gets %d and %d more", ErrFull, b.Rows(), at, rows, total)
	}
	slices.SortFunc(terms, func(x, y found) int { return cmp.Or(cmp.Compare(x.row, y.row), cmp.Compare(x.name, y.name)) })
	for _, t := range terms {
		b.termNumber(t.name)
	}
	b.terms = slices.Grow(b.terms, total)[:at+total]
	b.weights = slices.Grow(b.weights, total)[:at+total]
	next := counts
	for row, n := range counts {
		next[row] = uint32(at)
		at += int(n)
		b.starts = append(b.starts, uint32(at))
	}
	starts := b.starts[len(b.starts)-1-int(rows):]
	twice := false
	var work yield.Work
	for i := range s.terms {
		t := s.term(i)
		work.Did(2 * int(t.postings))
		number, ok := uint32(0), false
		each(t, func(row uint32, code byte) {
			if !ok {
				number, ok = b.termNumber(t.name), true
			}
			n := next[row]
			twice = twice || n > starts[row] && b.terms[n-1] == number
			b.terms[n], b.weights[n] = number, float32(float32(code)*t.unit)
			next[row]++
		})
	}
	if twice {
		return corrupt("a row has a term twice")
	}
	return nil
}
