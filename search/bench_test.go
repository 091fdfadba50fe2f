//go:build linux

package search

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/internal/gosrc"
	"github.com/tamis-search/tamis/text"
)

// corpus is what a speed measurement needs.
type speedCorpus struct {
	texts, queries []string
}

func gosrcCorpus(b testing.TB) (c speedCorpus) {
	root, err := gosrc.Root()
	if err != nil {
		b.Skip(err)
	}
	for p, err := range gosrc.Pieces(root) {
		if err != nil {
			b.Fatal(err)
		}
		c.texts = append(c.texts, p.Text)
	}
	if c.queries, err = gosrc.Questions(root, 200); err != nil {
		b.Fatal(err)
	}
	return c
}

// nfcorpus100 is nfcorpus a hundred times: every score is tied.
func nfcorpus100(b testing.TB) (c speedCorpus) {
	once, queries := retrievalSet(b, "nfcorpus")
	for range 100 {
		for _, d := range once {
			c.texts = append(c.texts, d.text)
		}
	}
	for _, q := range queries {
		c.queries = append(c.queries, q.text)
	}
	return c
}

type record struct{ id, text string }

// retrievalSet reads a set of the evaluation data: title, a space and text.
func retrievalSet(t testing.TB, name string) (docs, queries []record) {
	dir := evaldata.Dir(t, "retrieval/"+name)
	read := func(file string) (out []record) {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		in := bufio.NewReader(f)
		if filepath.Ext(file) == ".gz" {
			z, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			in = bufio.NewReader(z)
		}
		for d := json.NewDecoder(in); d.More(); {
			var r struct {
				ID    string `json:"_id"`
				Title string `json:"title"`
				Text  string `json:"text"`
			}
			if err := d.Decode(&r); err != nil {
				t.Fatal(err)
			}
			if r.Title != "" {
				r.Text = r.Title + " " + r.Text
			}
			out = append(out, record{r.ID, r.Text})
		}
		return out
	}
	return read("corpus.jsonl.gz"), read("queries.jsonl")
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// build indexes the corpus in Lucene's analysis and reports what that costs.
func build(b *testing.B, name string, c speedCorpus) *index.Inverted {
	cache := os.Getenv("TAMIS_BENCH_CACHE")
	file := filepath.Join(cache, name+".inv")
	if cache != "" {
		if data, err := os.ReadFile(file); err == nil {
			if v, err := index.OpenInverted(data); err == nil {
				return v
			}
		}
	}
	an, err := text.NewAnalyzer("lucene-english")
	if err != nil {
		b.Fatal(err)
	}
	begin := cpuSeconds()
	var terms []string
	for _, s := range c.texts {
		terms = an.Terms(terms[:0], s)
	}
	analysis := cpuSeconds() - begin
	begin = cpuSeconds()
	bl := index.NewBuilder(index.Config{LuceneLengths: true})
	for _, s := range c.texts {
		terms = an.Terms(terms[:0], s)
		bl.Add(index.Fields{Body: terms})
	}
	add := cpuSeconds() - begin
	begin = cpuSeconds()
	data := bl.Bytes()
	write := cpuSeconds() - begin
	b.Logf("%s: analysis %.2f s (again, warm, with Add: %.2f), Bytes %.2f", name, analysis, add, write)
	if cache != "" {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	v, err := index.OpenInverted(data)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%s: %d rows, %d terms, %d bytes", name, v.Rows(), v.Terms(), len(data))
	return v
}

func BenchmarkTopK(b *testing.B) {
	for _, set := range []struct {
		name string
		load func(testing.TB) speedCorpus
	}{{"gosrc", gosrcCorpus}, {"nfx100", nfcorpus100}} {
		b.Run(set.name, func(b *testing.B) {
			c := set.load(b)
			v := build(b, set.name, c)
			an, err := text.NewAnalyzer("lucene-english")
			if err != nil {
				b.Fatal(err)
			}
			sources := []Source{{Inverted: v}}
			var queries [][]Term
			var stats []Stats
			for _, q := range c.queries {
				var terms []Term
				var names []string
				for _, s := range an.Terms(nil, q) {
					if !slices.Contains(names, s) {
						terms, names = append(terms, Term{Text: s, Weight: 1}), append(names, s)
					}
				}
				queries, stats = append(queries, terms), append(stats, StatsOf(sources, names))
			}
			for _, k := range []int{10, 1000} {
				name := "10"
				if k == 1000 {
					name = "1000"
				}
				b.Run(name, func(b *testing.B) {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					times := make([]time.Duration, len(queries))
					for pass := 0; pass < 5 || b.Elapsed() < 2*time.Second && pass < 30; pass++ {
						for i, q := range queries {
							begin := threadTime()
							TopK(sources, q, stats[i], DefaultParams(), k)
							if d := threadTime() - begin; pass == 0 || d < times[i] {
								times[i] = d
							}
						}
					}
					slices.Sort(times)
					sum := time.Duration(0)
					for _, d := range times {
						sum += d
					}
					us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
					b.ReportMetric(us(times[len(times)/2]), "µs/p50")
					b.ReportMetric(us(times[len(times)*99/100]), "µs/p99")
					b.ReportMetric(us(sum)/float64(len(times)), "µs/mean")
					b.ReportMetric(0, "ns/op")
				})
			}
		})
	}
}

// BenchmarkFiltered is the latency where only a share of the rows, at random, is
// visible, beside that of all: each query's least time over passes that take the
// shares in turn.
func BenchmarkFiltered(b *testing.B) {
	c := gosrcCorpus(b)
	v := build(b, "gosrc", c)
	an, err := text.NewAnalyzer("lucene-english")
	if err != nil {
		b.Fatal(err)
	}
	names := []string{"all", "99%", "50%", "1%", ".01%"}
	visible := make([][]uint64, len(names))
	rng := rand.New(rand.NewPCG(1, 1))
	for i, share := range []float64{.99, .5, .01, .0001} {
		visible[i+1] = make([]uint64, (v.Rows()+63)/64)
		for row := range v.Rows() {
			if rng.Float64() < share {
				visible[i+1][row/64] |= 1 << (row % 64)
			}
		}
	}
	for _, k := range []int{10, 1000} {
		b.Run(strconv.Itoa(k), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			times := make([][]time.Duration, len(names))
			for pass := range 8 {
				for j, q := range c.queries {
					var terms []Term
					var list []string
					for _, s := range an.Terms(nil, q) {
						if !slices.Contains(list, s) {
							terms, list = append(terms, Term{Text: s, Weight: 1}), append(list, s)
						}
					}
					stats := StatsOf([]Source{{Inverted: v}}, list)
					for i := range names {
						begin := threadTime()
						TopK([]Source{{Inverted: v, Visible: visible[i]}}, terms, stats, DefaultParams(), k)
						d := threadTime() - begin
						if pass == 0 {
							times[i] = append(times[i], d)
						}
						times[i][j] = min(times[i][j], d)
					}
				}
			}
			for i, name := range names {
				slices.Sort(times[i])
				sum := time.Duration(0)
				for _, d := range times[i] {
					sum += d
				}
				b.ReportMetric(float64(sum.Nanoseconds())/1000/float64(len(times[i])), "µs/mean-"+name)
				b.ReportMetric(float64(times[i][len(times[i])*99/100].Nanoseconds())/1000, "µs/p99-"+name)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
