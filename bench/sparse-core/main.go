// Command sparse-core measures index/impact alone: build time, bytes, and the time
// of one query on one thread beside exhaustive scoring in C, a pass of each in turn.
//
//	go run ./sparse-core -data DIR [-exhaustive out/sparse/bin/exhaustive] [-segments 1] [-hidden 0,20,99] …
//
// DIR holds docs.csr and queries.csr (BigANN CSR); what is built goes beside them and
// stays. Times are medians and means over the queries of each one's least thread CPU
// time over the passes. Recall is against exhaustive scoring of the weights given.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

func main() {
	log.SetFlags(0)
	runtime.LockOSThread() // CPU time is that of this thread
	data := flag.String("data", "", "folder with docs.csr and queries.csr")
	exhaustive := flag.String("exhaustive", "", "program that scores exhaustively; empty: none")
	rerank := flag.Bool("rerank", false, "exhaustive scoring scores its best k + 20 again in float32")
	segments := flag.Int("segments", 1, "segments that the rows are spread over")
	rows := flag.Int("rows", 0, "only so many rows; 0: all (then with -exhaustive)")
	precision := flag.Int("precision", 0, "0: 8 bits, 1: 16 bits, 2: float32")
	own := flag.Bool("own", false, "calibrate without queries")
	ks := flag.String("k", "10,100,1000", "numbers of hits")
	recalls := flag.String("recall", "1", "target recalls, for the first k")
	hide := flag.String("hidden", "0", "percents of rows that are hidden")
	from := flag.Int("from", 500, "first query that is reported; those before it calibrate")
	passes := flag.Int("passes", 3, "passes over the queries")
	check := flag.Int("check", 0, "queries compared with exhaustive scoring in Go")
	flag.Parse()

	all := open(filepath.Join(*data, "queries.csr"))
	docs := open(filepath.Join(*data, "docs.csr"))
	if *rows == 0 {
		*rows = len(docs)
	}
	conf := impact.Config{Precision: impact.Precision(*precision)}
	if !*own {
		conf.Queries = all[:*from]
	}
	var src []impact.Source
	for i := range *segments {
		lo, hi := i*(*rows) / *segments, (i+1)*(*rows) / *segments
		src = append(src, impact.Source{Segment: segment(*data, docs[lo:hi], lo, conf, *own)})
	}
	describe(src)
	b := bench{queries: all[*from:], from: *from, check: *check}
	if *exhaustive != "" {
		b.exhaustive = start(*exhaustive, *data, *rerank)
		defer b.exhaustive.Close()
	}
	for i, k := range numbers(*ks) {
		for _, h := range numbers(*hide) {
			for _, r := range numbers(*recalls) {
				if i == 0 || r == 1 {
					b.cases = append(b.cases, newCase(src, int(k), int(h), float32(r)))
				}
			}
		}
	}
	b.run(*passes, docs)
}

// segment builds a segment, unless it is there, and maps it.
func segment(dir string, docs []vector.Sparse, first int, conf impact.Config, own bool) *impact.Segment {
	file := filepath.Join(dir, fmt.Sprintf("impact-%d-%d-%d-%v", conf.Precision, first, len(docs), own))
	if _, err := os.Stat(file); err != nil {
		b := impact.NewBuilder(conf)
		begin := cpu()
		for _, v := range docs {
			if _, err := b.Add(v); err != nil {
				log.Fatal(err)
			}
		}
		added := cpu()
		data, err := b.Bytes()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("added in %.1f s, built in %.1f s of CPU\n", float64(added-begin)/1e9, float64(cpu()-added)/1e9)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			log.Fatal(err)
		}
		runtime.GC()
	}
	g, err := impact.Open(mapped(file))
	if err != nil {
		log.Fatal(err)
	}
	return g
}

func describe(src []impact.Source) {
	rows, postings, size, forward := 0, uint64(0), 0, 0
	for _, s := range src {
		rows, postings = rows+s.Segment.Rows(), postings+s.Segment.Postings()
		size, forward = size+s.Segment.Size(), forward+s.Segment.ForwardSize()
	}
	g, raw := src[0].Segment, 4*float64(postings)
	fmt.Printf("rows %d in %d segments, weights %d, bytes %d = %.3f of raw, without the forward index %.3f; loss %.5f, recall of the best 10 by exact search %.4f\n",
		rows, len(src), postings, size, float64(size)/raw, float64(size-forward)/raw, g.Loss(), g.Recall())
	if len(src) == 1 {
		for _, p := range g.Sections() {
			fmt.Printf("  %s %.1f MB\n", p.Name, float64(p.Size)/1e6)
		}
	}
}

// bench is what runs in turn.
type bench struct {
	queries    []vector.Sparse
	from       int
	check      int
	cases      []*measured
	exhaustive *peer.Process
}

// measured is one way to search, and its least times.
type measured struct {
	src       []impact.Source
	k, hidden int
	recall    float32
	best      []int64
}

func newCase(src []impact.Source, k, hidden int, recall float32) *measured {
	src = slices.Clone(src)
	for i, s := range src {
		if hidden > 0 {
			src[i].Visible = s.Segment.Mask(func(row uint32) bool { return int(row*2654435761>>8)%100 >= hidden })
		}
	}
	return &measured{src: src, k: k, hidden: hidden, recall: recall}
}

func (b *bench) run(passes int, docs []vector.Sparse) {
	base := map[int][]int64{}
	for range passes {
		for _, c := range b.cases {
			times := make([]int64, len(b.queries))
			for i, q := range b.queries {
				t := cpu()
				impact.TopK(c.src, q, c.k, c.recall)
				times[i] = cpu() - t
			}
			c.best = least(c.best, times)
			if b.exhaustive != nil && c.recall == 1 && c.hidden == 0 {
				pass, err := b.exhaustive.Pass(c.k)
				if err != nil {
					log.Fatal(err)
				}
				base[c.k] = least(base[c.k], pass.CPU[b.from:])
			}
		}
	}
	shown := map[int]bool{}
	for _, c := range b.cases {
		p50, mean, p99 := figures(c.best)
		fmt.Printf("k %d, target %.3g, hidden %d %%: median %.0f, mean %.0f, p99 %.0f µs", c.k, c.recall, c.hidden, p50, mean, p99)
		if e := base[c.k]; e != nil {
			e50, emean, _ := figures(e)
			fmt.Printf(" (%.2f, %.2f of exhaustive)", p50/e50, mean/emean)
			if !shown[c.k] {
				shown[c.k] = true
				defer func() { fmt.Printf("exhaustive, k %d: median %.0f, mean %.0f µs\n", c.k, e50, emean) }()
			}
		}
		if c.recall < 1 && c.hidden == 0 {
			fmt.Printf("; recall %.4f", b.recall(c, docs))
		}
		if b.check > 0 {
			fmt.Printf("; of %d queries %d differ from exhaustive", b.check, b.differ(c))
		}
		fmt.Println()
	}
}

// recall is the share of the best by the weights given that a case finds. The best
// are looked for among many more by stored weights.
func (b *bench) recall(c *measured, docs []vector.Sparse) float64 {
	found, all := 0, 0
	for _, q := range b.queries {
		score := func(k int, recall float32) (list []float32) {
			for _, h := range impact.TopK(c.src, q, k, recall).Hits {
				row := int(h.Row.Row)
				for _, s := range c.src[:h.Segment] {
					row += s.Segment.Rows()
				}
				list = append(list, vector.Dot(q, docs[row]))
			}
			return list
		}
		want := score(c.k+100, 1)
		slices.Sort(want)
		want = want[max(0, len(want)-c.k):]
		all += len(want)
		for _, s := range score(c.k, c.recall) {
			if len(want) > 0 && s >= want[0] {
				found++
			}
		}
	}
	return float64(found) / float64(max(all, 1))
}

func (b *bench) differ(c *measured) (n int) {
	for _, q := range b.queries[:min(b.check, len(b.queries))] {
		if !slices.Equal(impact.Exhaustive(c.src, q, c.k), impact.TopK(c.src, q, c.k, c.recall).Hits) {
			n++
		}
	}
	return n
}

// start runs the exhaustive program, which keeps its own index.
func start(program, dir string, rerank bool) *peer.Process {
	index, arguments := filepath.Join(dir, "exhaustive.index"), []string(nil)
	if rerank {
		index, arguments = filepath.Join(dir, "exhaustive-forward.index"), []string{"forward=1"}
	}
	p, err := peer.Start("exhaustive", exec.Command(program, append([]string{dir, index}, arguments...)...))
	if err == nil {
		if _, e := os.Stat(index); e != nil {
			_, err = p.Build()
		}
	}
	if err == nil {
		err = p.Load()
	}
	if err == nil && rerank {
		err = p.Set("rerank=20")
	}
	if err != nil {
		log.Fatal(err)
	}
	return p
}

func least(a, b []int64) []int64 {
	if a == nil {
		return slices.Clone(b)
	}
	for i := range a {
		a[i] = min(a[i], b[i])
	}
	return a
}

func figures(ns []int64) (p50, mean, p99 float64) {
	ns = slices.Clone(ns)
	slices.Sort(ns)
	sum := int64(0)
	for _, x := range ns {
		sum += x
	}
	n := len(ns)
	return float64(ns[n/2]) / 1e3, float64(sum) / float64(n) / 1e3, float64(ns[n*99/100]) / 1e3
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

func numbers(list string) (n []float64) {
	for _, s := range strings.Split(list, ",") {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			log.Fatal(err)
		}
		n = append(n, x)
	}
	return n
}

func mapped(file string) []byte {
	f, err := os.Open(file)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		log.Fatal(err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_POPULATE)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

// open maps a CSR file; the vectors lie in it.
func open(file string) []vector.Sparse {
	data := mapped(file)
	head := unsafe.Slice((*int64)(unsafe.Pointer(&data[0])), 3)
	rows, entries := head[0], head[2]
	starts := unsafe.Slice((*int64)(unsafe.Pointer(&data[24])), rows+1)
	terms := unsafe.Slice((*uint32)(unsafe.Pointer(&data[24+8*(rows+1)])), entries)
	weights := unsafe.Slice((*float32)(unsafe.Pointer(&data[24+8*(rows+1)+4*entries])), entries)
	all := make([]vector.Sparse, rows)
	for i := range all {
		lo, hi := starts[i], starts[i+1]
		all[i] = vector.Sparse{Terms: terms[lo:hi:hi], Weights: weights[lo:hi:hi]}
	}
	return all
}
