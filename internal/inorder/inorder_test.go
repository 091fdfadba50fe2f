package inorder

import (
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func upTo(n int, taken *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if *taken++; !yield(i) {
				return
			}
		}
	}
}

func one(int) int64 { return 1 }

// TestOrder: with any number of processors all results come, in order, and no
// more than the limit is under way.
func TestOrder(t *testing.T) {
	for _, procs := range []int{1, 2, 7} {
		before := runtime.GOMAXPROCS(procs)
		r := rand.New(rand.NewPCG(1, uint64(procs)))
		pause := make([]time.Duration, 500)
		for i := range pause {
			pause[i] = time.Duration(r.IntN(200)) * time.Microsecond
		}
		const limit = 20
		taken, want := 0, 0
		var under, peak atomic.Int64
		for got := range Map(upTo(len(pause), &taken), one, limit, func(i int) int {
			peak.Store(max(peak.Load(), under.Add(1)))
			time.Sleep(pause[i])
			under.Add(-1)
			return i
		}) {
			if got != want {
				t.Fatalf("%d processors: got %d, want %d", procs, got, want)
			}
			want++
			if taken > want+limit+1 {
				t.Fatalf("%d taken, %d yielded", taken, want)
			}
		}
		if want != len(pause) {
			t.Errorf("%d processors: %d results of %d", procs, want, len(pause))
		}
		if p := peak.Load(); p > int64(procs) || procs > 1 && p < 2 {
			t.Errorf("%d processors: %d at work at once", procs, p)
		}
		runtime.GOMAXPROCS(before)
	}
}

// TestBreak: after a break nothing is taken, and f does not run any more.
func TestBreak(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	taken := 0
	var running atomic.Int64
	for i := range Map(upTo(1000, &taken), one, 50, func(i int) int {
		running.Add(1)
		defer running.Add(-1)
		time.Sleep(50 * time.Microsecond)
		return i
	}) {
		if i == 100 {
			break
		}
	}
	if n := running.Load(); n != 0 {
		t.Errorf("%d still run", n)
	}
	if taken > 152 {
		t.Errorf("%d taken", taken)
	}
}

// TestLarge: an item above the limit is under way alone.
func TestLarge(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var running atomic.Int64
	got := slices.Collect(Map(slices.Values([]int{90, 3, 4, 200, 5}), func(n int) int64 { return int64(n) }, 10, func(n int) int {
		if running.Add(1) > 1 && n > 10 {
			t.Errorf("%d is not alone", n)
		}
		time.Sleep(time.Millisecond)
		running.Add(-1)
		return n
	}))
	if !slices.Equal(got, []int{90, 3, 4, 200, 5}) {
		t.Error(got)
	}
}
