package dense

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

func randomMulti(rng *rand.Rand, dims int) vector.Multi {
	m := make(vector.Multi, 1+rng.IntN(50))
	for i := range m {
		m[i] = randomDense(rng, dims)
	}
	return m
}

func buildMulti(t testing.TB, c Config, ms []vector.Multi) *Multi {
	t.Helper()
	b := NewMultiBuilder(c)
	for _, m := range ms {
		if err := b.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	data, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := OpenMulti(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// exhaustiveMulti is RankMulti over the scores that the oracle gives all vectors.
func exhaustiveMulti(sources []MultiSource, v vector.Multi, k int) []topk.Hit {
	var hits []topk.Hit
	for id, src := range sources {
		m := src.Segment
		sums := make([]float32, m.Rows())
		for _, q := range v {
			scores := make([]float32, m.Parts())
			for _, h := range Exhaustive([]Source{{Segment: m.parts}}, q, math.MaxInt) {
				scores[h.Row.Row] = h.Score
			}
			for row := range sums {
				first, end := m.row(row)
				sums[row] += slices.Max(scores[first:end])
			}
		}
		for row, score := range sums {
			if src.Visible.Has(uint32(row)) {
				hits = append(hits, topk.Hit{Row: topk.Row{Segment: id, Row: uint32(row)}, Score: score})
			}
		}
	}
	return topk.Best(hits, k)
}

// TestMulti: MaxSim over any number of segments, masks and k is that of the oracle, bit
// for bit; merging is building of what is kept; no damage goes unseen.
func TestMulti(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for round := range 24 {
		c := Config{Dims: 1 + rng.IntN(40), Bits: precisions[round%3]}
		var sources []MultiSource
		var parts []MultiPart
		var kept []vector.Multi
		for range 1 + rng.IntN(3) {
			var ms []vector.Multi
			for range rng.IntN(20) {
				ms = append(ms, randomMulti(rng, c.Dims))
			}
			s := buildMulti(t, c, ms)
			visible := make([]bool, len(ms))
			for i := range visible {
				if visible[i] = rng.IntN(3) > 0; visible[i] {
					kept = append(kept, ms[i])
				}
				if got := s.Vector(uint32(i)); len(got) != len(ms[i]) {
					t.Fatalf("%d vectors became %d", len(ms[i]), len(got))
				}
				for j, d := range s.Vector(uint32(i)) {
					checkStored(t, c, ms[i][j], d)
				}
			}
			see := func(row uint32) bool { return visible[row] }
			sources = append(sources, MultiSource{s, s.Mask(see)})
			parts = append(parts, MultiPart{s, see})
		}
		query := randomMulti(rng, c.Dims)
		for _, k := range []int{0, 1, 7, math.MaxInt} {
			got, err := RankMulti(t.Context(), sources, query, k, 1)
			if want := exhaustiveMulti(sources, query, k); err != nil || !got.Exact || !slices.Equal(got.Hits, want) {
				t.Fatalf("round %d, %+v, k %d: %v, %v, want %v", round, c, k, got, err, want)
			}
		}
		data, err := MergeMulti(parts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenMulti(data)
		if err != nil {
			t.Fatal(err)
		}
		want := buildMulti(t, c, kept)
		if !bytes.Equal(got.starts, want.starts) || !bytes.Equal(got.parts.data[secNumbers], want.parts.data[secNumbers]) || !bytes.Equal(got.parts.data[secScales], want.parts.data[secScales]) {
			t.Fatalf("round %d: merged otherwise than built", round)
		}
		for n := 0; n < len(data); n += 1 + n/8 {
			if _, err := OpenMulti(data[:n]); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		for n := range min(multiHeader+8, len(data)) {
			bad := bytes.Clone(data)
			bad[n] ^= 4
			if _, err := OpenMulti(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Fatalf("byte %d: %v", n, err)
			}
		}
	}
}
