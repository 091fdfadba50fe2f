package portable

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestLog(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1_000_000 {
		x := math.Exp(r.Float64()*200 - 100)
		got, want := Log(x), math.Log(x)
		if math.Abs(got-want) > 6e-16*math.Max(math.Abs(want), .5) {
			t.Fatalf("Log(%v) = %v, want about %v", x, got, want)
		}
	}
	for _, x := range []float64{0, -1, math.Inf(1), math.NaN()} {
		got, want := Log(x), math.Log(x)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("Log(%v) = %v, want %v", x, got, want)
		}
	}
	// The bits themselves, for machines to agree on.
	for x, bits := range map[float64]uint64{1: 0, 2: 0x3fe62e42fefa39ef, 1.5: 0x3fd9f323ecbf984c, 10: 0x40026bb1bbb55515, 1e6: 0x402ba18a998fffa0} {
		if got := math.Float64bits(Log(x)); got != bits {
			t.Errorf("Log(%v) has the bits %#x, want %#x", x, got, bits)
		}
	}
}

func TestLogistic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1_000_000 {
		x := r.Float64()*120 - 60
		if got, want := Logistic(x), 1/(1+math.Exp(-x)); math.Abs(got-want) > 1e-14 {
			t.Fatalf("Logistic(%v) = %v, want about %v", x, got, want)
		}
	}
	for x, want := range map[float64]float64{0: .5, math.Inf(1): 1, math.Inf(-1): 0, 1e300: 1, -1e300: 0} {
		if got := Logistic(x); got != want {
			t.Errorf("Logistic(%v) = %v, want %v", x, got, want)
		}
	}
	if got := Logistic(math.NaN()); !math.IsNaN(got) {
		t.Errorf("Logistic(NaN) = %v", got)
	}
	for x, bits := range map[float64]uint64{1: 0x3fe764d4f5d5a2b9, -3.25: 0x3fa31c8280cf1c70} {
		if got := math.Float64bits(Logistic(x)); got != bits {
			t.Errorf("Logistic(%v) has the bits %#x, want %#x", x, got, bits)
		}
	}
}
