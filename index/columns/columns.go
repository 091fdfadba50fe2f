package columns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tamis-search/tamis/filter"
)

// Version is the format version that this package writes, and the only one that
// it reads.
const Version = 1

var (
	// ErrCorrupt says that bytes are not whole columns: derive them anew.
	ErrCorrupt = errors.New("metadata columns are damaged")
	// ErrNewer says that a later version of tamis wrote the columns.
	ErrNewer = errors.New("metadata columns have a newer format")
)

const (
	magic      = "tamiscol"
	headerSize = 40

	columnHeader    = 32
	checkpointEntry = 8
	blockKeys       = 16
	flagSingle      = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Columns reads the metadata of a segment. It keeps the bytes it was opened on
// and never writes them; all methods are safe for concurrent use.
type Columns struct {
	rows    uint32
	columns []column // in order of field and kind
}

// A column is the values of one kind of a field.
type column struct {
	columnID
	rows        uint32
	keys        int
	listed      int // rows in list
	keyBitmaps  int // bitmaps of keys; those of checkpoints and one more follow
	single      bool
	width       int
	checkpoints []byte
	blocks      []byte
	ends        []byte
	dictionary  []byte
	list        []byte
	bitmaps     []byte
}

// Open checks checksums and sizes. What lies within the parts is checked when it
// is read, so that Compile and Merge can still say ErrCorrupt, which happens only
// to bytes that were written wrong.
func Open(data []byte) (*Columns, error) {
	le := binary.LittleEndian
	if len(data) < headerSize || string(data[:8]) != magic {
		return nil, fmt.Errorf("%w: no header", ErrCorrupt)
	}
	if crc32.Checksum(data[:headerSize-4], castagnoli) != le.Uint32(data[headerSize-4:]) {
		return nil, fmt.Errorf("%w: checksum of the header", ErrCorrupt)
	}
	switch v := le.Uint32(data[8:]); {
	case v > Version:
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrNewer, v, Version)
	case v < Version:
		return nil, fmt.Errorf("%w: version %d", ErrCorrupt, v)
	}
	c := &Columns{rows: le.Uint32(data[12:])}
	n, size := le.Uint32(data[16:]), le.Uint64(data[24:])
	if size > uint64(len(data)-headerSize) {
		return nil, fmt.Errorf("%w: cut short in the directory", ErrCorrupt)
	}
	directory, body := data[headerSize:headerSize+size], data[headerSize+size:]
	if crc32.Checksum(directory, castagnoli) != le.Uint32(data[32:]) {
		return nil, fmt.Errorf("%w: checksum of the directory", ErrCorrupt)
	}
	for ; n > 0; n-- {
		id, size, sum, rest, ok := directoryEntry(directory)
		if !ok || size > uint64(len(body)) {
			return nil, fmt.Errorf("%w: cut short behind the field %q", ErrCorrupt, id.field)
		}
		if k := len(c.columns); k > 0 && c.columns[k-1].compare(id) >= 0 {
			return nil, fmt.Errorf("%w: the field %q is out of order", ErrCorrupt, id.field)
		}
		if crc32.Checksum(body[:size], castagnoli) != sum {
			return nil, fmt.Errorf("%w: checksum of the field %q", ErrCorrupt, id.field)
		}
		col, ok := openColumn(id, c.rows, body[:size:size])
		if !ok {
			return nil, fmt.Errorf("%w: sizes of the field %q", ErrCorrupt, id.field)
		}
		c.columns = append(c.columns, col)
		directory, body = rest, body[size:]
	}
	if len(directory)+len(body) > 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", ErrCorrupt, len(directory)+len(body))
	}
	return c, nil
}

func directoryEntry(b []byte) (id columnID, size uint64, sum uint32, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n >= uint64(len(b)-k) {
		return id, 0, 0, nil, false
	}
	b = b[k:]
	id = columnID{string(b[:n]), filter.Kind(b[n])}
	b = b[n+1:]
	size, k = binary.Uvarint(b)
	if k <= 0 || len(b) < k+4 {
		return id, 0, 0, nil, false
	}
	return id, size, binary.LittleEndian.Uint32(b[k:]), b[k+4:], true
}

func openColumn(id columnID, rows uint32, b []byte) (c column, ok bool) {
	if len(b) < columnHeader {
		return c, false
	}
	le := binary.LittleEndian
	keys, listed, bitmaps, checkpoints := le.Uint32(b), le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:])
	dictionary := le.Uint64(b[16:])
	if keys == 0 || checkpoints >= bitmaps || dictionary > uint64(len(b)) {
		return c, false
	}
	c = column{
		columnID: id, rows: rows, keys: int(keys), listed: int(listed), keyBitmaps: int(bitmaps - checkpoints - 1),
		single: le.Uint32(b[24:])&flagSingle != 0, width: rowBits(rows),
	}
	b = b[columnHeader:]
	for _, part := range []struct {
		bytes *[]byte
		size  uint64
	}{
		{&c.checkpoints, uint64(checkpoints) * checkpointEntry},
		{&c.blocks, (uint64(keys) + blockKeys - 1) / blockKeys * 8},
		{&c.ends, uint64(bitmaps) * 8},
		{&c.dictionary, dictionary},
		{&c.list, uint64(listBytes(c.listed, c.width))},
	} {
		if part.size > uint64(len(b)) {
			return c, false
		}
		*part.bytes, b = b[:part.size:part.size], b[part.size:]
	}
	c.bitmaps = b
	return c, le.Uint64(c.ends[len(c.ends)-8:]) == uint64(len(b))
}

// Rows is the number of rows.
func (c *Columns) Rows() int { return int(c.rows) }

// find is the column of a field and kind, or nil.
func (c *Columns) find(field string, kind filter.Kind) *column {
	i, ok := slices.BinarySearchFunc(c.columns, columnID{field, kind}, func(x column, id columnID) int { return x.compare(id) })
	if !ok {
		return nil
	}
	return &c.columns[i]
}

func (c *column) corrupt(what string) error {
	return fmt.Errorf("%w: %s of the field %q", ErrCorrupt, what, c.field)
}

// A place lies between two keys: before it are the first rows of the list and
// the first bitmaps.
type place struct{ listed, bitmap int }

func (c *column) end() place { return place{c.listed, c.keyBitmaps} }

// row is entry i of the list.
func (c *column) row(i int) uint32 {
	at := i * c.width
	return uint32(binary.LittleEndian.Uint64(c.list[at>>3:]) >> (at & 7) & (1<<c.width - 1))
}

// bytesOf is where bitmaps i to before j lie.
func (c *column) bytesOf(i, j int) (from, to uint64) {
	if i > 0 {
		from = binary.LittleEndian.Uint64(c.ends[8*(i-1):])
	}
	if j > 0 {
		to = binary.LittleEndian.Uint64(c.ends[8*(j-1):])
	}
	return from, to
}

// bitmap reads bitmap i. It lies in the bytes that c was opened on.
func (c *column) bitmap(i int) (*roaring.Bitmap, error) {
	from, to := c.bytesOf(i, i+1)
	if from > to || to > uint64(len(c.bitmaps)) {
		return nil, c.corrupt("table of bitmaps")
	}
	b := roaring.New()
	n, err := b.FromBuffer(c.bitmaps[from:to])
	if err != nil || uint64(n) != to-from || b.IsEmpty() || b.Validate() != nil || b.Maximum() >= c.rows {
		return nil, c.corrupt("a bitmap")
	}
	return b, nil
}

// presence is the rows that have a value in the column.
func (c *column) presence() (*roaring.Bitmap, error) { return c.bitmap(len(c.ends)/8 - 1) }

// A cursor walks the keys of a block.
type cursor struct {
	c      *column
	at     int // in the dictionary
	left   int // keys of the block
	key    []byte
	before place // of key
	after  place
}

// block puts the cursor before the first key of block i.
func (k *cursor) block(i int) bool {
	at := binary.LittleEndian.Uint64(k.c.blocks[8*i:])
	if at >= uint64(len(k.c.dictionary)) {
		return false
	}
	k.at, k.left, k.key = int(at), min(blockKeys, k.c.keys-i*blockKeys), k.key[:0]
	listed, ok1 := k.uvarint()
	bitmap, ok2 := k.uvarint()
	k.after = place{listed, bitmap}
	return ok1 && ok2 && listed <= k.c.listed && bitmap <= k.c.keyBitmaps
}

// uvarint reads a number, which is less than 2^33.
func (k *cursor) uvarint() (int, bool) {
	x, n := binary.Uvarint(k.c.dictionary[k.at:])
	if n <= 0 || x >= 1<<33 {
		return 0, false
	}
	k.at += n
	return int(x), true
}

// next reads a key of the block, which has some left. False where the bytes cannot be one.
func (k *cursor) next() bool {
	k.left--
	k.before = k.after
	shared, ok1 := k.uvarint()
	own, ok2 := k.uvarint()
	if !ok1 || !ok2 || shared > len(k.key) || own > len(k.c.dictionary)-k.at {
		return false
	}
	k.key = append(k.key[:shared], k.c.dictionary[k.at:k.at+own]...)
	k.at += own
	count, ok := k.uvarint()
	if count&1 == 1 {
		k.after.bitmap++
	} else {
		k.after.listed += count >> 1
	}
	return ok && count > 1 && k.after.listed <= k.c.listed && k.after.bitmap <= k.c.keyBitmaps
}

// first is the first key of block i, where it lies.
func (k *cursor) first(i int) ([]byte, bool) {
	if !k.block(i) {
		return nil, false
	}
	shared, ok1 := k.uvarint()
	own, ok2 := k.uvarint()
	if !ok1 || !ok2 || shared != 0 || own > len(k.c.dictionary)-k.at {
		return nil, false
	}
	return k.c.dictionary[k.at : k.at+own], true
}
