package order

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
)

// Documents of 32 topics, shuffled: in the new order most neighbours are of one topic.
func TestBisect(t *testing.T) {
	const topics, each = 32, 64
	rng := rand.New(rand.NewPCG(1, 2))
	topic := rng.Perm(topics * each)
	m := &csr.Matrix{Columns: topics*20 + 100, At: []int64{0}}
	for _, x := range topic {
		has := map[uint32]bool{}
		for range 12 {
			has[uint32(x%topics*20+rng.IntN(20))] = true
		}
		for range 4 {
			has[uint32(topics*20+rng.IntN(100))] = true
		}
		for term := range uint32(m.Columns) {
			if has[term] {
				m.Terms, m.Weights = append(m.Terms, term), append(m.Weights, rng.Float32()+.1)
			}
		}
		m.At = append(m.At, int64(len(m.Terms)))
	}
	got := Bisect(m)
	if again := Bisect(m); !slices.Equal(got, again) {
		t.Error("a second run gives another order")
	}
	same := 0
	for i := 1; i < len(got); i++ {
		if topic[got[i]]%topics == topic[got[i-1]]%topics {
			same++
		}
	}
	if share := float64(same) / float64(len(got)); share < .9 {
		t.Errorf("%.2f of the neighbours are of one topic", share)
	}
	slices.Sort(got)
	for i, row := range got {
		if int(row) != i {
			t.Fatalf("row %d is missing or comes twice", i)
		}
	}
}

func TestBisectFew(t *testing.T) {
	if got := Bisect(&csr.Matrix{At: []int64{0}}); len(got) != 0 {
		t.Error(got)
	}
	if got := Bisect(&csr.Matrix{Columns: 1, At: []int64{0, 0, 1}, Terms: []uint32{0}, Weights: []float32{1}}); len(got) != 2 {
		t.Error(got)
	}
}
