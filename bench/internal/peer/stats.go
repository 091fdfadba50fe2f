package peer

import "slices"

// Quantile returns the smallest value that at least the share q of values do not
// exceed (nearest rank). It returns 0 for no values.
func Quantile[T int64 | float64](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	i := int(q*float64(len(s))+.999999999) - 1
	return s[min(max(i, 0), len(s)-1)]
}

// Minimum returns each query's minimum over passes.
func Minimum(passes [][]int64) []int64 {
	if len(passes) == 0 {
		return nil
	}
	best := slices.Clone(passes[0])
	for _, p := range passes[1:] {
		for q, ns := range p {
			best[q] = min(best[q], ns)
		}
	}
	return best
}
