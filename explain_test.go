package tamis_test

import (
	"context"
	"math"
	"testing"

	"github.com/tamis-search/tamis"
)

// TestExplain: what words brought a hit sums up to its score by words, of every unit, and of the
// list text of a plan; words are those of the query, not their stems.
func TestExplain(t *testing.T) {
	ctx := context.Background()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	docs := []tamis.Document{
		{ID: "spec", Lang: "en", Source: "The read timeout of the controller is 30 seconds.", Metadata: map[string]any{"kind": "specification"}},
		{ID: "review", Lang: "en", Source: "The timeout is too short, the timeouts drove me mad.", Metadata: map[string]any{"kind": "review"}},
		{ID: "other", Lang: "en", Source: "Nothing of the kind."},
	}
	if _, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []tamis.Query{
		{Text: "controller timeouts?", Explain: true},
		{Text: "controller timeouts?", Explain: true, Unit: tamis.Documents},
		{Text: "controller timeouts?", Explain: true, Plan: `boost(text, 'kind = "review"', by=3)`},
	} {
		r, err := ix.Search(ctx, q)
		if err != nil || len(r.Hits) != 2 {
			t.Fatal(r, err)
		}
		for _, h := range r.Hits {
			want, sum := h.Score, float32(0)
			for _, l := range h.Lists {
				want = float32(l.Score)
			}
			for _, x := range h.Terms {
				sum += x.Score
				if x.Word == "controller" && (x.Score > 0) != (h.Doc == "spec") {
					t.Errorf("%+v: %+v", q, h)
				}
			}
			if math.Abs(float64(sum-want)) > 1e-5 || len(h.Terms) != 2 || h.Terms[0].Word != "controller" || h.Terms[1].Word != "timeouts" {
				t.Errorf("%+v: %v of %v in %+v", q, sum, want, h.Terms)
			}
		}
		if q.Plan != "" && r.Hits[0].Doc != "review" {
			t.Errorf("%+v", r.Hits)
		}
		q.Explain = false
		if r, err = ix.Search(ctx, q); err != nil || len(r.Hits[0].Terms) > 0 {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
