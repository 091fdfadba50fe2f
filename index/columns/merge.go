package columns

import (
	"bytes"
	"errors"
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/internal/yield"
)

// Part is the columns of a segment to be merged, less the rows that Live denies
// (nil: none).
type Part struct {
	Columns *Columns
	Live    func(row uint32) bool
}

// Merge writes the columns of the live rows of parts, in order: the same bytes as
// if they had been added to one Builder. An error wraps ErrCorrupt, or says that
// there are too many rows.
func Merge(parts []Part) ([]byte, error) {
	b := NewBuilder()
	for _, p := range parts {
		if err := b.addPart(p); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// keyWork is what a key costs beside its rows, in the units of package yield.
const keyWork = 40

// addPart appends the live rows of a part.
func (b *Builder) addPart(p Part) error {
	const dropped = math.MaxUint32
	rows := make([]uint32, p.Columns.rows) // new number of each
	for i := range rows {
		switch {
		case p.Live != nil && !p.Live(uint32(i)):
			rows[i] = dropped
		case b.rows == dropped:
			return errors.New("merging metadata columns: more than 2^32 rows, merge fewer segments")
		default:
			rows[i] = b.rows
			b.rows++
		}
	}
	var work yield.Work
	for i := range p.Columns.columns {
		c := &p.Columns.columns[i]
		err := c.each(func(key []byte, list []uint32) error {
			work.Did(keyWork + 8*len(list))
			for _, old := range list {
				if row := rows[old]; row != dropped {
					b.column(c.columnID).add(key, row)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each calls f with every key and its rows, ascending.
func (c *column) each(f func(key []byte, rows []uint32) error) error {
	k := cursor{c: c}
	var rows []uint32
	end := place{}
	for i := range len(c.blocks) / 8 {
		if !k.block(i) || k.after != end {
			return c.corrupt("dictionary")
		}
		for k.left > 0 {
			if !k.next() {
				return c.corrupt("dictionary")
			}
			rows = rows[:0]
			for j := k.before.listed; j < k.after.listed; j++ {
				row := c.row(j)
				if row >= c.rows || len(rows) > 0 && row <= rows[len(rows)-1] {
					return c.corrupt("list")
				}
				rows = append(rows, row)
			}
			if k.after.bitmap > k.before.bitmap {
				b, err := c.bitmap(k.before.bitmap)
				if err != nil {
					return err
				}
				rows = b.ToArray()
			}
			if err := f(k.key, rows); err != nil {
				return err
			}
		}
		end = k.after
	}
	if end != c.end() {
		return c.corrupt("dictionary")
	}
	return nil
}

// Check reads everything and compares what is stored twice.
func (c *Columns) Check() error {
	for i := range c.columns {
		if err := c.columns[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *column) check() error {
	size := map[filter.Kind]int{filter.Keyword: -1, filter.Number: 8, filter.Time: 12, filter.Bool: 1}[c.kind]
	prefixes := len(c.checkpoints) / checkpointEntry
	if size == 0 || prefixes > 0 && !c.single {
		return c.corrupt("kind")
	}
	seen := roaring.New()
	var last []byte
	next, total := 0, 0
	err := c.each(func(key []byte, rows []uint32) error {
		if total > 0 && bytes.Compare(last, key) >= 0 || size > 0 && len(key) != size {
			return c.corrupt("keys")
		}
		last = append(last[:0], key...)
		seen.AddMany(rows)
		total += len(rows)
		_, at, err := c.seek(key)
		if err != nil || next == prefixes || c.prefix(next).at != at {
			return err
		}
		b, err := c.bitmap(c.keyBitmaps + next)
		if err == nil && !b.Equals(seen) {
			err = c.corrupt("a checkpoint")
		}
		next++
		return err
	})
	if err != nil {
		return err
	}
	presence, err := c.presence()
	if err != nil {
		return err
	}
	if next != prefixes || !presence.Equals(seen) || c.single != (uint64(total) == seen.GetCardinality()) {
		return c.corrupt("bitmaps")
	}
	return nil
}
