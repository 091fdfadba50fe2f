package score

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/pack/unit"
)

// TestSpread compares the sliding sums with a plain loop over each unit's
// surroundings: no document takes from its neighbour, and sums stay what they were
// where nothing is near.
func TestSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		r := &unit.Set{Bytes: []int{0}}
		var x []Features
		for i := range 1 + rng.IntN(60) {
			u := unit.Unit{First: i == 0 || rng.IntN(12) == 0}
			var own Features
			for f := range own {
				own[f] = rng.Float64()
			}
			r.Units, x = append(r.Units, u), append(x, own)
			r.Bytes = append(r.Bytes, r.Bytes[i]+1+rng.IntN([]int{20, 300, 5000}[rng.IntN(3)]))
		}
		want := make([]Features, len(r.Units))
		document := 0
		of := make([]int, len(r.Units))
		for i := range r.Units {
			if r.Units[i].First {
				document++
			}
			of[i] = document
		}
		for i := range r.Units {
			for f := range want[i] {
				sum, size := 0.0, 0.0
				for j := range r.Units {
					apart := r.Bytes[j] + r.Bytes[j+1] - r.Bytes[i] - r.Bytes[i+1]
					if of[j] == of[i] && max(apart, -apart) <= spreadBytes {
						n := float64(r.Bytes[j+1] - r.Bytes[j])
						sum, size = sum+n*x[j][f], size+n
					}
				}
				want[i][f] = (1-spreadShare)*x[i][f] + spreadShare*sum/size
			}
		}
		spread(r, x)
		for i := range want {
			for f := range want[i] {
				if math.Abs(x[i][f]-want[i][f]) > 1e-9 {
					t.Fatalf("unit %d of %d, %v: %g, want %g", i, len(want), Feature(f), x[i][f], want[i][f])
				}
			}
		}
	}
}

// TestSpreadMoves: between two good units the poor one gains most of what they
// have, they lose as much, and one that stands far off keeps what it had.
func TestSpreadMoves(t *testing.T) {
	units := &unit.Set{Bytes: []int{0, 10, 20, 30, 30 + 4*spreadBytes, 40 + 4*spreadBytes}}
	x := make([]Features, 5)
	for i, v := range []float64{1, 0, 1, 0, 1} {
		units.Units = append(units.Units, unit.Unit{First: i == 0})
		x[i][Near] = v
	}
	spread(units, x)
	for i, want := range []float64{.2 + .8*2/3, .8 * 2 / 3, .2 + .8*2/3, 0, 1} {
		if math.Abs(x[i][Near]-want) > 1e-9 {
			t.Errorf("unit %d: %g, want %g", i, x[i][Near], want)
		}
	}
}
