package termfreq

import (
	"testing"

	"github.com/tamis-search/tamis/index"
)

// TestFilled: a row has the length next to its own of those that Lucene stores.
func TestFilled(t *testing.T) {
	lucene := index.Config{LuceneLengths: true}
	stored := func(n int) int { return int(lucene.StoredLength(uint64(n))) }
	for n := range 100_000 {
		f := Filled(n)
		if f < n || f != n && stored(f) != f {
			t.Fatalf("%d is filled to %d", n, f)
		}
		low, high := stored(n), n
		for stored(high) == low {
			high++
		}
		if got := stored(f); got != low && got != high || n-low < high-n && got != low || n-low > high-n && got != high {
			t.Fatalf("%d, between %d and %d, is stored as %d", n, low, high, got)
		}
	}
}
