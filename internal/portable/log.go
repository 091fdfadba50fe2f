// Package portable computes what package math may compute differently from
// machine to machine: math.Log is assembly on some, and on others the compiler
// fuses a multiplication with an addition, which changes the last bit.
package portable

import "math"

// Log is the natural logarithm of x > 0 to within a few units in the last
// place, the same bits on every machine. Zero, negative, infinite and NaN x
// give what math.Log gives.
func Log(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log(x)
	}
	f, e := math.Frexp(x) // x = f · 2^e, f in [1/2, 1)
	if f < math.Sqrt2/2 {
		f, e = 2*f, e-1
	}
	z := (f - 1) / (f + 1) // ln f = 2 atanh z, |z| < .172
	zz := float64(z * z)
	sum := 0.0
	// From the smallest term up, so that rounding errors stay small.
	for k := 21; k >= 1; k -= 2 {
		sum = float64(sum*zz) + 1/float64(k)
	}
	return float64(float64(e)*math.Ln2) + float64(2*float64(z*sum))
}

// Logistic is 1/(1 + e^-x) to within a few units in the last place of a number
// near 1, the same bits on every machine.
func Logistic(x float64) float64 {
	if x < 0 {
		return 1 - Logistic(-x)
	}
	if !(x < 40) {
		return min(x, 1) // 1, or NaN
	}
	// e^-x is the 64th power of e^(-x/64), whose exponent is below 5/8.
	y, term, sum := -x/64, 1.0, 0.0
	for k := 1; k <= 20; k++ {
		sum += term
		term = float64(term*y) / float64(k)
	}
	for range 6 {
		sum = float64(sum * sum)
	}
	return 1 / (1 + sum)
}
