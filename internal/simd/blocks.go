package simd

import (
	"fmt"
	"math"
	"sync"
)

// Blocks is an n × k matrix, row after row, whose numbers stay in the blocks of a GGUF file: as
// they lie there, mapped into memory. A product unpacks some blocks of 16 rows at a time into
// whole numbers and multiplies these with those of the other side.
type Blocks struct {
	format *Format
	k, n   int
	stride int    // bytes of a row
	data   []byte // n rows
	rest   []byte // the rows past the last 16, and zeros that make them 16
}

// NewBlocks is the matrix that data holds, n rows of k numbers.
func NewBlocks(f *Format, data []byte, n, k int) (*Blocks, error) {
	m := &Blocks{format: f, k: k, n: n, stride: k / f.Numbers * f.Bytes, data: data}
	if k < 1 || n < 1 || k%f.Numbers != 0 || len(data) != n*m.stride {
		return nil, fmt.Errorf("%d bytes are no %d rows of %d numbers in blocks of %d", len(data), n, k, f.Numbers)
	}
	if whole := n / Columns * Columns; whole < n {
		m.rest = make([]byte, Columns*m.stride)
		copy(m.rest, data[whole*m.stride:])
	}
	return m, nil
}

// Rows is how many rows the matrix has.
func (m *Blocks) Rows() int { return m.n }

// Bytes is what its numbers take.
func (m *Blocks) Bytes() int { return len(m.data) }

// BlockRows are rows of numbers, each 32 of them in steps of a 127th of the greatest of these:
// the other side of a product. They are used again for other rows.
type BlockRows struct {
	k       int
	records []blockRow
}

// blockRow is 32 numbers of a row. The kernels know its layout.
type blockRow struct {
	whole     [Grouped]int8
	step, sum float32 // the size of a step; that times the sum of the whole numbers
	zero      int32   // -128 times that sum
	first     int32   // the same of the first half
}

// blockTiny stands for the greatest number where all are less.
const blockTiny = float32(1e-30)

// Resize makes room for n rows of k numbers, a multiple of Grouped.
func (r *BlockRows) Resize(n, k int) {
	r.k = k
	if need := n * k / Grouped; cap(r.records) < need {
		r.records = make([]blockRow, need)
	} else {
		r.records = r.records[:need]
	}
}

// Set takes rows of x, from one on. Several goroutines may set different rows.
func (r *BlockRows) Set(from int, x []float32) {
	if len(x) == 0 {
		return
	}
	records := r.records[from*r.k/Grouped:][:len(x)/Grouped]
	if fma {
		quantizeBlocksAVX2(&records[0].whole[0], &x[0], len(records))
		return
	}
	for i := range records {
		records[i].set(x[i*Grouped:][:Grouped])
	}
}

func (r *blockRow) set(x []float32) {
	greatest := math.Float32bits(blockTiny)
	for _, v := range x {
		greatest = max(greatest, math.Float32bits(v)&^(1<<31)) // greatest where it is no number
	}
	top, sums := math.Float32frombits(greatest), [2]int32{}
	r.step = top / 127
	factor := 127 / top
	for i, v := range x {
		q := int32(-128) // for what is no number: so is the step, and all that is made of it
		if v *= factor; v == v {
			q = int32(math.RoundToEven(float64(v)))
		}
		r.whole[i] = int8(q)
		sums[i/(Grouped/2)] += q
	}
	r.sum, r.zero, r.first = r.step*float32(sums[0]+sums[1]), -128*(sums[0]+sums[1]), -128*sums[0]
}

// panel is 32 numbers of 16 rows. The kernels know its layout: four numbers of each row side by
// side; with VNNI, 128 is added to each.
type panel struct {
	whole        [Grouped * Columns]int8
	step, second [Columns]float32 // see Group
}

// mostPanels is how many panels are unpacked at once: with the other side they stay in the
// nearest cache.
const mostPanels = 24

// fetchAhead is how many bytes ahead of the 16 rows that are unpacked memory is asked for.
const fetchAhead = 16 << 10

var panelRooms = sync.Pool{New: func() any { return new([mostPanels]panel) }}

// Multiply computes c = bias + a·mᵀ for n columns of c, which are rows of m, from first on, a
// multiple of Columns. Rows of c stand ldc apart. bias has a number for each column, up to whole
// panels. For each 32 numbers the sum of the products of whole numbers is exact; it is multiplied
// by both steps and added with one rounding, in their order, and then the least number times the
// sum of the other side likewise, whatever the machine. Where 16 numbers share a step, each 16 are.
func (m *Blocks) Multiply(c []float32, ldc int, a *BlockRows, rows, first, n int, bias []float32) {
	if rows <= 0 || n <= 0 {
		return
	}
	if a.k != m.k || first%Columns != 0 || first+n > m.n {
		panic("simd: the sides of a product do not fit")
	}
	_, _, _ = c[(rows-1)*ldc+n-1], bias[Padded(n)-1], a.records[rows*m.k/Grouped-1]
	Fetch(m.data, first*m.stride, min(Columns*m.stride+fetchAhead, n*m.stride)) // the rest is asked for on the way
	room := panelRooms.Get().(*[mostPanels]panel)
	defer panelRooms.Put(room)
	for j := 0; j < n; j += Columns {
		src := m.rest
		if row := first + j; row+Columns <= m.n {
			src = m.data[row*m.stride:][:Columns*m.stride]
		}
		if n-j >= Columns {
			m.strip(c[j:], ldc, a, rows, src, bias[j:], room)
			continue
		}
		some := make([]float32, rows*Columns)
		m.strip(some, Columns, a, rows, src, bias[j:], room)
		for i := range rows {
			copy(c[i*ldc+j:][:n-j], some[i*Columns:])
		}
	}
}

// strip is Multiply for 16 columns.
func (m *Blocks) strip(c []float32, ldc int, a *BlockRows, rows int, src []byte, bias []float32, room *[mostPanels]panel) {
	perBlock, blocks := m.format.Numbers/Grouped, m.k/m.format.Numbers
	parts := (blocks*perBlock + mostPanels - 1) / mostPanels
	step := (blocks + parts - 1) / parts
	start, lds := bias, 0
	for from := 0; from < blocks; from += step {
		some := min(step, blocks-from)
		panels := room[:some*perBlock]
		// The next rows are fetched line after line, here as those were that lie before from.
		ahead := Columns*m.stride + fetchAhead + from*(Columns-1)*m.format.Bytes
		m.format.unpack(panels, src[from*m.format.Bytes:], m.stride, some, ahead)
		for i := 0; i < rows; {
			n := blockStrip(rows - i)
			blockProduct(n, c[i*ldc:], ldc, a.records[i*m.k/Grouped+from*perBlock:], m.k/Grouped, panels, start[i*lds:], lds, m.format.second)
			i += n
		}
		start, lds = c, ldc
	}
}

// unpack lays blocks of 16 rows out in panels.
func (f *Format) unpack(dst []panel, src []byte, stride, blocks, ahead int) {
	_ = src[(Columns-1)*stride+blocks*f.Bytes-1]
	switch {
	case vnni:
		f.vnni(&dst[0].whole[0], &src[0], stride, blocks, ahead)
	case fma && f16c:
		f.avx2(&dst[0].whole[0], &src[0], stride, blocks, ahead)
		f.avx2(&dst[0].whole[Columns/2*4], &src[Columns/2*stride], stride, blocks, ahead)
	default:
		f.unpackScalar(dst, src, stride, blocks)
	}
}

func (f *Format) unpackScalar(dst []panel, src []byte, stride, blocks int) {
	var groups [256 / Grouped]Group
	for row := range Columns {
		for b := range blocks {
			f.Read(groups[:], src[row*stride+b*f.Bytes:])
			for i := range f.Numbers / Grouped {
				p, g := &dst[b*f.Numbers/Grouped+i], &groups[i]
				p.step[row], p.second[row] = g.Step, g.Second
				for l, q := range g.Whole {
					p.whole[l/4*4*Columns+4*row+l%4] = q
				}
			}
		}
	}
}

// blockStrip is how many of the rows left come next.
func blockStrip(left int) int {
	if vnni {
		return stripRows(left)
	}
	return min(left, len(blocksAVX2))
}

type blockKernel = func(c *float32, ldc int, a *int8, lda int, panel *int8, blocks int, start *float32, lds int)

// The kernels of as many rows, by what Second of a group is.
var (
	blocksVNNI = [...][3]blockKernel{
		{blocks1VNNI, blocks1LeastVNNI, blocks1HalvedVNNI}, {blocks2VNNI, blocks2LeastVNNI, blocks2HalvedVNNI},
		{blocks3VNNI, blocks3LeastVNNI, blocks3HalvedVNNI}, {blocks4VNNI, blocks4LeastVNNI, blocks4HalvedVNNI},
		{blocks5VNNI, blocks5LeastVNNI, blocks5HalvedVNNI}, {blocks6VNNI, blocks6LeastVNNI, blocks6HalvedVNNI},
	}
	blocksAVX2 = [...][3]blockKernel{
		{blocks1AVX2, blocks1LeastAVX2, blocks1HalvedAVX2}, {blocks2AVX2, blocks2LeastAVX2, blocks2HalvedAVX2},
		{blocks3AVX2, blocks3LeastAVX2, blocks3HalvedAVX2}, {blocks4AVX2, blocks4LeastAVX2, blocks4HalvedAVX2},
	}
)

// blockProduct multiplies rows of a, lda records apart, with panels of 16 columns.
func blockProduct(rows int, c []float32, ldc int, a []blockRow, lda int, panels []panel, start []float32, lds int, second second) {
	const record = Grouped + 16
	_, _, _ = c[(rows-1)*ldc+Columns-1], a[(rows-1)*lda+len(panels)-1], start[(rows-1)*lds+Columns-1]
	switch {
	case vnni:
		blocksVNNI[rows-1][second](&c[0], 4*ldc, &a[0].whole[0], record*lda, &panels[0].whole[0], len(panels), &start[0], 4*lds)
	case fma && f16c:
		for half := 0; half < Columns; half += Columns / 2 {
			blocksAVX2[rows-1][second](&c[half], 4*ldc, &a[0].whole[0], record*lda, &panels[0].whole[4*half], len(panels), &start[half], 4*lds)
		}
	default:
		blockProductScalar(rows, c, ldc, a, lda, panels, start, lds, second)
	}
}

func blockProductScalar(rows int, c []float32, ldc int, a []blockRow, lda int, panels []panel, start []float32, lds int, second second) {
	for r := range rows {
		for j := range Columns {
			sum := start[r*lds+j]
			for i := range panels {
				p, x := &panels[i], &a[r*lda+i]
				var halves [2]int32
				for q := 0; q < Grouped; q += 4 {
					v, w := x.whole[q:][:4], p.whole[q*Columns+4*j:][:4]
					halves[q/(Grouped/2)] += int32(v[0])*int32(w[0]) + int32(v[1])*int32(w[1]) + int32(v[2])*int32(w[2]) + int32(v[3])*int32(w[3])
				}
				sum = addGroup(sum, second, halves, p.step[j], p.second[j], x)
			}
			c[r*ldc+j] = sum
		}
	}
}

// addGroup adds the product of two groups, given those of the whole numbers of their halves.
func addGroup(sum float32, second second, halves [2]int32, step, more float32, x *blockRow) float32 {
	if second == halved {
		sum = multiplyAdd(float32(halves[0]), float32(step*x.step), sum)
		return multiplyAdd(float32(halves[1]), float32(more*x.step), sum)
	}
	sum = multiplyAdd(float32(halves[0]+halves[1]), float32(step*x.step), sum)
	if second == least {
		sum = multiplyAdd(more, x.sum, sum)
	}
	return sum
}
