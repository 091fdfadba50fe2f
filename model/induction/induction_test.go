package induction_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/induction"
)

func open(t *testing.T) *decoder.Decoder {
	t.Helper()
	path := filepath.Join(t.TempDir(), "induction.gguf")
	if err := induction.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(path, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func greedy(logits []float32) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return int32(best)
}

// TestDistances: no distance but the right one comes near to it.
func TestDistances(t *testing.T) {
	for _, period := range induction.Periods {
		if math.Mod(period, 1) != 0 {
			t.Fatal(period)
		}
	}
	least := math.Inf(1)
	for off := 1; off <= induction.Positions; off++ {
		sum := 0.
		for _, p := range induction.Periods {
			sum += 1 - math.Cos(2*math.Pi*float64(off)/p)
		}
		least = min(least, sum)
	}
	if least < 2 {
		t.Errorf("another distance is only %.2f worse", least)
	}
}

// TestFinds: what followed two tokens before is found at any length and place, and what followed
// the same token behind another is not.
func TestFinds(t *testing.T) {
	d := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	lengths := []int{10, 300, 4096}
	if !testing.Short() {
		lengths = append(lengths, 32768)
	}
	for _, n := range lengths {
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = 101 + random.Int32N(156) // contexts and keys are among the others
		}
		ids[0] = induction.First
		var want []int32
		count := min(50, n/9)
		for i := range count {
			at := 1 + i*(n-4)/count
			ids[at], ids[at+1] = 1+int32(i)%2, 3+int32(i)/2
			want = append(want, ids[at+2])
		}
		c := d.NewCache()
		if _, err := d.Read(context.Background(), c, ids); err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			logits, err := d.Read(context.Background(), c, []int32{1 + int32(i)%2, 3 + int32(i)/2})
			if err != nil {
				t.Fatal(err)
			}
			if got := greedy(logits); got != w {
				t.Errorf("%d tokens: %d at %d instead of %d", n, got, i, w)
			}
			c.Cut(n)
		}
	}
}

// TestRanks: the document that says what is asked has more of the question's attention than all others.
func TestRanks(t *testing.T) {
	d := open(t)
	p, err := attention.Parse("documents:0.25")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 2))
	for holds := range 8 {
		ids := make([]int32, 16+8*200)
		for i := range ids {
			ids[i] = 101 + random.Int32N(156)
		}
		ids[0] = induction.First
		c := d.NewCache()
		c.Policy = p
		c.Parts = []int{16}
		for i := range 8 {
			c.Parts = append(c.Parts, 16+(i+1)*200)
		}
		at := 16 + holds*200 + 3 + random.IntN(190)
		ids[at], ids[at+1] = 1, 3
		logits, err := d.Read(context.Background(), c, append(ids, 1, 3))
		if err != nil {
			t.Fatal(err)
		}
		if got := greedy(logits); got != ids[at+2] {
			t.Errorf("document %d: %d is found instead of %d", holds, got, ids[at+2])
		}
		mass, err := d.Rank(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range mass {
			if i != holds && m > mass[holds]/2 {
				t.Errorf("document %d is asked for, %v", holds, mass)
				break
			}
		}
	}
}
