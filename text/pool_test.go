package text

import (
	"runtime"
	"slices"
	"testing"
)

// TestPoolIsBounded: analyzers that many borrowed at once are not kept for ever, and those
// that are kept are lent again.
func TestPoolIsBounded(t *testing.T) {
	var p Pool
	lent := make([]*Analyzer, 10*runtime.GOMAXPROCS(0))
	for i := range lent {
		a, err := p.Get("english")
		if err != nil {
			t.Fatal(err)
		}
		lent[i] = a
	}
	for _, a := range lent {
		p.Put(a)
	}
	if n := len(p.idle["english"]); n == 0 || n > runtime.GOMAXPROCS(0) {
		t.Errorf("%d are kept of %d", n, len(lent))
	}
	if a, err := p.Get("english"); err != nil || !slices.Contains(lent, a) {
		t.Errorf("a new one is lent beside idle ones: %v", err)
	}
}
