package search

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/topk"
)

// TestTopKEqualsExhaustive compares both on random sources with many ties,
// deleted rows, weights and every k.
func TestTopKEqualsExhaustive(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		vocab := 1 + rng.IntN(60)
		var sources []Source
		rows := 0
		for range 1 + rng.IntN(3) {
			b := index.NewBuilder(index.Config{TitleWeight: 1 + rng.IntN(3), HeadingWeight: 2, LuceneLengths: rng.IntN(2) == 0})
			n := rng.IntN(3000)
			if rng.IntN(3) == 0 {
				n = rng.IntN(40)
			}
			long := 1 + rng.IntN(30)
			for range n {
				words := func(n int) (out []string) {
					for range n {
						out = append(out, fmt.Sprintf("w%d", int(float64(vocab)*rng.Float64()*rng.Float64())))
					}
					return out
				}
				b.Add(index.Fields{Title: words(rng.IntN(3)), Headings: words(rng.IntN(2)), Body: words(rng.IntN(long))})
			}
			v, err := index.OpenInverted(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Check(); err != nil {
				t.Fatal(err)
			}
			s := Source{Inverted: v}
			s.Visible = randomVisible(rng, n)
			sources = append(sources, s)
			rows += n
		}
		for range 12 {
			var terms []Term
			var names []string
			for _, i := range rng.Perm(vocab + 1)[:1+rng.IntN(min(vocab, 9))] {
				terms = append(terms, Term{Text: fmt.Sprintf("w%d", i), Weight: []float32{1, .5, 3, 0}[rng.IntN(4)]})
				names = append(names, terms[len(terms)-1].Text)
			}
			stats := StatsOf(sources, names)
			if rng.IntN(3) == 0 { // the sources are a part of the snapshot
				stats.Rows *= 2
				stats.TotalLength *= uint64(1 + rng.IntN(5))
			}
			p := DefaultParams()
			if rng.IntN(4) == 0 {
				p = Params{K1: 3 * rng.Float32(), B: rng.Float32()}
			}
			all := Exhaustive(sources, terms, stats, p, 1+rows)
			places := make([]topk.Row, len(all))
			for i, h := range all {
				places[i] = h.Row
			}
			for i, shares := range (&Text{sources, terms, stats, p}).Shares(places) {
				var sum float32
				for _, x := range shares {
					sum = float32(sum + x)
				}
				if sum != all[i].Score {
					t.Fatalf("seed %d, %v: row %v has shares %v of %v", seed, terms, places[i], shares, all[i].Score)
				}
			}
			for _, k := range []int{1, 2, 10, 100, 1000, 1 + rows} {
				got, want := TopK(sources, terms, stats, p, k), Exhaustive(sources, terms, stats, p, k)
				if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
					for i := range want {
						if i >= len(got) || got[i] != want[i] {
							t.Fatalf("seed %d, %v, k %d, hit %d of %d/%d: want %v, got %v", seed, terms, k, i, len(got), len(want), want[i], got[i:min(i+1, len(got))])
						}
					}
					t.Fatalf("seed %d, k %d: %d hits for %d", seed, k, len(got), len(want))
				}
			}
		}
	}
}

// randomVisible is a set of n rows, of any density, in runs or not; or nil.
func randomVisible(rng *rand.Rand, n int) []uint64 {
	if rng.IntN(4) == 0 {
		return nil
	}
	words := make([]uint64, (n+63)/64)
	share := []float64{0, .001, .01, .1, .5, .9, .99, 1}[rng.IntN(8)]
	run := 1 + rng.IntN(2)*rng.IntN(300)
	in := false
	for row := range n {
		if row%run == 0 {
			in = rng.Float64() < share
		}
		if in {
			words[row/64] |= 1 << (row % 64)
		}
	}
	if n%64 > 0 && rng.IntN(2) == 0 {
		words[len(words)-1] |= ^uint64(0) << (n % 64) // what lies behind the last row does not count
	}
	return words[:len(words)-rng.IntN(2)*rng.IntN(1+len(words)/2)]
}
