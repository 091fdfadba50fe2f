// Command sparse-core measures index/impact alone: build time, bytes, and the
// time of one query on one thread, as medians and means over queries of each
// query's minimum over passes.
//
//	go run ./sparse-core -docs docs.csr -queries queries.csr -segment out.impact
//
// The files are BigANN CSR. The segment is built when its file is not there.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

func main() {
	log.SetFlags(0)
	runtime.LockOSThread() // CPU time is that of this thread
	docs := flag.String("docs", "", "CSR file of the rows")
	queryFile := flag.String("queries", "", "CSR file of the queries")
	file := flag.String("segment", "", "file of the segment")
	precision := flag.Int("precision", 0, "0: 8 bits, 1: 16 bits, 2: float32")
	ks := flag.String("k", "10,100,1000", "numbers of hits")
	recalls := flag.String("recall", "1", "target recalls")
	from := flag.Int("from", 500, "first query that is reported; those before it calibrate")
	passes := flag.Int("passes", 3, "passes over the queries")
	hidden := flag.Int("hidden", 0, "percent of rows that are hidden")
	check := flag.Int("check", 50, "queries compared with exhaustive scoring")
	flag.Parse()

	queries := read(*queryFile)
	data, err := os.ReadFile(*file)
	if err != nil {
		data = build(*docs, *file, impact.Config{Precision: impact.Precision(*precision), Queries: queries[:*from]})
	}
	start := time.Now()
	g, err := impact.Open(data)
	if err != nil {
		log.Fatal(err)
	}
	raw := 4 * float64(g.Postings())
	fmt.Printf("rows %d, weights %d, bytes %d = %.3f of raw, without the forward index %.3f; loss %.5f; opened in %v\n",
		g.Rows(), g.Postings(), g.Size(), float64(g.Size())/raw, float64(g.Size()-g.ForwardSize())/raw, g.Loss(), time.Since(start).Round(time.Millisecond))
	for _, p := range g.Sections() {
		fmt.Printf("  %s %.1f MB\n", p.Name, float64(p.Size)/1e6)
	}
	src := []impact.Source{{Segment: g}}
	if *hidden > 0 {
		src[0].Visible = g.Mask(func(row uint32) bool { return int(row*2654435761>>8)%100 >= *hidden })
	}
	queries = queries[*from:]
	for _, k := range numbers(*ks) {
		for _, r := range strings.Split(*recalls, ",") {
			recall, err := strconv.ParseFloat(r, 32)
			if err != nil {
				log.Fatal(err)
			}
			measure(src, queries, int(k), float32(recall), *passes, *check)
		}
	}
}

func measure(src []impact.Source, queries []vector.Sparse, k int, recall float32, passes, check int) {
	best := make([]float64, len(queries))
	estimate := float32(1)
	for pass := range passes {
		for i, q := range queries {
			t := cpu()
			r := impact.TopK(src, q, k, recall)
			d := float64(cpu()-t) / 1e3
			estimate = r.Recall
			if pass == 0 || d < best[i] {
				best[i] = d
			}
		}
	}
	found, all, differ := 0, 0, 0
	for _, q := range queries[:min(check, len(queries))] {
		want := impact.Exhaustive(src, q, k)
		r := impact.TopK(src, q, k, recall)
		all += len(want)
		if !slices.Equal(want, r.Hits) {
			differ++
		}
		for _, h := range r.Hits {
			if len(want) > 0 && h.Score >= want[len(want)-1].Score {
				found++
			}
		}
	}
	slices.Sort(best)
	sum := 0.0
	for _, d := range best {
		sum += d
	}
	n := len(best)
	fmt.Printf("k %d, target %.3g: median %.0f, mean %.0f, p99 %.0f µs; of %d queries %d differ from exhaustive, recall %.4f (said %.4f)\n",
		k, recall, best[n/2], sum/float64(n), best[n*99/100], min(check, n), differ, float64(found)/float64(max(all, 1)), estimate)
}

func build(docs, file string, c impact.Config) []byte {
	b := impact.NewBuilder(c)
	t := cpu()
	for _, v := range read(docs) {
		if _, err := b.Add(v); err != nil {
			log.Fatal(err)
		}
	}
	added := cpu()
	data, err := b.Bytes()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("added in %.1f s, built in %.1f s of CPU\n", float64(added-t)/1e9, float64(cpu()-added)/1e9)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		log.Fatal(err)
	}
	return data
}

// cpu is the CPU time of this thread, in nanoseconds.
func cpu() int64 {
	var t syscall.Timespec
	const threadCPU = 3
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		log.Fatal(e)
	}
	return t.Nano()
}

func numbers(list string) (n []int64) {
	for _, s := range strings.Split(list, ",") {
		x, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		n = append(n, x)
	}
	return n
}

// read reads a whole CSR file.
func read(file string) []vector.Sparse {
	data, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	le := binary.LittleEndian
	rows, entries := le.Uint64(data), le.Uint64(data[16:])
	starts := data[24:]
	terms := starts[8*(rows+1):]
	weights := terms[4*entries:]
	all := make([]vector.Sparse, rows)
	for i := range all {
		for j := le.Uint64(starts[8*i:]); j < le.Uint64(starts[8*i+8:]); j++ {
			all[i].Terms = append(all[i].Terms, le.Uint32(terms[4*j:]))
			all[i].Weights = append(all[i].Weights, math.Float32frombits(le.Uint32(weights[4*j:])))
		}
	}
	return all
}
