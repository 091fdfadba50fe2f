package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
)

// growth measures searching and opening as an index doubles.
func growth(args []string) error {
	f := flag.NewFlagSet("growth", flag.ExitOnError)
	from := f.Int("from", 100_000, "`passages` at the first measurement")
	to := f.Int("to", 3_200_000, "`passages` at the last one")
	rounds := f.Int("rounds", 5, "measured `passes` over the queries")
	dir := f.String("dir", "", "`folder` of the index, kept; default one that is removed")
	_ = f.Parse(args)
	ctx := context.Background()
	t, err := newTexts()
	if err != nil {
		return err
	}
	if *dir == "" {
		if *dir, err = os.MkdirTemp("", "growth"); err != nil {
			return err
		}
		defer os.RemoveAll(*dir)
	}
	fmt.Println("| passages | segments | segment MB | stored MB | added/s CPU | top-10 p50 ms | p99 ms | ids only p50 ms | p99 ms | open ms |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	var sizes []float64
	curves := map[string][]float64{}
	added := 0
	for size := *from; size <= *to; size *= 2 {
		ix, err := tamis.Open(*dir, tamis.Options{})
		if err != nil {
			return err
		}
		cpu := cpuTime()
		before := added
		for passages := 0; passages < size; {
			more := max(1000, (size-passages)*2/5)
			if _, err := ix.Add(ctx, t.documents(added, added+more)); err != nil {
				return err
			}
			added += more
			st, err := ix.Stats()
			if err != nil {
				return err
			}
			passages = st.Passages
		}
		if err := ix.Close(); err != nil {
			return err
		}
		rate := float64(added-before) / (cpuTime() - cpu).Seconds()
		opening, err := openings(*dir, 11)
		if err != nil {
			return err
		}
		if ix, err = tamis.Open(*dir, tamis.Options{}); err != nil {
			return err
		}
		if err := settle(ix); err != nil {
			return err
		}
		st, err := ix.Stats()
		if err != nil {
			return err
		}
		full, err := passes(ctx, ix, t.questions, *rounds, false)
		if err != nil {
			return err
		}
		ids, err := passes(ctx, ix, t.questions, *rounds, true)
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %d | %.0f | %.0f | %.0f | %.3f | %.3f | %.3f | %.3f | %.1f |\n", st.Passages, st.Segments,
			float64(st.SegmentBytes)/1e6, float64(st.StoreBytes)/1e6, rate, ms(full, .5), ms(full, .99), ms(ids, .5), ms(ids, .99), ms(opening, .5))
		sizes = append(sizes, float64(st.Passages))
		for name, v := range map[string]float64{"p50": ms(full, .5), "p99": ms(full, .99), "ids p50": ms(ids, .5), "ids p99": ms(ids, .99), "open": ms(opening, .5)} {
			curves[name] = append(curves[name], v)
		}
		if err := ix.Close(); err != nil {
			return err
		}
	}
	fmt.Print("\ngrowth exponents:")
	for _, name := range []string{"p50", "p99", "ids p50", "ids p99", "open"} {
		fmt.Printf(" %s %.2f;", name, exponent(sizes, curves[name]))
	}
	fmt.Println()
	return nil
}

// exponent is the slope of the least squares line through (log x, log y).
func exponent(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	n := float64(len(x))
	for i := range x {
		a, b := math.Log(x[i]), math.Log(y[i])
		sx, sy, sxx, sxy = sx+a, sy+b, sxx+a*a, sxy+a*b
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// openings times opening an index whose pages are in memory.
func openings(dir string, times int) (ns []int64, err error) {
	for i := range times + 1 {
		begin := time.Now()
		ix, err := tamis.Open(dir, tamis.Options{MustExist: true})
		if err != nil {
			return nil, err
		}
		took := time.Since(begin)
		if err := ix.Close(); err != nil {
			return nil, err
		}
		if i > 0 {
			ns = append(ns, took.Nanoseconds())
		}
	}
	return ns, nil
}

// opening is the subcommand that measures opening alone.
func opening(args []string) error {
	f := flag.NewFlagSet("opening", flag.ExitOnError)
	dir := f.String("dir", "", "`folder` of an index, such as growth -dir leaves")
	times := f.Int("times", 21, "how `often`")
	profile := f.String("profile", "", "write a CPU profile to `file`")
	_ = f.Parse(args)
	if *profile != "" {
		w, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer w.Close()
		if err := pprof.StartCPUProfile(w); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ns, err := openings(*dir, *times)
	if err != nil {
		return err
	}
	ix, err := tamis.Open(*dir, tamis.Options{})
	if err != nil {
		return err
	}
	st, err := ix.Stats()
	if err != nil {
		return err
	}
	fmt.Printf("open %d passages, %d segments of %.0f MB: p10 %.1f ms, p50 %.1f ms, p90 %.1f ms\n",
		st.Passages, st.Segments, float64(st.SegmentBytes)/1e6, ms(ns, .1), ms(ns, .5), ms(ns, .9))
	return ix.Close()
}

// passes runs every query a number of times and gives each one's least CPU
// time of this process, which on a busy machine says more than the clock.
func passes(ctx context.Context, ix *tamis.Index, questions []string, rounds int, idsOnly bool) ([]int64, error) {
	var all [][]int64
	for round := -1; round < rounds; round++ {
		ns := make([]int64, len(questions))
		for i, q := range questions {
			cpu := cpuTime()
			if _, err := ix.Search(ctx, tamis.Query{Text: q, K: 10, IDsOnly: idsOnly}); err != nil {
				return nil, err
			}
			ns[i] = (cpuTime() - cpu).Nanoseconds()
		}
		if round >= 0 {
			all = append(all, ns)
		}
	}
	return peer.Minimum(all), nil
}

// settle waits until nothing more is merged.
func settle(ix *tamis.Index) error {
	last, since := -1, time.Now()
	for {
		cpu := cpuTime()
		time.Sleep(200 * time.Millisecond)
		st, err := ix.Stats()
		if err != nil {
			return err
		}
		if st.Segments != last || cpuTime()-cpu > 50*time.Millisecond {
			last, since = st.Segments, time.Now()
		}
		if time.Since(since) > 2500*time.Millisecond {
			return nil
		}
	}
}

func ms(ns []int64, q float64) float64 { return float64(peer.Quantile(ns, q)) / 1e6 }

// workDir is a new folder under parent, or under the system's.
func workDir(parent, name string) (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp(parent, name); err != nil {
		return "", nil, err
	}
	return filepath.Clean(dir), func() { _ = os.RemoveAll(dir) }, nil
}
