//go:build unix

package pack

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/evaldata"
)

// records reads the first n objects of a render.JSON Lines file, gzipped or not.
func records(b *testing.B, name string, n int) []map[string]any {
	b.Helper()
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	if head, _ := lines.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(lines)
		if err != nil {
			b.Fatal(err)
		}
		lines = bufio.NewReader(z)
	}
	d := json.NewDecoder(lines)
	var out []map[string]any
	for len(out) < n && d.More() {
		var r map[string]any
		if err := d.Decode(&r); err != nil {
			b.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// cpu is what the process has computed so far, collecting garbage included.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHundredPassages packs 100 passages, some 20,000 tokens of real text,
// for real questions, and reports the median of the CPU time: 100 documents of
// one passage each (abstracts), and 100 passages of one long document.
func BenchmarkHundredPassages(b *testing.B) {
	const passages, questions = 100, 50
	for _, set := range []string{"scifact-sentences", "chunking-eval"} {
		dir := evaldata.Dir(b, "evidence/"+set)
		l := newLibrary(b)
		tokens, have := 0, 0
		count := counter(b, "o200k_base")
		for i, r := range records(b, filepath.Join(dir, "documents.jsonl.gz"), passages) {
			d := l.document(fmt.Sprint(i), r["title"].(string), r["text"].(string))
			most := passages - have
			if set == "scifact-sentences" {
				most = 1
			}
			d.Passages = d.Passages[:min(most, len(d.Passages))]
			have += len(d.Passages)
			for _, p := range d.Passages {
				tokens += count.Count(p.Text)
			}
			if l.docs = append(l.docs, d); have == passages {
				break
			}
		}
		if have != passages {
			b.Fatalf("%s: %d passages", set, have)
		}
		var asked []Question
		for _, r := range records(b, filepath.Join(dir, "questions.jsonl"), questions) {
			if q := l.question(r["question"].(string)); len(q.Terms) > 0 {
				asked = append(asked, q)
			}
		}
		for _, budget := range []int{256, 1000, 2000} {
			b.Run(fmt.Sprintf("%s/budget=%d", set, budget), func(b *testing.B) {
				b.ReportAllocs()
				var took []time.Duration
				for i := 0; b.Loop(); i++ {
					begin := cpu(b)
					if _, err := Select(b.Context(), asked[i%len(asked)], l.docs, Options{Budget: budget, Counter: count}); err != nil {
						b.Fatal(err)
					}
					took = append(took, cpu(b)-begin)
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				b.ReportMetric(float64(tokens), "tokens")
			})
		}
	}
}
