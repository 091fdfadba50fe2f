package index

import (
	"encoding/binary"
	"math"

	"github.com/tamis-search/tamis/internal/simd"
)

// WindowRows is the number of rows that share one stored score bound.
const WindowRows = 64

// skipEntry is the size of a dense list's entry for a block: its last row, and
// its first byte behind the skip entries.
const skipEntry = 8

// denseMin and denseShift say which lists have window bounds and skip entries:
// those with at least denseMin postings that hold one row in 2^denseShift.
const (
	denseMin   = BlockSize
	denseShift = 6
)

func dense(df, rows int) bool { return df >= denseMin && df >= rows>>denseShift }

// windows is the number of windows of so many rows.
func windows(rows int) int { return (rows + WindowRows - 1) / WindowRows }

// Parameters of the stored bounds, and the defaults of BM25.
const (
	DefaultK1 = 1.2
	DefaultB  = .75
)

// Norms gives for each length code the BM25 length normalisation
// k1·(1 - b + b·length/average), where average = total/rows.
func Norms(t *LengthTable, k1, b float32, rows, total uint64) (norms [256]float32) {
	average := float32(1)
	if rows > 0 && total > 0 {
		average = float32(float64(total) / float64(rows))
	}
	for i, n := range t {
		norms[i] = float32(k1 * float32(float32(1-b)+float32(float32(b*float32(n))/average)))
	}
	return norms
}

// boundWriter computes the window bounds of dense terms.
type boundWriter struct {
	norms [256]float32
	codes []byte
}

func (b *boundWriter) init(c Config, codes []byte, total uint64) {
	b.norms = Norms(lengthTable(c.LuceneLengths), DefaultK1, DefaultB, uint64(len(codes)), total)
	b.codes = codes
}

// append writes for each window the highest tf/(tf + norm) of its postings as
// 255ths, rounded up.
func (b *boundWriter) append(dst []byte, rows, tfs []uint32) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, windows(len(b.codes)))...)
	best, window := float32(0), uint32(0)
	flush := func() {
		// A little more than the product, against what rounding may have lost.
		dst[at+int(window)] = byte(min(255, int(math.Ceil(float64(best)*(255*(1+1e-5))))))
	}
	for i, row := range rows {
		if w := row / WindowRows; w != window {
			flush()
			best, window = 0, w
		}
		tf := float32(tfs[i])
		best = max(best, float32(tf/float32(tf+b.norms[b.codes[row]])))
	}
	flush()
	return dst
}

// BoundNorms are the norms under which the bounds of dense lists were computed.
// A bound B holds for a posting tf/(tf + norm) ≤ B/255 at its row's length. At
// another norm n', tf/(tf + n') ≤ max(1, (1 + norm)/(1 + n')) · B/255, because
// tf is at least 1; the factor over all codes in use is safe for all rows.
func (v *Inverted) BoundNorms() *[256]float32 { return &v.boundNorms }

// A DenseList is the view of a frequent term's postings by windows of
// WindowRows rows and by blocks.
type DenseList struct {
	// Bounds holds one bound a window, 0 where the term is absent; simd.Slack
	// bytes of capacity follow. See Inverted.BoundNorms.
	Bounds []byte
	// Blocks is the number of blocks: all of BlockSize postings but the last.
	Blocks int

	df, rows     int
	skip, blocks []byte
}

// Dense gives the dense view of a list; false when it has none.
func (l *List) Dense() (d DenseList, ok bool) {
	if l.df < shortList || !dense(l.df, l.v.rows) {
		return d, false
	}
	w, n := windows(l.v.rows), blocks(l.df)
	if len(l.data) < w+n*skipEntry+simd.Slack {
		return d, false
	}
	return DenseList{
		Bounds: l.data[:w],
		Blocks: n,
		df:     l.df,
		rows:   l.v.rows,
		skip:   l.data[w : w+n*skipEntry],
		blocks: l.data[w+n*skipEntry:],
	}, true
}

// DF is the number of postings.
func (d *DenseList) DF() int { return d.df }

// Last is the last row of block i.
func (d *DenseList) Last(i int) uint32 { return binary.LittleEndian.Uint32(d.skip[i*skipEntry:]) }

// Seek finds the first block from block i on whose last row is row or after it;
// Blocks when there is none.
func (d *DenseList) Seek(i int, row uint32) int {
	step := 1
	lo := i // every block before it ends before row
	for ; i < d.Blocks && d.Last(i) < row; i += step {
		lo = i + 1
		step *= 2
	}
	hi := min(i, d.Blocks)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); d.Last(mid) < row {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Load decodes the rows of block i and puts MaxRows behind the last one; TFs
// become valid with b.Frequencies, for they are not always needed. Damaged bytes give a block without postings.
func (d *DenseList) Load(i int, b *Block) {
	b.N, b.packed = 0, nil
	next := uint32(0)
	if i > 0 {
		next = d.Last(i-1) + 1
	}
	if at := uint64(binary.LittleEndian.Uint32(d.skip[i*skipEntry+4:])); at < uint64(len(d.blocks)) && next <= uint32(d.rows) {
		b.decodeRows(d.blocks[at:], min(BlockSize, d.df-i*BlockSize), next, uint32(d.rows))
	}
	for j := b.N; j < BlockSize; j++ {
		b.Rows[j] = MaxRows
	}
}
