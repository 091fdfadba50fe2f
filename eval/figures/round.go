package figures

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Milliseconds is a duration as reports say it.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Median of the values, the upper one of two; 0 of none.
func Median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// Quantile is the value below which a share of the values lies, the nearest one that
// there is; 0 of none.
func Quantile(v []float64, share float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, int(share*float64(len(v))))]
}

// Mean of the values; 0 of none.
func Mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(1, len(v)))
}

// Round rounds to so many digits after the point.
func Round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

// Percent is a share in per cent, to one digit after the point.
func Percent(v float64) string { return fmt.Sprintf("%.1f", 100*v) }
