package ring

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
)

func dense(tokens int) []Block {
	return []Block{{Rows: tokens, Spans: []attention.Span{{From: 0, To: tokens}}}}
}

// TestDense by hand: with contiguous parts the last rank has 2n-1 of n² parts (halves of the
// diagonal apart), stripes and zig-zags are even.
func TestDense(t *testing.T) {
	const tokens, tile, ranks = 4096, 16, 4
	got, err := Measure("dense", dense(tokens), tokens, tile, ranks)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ workers, steps float64 }{{1.75, 1.75}, {1.01, 1.01}, {1, 1}} {
		r := got[i]
		if r.Read != 1 || math.Abs(r.Workers-want.workers) > .01 || math.Abs(r.Steps-want.steps) > .02 && r.Layout != "contiguous" || len(r.Each) != ranks {
			t.Errorf("%+v", r)
		}
	}
	// One after the other, the last rank works in each step, the diagonal's half apart.
	if r := got[0]; math.Abs(r.Steps-1.75) > .01 || math.Abs(r.Worst-4) > .01 || math.Abs(r.Each[0]-1) > .01 {
		t.Errorf("%+v", r)
	}
}

// TestSlow compares with a look at each pair of a query and a key.
func TestSlow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 60 {
		ranks, tile := 1+r.IntN(5), 1+r.IntN(7)
		tokens := 2*ranks*tile + r.IntN(60)
		var blocks []Block
		for layer := range 2 {
			for head := 0; head < 1+layer; head++ {
				for first := 0; first < tokens; {
					b := Block{Layer: layer, First: first, Rows: min(1+r.IntN(20), tokens-first)}
					for at := r.IntN(5); at < first; at += 1 + r.IntN(9) {
						end := min(first, at+1+r.IntN(6))
						b.Spans = append(b.Spans, attention.Span{From: at, To: end})
						at = end
					}
					b.Spans = append(b.Spans, attention.Span{From: first, To: first + b.Rows})
					blocks = append(blocks, b)
					first += b.Rows
				}
			}
		}
		got, err := Measure("x", blocks, tokens, tile, ranks)
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range got {
			slow(t, res, blocks, tokens, tile)
		}
	}
}

func slow(t *testing.T, got Result, blocks []Block, tokens, tile int) {
	t.Helper()
	n := got.Ranks
	tiles := (tokens + tile - 1) / tile
	work := make([][][]float64, 2)
	for layer := range work {
		work[layer] = make([][]float64, n)
		for step := range work[layer] {
			work[layer][step] = make([]float64, n)
		}
	}
	total := 0.
	for _, b := range blocks {
		for q := b.First; q < b.First+b.Rows; q++ {
			for _, s := range b.Spans {
				for k := s.From; k < s.To && k <= q; k++ {
					rank, holder := rankOf(got.Layout, q/tile, tiles, n), rankOf(got.Layout, k/tile, tiles, n)
					work[b.Layer][(rank-holder+n)%n][rank]++
					total++
				}
			}
		}
	}
	sum, slowest := 0., 0.
	for rank := range n {
		own := 0.
		for layer := range work {
			for step := range n {
				own += work[layer][step][rank]
			}
		}
		slowest = max(slowest, own)
	}
	for layer := range work {
		for step := range n {
			greatest := 0.
			for rank := range n {
				greatest = max(greatest, work[layer][step][rank])
			}
			sum += greatest
		}
	}
	if math.Abs(got.Workers-slowest/total*float64(n)) > 1e-3 || math.Abs(got.Steps-sum/total*float64(n)) > 1e-3 {
		t.Fatalf("%+v, not %v and %v", got, slowest/total*float64(n), sum/total*float64(n))
	}
	if got.Steps < got.Workers-1e-3 || got.Worst < 1 {
		t.Fatalf("%+v: steps can be no better than workers", got)
	}
}

// TestRanks: each layout gives each rank its share of tiles.
func TestRanks(t *testing.T) {
	for _, layout := range Layouts {
		counts := make([]int, 4)
		for i := range 64 {
			counts[rankOf(layout, i, 64, 4)]++
		}
		for rank, n := range counts {
			if n != 16 {
				t.Errorf("%s: rank %d has %d tiles of 64", layout, rank, n)
			}
		}
	}
	if _, err := Measure("x", dense(64), 64, 16, 4); err == nil || !strings.Contains(err.Error(), "too few for 4 ranks") {
		t.Error(err)
	}
}
