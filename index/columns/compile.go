package columns

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tamis-search/tamis/filter"
)

// Compile returns the rows that a filter passes: those for which e.Match says
// true of the row's fields. The bitmap is the caller's and does not refer to the
// bytes of c. An error wraps ErrCorrupt.
func (c *Columns) Compile(e *filter.Expr) (*roaring.Bitmap, error) {
	b, err := c.eval(e)
	if err != nil {
		return nil, err
	}
	b.CloneCopyOnWriteContainers()
	return b, nil
}

// Visible returns the rows that a member of groups may see (filter.Visible).
func (c *Columns) Visible(groups []string) (*roaring.Bitmap, error) {
	return c.Compile(filter.Visible(groups))
}

// eval is Compile without the copy. It changes none of the bitmaps that it has
// read, for they may lie in the bytes of c.
func (c *Columns) eval(e *filter.Expr) (*roaring.Bitmap, error) {
	switch e.Op {
	case filter.And:
		return c.and(e.Args)
	case filter.Or:
		list := make([]*roaring.Bitmap, 0, len(e.Args))
		for _, x := range e.Args {
			b, err := c.eval(x)
			if err != nil {
				return nil, err
			}
			list = append(list, b)
		}
		return union(list), nil
	case filter.Not:
		b, err := c.eval(e.Args[0])
		if err != nil {
			return nil, err
		}
		return roaring.Flip(b, 0, uint64(c.rows)), nil
	case filter.Has:
		return c.has(e.Field)
	}
	return c.compare(e)
}

func union(list []*roaring.Bitmap) *roaring.Bitmap {
	if len(list) == 1 {
		return list[0]
	}
	return roaring.FastOr(list...)
}

// and takes those not negated first, so that what is subtracted from is small.
func (c *Columns) and(args []*filter.Expr) (*roaring.Bitmap, error) {
	var out *roaring.Bitmap
	for _, x := range args {
		if x.Op == filter.Not {
			continue
		}
		b, err := c.eval(x)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = b
		} else {
			out = roaring.And(out, b)
		}
		if out.IsEmpty() {
			return out, nil
		}
	}
	if out == nil {
		out = roaring.New()
		out.AddRange(0, uint64(c.rows))
	}
	for _, x := range args {
		if x.Op != filter.Not {
			continue
		}
		b, err := c.eval(x.Args[0])
		if err != nil {
			return nil, err
		}
		out = roaring.AndNot(out, b)
	}
	return out, nil
}

// Fields are the fields in which a row has a value, in order.
func (c *Columns) Fields() []string {
	var out []string
	for i := range c.columns {
		if name := c.columns[i].field; len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	return out
}

func (c *Columns) has(field string) (*roaring.Bitmap, error) {
	i := sort.Search(len(c.columns), func(i int) bool { return c.columns[i].field >= field })
	var list []*roaring.Bitmap
	for ; i < len(c.columns) && c.columns[i].field == field; i++ {
		b, err := c.columns[i].presence()
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return union(list), nil
}

func (c *Columns) compare(e *filter.Expr) (*roaring.Bitmap, error) {
	var list []*roaring.Bitmap
	for _, v := range e.Values {
		col := c.find(e.Field, v.Kind)
		key, ok := appendKey(nil, v)
		if col == nil || !ok {
			continue
		}
		from, to, err := col.interval(e.Op, key)
		if err != nil {
			return nil, err
		}
		b, err := col.between(from, to)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return union(list), nil
}

// interval finds the keys that stand in relation op to key.
func (c *column) interval(op filter.Op, key []byte) (from, to place, err error) {
	before, after, err := c.seek(key)
	if err != nil {
		return from, to, err
	}
	switch op {
	case filter.Equal:
		return before, after, nil
	case filter.Less:
		return place{}, before, nil
	case filter.AtMost:
		return place{}, after, nil
	case filter.Greater:
		return after, c.end(), nil
	case filter.AtLeast:
		return before, c.end(), nil
	case filter.Prefix:
		if c.kind != filter.Keyword {
			break
		}
		// The first key behind all that begin with key.
		next := bytes.TrimRight(key, "\xff")
		if len(next) == 0 {
			return before, c.end(), nil
		}
		next = bytes.Clone(next)
		next[len(next)-1]++
		to, _, err = c.seek(next)
		return before, to, err
	}
	return place{}, place{}, nil
}

// seek finds the places before and after a key; both are the place where it would
// be if it is absent.
func (c *column) seek(key []byte) (before, after place, err error) {
	k := cursor{c: c}
	lo, hi := 0, len(c.blocks)/8 // the first block whose first key is greater
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		first, ok := k.first(mid)
		switch {
		case !ok:
			return before, after, c.corrupt("dictionary")
		case bytes.Compare(first, key) <= 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	if lo == 0 {
		return place{}, place{}, nil
	}
	if !k.block(lo - 1) {
		return before, after, c.corrupt("dictionary")
	}
	for k.left > 0 {
		if !k.next() {
			return before, after, c.corrupt("dictionary")
		}
		switch bytes.Compare(k.key, key) {
		case 0:
			return k.before, k.after, nil
		case 1:
			return k.before, k.before, nil
		}
	}
	return k.after, k.after, nil
}

// fewRows is the number of rows up to which a bitmap is made by sorting them.
const fewRows = 256

// between is the rows of the keys between two places.
func (c *column) between(from, to place) (*roaring.Bitmap, error) {
	switch {
	case from.listed > to.listed || from.bitmap > to.bitmap:
		return nil, c.corrupt("dictionary")
	case from == place{} && to == c.end():
		return c.presence()
	}
	if c.single {
		low, high := c.nearest(from), c.nearest(to)
		// A difference of two prefixes also visits the rows outside both.
		outside := int(c.rows) / 16
		if c.cost(low.at, from)+c.cost(high.at, to)+outside < c.cost(from, to) {
			return c.difference(from, to, low, high)
		}
	}
	b, err := c.direct(from, to)
	if err != nil || from.listed == to.listed {
		return b, err
	}
	if to.listed-from.listed <= fewRows {
		list := make([]uint32, 0, fewRows)
		for i := from.listed; i < to.listed; i++ {
			list = append(list, c.row(i))
		}
		slices.Sort(list)
		if list[len(list)-1] >= c.rows {
			return nil, c.corrupt("list")
		}
		return roaring.Or(roaring.BitmapOf(list...), b), nil
	}
	words := c.words()
	if !c.set(words, from.listed, to.listed) {
		return nil, c.corrupt("list")
	}
	return roaring.Or(roaring.FromDense(words, false), b), nil
}

// direct is the union of the bitmaps between two places.
func (c *column) direct(from, to place) (*roaring.Bitmap, error) {
	var list []*roaring.Bitmap
	for i := from.bitmap; i < to.bitmap; i++ {
		b, err := c.bitmap(i)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return union(list), nil
}

func (c *column) words() []uint64 { return make([]uint64, (uint64(c.rows)+63)/64) }

// set adds entries from to before to of the list.
func (c *column) set(words []uint64, from, to int) bool {
	for i := from; i < to; i++ {
		r := c.row(i)
		if r >= c.rows {
			return false
		}
		words[r>>6] |= 1 << (r & 63)
	}
	return true
}

func (c *column) unset(words []uint64, from, to int) bool {
	for i := from; i < to; i++ {
		r := c.row(i)
		if r >= c.rows {
			return false
		}
		words[r>>6] &^= 1 << (r & 63)
	}
	return true
}

// cost is about the number of rows between two places, in either order.
func (c *column) cost(a, b place) int {
	from, to := c.bytesOf(min(a.bitmap, b.bitmap), max(a.bitmap, b.bitmap))
	return max(a.listed, b.listed) - min(a.listed, b.listed) + int(to-from)/2
}

// A prefix is the rows of all keys before a place; its bitmap's number, or -1
// for none.
type prefix struct {
	at     place
	bitmap int
}

// prefix is checkpoint i, or the start or the end beside them.
func (c *column) prefix(i int) prefix {
	n := len(c.checkpoints) / checkpointEntry
	switch i {
	case -1:
		return prefix{place{}, -1}
	case n:
		return prefix{c.end(), c.keyBitmaps + n}
	}
	e := c.checkpoints[i*checkpointEntry:]
	listed, bitmap := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
	return prefix{place{min(int(listed), c.listed), min(int(bitmap), c.keyBitmaps)}, c.keyBitmaps + i}
}

// nearest is the stored prefix from which p is reached at the least cost.
func (c *column) nearest(p place) prefix {
	i := sort.Search(len(c.checkpoints)/checkpointEntry, func(i int) bool {
		x := c.prefix(i).at
		return x.listed >= p.listed && x.bitmap >= p.bitmap
	})
	low, high := c.prefix(i-1), c.prefix(i)
	if c.cost(low.at, p) < c.cost(high.at, p) {
		return low
	}
	return high
}

// difference is between by way of prefixes.
func (c *column) difference(from, to place, low, high prefix) (*roaring.Bitmap, error) {
	out, err := c.before(to, high)
	if err != nil || from == (place{}) {
		return out, err
	}
	less, err := c.before(from, low)
	if err != nil {
		return nil, err
	}
	return roaring.AndNot(out, less), nil
}

// before is the rows of all keys before p, made from a prefix near it.
func (c *column) before(p place, near prefix) (*roaring.Bitmap, error) {
	b := roaring.New()
	if near.bitmap >= 0 {
		var err error
		if b, err = c.bitmap(near.bitmap); err != nil {
			return nil, err
		}
	}
	if p.listed != near.at.listed {
		words := c.words()
		b.WriteDenseTo(words)
		if !c.set(words, near.at.listed, p.listed) || !c.unset(words, p.listed, near.at.listed) {
			return nil, c.corrupt("list")
		}
		b = roaring.FromDense(words, false)
	}
	switch {
	case p.bitmap > near.at.bitmap:
		more, err := c.direct(near.at, p)
		if err != nil {
			return nil, err
		}
		return roaring.Or(b, more), nil
	case p.bitmap < near.at.bitmap:
		less, err := c.direct(p, near.at)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(b, less), nil
	}
	return b, nil
}
