package index_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/search"
)

// TestSearchDamaged: bytes that checksums do not protect from make a search
// wrong, never panic.
func TestSearchDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	b := index.NewBuilder(index.Config{})
	for _, f := range index.RandomRows(rng, 1500) {
		b.Add(f)
	}
	data := b.Bytes()
	names := []string{"common0", "common1", "w3", "w40", "again", "", "none"}
	var terms []search.Term
	for _, name := range names {
		terms = append(terms, search.Term{Text: name, Weight: 1})
	}
	for range 300 {
		bad := bytes.Clone(data)
		for range 1 + rng.IntN(30) {
			bad[100+rng.IntN(len(bad)-100)] = byte(rng.Uint32())
		}
		index.Repair(bad)
		v, err := index.OpenInverted(bad)
		if err != nil {
			continue
		}
		sources := []search.Source{{Inverted: v}, {Inverted: v}}
		for _, k := range []int{1, 10, 200} {
			n := 1 + rng.IntN(len(terms))
			search.TopK(sources, terms[:n], search.StatsOf(sources, names[:n]), search.DefaultParams(), k)
		}
	}
}
