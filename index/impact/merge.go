package impact

import (
	"fmt"

	"github.com/tamis-search/tamis/vector"
)

// Part is one input of Merge: a segment or a live one.
type Part struct {
	Segment *Segment
	Live    *Live
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
		var err error
		add := func(row uint32, v vector.Sparse) bool {
			if p.Keep == nil || p.Keep(row) {
				_, err = b.Add(v)
			}
			return err == nil
		}
		if p.Live != nil {
			p.Live.Vectors(add)
		} else {
			p.Segment.Vectors(add)
		}
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
	}
	return b.Bytes()
}
