// Command dense answers questions by dense vectors for peers.py, which times it beside
// other libraries: it reads a file of float32, builds a segment, and then a command a
// line from standard input, "RECALL K PERCENT" (of the rows that can be hits), asks all
// questions and prints a line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/tamis-search/tamis/index/dense"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

func main() {
	base := flag.String("base", "", "float32 vectors, one after the other")
	asked := flag.String("queries", "", "the same, of questions")
	dims := flag.Int("dims", 384, "numbers of a vector")
	bits := flag.Int("bits", 8, "of a stored number")
	profile := flag.String("profile", "", "write a CPU profile of the searches to this file")
	flag.Parse()
	b := dense.NewBuilder(dense.Config{Dims: *dims, Bits: *bits})
	for _, v := range read(*base, *dims) {
		if err := b.Add(v); err != nil {
			log.Fatal(err)
		}
	}
	queries := read(*asked, *dims)
	start := cpu()
	data, err := b.Bytes()
	if err != nil {
		log.Fatal(err)
	}
	s, err := dense.Open(data)
	if err != nil {
		log.Fatal(err)
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(map[string]any{"build_s": (cpu() - start).Seconds(), "bytes": len(data)})
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			log.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var recall float32
		var k int
		var percent uint32
		if _, err := fmt.Sscan(in.Text(), &recall, &k, &percent); err != nil {
			log.Fatal(err)
		}
		src := dense.Source{Segment: s}
		if percent < 100 {
			src.Visible = s.Mask(func(row uint32) bool { return row*2654435761>>8%100 < percent })
		}
		ids, told := make([][]uint32, len(queries)), float32(1)
		start := cpu()
		for i, q := range queries {
			var r topk.Ranking
			if r, err = dense.Rank(context.Background(), []dense.Source{src}, q, k, recall); err != nil {
				log.Fatal(err)
			}
			for _, h := range r.Hits {
				ids[i] = append(ids[i], h.Row.Row)
			}
			told = min(told, r.Recall)
		}
		us := float64((cpu() - start).Microseconds()) / float64(len(queries))
		if err := out.Encode(map[string]any{"us": us, "told": told, "ids": ids}); err != nil {
			log.Fatal(err)
		}
	}
}

// cpu is the CPU time of the process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func read(name string, dims int) (out []vector.Dense) {
	data, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	for ; len(data) >= 4*dims; data = data[4*dims:] {
		v := make(vector.Dense, dims)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		out = append(out, v)
	}
	return out
}
