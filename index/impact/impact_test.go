package impact

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// randomVectors are vectors around topics: head terms that most have, terms of
// a topic, rare ones; some empty, some twice.
func randomVectors(rng *rand.Rand, n int) []vector.Sparse {
	topics := make([][]uint32, 1+n/50)
	for i := range topics {
		for range 12 {
			topics[i] = append(topics[i], 10+rng.Uint32N(300))
		}
	}
	all := make([]vector.Sparse, n)
	for i := range all {
		if i > 0 && rng.IntN(20) == 0 {
			all[i] = all[rng.IntN(i)]
			continue
		}
		weights := map[uint32]float32{}
		for t := range uint32(10) {
			if rng.IntN(12) > int(t) {
				weights[t] = rng.Float32() * rng.Float32()
			}
		}
		for _, t := range topics[rng.IntN(len(topics))] {
			if rng.IntN(3) > 0 {
				weights[t] = .1 + rng.Float32()
			}
		}
		for range rng.IntN(3) {
			weights[1000+rng.Uint32N(1<<31)] = 2 * rng.Float32()
		}
		if rng.IntN(100) == 0 {
			clear(weights)
		}
		all[i] = sparse(weights)
	}
	return all
}

func sparse(weights map[uint32]float32) vector.Sparse {
	var terms []uint32
	var list []float32
	for t := range weights {
		terms = append(terms, t)
	}
	slices.Sort(terms)
	for _, t := range terms {
		list = append(list, weights[t])
	}
	v, err := vector.New(terms, list)
	if err != nil {
		panic(err)
	}
	return v
}

func build(t testing.TB, c Config, vectors []vector.Sparse) *Segment {
	t.Helper()
	b := NewBuilder(c)
	for i, v := range vectors {
		row, err := b.Add(v)
		if err != nil || int(row) != i {
			t.Fatalf("row %d: %d, %v", i, row, err)
		}
	}
	data, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stored is what a segment's rows count as.
func stored(s *Segment) []vector.Sparse {
	var all []vector.Sparse
	s.Vectors(func(_ uint32, v vector.Sparse) bool { all = append(all, v); return true })
	return all
}

// plain scores vectors one by one.
func plain(all [][]vector.Sparse, visible func(source int, row uint32) bool, query vector.Sparse, k int) []topk.Hit {
	var hits []topk.Hit
	for source, vectors := range all {
		for row, v := range vectors {
			if score := vector.Dot(query, v); score > 0 && visible(source, uint32(row)) {
				hits = append(hits, topk.Hit{Row: topk.Row{Segment: source, Row: uint32(row)}, Score: score})
			}
		}
	}
	slices.SortFunc(hits, func(a, b topk.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Row.Row, b.Row.Row))
	})
	return hits[:min(k, len(hits))]
}

func randomQuery(rng *rand.Rand, vectors []vector.Sparse) vector.Sparse {
	weights := map[uint32]float32{}
	for range rng.IntN(3) {
		v := vectors[rng.IntN(len(vectors))]
		for i, t := range v.Terms {
			if rng.IntN(2) == 0 {
				weights[t] = v.Weights[i] * rng.Float32()
			}
		}
	}
	for range rng.IntN(4) {
		weights[rng.Uint32N(400)] = rng.Float32()
	}
	if rng.IntN(8) == 0 {
		weights[77777] = 3
	}
	for range rng.IntN(2) * rng.IntN(200) {
		weights[rng.Uint32N(310)] = float32(math.Exp(rng.NormFloat64() * 4))
	}
	return sparse(weights)
}

func TestTopK(t *testing.T) {
	for _, precision := range []Precision{Bits8, Bits16, Float32} {
		for _, sizes := range [][]int{{0}, {1}, {31}, {33, 32}, {700}, {5000, 1200, 90}} {
			t.Run(fmt.Sprint(precision, sizes), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(5, uint64(len(sizes)+sizes[0])))
				var sources []Source
				var all [][]vector.Sparse
				var pool []vector.Sparse
				for i, n := range sizes {
					conf := Config{Precision: precision}
					if i == 1 {
						conf.Unit = 1. / 128
					}
					vectors := randomVectors(rng, n)
					g := build(t, conf, vectors)
					sources, all = append(sources, Source{Segment: g}), append(all, stored(g))
					pool = append(pool, vectors...)
				}
				if len(pool) == 0 {
					pool = randomVectors(rng, 3)
				}
				check(t, rng, sources, all, pool)
			})
		}
	}
}

// check compares TopK and Exhaustive with plain scoring.
func check(t *testing.T, rng *rand.Rand, sources []Source, all [][]vector.Sparse, pool []vector.Sparse) {
	t.Helper()
	for round := range 60 {
		hidden := []int{0, 0, 20, 99, 100}[rng.IntN(5)]
		visible := func(source int, row uint32) bool { return int(row*2654435761>>8+uint32(source))%100 >= hidden }
		masked := slices.Clone(sources)
		for i := range masked {
			if hidden == 0 {
				continue
			}
			see := func(row uint32) bool { return visible(i, row) }
			masked[i].Visible = masked[i].Segment.Mask(see)
		}
		query := randomQuery(rng, pool)
		for _, k := range []int{1, 10, 100, 10000} {
			want := plain(all, visible, query, k)
			got := TopK(masked, query, k, 1)
			if !slices.Equal(got.Hits, want) || !got.Exact || got.Recall != 1 {
				t.Fatalf("round %d, k %d, %d %% hidden, query %v:\n%v\n%v", round, k, hidden, query, got, want)
			}
			if got := Exhaustive(masked, query, k); !slices.Equal(got, want) {
				t.Fatalf("exhaustive, round %d, k %d, %d %% hidden:\n%v\n%v", round, k, hidden, got, want)
			}
		}
	}
}

func TestTopKExtremes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 9))
	vectors := randomVectors(rng, 300)
	for i := range vectors {
		w := slices.Clone(vectors[i].Weights)
		for j := range w {
			w[j] *= float32(math.Pow(10, float64(rng.IntN(60)-30)))
			if w[j] == 0 || w[j] > math.MaxFloat32 {
				w[j] = math.SmallestNonzeroFloat32
			}
		}
		vectors[i].Weights = w
	}
	for _, precision := range []Precision{Bits8, Bits16, Float32} {
		g := build(t, Config{Precision: precision}, vectors)
		check(t, rng, []Source{{Segment: g}}, [][]vector.Sparse{stored(g)}, vectors)
	}
	g := build(t, Config{}, vectors)
	for _, k := range []int{-1, 0} {
		if r := TopK([]Source{{Segment: g}}, vectors[0], k, 1); len(r.Hits) != 0 {
			t.Fatalf("k %d: %v", k, r)
		}
	}
	if r := TopK(nil, vectors[0], 5, 1); len(r.Hits) != 0 {
		t.Fatal(r)
	}
}

func TestStored(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	vectors := randomVectors(rng, 900)
	for i, most := range []float64{.01, 1e-4, 0} {
		g := build(t, Config{Precision: Precision(i)}, vectors)
		all := stored(g)
		for row, v := range vectors {
			if !slices.Equal(v.Terms, all[row].Terms) {
				t.Fatalf("row %d has the terms %v, not %v", row, all[row].Terms, v.Terms)
			}
			for j, w := range v.Weights {
				if d := math.Abs(float64(w - all[row].Weights[j])); d > most*2 {
					t.Fatalf("precision %d: %g is stored as %g", i, w, all[row].Weights[j])
				}
			}
		}
		if l := float64(g.Loss()); l > most || (l == 0) != (i == 2) {
			t.Errorf("precision %d: loss %g", i, l)
		}
		if g.Postings() == 0 || g.Rows() != 900 || g.Config().Precision != Precision(i) {
			t.Errorf("%+v", g.Config())
		}
	}
}

func TestMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	for _, conf := range []Config{{Unit: 1. / 100}, {Precision: Bits16, Unit: 1. / 20000}, {Precision: Float32}} {
		a, b, c := randomVectors(rng, 400), randomVectors(rng, 100), randomVectors(rng, 50)
		odd := func(row uint32) bool { return row%2 == 1 }
		data, err := Merge(conf, []Part{{Segment: build(t, conf, a), Keep: odd}, {Segment: build(t, conf, b)}, {Segment: build(t, conf, c)}})
		if err != nil {
			t.Fatal(err)
		}
		merged, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		var kept []vector.Sparse
		for i := 1; i < len(a); i += 2 {
			kept = append(kept, a[i])
		}
		kept = append(append(kept, b...), c...)
		if want, got := stored(build(t, conf, kept)), stored(merged); fmt.Sprint(want) != fmt.Sprint(got) {
			t.Fatalf("precision %d: merged rows differ", conf.Precision)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	b := NewBuilder(Config{})
	if _, err := b.Add(vector.Sparse{Terms: []uint32{1}, Weights: []float32{-1}}); !errors.Is(err, vector.ErrWeight) {
		t.Fatal(err)
	}
	b.starts = make([]uint32, MaxRows+1)
	if _, err := b.Add(vector.Sparse{}); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
}

// TestRecall: the recall that a segment measured holds on queries it did not see.
func TestRecall(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 4))
	vectors := randomVectors(rng, tuneFromRows)
	var queries []vector.Sparse
	for range 400 {
		queries = append(queries, randomQuery(rng, vectors))
	}
	for _, sample := range [][]vector.Sparse{queries[:200], nil} {
		g := build(t, Config{Queries: sample}, vectors)
		src := []Source{{Segment: g}}
		if len(g.recalls) == 0 {
			t.Fatal("nothing was measured")
		}
		for _, target := range []float32{.9, .95, .99, 1} {
			found, all := 0, 0
			for _, q := range queries[200:] {
				want, got := TopK(src, q, 10, 1), TopK(src, q, 10, target)
				if got.Recall < target || target == 1 && !got.Exact {
					t.Fatalf("target %g: %v, %g", target, got.Exact, got.Recall)
				}
				all += len(want.Hits)
				for _, h := range got.Hits {
					if h.Score >= want.Hits[len(want.Hits)-1].Score {
						found++
					}
				}
			}
			if r := float32(found) / float32(all); sample != nil && r < target-.03 || target == 1 && r != 1 {
				t.Errorf("target %g: %g", target, r)
			}
		}
	}
}

// TestNear: whatever the shortcut, hits are visible, in order, as many as there can
// be, and their scores are exact.
func TestNear(t *testing.T) {
	for _, precision := range []Precision{Bits8, Bits16, Float32} {
		rng := rand.New(rand.NewPCG(5, 6))
		var sources []Source
		var all [][]vector.Sparse
		var pool []vector.Sparse
		for _, n := range []int{3000, 500} {
			vectors := randomVectors(rng, n)
			g := build(t, Config{Precision: precision}, vectors)
			g.recalls = []setting{{1, 1, 1}, {.8, .9, .9}, {.5, .7, .5}}
			sources, all, pool = append(sources, Source{Segment: g}), append(all, stored(g)), append(pool, vectors...)
		}
		for round := range 60 {
			hidden := []int{0, 20, 99}[round%3]
			visible := func(source int, row uint32) bool { return int(row*2654435761>>8+uint32(source))%100 >= hidden }
			for i := range sources {
				sources[i].Visible = sources[i].Segment.Mask(func(row uint32) bool { return visible(i, row) })
			}
			query := randomQuery(rng, pool)
			for _, k := range []int{1, 10, 300} {
				scores := map[topk.Hit]bool{}
				most := plain(all, visible, query, len(pool))
				for _, h := range most {
					scores[h] = true
				}
				got := TopK(sources, query, k, []float32{.9, .5}[round%2])
				if len(got.Hits) != min(k, len(most)) {
					t.Fatalf("round %d, k %d: %d hits of %d", round, k, len(got.Hits), len(most))
				}
				for i, h := range got.Hits {
					if !scores[h] || i > 0 && h.Score > got.Hits[i-1].Score {
						t.Fatalf("round %d, k %d: %v is no hit", round, k, h)
					}
				}
			}
		}
	}
}
