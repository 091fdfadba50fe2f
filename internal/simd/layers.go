package simd

import "math"

// Vector is how many numbers the kernels of this file take at a time: lengths are
// multiples of it.
const Vector = 8

// Softmax replaces each x[i] by e to the (x[i] - the greatest) · scale, and returns
// their sum, by which the caller divides what it makes of them. scale is positive.
// Numbers 87 below the greatest and less are all alike e^-87.
func Softmax(x []float32, scale float32) float32 {
	if len(x) == 0 {
		return 0
	}
	if fma {
		return softmaxAVX2(&x[0], len(x), scale)
	}
	return softmaxScalar(x, scale)
}

// The factors of e to the x for |x| ≤ ln 2 / 2: the inverse factorials, from that
// of 7 down. ln 2 stands in two parts, of which the products of the first with
// small whole numbers are exact.
var (
	exponential = [...]float32{1. / 5040, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1, 1}
	ln2High     = float32(0x1.62e4p-1)
	ln2Low      = float32(math.Ln2 - 0x1.62e4p-1)
)

func softmaxScalar(x []float32, scale float32) float32 {
	greatest := x[0]
	for _, v := range x {
		greatest = max(greatest, v)
	}
	greatest *= scale
	var sums [Vector]float32
	for i, v := range x {
		r := exp(max(multiplyAdd(v, scale, -greatest), -87))
		x[i] = r
		sums[i%Vector] += r
	}
	return fold(&sums)
}

// exp is e to the v, for |v| ≤ 87.
func exp(v float32) float32 {
	whole := float32(math.RoundToEven(float64(v * float32(math.Log2E))))
	v = multiplyAdd(-ln2High, whole, v)
	v = multiplyAdd(-ln2Low, whole, v)
	r := exponential[0]
	for _, f := range exponential[1:] {
		r = multiplyAdd(r, v, f)
	}
	return math.Float32frombits(math.Float32bits(r) + uint32(int32(whole))<<23)
}

// Gate replaces each x[i] by x[i] / (1 + e^-x[i]) · y[i]: what a gate of the SiLU kind lets
// through.
func Gate(x, y []float32) {
	y = y[:len(x)]
	whole := 0
	if fma {
		if whole = len(x) / Vector * Vector; whole > 0 {
			gateAVX2(&x[0], &y[0], whole)
		}
	}
	gateScalar(x[whole:], y[whole:])
}

func gateScalar(x, y []float32) {
	for i, v := range x {
		x[i] = float32(v/(1+exp(max(min(-v, 87), -87)))) * y[i]
	}
}

// fold adds eight numbers as the vector forms do: halves, quarters, pairs.
func fold(v *[Vector]float32) float32 {
	return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
}

// GELU replaces each x by x/2 · (1 + erf(x/√2)), erf within 4e-7.
func GELU(x []float32) {
	if len(x) == 0 {
		return
	}
	if fma {
		geluAVX2(&x[0], len(x))
		return
	}
	geluScalar(x)
}

// erf x is x times the quotient of these polynomials of x², and 1 beyond erfEnd.
// The generator says where they come from.
var (
	erfOver  = [...]float32{1.128378987312317, 0.1940358430147171, 0.05320706591010094, 0.003917319234460592, 0.00028759983251802623, 2.0117306576139526e-06}
	erfUnder = [...]float32{1, 0.5052912831306458, 0.11559080332517624, 0.015270707197487354, 0.0011981995776295662, 3.7839545257156715e-05}
)

const erfEnd = 3.95

func geluScalar(x []float32) {
	for i, v := range x {
		z := max(min(v*float32(math.Sqrt2/2), erfEnd), -erfEnd)
		t, a, b := z*z, erfOver[len(erfOver)-1], erfUnder[len(erfUnder)-1]
		for j := len(erfOver) - 2; j >= 0; j-- {
			a, b = multiplyAdd(a, t, erfOver[j]), multiplyAdd(b, t, erfUnder[j])
		}
		v *= .5
		x[i] = multiplyAdd(a*z/b, v, v)
	}
}

// AddNorm replaces x by (x + y), less its mean, divided by its deviation, times
// weight, plus bias: a residual and the layer norm behind it. eps is added to the
// variance. All have the length of x.
func AddNorm(x, y, weight, bias []float32, eps float32) {
	n := len(x)
	if n == 0 {
		return
	}
	y, weight, bias = y[:n], weight[:n], bias[:n]
	if fma {
		addNormAVX2(&x[0], &y[0], &weight[0], &bias[0], n, 1/float32(n), eps)
		return
	}
	addNormScalar(x, y, weight, bias, 1/float32(n), eps)
}

func addNormScalar(x, y, weight, bias []float32, per, eps float32) {
	var sums, squares [Vector]float32
	for i := range x {
		x[i] += y[i]
		sums[i%Vector] += x[i]
	}
	mean := fold(&sums) * per
	for i := range x {
		d := x[i] - mean
		squares[i%Vector] = multiplyAdd(d, d, squares[i%Vector])
	}
	variance := float32(fold(&squares) * per)
	scale := 1 / float32(math.Sqrt(float64(float32(variance+eps))))
	for i := range x {
		x[i] = multiplyAdd(float32((x[i]-mean)*scale), weight[i], bias[i])
	}
}

// Raise replaces each dst[i] by the greater of it and x[i]. One that is not a number
// makes either.
func Raise(dst, x []float32) {
	n := len(dst)
	if n == 0 {
		return
	}
	x = x[:n]
	if fma {
		raiseAVX2(&dst[0], &x[0], n)
		return
	}
	for i, v := range x {
		if !(v > dst[i]) {
			v = dst[i]
		}
		dst[i] = v
	}
}
