package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/vector"
)

// vectors measures searches by learned sparse vectors on a live index: as it
// comes and merged, filtered, and with a fifth of the documents deleted.
func vectors(args []string) error {
	f := flag.NewFlagSet("vectors", flag.ExitOnError)
	docs := f.String("docs", "", "`file` of documents: docs.csr of sparse/gen")
	asked := f.String("queries", "", "`file` of queries")
	number := f.Int("n", 300, "`queries`")
	bits := f.Int("bits", 8, "a weight: 8, 16 or 32")
	rounds := f.Int("rounds", 5, "measured `passes` over the queries")
	dir := f.String("dir", "", "`folder` of the indexes, kept and used again; default one that is removed")
	_ = f.Parse(args)
	if *docs == "" || *asked == "" {
		return errors.New("-docs and -queries are missing; go run ./sparse/gen makes them")
	}
	ctx := context.Background()
	if *dir == "" {
		temp, err := os.MkdirTemp("", "vectors")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		*dir = temp
	}
	queries, err := namedVectors(*asked, *number)
	if err != nil {
		return err
	}
	options := tamis.Options{Vectors: map[string]tamis.VectorField{tamis.DefaultField: {Bits: *bits, Max: maxWeight}}}
	whole := filepath.Join(*dir, "whole")
	if _, err := os.Stat(whole); err != nil {
		if err := loadVectors(ctx, whole, *docs, options); err != nil {
			return err
		}
	}
	fmt.Println("| documents | segments | deleted | index MB | copy MB | all, p50/mean µs | 1 % | 50 % | recall .95 | k = 1000 |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	for _, merged := range []bool{false, true} {
		if err := wholeAndDeleted(ctx, *dir, options, merged, queries, *rounds); err != nil {
			return err
		}
	}
	return nil
}

// maxWeight is what no weight of the generated vectors exceeds.
const maxWeight = 8

// loadVectors adds the documents of a file; n of their metadata is what filters
// look at.
func loadVectors(ctx context.Context, dir, file string, o tamis.Options) error {
	ix, err := tamis.Open(dir, o)
	if err != nil {
		return err
	}
	defer ix.Close()
	cpu, begin := cpuTime(), time.Now()
	v := vector.NewVocabulary()
	i := 0
	report, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for d, err := range vector.ReadFile(file, v) {
			doc := tamis.Document{ID: d.ID, Metadata: map[string]any{"n": float64(i % 100)}}
			if err == nil {
				doc.Vectors = map[string]tamis.Vector{tamis.DefaultField: named(v, d.Vector)}
			}
			i++
			if !yield(doc, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d documents added in %.0f s, %.0f s CPU\n\n", report.Added, time.Since(begin).Seconds(), (cpuTime() - cpu).Seconds())
	return settle(ix)
}

func named(v *vector.Vocabulary, x vector.Sparse) tamis.Vector {
	n := make(tamis.Sparse, x.Len())
	for i, t := range x.Terms {
		n[v.Term(t)] = x.Weights[i]
	}
	return n
}

func namedVectors(file string, n int) (list []tamis.Vector, err error) {
	v := vector.NewVocabulary()
	for d, err := range vector.ReadFile(file, v) {
		if err != nil {
			return nil, err
		}
		if len(list) < n {
			list = append(list, named(v, d.Vector))
		}
	}
	return list, nil
}

// wholeAndDeleted measures an index and a copy of which a fifth is deleted, in
// turn, so that what else the machine does meets both.
func wholeAndDeleted(ctx context.Context, dir string, o tamis.Options, merged bool, queries []tamis.Vector, rounds int) error {
	whole, fewer := filepath.Join(dir, "whole"), filepath.Join(dir, "fewer")
	if err := os.RemoveAll(fewer); err != nil {
		return err
	}
	ix, err := tamis.Open(whole, o)
	if err != nil {
		return err
	}
	defer ix.Close()
	if merged {
		cpu := cpuTime()
		if err := ix.Compact(ctx); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "merging took %.0f s CPU\n", (cpuTime() - cpu).Seconds())
	}
	ix.PauseMerging()
	if err := tamis.Backup(ctx, whole, fewer); err != nil {
		return err
	}
	less, err := tamis.Open(fewer, o)
	if err != nil {
		return err
	}
	defer less.Close()
	less.PauseMerging()
	st, err := less.Stats()
	if err != nil {
		return err
	}
	var gone []string
	for i := range st.Documents {
		if i*7%10 < 2 {
			gone = append(gone, fmt.Sprint(i))
		}
	}
	if _, err := less.Delete(ctx, gone...); err != nil {
		return err
	}
	kinds := []tamis.Query{{K: 10}, {K: 10, Filter: "n = 7"}, {K: 10, Filter: "n < 50"}, {K: 10, Recall: .95}, {K: 1000}}
	both := []*tamis.Index{ix, less}
	took := make([][][][]int64, len(both)) // by index, kind, round, query
	for i := range took {
		took[i] = make([][][]int64, len(kinds))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for round := -1; round < rounds; round++ {
		for kind, q := range kinds {
			for i, x := range both {
				ns, err := vectorPass(ctx, x, q, queries)
				if err != nil {
					return err
				}
				if round >= 0 {
					took[i][kind] = append(took[i][kind], ns)
				}
			}
		}
	}
	for i, x := range both {
		st, err := x.Stats()
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %d | %d | %.0f | %.0f |", st.Documents, st.Segments, st.Deleted, float64(st.Vectors[0].IndexBytes)/1e6, float64(st.VectorBytes)/1e6)
		for kind := range kinds {
			ns := peer.Minimum(took[i][kind])
			sum := int64(0)
			for _, n := range ns {
				sum += n
			}
			fmt.Printf(" %.0f/%.0f |", float64(peer.Quantile(ns, .5))/1e3, float64(sum)/float64(len(ns))/1e3)
		}
		fmt.Println()
	}
	return nil
}

// vectorPass asks each query once and returns the CPU time of this thread.
func vectorPass(ctx context.Context, ix *tamis.Index, q tamis.Query, queries []tamis.Vector) ([]int64, error) {
	ns := make([]int64, len(queries))
	q.IDsOnly = true
	for i, x := range queries {
		q.Vector = x
		begin := threadTime()
		if _, err := ix.Search(ctx, q); err != nil {
			return nil, err
		}
		ns[i] = threadTime() - begin
	}
	return ns, nil
}

// threadTime is the CPU time of this thread, in nanoseconds.
func threadTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return t.Nano()
}
