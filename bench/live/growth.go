package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
)

// growth measures searching and opening as an index grows.
func growth(args []string) error {
	f := flag.NewFlagSet("growth", flag.ExitOnError)
	list := f.String("sizes", "100000,200000,400000,800000,1600000,3200000", "`passages` at each measurement, ascending")
	rounds := f.Int("rounds", 5, "measured `passes` over the queries")
	dir := f.String("dir", "", "`folder` of the index, kept; default one that is removed")
	_ = f.Parse(args)
	ctx := context.Background()
	goals, err := sizes(*list)
	if err != nil {
		return err
	}
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
	fmt.Println("| passages | segments | segment MB | stored MB | added/s CPU | top-10 p50 ms | p99 ms | ids only p50 ms | p99 ms | open ms | first answer ms | heap MB | mapped MB |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	var x []float64
	curves := map[string][]float64{}
	added := 0
	for _, size := range goals {
		rate, err := t.grow(ctx, *dir, size, &added)
		if err != nil {
			return err
		}
		passages, row, err := measureSize(ctx, *dir, t.questions, *rounds, rate)
		if err != nil {
			return err
		}
		x = append(x, float64(passages))
		for name, v := range row {
			curves[name] = append(curves[name], v)
		}
	}
	fmt.Print("\ngrowth exponents:")
	for _, name := range []string{"p50", "p99", "ids p50", "ids p99", "open", "first"} {
		fmt.Printf(" %s %.2f;", name, exponent(x, curves[name]))
	}
	fmt.Println()
	return nil
}

// sizes reads numbers that ascend.
func sizes(list string) (all []int, err error) {
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n <= 0 || len(all) > 0 && n <= all[len(all)-1] {
			return nil, fmt.Errorf("-sizes %s: want numbers that ascend, such as 100000,200000", list)
		}
		all = append(all, n)
	}
	return all, nil
}

// grow adds texts until the index has so many passages; added counts them all. It
// returns how many it added a second of CPU time.
func (t *texts) grow(ctx context.Context, dir string, size int, added *int) (rate float64, err error) {
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		return 0, err
	}
	cpu, before := cpuTime(), *added
	for passages := 0; passages < size; {
		more := min(max(1000, (size-passages)*2/5), 200_000)
		if _, err := ix.Add(ctx, t.documents(*added, *added+more)); err != nil {
			return 0, errors.Join(err, ix.Close())
		}
		*added += more
		st, err := ix.Stats()
		if err != nil {
			return 0, errors.Join(err, ix.Close())
		}
		passages = st.Passages
	}
	return float64(*added-before) / (cpuTime() - cpu).Seconds(), ix.Close()
}

// measureSize prints a row of the table and returns what its curves are made of.
func measureSize(ctx context.Context, dir string, questions []string, rounds int, rate float64) (passages int, row map[string]float64, err error) {
	opening, _, err := openings(dir, 11)
	if err != nil {
		return 0, nil, err
	}
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, ix.Close()) }()
	begin := time.Now()
	if _, err := ix.Search(ctx, tamis.Query{Text: questions[0], K: 10}); err != nil {
		return 0, nil, err
	}
	first := float64(time.Since(begin).Nanoseconds()) / 1e6
	if err := settle(ix); err != nil {
		return 0, nil, err
	}
	st, err := ix.Stats()
	if err != nil {
		return 0, nil, err
	}
	full, err := passes(ctx, ix, questions, rounds, false)
	if err != nil {
		return 0, nil, err
	}
	ids, err := passes(ctx, ix, questions, rounds, true)
	if err != nil {
		return 0, nil, err
	}
	runtime.GC()
	debug.FreeOSMemory()
	heap, mapped := memory()
	fmt.Printf("| %d | %d | %.0f | %.0f | %.0f | %.3f | %.3f | %.3f | %.3f | %.1f | %.1f | %.0f | %.0f |\n", st.Passages, st.Segments,
		float64(st.SegmentBytes)/1e6, float64(st.StoreBytes)/1e6, rate, ms(full, .5), ms(full, .99), ms(ids, .5), ms(ids, .99), ms(opening, .5), first, heap, mapped)
	return st.Passages, map[string]float64{
		"p50": ms(full, .5), "p99": ms(full, .99), "ids p50": ms(ids, .5), "ids p99": ms(ids, .99), "open": ms(opening, .5), "first": first,
	}, nil
}

// memory is what of this process lies in memory, in MB: its own, and files that it maps.
func memory() (own, files float64) {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		var kb float64
		name, rest, _ := strings.Cut(line, ":")
		if _, err := fmt.Sscan(rest, &kb); err != nil {
			continue
		}
		switch name {
		case "RssAnon":
			own = kb * 1024 / 1e6
		case "RssFile":
			files = kb * 1024 / 1e6
		}
	}
	return own, files
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

// openings times opening an index whose pages are in memory, by the clock and by
// the CPU time of all threads.
func openings(dir string, times int) (ns, cpu []int64, err error) {
	for i := range times + 1 {
		begin, before := time.Now(), cpuTime()
		ix, err := tamis.Open(dir, tamis.Options{MustExist: true})
		if err != nil {
			return nil, nil, err
		}
		took, spent := time.Since(begin), cpuTime()-before
		if err := ix.Close(); err != nil {
			return nil, nil, err
		}
		if i > 0 {
			ns, cpu = append(ns, took.Nanoseconds()), append(cpu, spent.Nanoseconds())
		}
	}
	return ns, cpu, nil
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
	ns, cpu, err := openings(*dir, *times)
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
	fmt.Printf("open %d passages, %d segments of %.0f MB: p10 %.1f ms, p50 %.1f ms, p90 %.1f ms; CPU of all threads p10 %.1f ms, p50 %.1f ms\n",
		st.Passages, st.Segments, float64(st.SegmentBytes)/1e6, ms(ns, .1), ms(ns, .5), ms(ns, .9), ms(cpu, .1), ms(cpu, .5))
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
