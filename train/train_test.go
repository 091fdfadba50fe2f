package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/encode/lsi"
)

// library has documents about a subject each, whose titles name it in words that half of the
// passages do without.
func library(documents int, titled bool) Source {
	return func(context.Context) iter.Seq2[*corpus.Document, error] {
		return func(yield func(*corpus.Document, error) bool) {
			rng := rand.New(rand.NewPCG(8, 8))
			for i := range documents {
				d := &corpus.Document{ID: fmt.Sprint("d", i)}
				subject := i % (documents / 4)
				if titled {
					d.Title = fmt.Sprintf("name%d alias%d", subject, subject)
				}
				var b strings.Builder
				for range 3 {
					for range 25 {
						fmt.Fprintf(&b, "s%dw%d ", subject, rng.IntN(30))
						fmt.Fprintf(&b, "word%d ", rng.IntN(2000))
					}
					if rng.IntN(2) == 0 {
						fmt.Fprintf(&b, "name%d alias%d ", subject, subject)
					}
					b.WriteString("ends here.\n\n")
				}
				d.Source = b.String()
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// TestVectors: where what is asked is said in other words the gain is real, and the same twice.
func TestVectors(t *testing.T) {
	o := Options{Options: lsi.Options{Analyzer: "english", Width: 64, Seed: 1}, Questions: 60}
	m, gain, err := Learn(t.Context(), library(240, true), o)
	if err != nil {
		t.Fatal(err)
	}
	if !gain.Real() || gain.Both <= gain.Words {
		t.Errorf("the gain is %+v", gain)
	}
	again, same, err := Learn(t.Context(), library(240, true), o)
	if err != nil || *same != *gain || again.Name() != m.Name() {
		t.Errorf("once more: %+v, %s and %s (%v)", same, m.Name(), again.Name(), err)
	}
	o.Most = 200
	if few, err := Unexamined(t.Context(), library(240, true), o); err != nil || few.Passages >= m.Passages || few.Passages == 0 {
		t.Errorf("%d passages of %d are learned from where 200 may be (%v)", few.Passages, m.Passages, err)
	}
}

func TestNothingToAsk(t *testing.T) {
	o := Options{Options: lsi.Options{Analyzer: "english", Seed: 1}}
	if _, _, err := Learn(t.Context(), library(240, false), o); !errors.Is(err, ErrUnasked) {
		t.Errorf("without titles: %v", err)
	}
	if _, err := Unexamined(t.Context(), library(240, false), o); err != nil {
		t.Errorf("without titles, unexamined: %v", err)
	}
	if _, _, err := Learn(t.Context(), library(4, true), o); !errors.Is(err, lsi.ErrSmall) {
		t.Errorf("four documents: %v", err)
	}
	broken := errors.New("cannot be read")
	none := func(context.Context) iter.Seq2[*corpus.Document, error] {
		return func(yield func(*corpus.Document, error) bool) { yield(nil, broken) }
	}
	if _, _, err := Learn(t.Context(), none, o); !errors.Is(err, broken) {
		t.Errorf("a corpus that cannot be read: %v", err)
	}
}
