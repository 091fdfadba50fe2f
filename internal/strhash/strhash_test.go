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

// TestSeeded: stored tables rely on these values.
func TestSeeded(t *testing.T) {
	for s, want := range map[string]uint64{"a": 0xee37483c6844c67d, "abcd": 0xe44439a8d9b9a9cc, "abcdefghi": 0x49e9c80930c4ed84, "a string of more than sixteen bytes, and of more than thirty-two": 0x789fe424fb9cfb3e} {
		if got := Seeded(1, s); got != want {
			t.Errorf("Seeded(1, %q) = %#x, want %#x", s, got, want)
		}
	}
}
