package impact

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// TestManySources: the best row is found in whichever of very many sources it lies,
// and equal scores stand in order of source.
func TestManySources(t *testing.T) {
	common := vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}}
	best := vector.Sparse{Terms: []uint32{3}, Weights: []float32{2}}
	for precision, k := range map[Precision]int{Bits8: math.MaxInt, Float32: 3} {
		conf := Config{Precision: precision, Unit: 1. / 128}
		if precision == Float32 {
			conf.Unit = 0
		}
		small, last := build(t, conf, []vector.Sparse{{}, common}), build(t, conf, []vector.Sparse{best})
		sources := slices.Repeat([]Source{{Segment: small}}, 70001)
		sources[70000].Segment = last
		query := vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}}
		got, want := TopK(sources, query, k, 1).Hits, Exhaustive(sources, query, k)
		if !slices.Equal(got, want) || want[0].Segment != 70000 {
			t.Fatalf("precision %d, k %d: %d hits, the first %v; want %d, %v", precision, k, len(got), got[0], len(want), want[0])
		}
	}
}

// TestRankCancelled: a cancelled search ends with the context's error.
func TestRankCancelled(t *testing.T) {
	g := build(t, Config{}, []vector.Sparse{{Terms: []uint32{3}, Weights: []float32{1}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Rank(ctx, []Source{{Segment: g}}, vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}}, 10, 1); !errors.Is(err, context.Canceled) || r.Hits != nil {
		t.Fatalf("%v, %v", r, err)
	}
}
