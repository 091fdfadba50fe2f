// Package figures has what all reports of evaluations do with numbers: rounding,
// medians, and two systems compared over the same questions.
package figures

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Difference compares two systems over the same queries.
type Difference struct {
	Mean float64 `json:"diff"` // mean of b - a
	// Low and High bound the mean with 95 % confidence (percentile bootstrap).
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// P is the two-sided probability of a mean this far from 0 if which system a
	// value came from were a coin toss (paired randomisation test; Smucker,
	// Allan and Carterette, CIKM 2007).
	P float64 `json:"p"`
	// Better and Worse count the queries on which b has the larger or smaller value.
	Better int `json:"better"`
	Worse  int `json:"worse"`
}

// rounds of the bootstrap and of the randomisation test.
const rounds = 10_000

// Compare takes the values of systems a and b for the same queries in the same
// order. The result is deterministic.
func Compare(a, b []float64) (Difference, error) {
	var d Difference
	n := len(a)
	if len(b) != n {
		return d, fmt.Errorf("compare: %d values of one system, %d of the other; both must answer the same queries", n, len(b))
	}
	diffs := make([]float64, n)
	for i := range a {
		diffs[i] = b[i] - a[i]
		d.Mean += diffs[i]
		switch {
		case diffs[i] > 1e-9:
			d.Better++
		case diffs[i] < -1e-9:
			d.Worse++
		}
	}
	if n == 0 {
		d.P = 1
		return d, nil
	}
	d.Mean /= float64(n)
	rng := rand.New(rand.NewPCG(20261122, uint64(n)))
	far := 0
	for range rounds {
		sum := 0.0
		for i := 0; i < n; {
			bits := rng.Uint64()
			for range min(64, n-i) {
				if bits&1 == 0 {
					sum += diffs[i]
				} else {
					sum -= diffs[i]
				}
				bits >>= 1
				i++
			}
		}
		// The tolerance counts a sum that equals the observed one up to the
		// order of addition.
		if math.Abs(sum)/float64(n) >= math.Abs(d.Mean)-1e-12 {
			far++
		}
	}
	d.P = float64(far+1) / float64(rounds+1)
	d.Low, d.High = bootstrap(diffs, rng)
	return d, nil
}

// bootstrap bounds the mean of values with 95 % confidence, by percentiles.
func bootstrap(v []float64, rng *rand.Rand) (low, high float64) {
	means := make([]float64, rounds)
	for i := range means {
		sum := 0.0
		for range v {
			sum += v[rng.IntN(len(v))]
		}
		means[i] = sum / float64(len(v))
	}
	slices.Sort(means)
	return means[rounds/40], means[rounds-1-rounds/40]
}

// Interval bounds the mean of values with 95 % confidence (percentile bootstrap); 0 and 0
// of none. The result is deterministic.
func Interval(v []float64) (low, high float64) {
	if len(v) == 0 {
		return 0, 0
	}
	return bootstrap(v, rand.New(rand.NewPCG(20261129, uint64(len(v)))))
}

// Resampled bounds a measure of n items with 95 % confidence: measure is asked of items drawn
// with replacement. The result is deterministic.
func Resampled(n int, measure func(items []int) float64) (low, high float64) {
	if n == 0 {
		return 0, 0
	}
	rng := rand.New(rand.NewPCG(20261129, uint64(n)))
	items, values := make([]int, n), make([]float64, rounds/10)
	for i := range values {
		for k := range items {
			items[k] = rng.IntN(n)
		}
		values[i] = measure(items)
	}
	slices.Sort(values)
	return values[len(values)/40], values[len(values)-1-len(values)/40]
}
