package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
)

// five has five documents of one term, document i with weight i, and two queries: that term, and one that no document has.
func five(t *testing.T) *set {
	t.Helper()
	s := &set{dir: t.TempDir(), docs: &csr.Matrix{Columns: 2, At: []int64{0}}, queries: &csr.Matrix{Columns: 9, At: []int64{0, 1, 2}, Terms: []uint32{0, 7}, Weights: []float32{2, 1}}}
	for i := range 5 {
		s.docs.Terms, s.docs.Weights = append(s.docs.Terms, 0), append(s.docs.Weights, float32(1+min(i, 3)))
		s.docs.At = append(s.docs.At, int64(len(s.docs.Terms)))
	}
	if err := s.truth(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTruth(t *testing.T) {
	s := five(t)
	if want := [][]float32{{8, 8, 6, 4, 2}, nil}; !reflect.DeepEqual(s.thresholds[0], want[0]) || len(s.thresholds[1]) != 0 {
		t.Errorf("best scores %v, want %v", s.thresholds, want)
	}
	again := &set{dir: s.dir, docs: s.docs, queries: s.queries}
	if err := again.truth(); err != nil || !reflect.DeepEqual(again.thresholds[0], s.thresholds[0]) {
		t.Errorf("read back %v, %v", again.thresholds, err)
	}
}

func TestRecall(t *testing.T) {
	s := five(t)
	for _, c := range []struct {
		rows []int
		k    int
		want float64
	}{
		{[]int{3}, 1, 1}, {[]int{4}, 1, 1}, // documents 3 and 4 tie
		{[]int{4, 3, 2}, 3, 1}, {[]int{4, 3, 1}, 3, 2. / 3}, {[]int{4}, 3, 1. / 3}, {nil, 3, 0},
		{[]int{0, 1, 2, 3, 4}, 10, 1}, // fewer documents than k
		{[]int{0, 1, 3}, 1, 0},        // what comes after the k-th does not count
	} {
		var hits []peer.Hit
		for _, row := range c.rows {
			hits = append(hits, peer.Hit{Row: row})
		}
		got, err := s.recall([][]peer.Hit{hits, nil}, c.k, 0, 2)
		if err != nil || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("recall of %v at %d is %v, %v; want %v", c.rows, c.k, got, err, c.want)
		}
	}
	for _, bad := range [][]peer.Hit{{{Row: 5}}, {{Row: -1}}, {{Row: 2}, {Row: 2}}} {
		if _, err := s.recall([][]peer.Hit{bad, nil}, 3, 0, 2); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestFresh(t *testing.T) {
	s := &set{dir: t.TempDir()}
	docs, made := filepath.Join(s.dir, "docs.csr"), filepath.Join(s.dir, "made")
	for _, name := range []string{docs, made} {
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(docs, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !s.fresh(made) || s.fresh(docs, made) || s.fresh(made+"not") {
		t.Error("fresh is not told from stale")
	}
}

func TestTimes(t *testing.T) {
	var r row
	r.times([]int64{1000, 2000, 9000})
	if r.P50 != 2 || r.Mean != 4 || r.P99 != 9 {
		t.Errorf("%+v", r)
	}
}

func sample() *report {
	return &report{Data: "a <set>", Documents: 5, Machine: peer.Machine{CPU: "a CPU"}, Reported: 1, Tuned: 1,
		Rows: []row{
			{Engine: "quick", Search: "cut=1", K: 10, Target: .9, Recall: .91, P50: 10, Mean: 11, P99: 12, Bytes: 2e6, Resident: 3e6, CPU: 4},
			{Engine: "quick", Search: "recall=.9", K: 10, Target: .9, Told: true, Recall: .902, P50: 9, Mean: 10, P99: 11},
			{Engine: "exhaustive", Build: "forward=0", Search: "rerank=0", K: 10, Exact: true, Recall: 1, P50: 100, Mean: 110, P99: 120},
			{Engine: "sure", Build: "b=8", Search: "all=1", K: 10, Exact: true, Recall: .998, P50: 50, Mean: 60, Batch: 55, P99: 70},
			{Engine: "sure", Build: "b=8", Search: "all=1", K: 100, Exact: true, Recall: 1, P50: 80, Mean: 90, P99: 95},
		},
		Curves: []row{{Engine: "quick", Recall: .8, P50: 8}, {Engine: "quick", Recall: .91, P50: 10}, {Engine: "sure", Recall: 1, P50: 50, Build: "<b>"}},
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	table(&b, sample())
	const head = "| engine | setting | recall | p50 µs | mean (batch) | p99 | p50 ratio | index MB | resident MB | build CPU s |\n|---|---|---|---|---|---|---|---|---|---|\n"
	want := "a <set>: 5 documents, 0 non-zeros, 1 queries reported, tuned on 1 others; a CPU\n" +
		"\n**exact, k = 10**\n\n" + head +
		"| exhaustive | forward=0 · rerank=0 | 1.0000 | 100 | 110 | 120 | 1.00 | 0 | 0 | 0 |\n" +
		"| sure | b=8 · all=1 | 0.9980 | 50 | 60 (55) | 70 | 0.50 | 0 | 0 | 0 |\n" +
		"\n**tuned to recall@10 ≥ 0.9**\n\n" + head +
		"| quick | cut=1 | 0.9100 | 10 | 11 | 12 | 0.10 | 2 | 3 | 4 |\n" +
		"\n**told to reach recall@10 of 0.9, not tuned**\n\n" + head +
		"| quick | recall=.9 | 0.9020 | 9 | 10 | 11 | 0.09 | 0 | 0 | 0 |\n" +
		"\n**exact, k = 100**\n\n" + head +
		"| sure | b=8 · all=1 | 1.0000 | 80 | 90 | 95 | 1.00 | 0 | 0 | 0 |\n"
	if b.String() != want {
		t.Errorf("table:\n%s\nwant:\n%s", b.String(), want)
	}
}

// The plot is well-formed, with a point for each row of the curves.
func TestPlot(t *testing.T) {
	for _, r := range []*report{sample(), {}} {
		points, d := 0, xml.NewDecoder(bytes.NewReader(plot(r)))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
				points++
			}
		}
		if points != len(r.Curves) {
			t.Errorf("%d points for %d rows", points, len(r.Curves))
		}
	}
}

// A report narrows the peers' grids to its curves; exact settings and ours stay.
func TestNarrow(t *testing.T) {
	methods := []*method{
		{name: "tamis", builds: []string{"p=8"}, searches: []string{"all", "few"}, exact: 1},
		{name: "sure", builds: []string{"b=8", "b=16"}, searches: []string{"all", "few", "fewer"}, exact: 1},
		{name: "quick", builds: []string{"n=1", "n=2"}, searches: []string{"cut=1", "cut=2"}},
		{name: "new", builds: []string{"n=1"}, searches: []string{"cut=1"}},
	}
	report := `{"curves":[{"engine":"quick","build":"n=2","search":"cut=1"},{"engine":"sure","build":"b=8","search":"fewer"},{"engine":"tamis","build":"p=8","search":"all"}]}`
	if err := narrow(strings.NewReader(report), methods); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, m := range methods {
		for _, build := range m.builds {
			for i, search := range m.searches {
				if m.tries(build, i) {
					got[m.name] = append(got[m.name], build+" "+search)
				}
			}
		}
	}
	want := map[string][]string{
		"tamis": {"p=8 all", "p=8 few"},
		"sure":  {"b=8 all", "b=8 fewer", "b=16 all"},
		"quick": {"n=2 cut=1"},
		"new":   {"n=1 cut=1"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("tried: %v, want %v", got, want)
	}
	if narrow(strings.NewReader("{"), nil) == nil {
		t.Error("half a report is read")
	}
}
