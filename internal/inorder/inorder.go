// Package inorder maps a sequence on all processors and keeps its order.
package inorder

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// most is how many items are under way at a time, whatever their size.
const most = 1 << 12

// Map yields f of each item, in the order of items. f runs on as many goroutines
// as there are processors; items is ranged over, and results are yielded, where
// Map's result is ranged over. What was taken of items and not yet yielded has
// sizes that add up to at most limit, or is one item. When the loop ends, by
// itself or by a break, f runs nowhere any more.
func Map[In, Out any](items iter.Seq[In], size func(In) int64, limit int64, f func(In) Out) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		workers := runtime.GOMAXPROCS(0)
		if workers == 1 {
			for in := range items {
				if !yield(f(in)) {
					return
				}
			}
			return
		}
		type job struct {
			in   In
			size int64
			out  chan Out
		}
		jobs := make(chan job, most)
		var running sync.WaitGroup
		var stopped atomic.Bool
		defer func() {
			stopped.Store(true)
			close(jobs)
			running.Wait()
		}()
		work := func() {
			for j := range jobs {
				if !stopped.Load() {
					j.out <- f(j.in)
				}
			}
		}
		var queue []job // taken and not yet yielded, in order
		held := int64(0)
		next := func() bool {
			j := queue[0]
			queue[0] = job{}
			queue = queue[1:]
			held -= j.size
			return yield(<-j.out)
		}
		for in := range items {
			j := job{in, size(in), make(chan Out, 1)}
			for len(queue) > 0 && (held+j.size > limit || len(queue) == most || len(queue[0].out) > 0) {
				if !next() {
					return
				}
			}
			queue = append(queue, j)
			held += j.size
			jobs <- j
			if workers > 0 {
				workers--
				running.Go(work)
			}
		}
		for len(queue) > 0 {
			if !next() {
				return
			}
		}
	}
}
