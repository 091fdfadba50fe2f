package topk

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// randomHits are hits of several segments, many with the score of another.
func randomHits(rng *rand.Rand, numbers *Numbering, n int) []Hit {
	hits := make([]Hit, n)
	for i, number := range rng.Perm(int(numbers.Len()))[:n] {
		hits[i] = Hit{numbers.Row(uint64(number)), float32(1+rng.IntN(40)) / 7}
	}
	return hits
}

// TestCollector: collecting is sorting everything, for k on both sides of SmallK
// and of the number of hits, settled now and then or not; the floor never excludes
// one of the best.
func TestCollector(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	var c Collector
	for round := range 300 {
		var numbers Numbering
		for range 1 + rng.IntN(5) {
			numbers.Add(rng.IntN(2000))
		}
		hits := randomHits(rng, &numbers, rng.IntN(int(numbers.Len())+1))
		k := []int{1, 2, 10, SmallK, SmallK + 1, 100, 1000, 20000}[round%8]
		c.Reset(k)
		for i, h := range hits {
			key := Key(h.Score, uint32(numbers.First(h.Segment))+h.Row.Row)
			if Score(key) != h.Score {
				t.Fatalf("the score %g became %g", h.Score, Score(key))
			}
			c.Add(key)
			if i%100 == 0 && round%3 == 0 {
				c.Settle()
			}
			if (c.Floor() == 0) != (c.MinScore() < 1e-30) || c.Floor() != 0 && Score(c.Floor()) != c.MinScore() {
				t.Fatalf("floor %x, least score %g", c.Floor(), c.MinScore())
			}
		}
		got, want := numbers.Hits(c.Sorted(), Score), Best(slices.Clone(hits), k)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d, k %d, %d hits: %v, want %v", round, k, len(hits), got, want)
		}
	}
}

// TestCandidates: those whose scores are among the k best are kept, as long as
// counts differ from them by no more than half the slack.
func TestCandidates(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 2))
	var c Candidates
	for round := range 200 {
		k, slack, n := 1+rng.IntN(200), rng.IntN(60), rng.IntN(6000)
		const base = 1<<numberBits - 1<<20 // numbers may be as great as that
		c.Reset(k, slack)
		scores := make([]float64, n)
		for i := range scores {
			scores[i] = 40 + 60000*rng.Float64()*rng.Float64()
			if count := uint16(scores[i] + (rng.Float64()-.5)*float64(slack)); count >= c.Floor() {
				c.Add(count, base+uint64(i))
			}
		}
		kept := slices.Clone(c.Numbers())
		if !slices.IsSorted(kept) {
			t.Fatal("numbers are out of order")
		}
		best := slices.Sorted(slices.Values(scores))
		for i, score := range scores {
			if _, ok := slices.BinarySearch(kept, base+uint64(i)); !ok && n > 0 && score >= best[max(0, n-k)]+1 {
				t.Fatalf("round %d: row %d of %d with the score %g is gone, the %d-th is %g", round, i, n, score, k, best[max(0, n-k)])
			}
		}
		if n >= 20*k && len(kept) > n/2 {
			t.Fatalf("round %d: %d of %d rows are kept for k %d and slack %d", round, len(kept), n, k, slack)
		}
	}
}

// TestNumbering: numbers lead back to their rows, past segments without any.
func TestNumbering(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 3))
	var n Numbering
	for range 50 {
		n.Reset()
		var rows []Row
		for segment := range 1 + rng.IntN(20) {
			size := rng.IntN(3) * rng.IntN(50)
			n.Add(size)
			for row := range uint32(size) {
				rows = append(rows, Row{segment, row})
			}
		}
		if n.Len() != uint64(len(rows)) {
			t.Fatalf("%d rows, want %d", n.Len(), len(rows))
		}
		for i, want := range rows {
			if got := n.Row(uint64(i)); got != want || n.First(want.Segment)+uint64(want.Row) != uint64(i) {
				t.Fatalf("row %d is %v, want %v", i, got, want)
			}
		}
	}
}
