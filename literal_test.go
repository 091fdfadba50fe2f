package tamis_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tamis-search/tamis"
)

// TestLiteralSurvivesFeedback: the one text that has a part number or a brand is found first by
// it, also where the others of its subject give the question their words.
func TestLiteralSurvivesFeedback(t *testing.T) {
	ctx := context.Background()
	for literal, question := range map[string]string{
		"E15": "pump code E15", "ERR_DRY_RUN": "pump code ERR_DRY_RUN", "Miele": "pump code Miele", "0x8007": "pump code 0x8007",
	} {
		ix, err := tamis.Open("", tamis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		docs := []tamis.Document{{ID: "literal", Lang: "en", Source: literal + ": call the service."}}
		for i := range 8 {
			docs = append(docs, tamis.Document{ID: fmt.Sprint("pump", i), Lang: "en", Source: "The pump code speaks of drain, filter, hose, motor and valve."})
		}
		for i := range 30 {
			docs = append(docs, tamis.Document{ID: fmt.Sprint("other", i), Lang: "en", Source: fmt.Sprintf("Other things number %d stand here for no reason.", i)})
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
		for _, p := range []string{"text", "feedback(text, docs=8, terms=10, by=0.8)"} {
			r, err := ix.Search(ctx, tamis.Query{Text: question, Plan: p})
			if err != nil || len(r.Hits) < 5 || r.Hits[0].Doc != "literal" {
				t.Fatalf("%s by %s: first is %+v, %v", question, p, r.Hits[:1], err)
			}
		}
		// A word that is no name gives way as it did.
		r, err := ix.Search(ctx, tamis.Query{Text: "pump code service", Plan: "feedback(text, docs=8, terms=10, by=0.8)"})
		if err != nil || r.Hits[0].Doc == "literal" {
			t.Errorf("service: first is %+v, %v", r.Hits[:1], err)
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
