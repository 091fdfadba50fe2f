package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
)

// topical makes rows of about 40 terms, half of them from the row's topic.
func topical(rng *rand.Rand, rows int) *csr.Matrix {
	const columns, topics, each = 2000, 40, 40
	m := &csr.Matrix{Columns: columns, At: []int64{0}}
	for range rows {
		topic, has := rng.IntN(topics), map[uint32]bool{}
		for range 20 {
			has[uint32(topic*each+rng.IntN(each))] = true
			has[uint32(rng.IntN(columns)*rng.IntN(columns)/columns)] = true
		}
		terms := make([]uint32, 0, len(has))
		for t := range has {
			terms = append(terms, t)
		}
		slices.Sort(terms)
		for _, t := range terms {
			m.Terms, m.Weights = append(m.Terms, t), append(m.Weights, .05+rng.Float32()*rng.Float32())
		}
		m.At = append(m.At, int64(len(m.Terms)))
	}
	return m
}

// Every peer builds, loads, is tuned and answers as it should, on a few documents. The times say nothing.
func TestPeers(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") != "1" {
		t.Skip("set TAMIS_PEERS=1 to run every peer (needs Python 3, a C compiler and the package registry)")
	}
	install := exec.Command("./install")
	install.Stdout, install.Stderr = os.Stderr, os.Stderr
	if err := install.Run(); err != nil {
		t.Fatalf("installing the peers: %v", err)
	}
	t.Chdir("..") // where the command runs
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(3, 4))
	for name, rows := range map[string]int{"docs.csr": 2000, "queries.csr": 60} {
		if err := topical(rng, rows).Write(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	o := options{data: dir, peers: peers, ks: []int{10, 50}, targets: []float64{.9}, rounds: 2, out: filepath.Join(dir, "report")}
	r, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range peers {
		exact, tuned := 0, 0
		for _, x := range r.Rows {
			if x.Engine != name {
				continue
			}
			if x.P50 <= 0 || x.Mean <= 0 || x.Bytes <= 0 || x.K < 10 {
				t.Errorf("%s: %+v", name, x)
			}
			least := .93 // of engines with 8-bit weights and 32 levels of a query
			switch {
			case name == "tamis-float32" && x.Exact:
				least, exact = 1, exact+1
			case x.Exact:
				exact++
			default:
				least, tuned = .8, tuned+1
			}
			if x.Recall < least {
				t.Errorf("%s, %s %s, k = %d: recall %v, want %v", name, x.Build, x.Search, x.K, x.Recall, least)
			}
		}
		if exact+tuned == 0 {
			t.Errorf("%s is not in the table", name)
		}
	}
	for _, ending := range []string{".json", ".svg"} {
		if info, err := os.Stat(o.out + ending); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v", ending, err)
		}
	}
}
