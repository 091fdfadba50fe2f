package attend

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/decoder"
)

// TestExperts: shares sum to one, a question is not apart from itself, and the table names the experts.
func TestExperts(t *testing.T) {
	shape := tinymodel.Decoder{Architecture: "llama", Layers: 2, Width: 48, Heads: 6, KeyHeads: 2, Size: 16, Inner: 56, Positions: 512, Experts: 5, Taken: 2}
	d, err := decoder.Open(shape.Write(t, 1), decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	same := "which tables does the importer lock?"
	r, err := Experts(t.Context(), d, []string{same, "zzzz", same})
	if err != nil || len(r.Questions) != 3 || len(r.Apart) != 3 {
		t.Fatal(err)
	}
	for _, q := range r.Questions {
		for _, l := range q.Layers {
			sum := 0.
			for _, s := range l.Shares {
				sum += s
			}
			if math.Abs(sum-1) > 1e-9 || l.Entropy < 1 || l.Entropy > math.Log2(5) { // a token takes two
				t.Errorf("%+v", l)
			}
		}
	}
	if r.Apart[0][2] != 0 || r.Apart[0][0] != 0 || !(r.Apart[0][1] > 0) || r.Apart[0][1] != r.Apart[1][0] {
		t.Errorf("%v", r.Apart)
	}
	var out strings.Builder
	if err := r.WriteTable(&out); err != nil || !strings.Contains(out.String(), "5 experts a layer, of which a token takes 2") || strings.Count(out.String(), "layer  entropy") != 3 {
		t.Errorf("%v\n%s", err, out.String())
	}
	shape.Experts = 0
	dense, err := decoder.Open(shape.Write(t, 1), decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dense.Close()
	if _, err := Experts(t.Context(), dense, []string{"x"}); !errors.Is(err, decoder.ErrNoExperts) {
		t.Error(err)
	}
}

// TestShares has an answer by hand: two tokens that take the experts 0 and 1, one that takes 1 and 2.
func TestShares(t *testing.T) {
	r := Routing{Experts: 4, Taken: 2}
	s := r.shares([]int{0, 1, 1, 0, 1, 2}, 0, 1)
	if s[0] != 2./6 || s[1] != 3./6 || s[2] != 1./6 || s[3] != 0 {
		t.Errorf("%v", s)
	}
	if even, odd := r.shares([]int{0, 1, 1, 0, 1, 2}, 0, 2), r.shares([]int{0, 1, 1, 0, 1, 2}, 1, 2); even[2] != .25 || odd[2] != 0 || apart(even, odd) != .25 {
		t.Errorf("%v %v", even, odd)
	}
	if e := entropy([]float64{.5, .25, .25, 0}); e != 1.5 {
		t.Errorf("%g bits", e)
	}
}
