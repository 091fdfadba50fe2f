package columns

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis/filter"
)

const benchRows = 1_000_000

// benchColumns is a million rows: a random number, a time that ascends with the
// rows, a path for each, a language and a keyword of one in ten thousand rows.
var benchColumns = sync.OnceValues(func() ([]byte, *Columns) {
	rng := rand.New(rand.NewPCG(1, 1))
	b := NewBuilder()
	rare := make([]string, 10000)
	for i := range rare {
		rare[i] = fmt.Sprintf("topic-%d", i)
	}
	for i := range benchRows {
		f := filter.Fields{}
		f.Set("x", float64(rng.IntN(benchRows)))
		f.Set("year", float64(1990+rng.IntN(40)))
		f.Set("mtime", time.Unix(1.6e9+int64(i)*30, 0))
		f.Set("path", fmt.Sprintf("/srv/documents/%02d/section-%d/file-%d.md", rng.IntN(100), rng.IntN(20), i))
		f.Set("lang", []string{"en", "en", "en", "en", "en", "en", "de", "fr", "go", "zh"}[rng.IntN(10)])
		f.Set("topic", rare[rng.IntN(len(rare))])
		b.Add(f)
	}
	data := b.Bytes()
	c, err := Open(data)
	if err != nil {
		panic(err)
	}
	return data, c
})

// BenchmarkCompile is the cost of a filter over a million rows, by the share of
// them that it passes.
func BenchmarkCompile(b *testing.B) {
	_, c := benchColumns()
	for _, s := range []string{
		`x < 100`, `x < 10000`, `x < 500000`, `x >= 10000`,
		`x >= 250000 and x < 750000`,
		`topic = "topic-17"`, `lang = "en"`, `lang != "topic-17"`,
		`path ^ "/srv/documents/07/section-3/file-123"`, `path ^ "/srv/documents/07/"`, `path ^ "/srv/documents/0"`,
		`year >= 2010`, `mtime >= 2020-12-01`, `has topic`,
		`lang = "en" and year >= 2020 and not path ^ "/srv/documents/07/"`,
	} {
		e, err := filter.Parse(s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s, func(b *testing.B) {
			rows := uint64(0)
			for b.Loop() {
				m, err := c.Compile(e)
				if err != nil {
					b.Fatal(err)
				}
				rows = m.GetCardinality()
			}
			b.ReportMetric(float64(rows)/benchRows*100, "%rows")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "µs")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkOpen is the cost of opening a million rows, and what they take.
func BenchmarkOpen(b *testing.B) {
	data, c := benchColumns()
	for b.Loop() {
		if _, err := Open(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(data))/benchRows, "bytes/row")
	for i := range c.columns {
		col := &c.columns[i]
		n := len(col.checkpoints) + len(col.blocks) + len(col.ends) + len(col.dictionary) + len(col.list) + len(col.bitmaps)
		b.ReportMetric(float64(n)/benchRows, col.field+"-bytes/row")
	}
}

// BenchmarkMerge drops a tenth of the rows.
func BenchmarkMerge(b *testing.B) {
	_, c := benchColumns()
	live := func(row uint32) bool { return row%10 != 0 }
	for b.Loop() {
		if _, err := Merge([]Part{{c, live}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(0.9*benchRows), "ns/row")
}
