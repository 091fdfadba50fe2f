// Command encode runs an encoder of package model for peer.py, which times it beside
// ONNX Runtime in turn: it reads lines "sequences tokens" and answers each with the
// processor time of one batch and its vectors, as JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis/model"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: encode MODEL-DIR f32|int8 (peer.py runs it)")
	}
	precision := model.F32
	if os.Args[2] == "int8" {
		precision = model.Int8
	}
	e, err := model.Open(os.Args[1], precision)
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	runtime.LockOSThread()
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var sequences, tokens int
		if _, err := fmt.Sscan(in.Text(), &sequences, &tokens); err != nil {
			log.Fatalf("%q: %v", in.Text(), err)
		}
		batch := make([][]int32, sequences)
		for i := range batch {
			for j := range tokens {
				batch[i] = append(batch[i], int32(1000+(7919*i+104729*j)%20000))
			}
		}
		encode := e.Dense
		if e.Pooling == model.Terms {
			encode = e.Weights
		}
		start := processorTime()
		vectors, err := encode(batch)
		took := processorTime() - start
		if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(map[string]any{"cpu_ns": took, "vectors": vectors}); err != nil {
			log.Fatal(err)
		}
	}
}

// processorTime is that of this thread, which other programs do not add to.
func processorTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		log.Fatal(err)
	}
	return t.Nano()
}
