package columns

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tamis-search/tamis/filter"
)

const (
	minBitmap      = 32   // rows of a key from which on a bitmap may hold them
	minKeys        = 8    // of a column with checkpoints
	minRows        = 4096 // of a column with checkpoints
	checkpointPart = 16   // share of the rows between two checkpoints
)

// A Builder collects the values of rows. It is not safe for concurrent use.
type Builder struct {
	rows    uint32
	columns map[columnID]*columnBuilder
	key     []byte
}

type columnID struct {
	field string
	kind  filter.Kind
}

func (a columnID) compare(b columnID) int {
	return cmp.Or(strings.Compare(a.field, b.field), cmp.Compare(a.kind, b.kind))
}

// columnBuilder keeps the rows of each key in order.
type columnBuilder struct {
	ids   map[string]uint32 // by key
	keys  []string          // by id
	pairs []pair            // by row
}

type pair struct{ id, row uint32 }

// NewBuilder returns an empty builder.
func NewBuilder() *Builder { return &Builder{columns: map[columnID]*columnBuilder{}} }

// Add adds the next row and returns its number.
func (b *Builder) Add(f filter.Fields) uint32 {
	row := b.rows
	for field, values := range f {
		for _, v := range values {
			key, ok := appendKey(b.key[:0], v)
			if ok {
				b.column(columnID{field, v.Kind}).add(key, row)
			}
			b.key = key
		}
	}
	b.rows++
	return row
}

func (b *Builder) column(id columnID) *columnBuilder {
	c := b.columns[id]
	if c == nil {
		c = &columnBuilder{ids: map[string]uint32{}}
		b.columns[id] = c
	}
	return c
}

func (c *columnBuilder) id(key []byte) uint32 {
	id, ok := c.ids[string(key)]
	if !ok {
		id = uint32(len(c.keys))
		s := string(key)
		c.keys = append(c.keys, s)
		c.ids[s] = id
	}
	return id
}

func (c *columnBuilder) add(key []byte, row uint32) {
	c.pairs = append(c.pairs, pair{c.id(key), row})
}

// appendKey encodes a value as its key; false when it is of no known kind.
func appendKey(b []byte, v filter.Value) ([]byte, bool) {
	switch v.Kind {
	case filter.Keyword:
		return append(b, v.Text...), true
	case filter.Number:
		x := math.Float64bits(v.Number + 0) // no -0
		switch {
		case v.Number != v.Number:
			x = 0 // not a number: least of all, as package cmp has it
		case x>>63 == 1:
			x = ^x
		default:
			x |= 1 << 63
		}
		return binary.BigEndian.AppendUint64(b, x), true
	case filter.Time:
		b = binary.BigEndian.AppendUint64(b, uint64(v.Time.Unix())^1<<63)
		return binary.BigEndian.AppendUint32(b, uint32(v.Time.Nanosecond())), true
	case filter.Bool:
		if v.Bool {
			return append(b, 1), true
		}
		return append(b, 0), true
	}
	return b, false
}

// Bytes returns the columns of all rows so far.
func (b *Builder) Bytes() []byte {
	ids := slices.SortedFunc(maps.Keys(b.columns), columnID.compare)
	var directory, body []byte
	written := uint32(0)
	for _, id := range ids {
		start := len(body)
		body = b.columns[id].append(body, b.rows)
		directory = binary.AppendUvarint(directory, uint64(len(id.field)))
		directory = append(directory, id.field...)
		directory = append(directory, byte(id.kind))
		directory = binary.AppendUvarint(directory, uint64(len(body)-start))
		directory = binary.LittleEndian.AppendUint32(directory, crc32.Checksum(body[start:], castagnoli))
		written++
	}
	out := make([]byte, 0, headerSize+len(directory)+len(body))
	out = append(out, magic...)
	for _, x := range []uint32{Version, b.rows, written, 0} {
		out = binary.LittleEndian.AppendUint32(out, x)
	}
	out = binary.LittleEndian.AppendUint64(out, uint64(len(directory)))
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(directory, castagnoli))
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
	return append(append(out, directory...), body...)
}

// sorted lists the rows by key: those of the key with rank i are
// rows[starts[i]:starts[i+1]].
func (c *columnBuilder) sorted() (order []uint32, starts []int, rows []uint32) {
	order = make([]uint32, len(c.keys))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(c.keys[a], c.keys[b]) })
	next := make([]int, len(c.keys)) // by id: where its next row goes
	for _, p := range c.pairs {
		next[p.id]++
	}
	at := 0
	for _, id := range order {
		next[id], at = at, at+next[id]
	}
	rows = make([]uint32, len(c.pairs))
	for _, p := range c.pairs {
		rows[next[p.id]] = p.row
		next[p.id]++
	}
	// A row that named a key twice holds it once.
	starts = make([]int, 1, len(order)+1)
	kept, from := 0, 0
	for _, id := range order {
		for i := from; i < next[id]; i++ {
			if i == from || rows[i] != rows[i-1] {
				rows[kept] = rows[i]
				kept++
			}
		}
		from = next[id]
		starts = append(starts, kept)
	}
	return order, starts, rows[:kept]
}

// append writes the column behind out.
func (c *columnBuilder) append(out []byte, rows uint32) []byte {
	order, starts, all := c.sorted()
	presence := bitmapOf(all, rows)
	single := uint64(len(all)) == presence.GetCardinality()
	w := columnWriter{width: rowBits(rows)}
	between := max(1, len(all)/checkpointPart)
	last := 0
	for i, id := range order {
		list := all[starts[i]:starts[i+1]]
		w.key(c.keys[id], list)
		if single && len(order) >= minKeys && len(all) >= minRows && starts[i+1]-last >= between && i+1 < len(order) {
			w.checkpoint(bitmapOf(all[:starts[i+1]], rows))
			last = starts[i+1]
		}
	}
	for _, b := range append(w.prefixes, presence) {
		w.bitmap(b)
	}
	flags := uint32(0)
	if single {
		flags = flagSingle
	}
	le := binary.LittleEndian
	for _, x := range []int{len(order), w.listed, len(w.ends), len(w.prefixes)} {
		out = le.AppendUint32(out, uint32(x))
	}
	out = le.AppendUint64(out, uint64(len(w.dictionary)))
	out = le.AppendUint32(le.AppendUint32(out, flags), 0)
	out = append(out, w.checkpoints...)
	for _, list := range [][]uint64{w.blocks, w.ends} {
		for _, x := range list {
			out = le.AppendUint64(out, x)
		}
	}
	out = append(out, w.dictionary...)
	out = append(out, w.list...)
	out = append(out, make([]byte, listBytes(w.listed, w.width)-len(w.list))...)
	return append(out, w.bitmaps.Bytes()...)
}

// rowBits is the number of bits that every row number below rows fits.
func rowBits(rows uint32) int { return bits.Len32(max(rows, 1) - 1) }

// listBytes is the size of a list of n rows.
func listBytes(n, width int) int { return (n*width+7)/8 + 8 }

func bitmapOf(list []uint32, rows uint32) *roaring.Bitmap {
	if len(list) < int(rows)/64 && slices.IsSorted(list) {
		return roaring.BitmapOf(list...)
	}
	words := make([]uint64, (uint64(rows)+63)/64)
	for _, r := range list {
		words[r>>6] |= 1 << (r & 63)
	}
	return roaring.FromDense(words, true)
}

// columnWriter collects the parts of a column.
type columnWriter struct {
	width       int
	keys        int
	last        string
	dictionary  []byte
	blocks      []uint64
	list        []byte
	listed      int
	bitmaps     bytes.Buffer
	ends        []uint64
	checkpoints []byte
	prefixes    []*roaring.Bitmap
}

func (w *columnWriter) key(key string, rows []uint32) {
	shared := 0
	if w.keys%blockKeys == 0 {
		w.blocks = append(w.blocks, uint64(len(w.dictionary)))
		w.dictionary = binary.AppendUvarint(w.dictionary, uint64(w.listed))
		w.dictionary = binary.AppendUvarint(w.dictionary, uint64(len(w.ends)))
	} else {
		for shared < min(len(key), len(w.last)) && key[shared] == w.last[shared] {
			shared++
		}
	}
	w.dictionary = binary.AppendUvarint(w.dictionary, uint64(shared))
	w.dictionary = binary.AppendUvarint(w.dictionary, uint64(len(key)-shared))
	w.dictionary = append(w.dictionary, key[shared:]...)
	w.last = key
	w.keys++
	count := uint64(len(rows)) << 1
	if len(rows) >= minBitmap {
		b := roaring.BitmapOf(rows...)
		b.RunOptimize()
		if b.GetSerializedSizeInBytes() <= uint64(len(rows)*w.width+7)/8 {
			w.dictionary = binary.AppendUvarint(w.dictionary, count|1)
			w.bitmap(b)
			return
		}
	}
	w.dictionary = binary.AppendUvarint(w.dictionary, count)
	for _, r := range rows {
		w.pack(r)
	}
}

// pack appends a row to the list.
func (w *columnWriter) pack(row uint32) {
	at := w.listed * w.width
	for len(w.list) < at/8+8 {
		w.list = append(w.list, 0)
	}
	le := binary.LittleEndian
	le.PutUint64(w.list[at/8:], le.Uint64(w.list[at/8:])|uint64(row)<<(at%8))
	w.listed++
}

func (w *columnWriter) bitmap(b *roaring.Bitmap) {
	b.RunOptimize()
	_, _ = b.WriteTo(&w.bitmaps) // memory takes all writes
	w.ends = append(w.ends, uint64(w.bitmaps.Len()))
}

func (w *columnWriter) checkpoint(prefix *roaring.Bitmap) {
	w.checkpoints = binary.LittleEndian.AppendUint32(w.checkpoints, uint32(w.listed))
	w.checkpoints = binary.LittleEndian.AppendUint32(w.checkpoints, uint32(len(w.ends)))
	w.prefixes = append(w.prefixes, prefix)
}
