package simd

import (
	"math"
	"runtime"
	"sync"
)

// Deep is what the depth of a product of whole numbers is a multiple of.
const Deep = 8

// mostStep is how many steps a number of a row is away from 0 at most. Products of
// such numbers with bytes can be added 8,000 times.
const mostStep = 2047

// MostDeep is the greatest depth of MultiplyInt8: sums stay below 2³¹.
const MostDeep = (1<<31 - 1) / (mostStep * 127) / Deep * Deep

// PackInt8 lays k × n numbers out for MultiplyInt8, each column in steps of a size
// of its own, at most 127 of them from 0, the nearest: panels of 16 columns, in each
// pairs of rows, the two numbers of a column side by side. scales gets the sizes. dst, zeros,
// has k · Padded(n) numbers, scales Padded(n); k is a multiple of Deep. column gives the k
// numbers of one; columns are laid out side by side on all processors.
func PackInt8(dst []int8, scales []float32, k, n int, column func(j int) []float32) {
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
				scales[j] = packColumn(dst[j/Columns*Columns*k+2*(j%Columns):], of)
			}
		})
	}
	side.Wait()
}

// packColumn lays one column out and returns the size of its steps.
func packColumn(dst []int8, of []float32) float32 {
	greatest := float32(1e-30)
	for _, v := range of {
		greatest = max(greatest, float32(math.Abs(float64(v))))
	}
	step := greatest / 127
	for i, v := range of {
		dst[i/2*2*Columns+i%2] = int8(math.RoundToEven(float64(v) / float64(step)))
	}
	return step
}

// Quantize fills dst with x in steps of the size that it returns: at most 2047 of
// them from 0. Both have a multiple of 16 numbers.
func Quantize(dst []int16, x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	dst = dst[:len(x)]
	if fma {
		return quantizeAVX2(&dst[0], &x[0], len(x))
	}
	greatest := float32(1e-30)
	for _, v := range x {
		greatest = max(greatest, float32(math.Abs(float64(v))))
	}
	factor := mostStep / greatest
	for i, v := range x {
		dst[i] = int16(math.RoundToEven(float64(v * factor)))
	}
	return greatest / mostStep
}

// MultiplyInt8 computes c = bias + a·b for m × k numbers a, in rows k apart, each in
// steps of its row's scale, and k × n numbers b as PackInt8 laid them out. Sums are
// exact; k is a multiple of Deep, from Deep to MostDeep. The rest is as in Multiply.
func MultiplyInt8(c []float32, ldc int, a []int16, rowScales []float32, b []int8, scales, bias []float32, m, k, n int) {
	if m <= 0 || n <= 0 {
		return
	}
	n = Padded(n)
	_, _, _, _, _, _ = c[(m-1)*ldc+n-1], a[m*k-1], b[n*k-1], bias[n-1], scales[n-1], rowScales[m-1]
	step := max(1, 2*mostDepth/k) * Columns
	for j := 0; j < n; j += step {
		panels := min(step, n-j) / Columns
		for i := 0; i < m; {
			rows := stripRows(m - i)
			integers(rows, c[i*ldc+j:], ldc, a[i*k:], b[j*k:], k, panels, rowScales[i:], scales[j:], bias[j:])
			i += rows
		}
	}
}

func integers(rows int, c []float32, ldc int, a []int16, b []int8, k, panels int, rowScales, scales, bias []float32) {
	if !fma {
		integersScalar(rows, c, ldc, a, b, k, panels, rowScales, scales, bias)
		return
	}
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
