package simd

import "math"

// Columns is how many columns a panel of a packed matrix holds.
const Columns = 16

// mostDepth is how many rows of a panel are worked through at once: with the
// strip of the other matrix they stay in the nearest cache.
const mostDepth = 512

// Padded is n rounded up to whole panels.
func Padded(n int) int { return (n + Columns - 1) / Columns * Columns }

// Pack lays k × n numbers out for Multiply: panels of 16 columns, in each the k
// rows one after the other; columns past n are 0. at says which number stands in
// row i and column j. dst has k · Padded(n) numbers.
func Pack(dst []float32, k, n int, at func(i, j int) float32) {
	for j := 0; j < Padded(n); j++ {
		panel := dst[j/Columns*Columns*k+j%Columns:]
		for i := range k {
			if j < n {
				panel[i*Columns] = at(i, j)
			} else {
				panel[i*Columns] = 0
			}
		}
	}
}

// Multiply computes c = bias + a·b for m × k numbers a, in rows lda apart, and
// k × n numbers b as Pack laid them out. Rows of c stand ldc ≥ Padded(n) apart and
// are written up to there. bias has Padded(n) numbers and is the same for all
// rows. Each sum begins with the bias and takes its addends in the order of k,
// every one multiplied and added with one rounding, whatever the machine.
func Multiply(c []float32, ldc int, a []float32, lda int, b []float32, bias []float32, m, k, n int) {
	if m <= 0 || n <= 0 {
		return
	}
	n = Padded(n)
	if k == 0 {
		for i := range m {
			copy(c[i*ldc:][:n], bias[:n])
		}
		return
	}
	_, _, _, _ = c[(m-1)*ldc+n-1], a[(m-1)*lda+k-1], b[n*k-1], bias[n-1]
	for from := 0; from < k; from += mostDepth {
		depth := min(k-from, mostDepth)
		start, lds := bias, 0
		if from > 0 {
			start, lds = c, ldc
		}
		step := max(1, mostDepth/2/depth) * Columns
		if avx512 {
			step = max(2*Columns, step) // two panels at a time
		}
		for j := 0; j < n; j += step {
			panels := min(step, n-j) / Columns
			for i := 0; i < m; {
				rows := stripRows(m - i)
				product(rows, c[i*ldc+j:], ldc, a[i*lda+from:], lda, b[j*k+from*Columns:], depth, k*Columns, panels, start[i*lds+j:], lds)
				i += rows
			}
		}
	}
}

// stripRows says how many of the rows left come next: six, or fewer where the
// last strips would otherwise be too thin to keep the machine busy.
func stripRows(left int) int {
	switch {
	case left <= 6:
		return left
	case left < 12 && left != 11:
		return (left + 1) / 2
	}
	return 6
}

func product(rows int, c []float32, ldc int, a []float32, lda int, b []float32, k, stride, panels int, start []float32, lds int) {
	if !fma {
		productScalar(rows, c, ldc, a, lda, b, k, stride, panels, start, lds)
		return
	}
	if avx512 {
		productAVX512(rows, c, ldc, a, lda, b, k, stride, panels, start, lds)
		return
	}
	switch rows {
	case 1:
		product1AVX2(&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, panels, &start[0], 4*lds)
	case 2:
		product2AVX2(&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, panels, &start[0], 4*lds)
	case 3:
		product3AVX2(&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, panels, &start[0], 4*lds)
	case 4:
		product4AVX2(&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, panels, &start[0], 4*lds)
	case 5:
		product5AVX2(&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, panels, &start[0], 4*lds)
	case 6:
		product6AVX2(&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, panels, &start[0], 4*lds)
	}
}

type productKernel = func(c *float32, ldc int, a *float32, lda int, b *float32, k, stride, groups int, start *float32, lds int)

// wideByRows are the kernels of as many rows, for one panel and for two side by side.
var wideByRows = [...][2]productKernel{
	{product1x1AVX512, product1x2AVX512}, {product2x1AVX512, product2x2AVX512}, {product3x1AVX512, product3x2AVX512},
	{product4x1AVX512, product4x2AVX512}, {product5x1AVX512, product5x2AVX512}, {product6x1AVX512, product6x2AVX512},
}

// productAVX512 multiplies two panels at a time, and the one that may be left.
func productAVX512(rows int, c []float32, ldc int, a []float32, lda int, b []float32, k, stride, panels int, start []float32, lds int) {
	f, twos := &wideByRows[rows-1], panels/2
	if twos > 0 {
		f[1](&c[0], 4*ldc, &a[0], 4*lda, &b[0], k, 4*stride, twos, &start[0], 4*lds)
	}
	if j := 2 * twos; panels%2 > 0 {
		f[0](&c[j*Columns], 4*ldc, &a[0], 4*lda, &b[j*stride], k, 4*stride, 1, &start[j*Columns], 4*lds)
	}
}

func productScalar(rows int, c []float32, ldc int, a []float32, lda int, b []float32, k, stride, panels int, start []float32, lds int) {
	for p := range panels {
		for r := range rows {
			var sums [Columns]float32
			copy(sums[:], start[r*lds+p*Columns:])
			for i := range k {
				x, row := a[r*lda+i], b[p*stride+i*Columns:][:Columns]
				for j := range sums {
					sums[j] = multiplyAdd(x, row[j], sums[j])
				}
			}
			copy(c[r*ldc+p*Columns:][:Columns], sums[:])
		}
	}
}

// multiplyAdd is x·y + z rounded once. The product of two float32 is exact in
// float64; the sum is rounded to odd there, so that rounding it again to
// float32 is as if it had been rounded once.
func multiplyAdd(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	t := s - p
	rest := (p - (s - t)) + (c - t)
	if rest != 0 && math.Float64bits(s)&1 == 0 && !math.IsInf(s, 0) {
		if (rest > 0) == (s > 0) {
			s = math.Float64frombits(math.Float64bits(s) + 1)
		} else {
			s = math.Float64frombits(math.Float64bits(s) - 1)
		}
	}
	return float32(s)
}
