//go:build unix

package decoder

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis/internal/simd"
)

// ways are how a model is held.
var ways = map[string]Options{"blocks": {}, "f32": {F32: true}}

// BenchmarkLoad times loading and the first token. Resident memory is what the process has more
// afterwards: of its own, and of mapped files.
func BenchmarkLoad(b *testing.B) {
	path := published(b)
	for name, way := range ways {
		b.Run(name, func(b *testing.B) {
			debug.FreeOSMemory()
			own, mapped := resident("RssAnon:"), resident("RssFile:")
			var d *Decoder
			for b.Loop() {
				if d != nil {
					d.Close()
				}
				var err error
				if d, err = Open(path, way); err != nil {
					b.Fatal(err)
				}
				if _, err := d.Read(context.Background(), d.NewCache(), []int32{1}); err != nil {
					b.Fatal(err)
				}
			}
			debug.FreeOSMemory()
			defer d.Close()
			b.ReportMetric(resident("RssAnon:")-own, "MB-own")
			b.ReportMetric(resident("RssFile:")-mapped, "MB-mapped")
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/load")
		})
	}
}

// resident is what /proc says of the memory of this process, in MB; 0 elsewhere.
func resident(field string) float64 {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(data) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == field {
			n, _ := strconv.ParseFloat(string(fields[1]), 64)
			return n / 1024
		}
	}
	return 0
}

// fastest is the time of the fastest run in seconds, and of that with the least processor time
// this: others may use the machine.
func fastest(b *testing.B, f func()) (wall, processor float64) {
	wall, processor = math.Inf(1), math.Inf(1)
	for b.Loop() {
		start, used := time.Now(), processorTime()
		f()
		wall, processor = min(wall, time.Since(start).Seconds()), min(processor, processorTime()-used)
	}
	return wall, processor
}

func processorTime() float64 {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + 1e-6*float64(r.Utime.Usec+r.Stime.Usec)
}

// BenchmarkRead times reading 480 tokens at once, and then one after 60 others: tokens a
// second, the processor time of one, and for the latter the bytes of weights that are read a second.
func BenchmarkRead(b *testing.B) {
	path := published(b)
	for name, way := range ways {
		d := openAs(b, path, way)
		for _, threads := range []int{1, 2} {
			d.Threads = threads
			b.Run(fmt.Sprintf("%s/prefill/%d", name, threads), func(b *testing.B) {
				ids := someIDs(480, d.Words)
				best, used := fastest(b, func() {
					if _, err := d.Read(context.Background(), d.NewCache(), ids); err != nil {
						b.Fatal(err)
					}
				})
				b.ReportMetric(float64(len(ids))/best, "token/s")
				b.ReportMetric(1e3*used/float64(len(ids)), "cpu-ms/token")
			})
			b.Run(fmt.Sprintf("%s/decode/%d", name, threads), func(b *testing.B) {
				c, ids := d.NewCache(), someIDs(60, d.Words)
				if _, err := d.Read(context.Background(), c, ids); err != nil {
					b.Fatal(err)
				}
				best, used := fastest(b, func() {
					c.Cut(60)
					if _, err := d.Read(context.Background(), c, ids[:1]); err != nil {
						b.Fatal(err)
					}
				})
				size := 0
				for _, l := range d.layers {
					size += l.qkv.bytes() + l.out.bytes() + l.net.up.bytes() + l.net.down.bytes()
				}
				size += d.logits.bytes()
				b.ReportMetric(1/best, "token/s")
				b.ReportMetric(1e3*used, "cpu-ms/token")
				b.ReportMetric(1e-9*float64(size)/best, "GB/s")
			})
		}
		d.Close()
	}
}

// bytes are what a product reads of its weights.
func (m *matrix) bytes() int {
	n := 4 * len(m.w)
	for _, b := range m.blocks {
		n += b.Bytes()
	}
	return n
}

// BenchmarkMemory times reading memory that no cache holds, the bound of decoding.
func BenchmarkMemory(b *testing.B) {
	numbers := make([]uint16, 128<<20)
	for i := range numbers {
		numbers[i] = uint16(i)
	}
	for _, threads := range []int{1, 2} {
		b.Run(strconv.Itoa(threads), func(b *testing.B) {
			best, _ := fastest(b, func() {
				var wait sync.WaitGroup
				for t := range threads {
					wait.Go(func() { simd.Max(numbers[len(numbers)/threads*t:][:len(numbers)/threads]) })
				}
				wait.Wait()
			})
			b.ReportMetric(2e-9*float64(len(numbers))/best, "GB/s")
		})
	}
}
