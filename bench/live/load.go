package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
)

// marked is a text with a word that no other has: the document's own number.
func (t *texts) marked(n int) tamis.Document {
	return tamis.Document{ID: fmt.Sprintf("marked/%d", n), Source: mark(n) + " " + t.text(n)}
}

func mark(n int) string { return fmt.Sprintf("n%dk", n) }

// one yields one document.
func one(d tamis.Document) func(yield func(tamis.Document, error) bool) {
	return func(yield func(tamis.Document, error) bool) { yield(d, nil) }
}

// found says whether a search for a document's mark finds it.
func found(ctx context.Context, ix *tamis.Index, n int) (bool, error) {
	res, err := ix.Search(ctx, tamis.Query{Text: mark(n), K: 1, IDsOnly: true})
	if err != nil {
		return false, err
	}
	return len(res.Hits) == 1 && res.Hits[0].Doc == fmt.Sprintf("marked/%d", n), nil
}

// bulk adds texts from a number on, a big Add after the other, until stop is
// closed; it returns how many.
func bulk(ctx context.Context, ix *tamis.Index, t *texts, from, each int, stop chan struct{}) (added int, err error) {
	for {
		r, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
			for d, err := range t.documents(from+added, from+added+each) {
				select {
				case <-stop:
					return
				default:
				}
				if !yield(d, err) {
					return
				}
			}
		})
		added += r.Added
		if err != nil {
			return added, err
		}
		select {
		case <-stop:
			return added, nil
		default:
		}
	}
}

// workIndex opens a new index in a folder of its own, dir, which remove removes,
// and makes the texts to fill it with.
func workIndex(name string) (t *texts, ix *tamis.Index, dir string, remove func(), err error) {
	if t, err = newTexts(); err != nil {
		return nil, nil, "", nil, err
	}
	if dir, remove, err = workDir("", name); err != nil {
		return nil, nil, "", nil, err
	}
	if ix, err = tamis.Open(dir, tamis.Options{}); err != nil {
		remove()
		return nil, nil, "", nil, err
	}
	return t, ix, dir, remove, nil
}

// adding measures adding single documents while a bulk load runs.
func adding(args []string) error {
	f := flag.NewFlagSet("adding", flag.ExitOnError)
	first := f.Int("first", 100_000, "documents before the first measurement")
	adds := f.Int("adds", 1000, "single documents")
	pause := f.Duration("pause", 10*time.Millisecond, "between them")
	_ = f.Parse(args)
	ctx := context.Background()
	t, ix, _, remove, err := workIndex("adding")
	if err != nil {
		return err
	}
	defer remove()
	if _, err := ix.Add(ctx, t.documents(0, *first)); err != nil {
		return err
	}
	stop, done := make(chan struct{}), make(chan error)
	loaded := 0
	begin := time.Now()
	go func() {
		var err error
		loaded, err = bulk(ctx, ix, t, *first, 1_000_000, stop)
		done <- err
	}()
	time.Sleep(2 * time.Second)
	var add, visible []int64
	for n := range *adds {
		d := t.marked(n)
		start := time.Now()
		if _, err := ix.Add(ctx, one(d)); err != nil {
			return err
		}
		returned := time.Now()
		for {
			ok, err := found(ctx, ix, n)
			if err != nil {
				return err
			}
			if ok {
				break
			}
		}
		add = append(add, returned.Sub(start).Nanoseconds())
		visible = append(visible, time.Since(returned).Nanoseconds())
		time.Sleep(*pause)
	}
	close(stop)
	if err := <-done; err != nil {
		return err
	}
	fmt.Printf("%d adds beside a bulk load of %.0f documents/s (clock time)\n\n| | p50 ms | p90 ms | p99 ms | worst ms |\n|---|---|---|---|---|\n",
		*adds, float64(loaded)/time.Since(begin).Seconds())
	for _, row := range []struct {
		name string
		ns   []int64
	}{{"Add", add}, {"from Add's return to found", visible}} {
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.2f |\n", row.name, ms(row.ns, .5), ms(row.ns, .9), ms(row.ns, .99), ms(row.ns, 1))
	}
	return ix.Close()
}

// merging measures searching while writers and merging run, against the same
// index at rest.
func merging(args []string) error {
	f := flag.NewFlagSet("merging", flag.ExitOnError)
	first := f.Int("first", 300_000, "documents before")
	each := f.Int("each", 2000, "documents of one Add of a writer")
	writers := f.Int("writers", 1, "`writers`")
	long := f.Duration("for", 30*time.Second, "of each measurement")
	pause := f.Duration("pause", 4*time.Millisecond, "between searches")
	_ = f.Parse(args)
	ctx := context.Background()
	t, ix, _, remove, err := workIndex("merging")
	if err != nil {
		return err
	}
	defer remove()
	if _, err := ix.Add(ctx, t.documents(0, *first)); err != nil {
		return err
	}
	fmt.Println("| | searches | p50 ms | p90 ms | p99 ms | worst ms | segments | collections | paused by them ms |\n|---|---|---|---|---|---|---|---|---|")
	measure := func(name string) error {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ns, err := searches(ctx, ix, t.questions, *long, *pause)
		if err != nil {
			return err
		}
		runtime.ReadMemStats(&after)
		st, err := ix.Stats()
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %d | %.2f | %.2f | %.2f | %.2f | %d | %d | %.1f |\n", name, len(ns), ms(ns, .5), ms(ns, .9), ms(ns, .99), ms(ns, 1), st.Segments,
			after.NumGC-before.NumGC, float64(after.PauseTotalNs-before.PauseTotalNs)/1e6)
		return nil
	}
	if err := settle(ix); err != nil {
		return err
	}
	if err := measure("at rest, before"); err != nil {
		return err
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	errs := make([]error, *writers)
	counts := make([]int, *writers)
	for w := range *writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			counts[w], errs[w] = bulk(ctx, ix, t, *first+(w+1)*100_000_000, *each, stop)
		}()
	}
	begin := time.Now()
	err = measure("writing and merging")
	close(stop)
	wg.Wait()
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	added := 0
	for _, n := range counts {
		added += n
	}
	took := time.Since(begin)
	if err := settle(ix); err != nil {
		return err
	}
	if err := measure("at rest, after"); err != nil {
		return err
	}
	fmt.Printf("\n%d documents were added by %d writers, %.0f a second of clock time\n", added, *writers, float64(added)/took.Seconds())
	return ix.Close()
}

// searches asks one question after the other, with pauses, and times each by
// the clock.
func searches(ctx context.Context, ix *tamis.Index, questions []string, long, pause time.Duration) (ns []int64, err error) {
	end := time.Now().Add(long)
	for i := 0; time.Now().Before(end); i++ {
		begin := time.Now()
		if _, err := ix.Search(ctx, tamis.Query{Text: questions[i%len(questions)], K: 10}); err != nil {
			return nil, err
		}
		ns = append(ns, time.Since(begin).Nanoseconds())
		time.Sleep(pause)
	}
	return ns, nil
}

// resident is the memory of this process that is in use, in bytes.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
