package simd

import (
	"math"
	"runtime"
	"sync"
)

// Deep is what the depth of a product of whole numbers is a multiple of.
const Deep = 8

// rowSteps is how many steps lie between the least and the greatest number of a row.
const rowSteps = 254

// MostDeep is the greatest depth of such a product: sums stay below 2³¹.
const MostDeep = (1<<31 - 1) / (255 * 127) / Deep * Deep

// Int8 is a k × n matrix, each column in steps of a size of its own, at most 127 of them
// from 0. It is laid out as the product of this machine takes it: panels of 16 columns, in
// each groups of rows, the numbers of a column in a group side by side.
type Int8 struct {
	k, n   int
	quads  bool // groups of four rows, for bytes; else of two, for 16 bits
	steps  []int8
	scales []float32
	sums   []int32 // of the columns' steps
}

// Rows8 are rows of numbers, each in 255 steps of a size of its own, of which 0 is one: the
// left side of a product. They are used again for other rows.
type Rows8 struct {
	k     int
	bytes []uint8 // steps from the least number on, for quads
	steps []int16 // steps from 0 on, else
	sizes []float32
	zeros []int32 // the step that 0 is, for quads
}

// PackInt8 brings a k × n matrix into the nearest steps. column gives the k numbers of one; k is
// a multiple of Deep, from Deep to MostDeep. Columns are laid out on all processors.
func PackInt8(k, n int, column func(j int) []float32) *Int8 {
	m := &Int8{k: k, n: n, quads: vnni, steps: make([]int8, k*Padded(n)), scales: make([]float32, Padded(n)), sums: make([]int32, Padded(n))}
	panels := Padded(n) / Columns
	share := (panels + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	var side sync.WaitGroup
	for from := 0; from < panels; from += share {
		side.Go(func() {
			for j := from * Columns; j < min(from+share, panels)*Columns; j++ {
				var of []float32
				if j < n {
					of = column(j)[:k]
				}
				m.pack(j, of)
			}
		})
	}
	side.Wait()
	return m
}

// group is how many numbers of a column stand side by side.
func (m *Int8) group() int {
	if m.quads {
		return 4
	}
	return 2
}

// at is where row i of column j stands.
func (m *Int8) at(i, j int) int {
	g := m.group()
	return j/Columns*Columns*m.k + i/g*g*Columns + j%Columns*g + i%g
}

func (m *Int8) pack(j int, of []float32) {
	greatest := float32(1e-30)
	for _, v := range of {
		greatest = max(greatest, float32(math.Abs(float64(v))))
	}
	m.scales[j] = greatest / 127
	g := m.group()
	first, size := m.at(0, j), float64(m.scales[j])
	for i, v := range of {
		s := math.RoundToEven(float64(v) / size)
		m.steps[first+i/g*g*Columns+i%g] = int8(s)
		m.sums[j] += int32(s)
	}
}

// Quantize takes rows of k numbers of x, a multiple of 16 each.
func (r *Rows8) Quantize(x []float32, k int) {
	n := len(x) / k
	r.k = k
	if cap(r.sizes) < n {
		r.sizes, r.zeros = make([]float32, n), make([]int32, n)
	}
	r.sizes, r.zeros = r.sizes[:n], r.zeros[:n]
	if vnni {
		if cap(r.bytes) < len(x) {
			r.bytes = make([]uint8, len(x))
		}
		r.bytes = r.bytes[:len(x)]
	} else {
		if cap(r.steps) < len(x) {
			r.steps = make([]int16, len(x))
		}
		r.steps = r.steps[:len(x)]
	}
	for i := range n {
		row := x[i*k:][:k]
		switch {
		case vnni:
			r.sizes[i] = quantizeVNNI(&r.bytes[i*k], &row[0], k, &r.zeros[i])
		case fma:
			r.sizes[i] = quantizeAVX2(&r.steps[i*k], &row[0], k)
		default:
			r.sizes[i] = quantizeScalar(r.steps[i*k:][:k], row)
		}
	}
}

// quantizeScalar fills dst with x in steps of the size that it returns, 254 from the least to the
// greatest number or 0.
func quantizeScalar(dst []int16, x []float32) float32 {
	least, greatest := float32(0), float32(0)
	for _, v := range x {
		least, greatest = min(least, v), max(greatest, v)
	}
	span := max(greatest-least, 1e-30)
	factor := rowSteps / span
	for i, v := range x {
		dst[i] = int16(math.RoundToEven(float64(v * factor)))
	}
	return span / rowSteps
}

// Multiply computes columns first to first+n of c = bias + a·m, for rows of a from one on. Rows of
// c stand ldc ≥ Padded(n) apart and are written up to there; bias has Padded(n) numbers. first is a
// multiple of Columns. Sums are exact, so that numbers are the same on every machine.
func (m *Int8) Multiply(c []float32, ldc int, a *Rows8, from, rows, first, n int, bias []float32) {
	if rows <= 0 || n <= 0 {
		return
	}
	n = Padded(n)
	k, b, scales, sums := m.k, m.steps[first*m.k:], m.scales[first:], m.sums[first:]
	_, _, _, _, _, _, _ = c[(rows-1)*ldc+n-1], b[n*k-1], bias[n-1], scales[n-1], sums[n-1], a.sizes[from+rows-1], a.zeros[from+rows-1]
	step := max(8, 4*mostDepth/k/2*2) * Columns
	for j := 0; j < n; j += step {
		panels := min(step, n-j) / Columns
		for i := 0; i < rows; {
			r, at := stripRows(rows-i), from+i
			switch {
			case m.quads:
				bytesVNNI(r, c[i*ldc+j:], ldc, a.bytes[at*k:][:r*k], b[j*k:], k, panels, a.sizes[at:], a.zeros[at:], scales[j:], sums[j:], bias[j:])
			case fma:
				integers(r, c[i*ldc+j:], ldc, a.steps[at*k:][:r*k], b[j*k:], k, panels, a.sizes[at:], scales[j:], bias[j:])
			default:
				integersScalar(r, c[i*ldc+j:], ldc, a.steps[at*k:][:r*k], b[j*k:], k, panels, a.sizes[at:], scales[j:], bias[j:])
			}
			i += r
		}
	}
}

func integers(rows int, c []float32, ldc int, a []int16, b []int8, k, panels int, rowScales, scales, bias []float32) {
	switch rows {
	case 1:
		integers1AVX2(&c[0], 4*ldc, &a[0], 2*k, &b[0], k/2, panels, &rowScales[0], &scales[0], &bias[0])
	case 2:
		integers2AVX2(&c[0], 4*ldc, &a[0], 2*k, &b[0], k/2, panels, &rowScales[0], &scales[0], &bias[0])
	case 3:
		integers3AVX2(&c[0], 4*ldc, &a[0], 2*k, &b[0], k/2, panels, &rowScales[0], &scales[0], &bias[0])
	case 4:
		integers4AVX2(&c[0], 4*ldc, &a[0], 2*k, &b[0], k/2, panels, &rowScales[0], &scales[0], &bias[0])
	case 5:
		integers5AVX2(&c[0], 4*ldc, &a[0], 2*k, &b[0], k/2, panels, &rowScales[0], &scales[0], &bias[0])
	case 6:
		integers6AVX2(&c[0], 4*ldc, &a[0], 2*k, &b[0], k/2, panels, &rowScales[0], &scales[0], &bias[0])
	}
}

type bytesKernel = func(c *float32, ldc int, a *uint8, lda int, b *int8, quads, groups int, sizes *float32, zeros *int32, scales *float32, sums *int32, bias *float32)

// byRows are the kernels of as many rows, for one panel and for two side by side.
var byRows = [...][2]bytesKernel{
	{bytes1x1VNNI, bytes1x2VNNI}, {bytes2x1VNNI, bytes2x2VNNI}, {bytes3x1VNNI, bytes3x2VNNI},
	{bytes4x1VNNI, bytes4x2VNNI}, {bytes5x1VNNI, bytes5x2VNNI}, {bytes6x1VNNI, bytes6x2VNNI},
}

// bytesVNNI multiplies two panels at a time, and the one that may be left.
func bytesVNNI(rows int, c []float32, ldc int, a []uint8, b []int8, k, panels int, sizes []float32, zeros []int32, scales []float32, sums []int32, bias []float32) {
	f, twos := &byRows[rows-1], panels/2
	if twos > 0 {
		f[1](&c[0], 4*ldc, &a[0], k, &b[0], k/4, twos, &sizes[0], &zeros[0], &scales[0], &sums[0], &bias[0])
	}
	if j := 2 * twos * Columns; panels%2 > 0 {
		f[0](&c[j], 4*ldc, &a[0], k, &b[j*k], k/4, 1, &sizes[0], &zeros[0], &scales[j], &sums[j], &bias[j])
	}
}

func integersScalar(rows int, c []float32, ldc int, a []int16, b []int8, k, panels int, rowScales, scales, bias []float32) {
	for j := range panels * Columns {
		panel := b[j/Columns*Columns*k+2*(j%Columns):]
		for r := range rows {
			sum := int32(0)
			for i := range k {
				sum += int32(a[r*k+i]) * int32(panel[i/2*2*Columns+i%2])
			}
			c[r*ldc+j] = multiplyAdd(float32(sum)*rowScales[r], scales[j], bias[j])
		}
	}
}
