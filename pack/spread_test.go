package pack

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSpread compares the sliding sums with a plain loop over each unit's
// surroundings: no document takes from its neighbour, and sums stay what they were
// where nothing is near.
func TestSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		r := &reader{bytes: []int{0}}
		for i := range 1 + rng.IntN(60) {
			u := unit{first: i == 0 || rng.IntN(12) == 0}
			for f := range u.x {
				u.x[f] = rng.Float64()
			}
			r.units = append(r.units, u)
			r.bytes = append(r.bytes, r.bytes[i]+1+rng.IntN([]int{20, 300, 5000}[rng.IntN(3)]))
		}
		want := make([]Features, len(r.units))
		document := 0
		of := make([]int, len(r.units))
		for i := range r.units {
			if r.units[i].first {
				document++
			}
			of[i] = document
		}
		for i := range r.units {
			for f := range want[i] {
				sum, size := 0.0, 0.0
				for j := range r.units {
					apart := r.bytes[j] + r.bytes[j+1] - r.bytes[i] - r.bytes[i+1]
					if of[j] == of[i] && max(apart, -apart) <= spreadBytes {
						n := float64(r.bytes[j+1] - r.bytes[j])
						sum, size = sum+n*r.units[j].x[f], size+n
					}
				}
				want[i][f] = (1-spreadShare)*r.units[i].x[f] + spreadShare*sum/size
			}
		}
		r.spread()
		for i := range want {
			for f := range want[i] {
				if math.Abs(r.units[i].x[f]-want[i][f]) > 1e-9 {
					t.Fatalf("unit %d of %d, %v: %g, want %g", i, len(want), Feature(f), r.units[i].x[f], want[i][f])
				}
			}
		}
	}
}
