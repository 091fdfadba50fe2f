package split

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// TestEachIsBounded: what is in work does not grow with a document: its
// sentences are handed out before the last of them is found.
func TestEachIsBounded(t *testing.T) {
	for name, d := range map[string]*corpus.Document{
		"one line":   {Source: strings.Repeat("Is it so? ", 8<<20/10)},
		"paragraphs": {Source: strings.Repeat("a b\n\n", 8<<20/5)},
		"code":       {Source: strings.Repeat("a = 1\n", 8<<20/6), Blocks: []corpus.Block{{Kind: corpus.Code, End: 8 << 20 / 6 * 6}}},
	} {
		stop := errors.New("enough")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := Each(d, Options{}, func(p corpus.Passage) error {
			if p.End > 1<<20 {
				return stop
			}
			return nil
		})
		runtime.ReadMemStats(&after)
		// An eighth of the text, at 32 bytes for a unit of three bytes, and room.
		if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, stop) || used > 32<<20 {
			t.Errorf("%s: %v after %d MB were allocated", name, err, used>>20)
		}
	}
}
