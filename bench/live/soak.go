package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tamis-search/tamis"
)

// ledger knows what was acknowledged.
type ledger struct {
	mu     sync.Mutex
	next   int
	live   []int           // acknowledged, not being deleted
	gone   []int           // the last ones whose deletion was acknowledged
	away   map[int]bool    // no longer in live
	errors []string        // wrong answers
	counts [3]atomic.Int64 // added, deleted, searched
	lags   []int64         // latencies of this interval
}

const remembered = 20_000

func (l *ledger) wrong(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errors = append(l.errors, fmt.Sprintf(format, args...))
}

// soak runs writers, deleters and readers for some time, checks that what was
// acknowledged is found and what was deleted is not, and prints memory and
// latency by the interval. It ends with an error if an answer was wrong.
func soak(args []string) error {
	f := flag.NewFlagSet("soak", flag.ExitOnError)
	long := f.Duration("for", 5*time.Minute, "how `long`")
	every := f.Duration("every", 15*time.Second, "`interval` of the table")
	keep := f.Int("keep", 100_000, "`documents` that stay: deleters hold the index there")
	writers := f.Int("writers", 2, "`writers`, each adds 1 to 200 documents at a time")
	deleters := f.Int("deleters", 1, "`deleters`, each deletes 1 to 200 documents at a time")
	readers := f.Int("readers", 2, "`readers`")
	_ = f.Parse(args)
	ctx := context.Background()
	t, ix, dir, remove, err := workIndex("soak")
	if err != nil {
		return err
	}
	defer remove()
	l := &ledger{away: map[int]bool{}}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	start := func(n int, work func(r *rand.Rand) error) {
		for i := range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				r := rand.New(rand.NewPCG(uint64(i), 7))
				for {
					select {
					case <-stop:
						return
					default:
					}
					if err := work(r); err != nil {
						l.wrong("%v", err)
						return
					}
				}
			}()
		}
	}
	start(*writers, func(r *rand.Rand) error { return l.add(ctx, ix, t, r, *keep) })
	start(*deleters, func(r *rand.Rand) error { return l.remove(ctx, ix, r, *keep) })
	start(*readers, func(r *rand.Rand) error { return l.read(ctx, ix, t, r) })
	fmt.Println("| s | resident MB | heap MB | disk MB | documents | deleted, not dropped | segments | added/s | deleted/s | checks/s | search p50 ms | p99 ms | wrong |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	begin := time.Now()
	var before [3]int64
	for time.Since(begin) < *long {
		time.Sleep(*every)
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		st, err := ix.Stats()
		if err != nil {
			return err
		}
		size, err := sizeOf(dir)
		if err != nil {
			return err
		}
		var rates [3]float64
		for i := range rates {
			n := l.counts[i].Load()
			rates[i] = float64(n-before[i]) / every.Seconds()
			before[i] = n
		}
		l.mu.Lock()
		lags, wrong := l.lags, len(l.errors)
		l.lags = nil
		l.mu.Unlock()
		fmt.Printf("| %.0f | %d | %d | %d | %d | %d | %d | %.0f | %.0f | %.0f | %.2f | %.2f | %d |\n", time.Since(begin).Seconds(), resident()>>20, mem.HeapAlloc>>20, size>>20,
			st.Documents, st.Deleted, st.Segments, rates[0], rates[1], rates[2], ms(lags, .5), ms(lags, .99), wrong)
	}
	close(stop)
	wg.Wait()
	if st, err := ix.Stats(); err != nil {
		l.wrong("%v", err)
	} else if st.Documents != len(l.live) {
		l.wrong("%d documents in the index, %d were acknowledged and not deleted", st.Documents, len(l.live))
	}
	if err := ix.Close(); err != nil {
		return err
	}
	if len(l.errors) > 0 {
		return fmt.Errorf("%d wrong answers, such as: %s", len(l.errors), l.errors[0])
	}
	fmt.Println("\nevery answer was right")
	return nil
}

func (l *ledger) add(ctx context.Context, ix *tamis.Index, t *texts, r *rand.Rand, keep int) error {
	l.mu.Lock()
	if len(l.live) > keep*11/10 {
		l.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		return nil
	}
	n := 1 + r.IntN(200)
	from := l.next
	l.next += n
	l.mu.Unlock()
	_, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for i := range n {
			if !yield(t.marked(from+i), nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	l.counts[0].Add(int64(n))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range n {
		l.live = append(l.live, from+i)
	}
	return nil
}

func (l *ledger) remove(ctx context.Context, ix *tamis.Index, r *rand.Rand, keep int) error {
	l.mu.Lock()
	if len(l.live) < keep {
		l.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		return nil
	}
	var ns []int
	var ids []string
	for range 1 + r.IntN(200) {
		i := r.IntN(len(l.live))
		n := l.live[i]
		l.live[i] = l.live[len(l.live)-1]
		l.live = l.live[:len(l.live)-1]
		l.away[n] = true
		ns, ids = append(ns, n), append(ids, fmt.Sprintf("marked/%d", n))
	}
	l.mu.Unlock()
	removed, err := ix.Delete(ctx, ids...)
	if err == nil && removed != len(ids) {
		err = fmt.Errorf("%d of %d documents were there to be deleted", removed, len(ids))
	}
	if err != nil {
		return err
	}
	l.counts[1].Add(int64(removed))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = append(l.gone, ns...)
	if drop := len(l.gone) - remembered; drop > 0 {
		for _, n := range l.gone[:drop] {
			delete(l.away, n)
		}
		l.gone = slices.Clone(l.gone[drop:])
	}
	return nil
}

// read asks a question, and for a document that must be there or must not.
func (l *ledger) read(ctx context.Context, ix *tamis.Index, t *texts, r *rand.Rand) error {
	time.Sleep(2 * time.Millisecond)
	begin := time.Now()
	_, err := ix.Search(ctx, tamis.Query{Text: t.questions[r.IntN(len(t.questions))], K: 10})
	if err != nil && !errors.Is(err, tamis.ErrNoTerms) {
		return err
	}
	took := time.Since(begin).Nanoseconds()
	l.mu.Lock()
	l.lags = append(l.lags, took)
	deleted := r.IntN(2) == 0
	from := l.live
	if deleted {
		from = l.gone
	}
	if len(from) == 0 {
		l.mu.Unlock()
		return nil
	}
	n := from[r.IntN(len(from))]
	if r.IntN(2) == 0 {
		n = from[len(from)-1] // the newest
	}
	l.mu.Unlock()
	ok, err := found(ctx, ix, n)
	if err != nil {
		return err
	}
	l.counts[2].Add(1)
	if deleted && ok {
		l.wrong("document %d was deleted and is found", n)
	}
	if !deleted && !ok {
		l.mu.Lock()
		away := l.away[n]
		l.mu.Unlock()
		if !away {
			l.wrong("document %d was added and is not found", n)
		}
	}
	return nil
}
