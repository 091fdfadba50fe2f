package strhash

import (
	"fmt"
	"strings"
	"testing"
)

// TestSum: all lengths hash, every byte counts, and few of many words collide.
func TestSum(t *testing.T) {
	for n := 1; n < 70; n++ {
		s := strings.Repeat("x", n)
		for i := range n {
			if Sum(s) == Sum(s[:i]+"y"+s[i+1:]) {
				t.Errorf("byte %d of %d does not count", i, n)
			}
		}
		if Sum(s) == Sum(s+"x") {
			t.Errorf("length %d does not count", n)
		}
	}
	const words = 1 << 16
	low, high := map[uint64]int{}, map[uint64]int{}
	for i := range words {
		h := Sum(fmt.Sprintf("word%d", i))
		low[h%words]++
		high[h>>48]++
	}
	// 1-1/e of the buckets of a random function are hit.
	for name, m := range map[string]map[uint64]int{"low": low, "high": high} {
		if len(m) < words*60/100 {
			t.Errorf("%s bits hit %d of %d buckets", name, len(m), words)
		}
	}
}
