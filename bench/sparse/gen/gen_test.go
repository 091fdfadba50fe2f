package main

import (
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
	"github.com/tamis-search/tamis/internal/evaldata"
)

func generatorOf(t *testing.T) (*generator, *csr.Matrix) {
	t.Helper()
	data, err := peer.Data("")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TAMIS_DATA", data)
	evaldata.Dir(t, "sparse")
	g, queries, err := newGenerator(data, 7)
	if err != nil {
		t.Fatal(err)
	}
	return g, queries
}

// Documents are well-formed and the same for the same seed.
func TestDocuments(t *testing.T) {
	g, queries := generatorOf(t)
	if queries.Rows() != held {
		t.Errorf("%d queries held out", queries.Rows())
	}
	m := g.documents(300, 5)
	if !reflect.DeepEqual(m, g.documents(300, 5)) {
		t.Error("the same seed gives other documents")
	}
	for d := range m.Rows() {
		terms, weights := m.Row(d)
		if len(terms) == 0 || len(terms) > nnzMax {
			t.Fatalf("document %d has %d terms", d, len(terms))
		}
		for i := range terms {
			if i > 0 && terms[i] <= terms[i-1] || int(terms[i]) >= m.Columns || weights[i] < .01 || weights[i] > 1.85 {
				t.Fatalf("document %d: term %d, weight %v", d, terms[i], weights[i])
			}
		}
	}
}

// What the generator makes is, in each figure, within the range of real documents.
func TestAcceptance(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to generate and judge 20,000 documents")
	}
	g, queries := generatorOf(t)
	g.calibrateAll(7)
	for _, f := range accept(g.documents(20_000, 99), queries, rand.New(rand.NewPCG(7, 7))) {
		t.Log(f)
		if f.value < f.low || f.value > f.high {
			t.Errorf("%s is out of range", f.name)
		}
	}
}

// Moving keeps the multiset of postings, but for those that would come twice in a document.
func TestMove(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := &csr.Matrix{Columns: 5000, At: []int64{0}}
	for range 1000 {
		terms := rng.Perm(m.Columns)[:30]
		slices.Sort(terms)
		for _, x := range terms {
			m.Terms, m.Weights = append(m.Terms, uint32(x)), append(m.Weights, rng.Float32())
		}
		m.At = append(m.At, int64(len(m.Terms)))
	}
	moved := move(m, .4, rng)
	if lost := len(m.Terms) - len(moved.Terms); lost < 0 || lost > len(m.Terms)/100 {
		t.Errorf("%d of %d postings lost", lost, len(m.Terms))
	}
	stayed := 0
	for d := range m.Rows() {
		before, _ := m.Row(d)
		after, _ := moved.Row(d)
		if !slices.IsSorted(after) || len(slices.Compact(slices.Clone(after))) != len(after) {
			t.Fatalf("row %d is %v", d, after)
		}
		for _, x := range after {
			if _, ok := slices.BinarySearch(before, x); ok {
				stayed++
			}
		}
	}
	if share := float64(stayed) / float64(len(m.Terms)); share < .57 || share > .63 {
		t.Errorf("%.3f of the postings stayed", share)
	}
}

func TestTargets(t *testing.T) {
	for _, p := range frequency {
		if got := targetAt(int(p[0])); math.Abs(got/p[1]-1) > 1e-9 {
			t.Errorf("share at rank %g is %g, want %g", p[0], got, p[1])
		}
	}
	if targetAt(live+1) != 0 || targetAt(3) <= targetAt(4) {
		t.Error("the curve does not fall")
	}
}

// The figures of documents that are easy to count: ten alike, ten alike in other terms.
func TestNeighbourhood(t *testing.T) {
	m := &csr.Matrix{Columns: 4, At: []int64{0}}
	for i := range 20 {
		m.Terms, m.Weights = append(m.Terms, uint32(i%2*2), uint32(i%2*2+1)), append(m.Weights, 1, 1)
		m.At = append(m.At, int64(len(m.Terms)))
	}
	got := neighbourhood(m, rand.New(rand.NewPCG(1, 1)))
	want := near{first: 1, tenth: 0, nearShared: 2, randomShared: 2 * 9. / 19, overlap: 9. / 19}
	for i, pair := range [][2]float64{{got.first, want.first}, {got.tenth, want.tenth}, {got.nearShared, want.nearShared}, {got.randomShared, want.randomShared}, {got.overlap, want.overlap}} {
		if math.Abs(pair[0]-pair[1]) > 1e-6 {
			t.Errorf("figure %d is %v, want %v", i, pair[0], pair[1])
		}
	}
}
