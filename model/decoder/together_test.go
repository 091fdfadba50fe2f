package decoder

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTogether: some tokens of each of several conversations, of different lengths and under different
// policies, is read together as each is by itself, to the last bit.
func TestTogether(t *testing.T) {
	all := maps.Clone(tiny)
	maps.Copy(all, inBlocks)
	policies := []string{"", "snapkv:0.5", "quest:0.4", "q8", "finch:0.5", "window:0.3"}
	for name, shape := range all {
		d := open(t, shape.Write(t, 6))
		var apart, together []*Cache
		for i, p := range policies {
			c := d.NewCache()
			if p != "" {
				c.Policy = policy(t, p)
			}
			if _, err := d.Read(context.Background(), c, someIDs(20+70*i, d.Words)); err != nil {
				t.Fatal(err)
			}
			d.Drop(c)
			apart, together = append(apart, c), append(together, c.Clone())
		}
		for step := range 12 {
			n := 1 + (step*5)%len(policies)
			ids := make([][]int32, n)
			for i := range ids {
				more := 1
				if policies[i] == "" || policies[i] == "snapkv:0.5" { // what others read depends on how many come together
					more += (step + i) % 4 * 5
				}
				for j := range more {
					ids[i] = append(ids[i], int32((step*7+i*31+j*13)%d.Words))
				}
			}
			got, err := d.ReadTogether(context.Background(), together[:n], ids)
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range apart[:n] {
				want, err := d.ReadEach(context.Background(), c, ids[i])
				if len(ids[i]) == 1 {
					c.Cut(len(c.Tokens()) - 1) // a step by itself is what Read reads
					want[0], err = d.Read(context.Background(), c, ids[i])
				}
				if err != nil {
					t.Fatal(err)
				}
				if !slices.EqualFunc(got[i], want, slices.Equal) || !slices.Equal(c.Tokens(), together[i].Tokens()) {
					t.Fatalf("%s, step %d, conversation %d of %d (%s): read together otherwise", name, step, i, n, policies[i])
				}
			}
		}
	}
}

func TestWrongTogether(t *testing.T) {
	shape := tiny["llama"]
	shape.Positions = 60
	d := open(t, shape.Write(t, 3))
	a, b := d.NewCache(), d.NewCache()
	for _, c := range []*Cache{a, b} {
		if _, err := d.Read(context.Background(), c, someIDs(59, d.Words)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Read(context.Background(), b, []int32{1}); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		caches []*Cache
		ids    [][]int32
		say    string
	}{
		{context.Background(), nil, nil, "0 conversations"},
		{context.Background(), []*Cache{a}, [][]int32{{1}, {2}}, "one cache for each"},
		{context.Background(), []*Cache{a}, [][]int32{make([]int32, MostTogether+1)}, "at most"},
		{context.Background(), []*Cache{a, a}, [][]int32{{1}, {2}}, "with itself"},
		{context.Background(), []*Cache{a, b}, [][]int32{{1}, {2}}, "too long"},
		{context.Background(), []*Cache{a, b}, [][]int32{{1}, nil}, "no tokens"},
		{context.Background(), []*Cache{a}, [][]int32{{70000}}, "outside"},
		{gone, []*Cache{a}, [][]int32{{1}}, "canceled"},
	} {
		if _, err := d.ReadTogether(c.ctx, c.caches, c.ids); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%v instead of %q", err, c.say)
		}
		if len(a.Tokens()) != 59 || len(b.Tokens()) != 60 {
			t.Fatal("a cache changed")
		}
	}
}

// BenchmarkTogether writes tokens of one, two, four and eight conversations with the model that
// TAMIS_GGUF names.
func BenchmarkTogether(b *testing.B) {
	d := openAs(b, published(b), Options{})
	for _, threads := range []int{1, 2} {
		for _, n := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%d threads, %d together", threads, n), func(b *testing.B) {
				d.Threads = threads
				caches, ids := make([]*Cache, n), make([][]int32, n)
				for i := range caches {
					caches[i] = d.NewCache()
					if _, err := d.Read(context.Background(), caches[i], someIDs(300, d.Words)); err != nil {
						b.Fatal(err)
					}
				}
				begun := time.Now()
				for b.Loop() {
					for i := range caches {
						ids[i] = []int32{int32(100 + i)}
						caches[i].Cut(300)
					}
					if _, err := d.ReadTogether(context.Background(), caches, ids); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n*b.N)/time.Since(begun).Seconds(), "token/s")
			})
		}
	}
}
