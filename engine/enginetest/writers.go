package enginetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

// writers change the same documents at once: each is there once, as one of them wrote it.
func writers(t *testing.T, ix engine.Index) {
	const many, docs = 4, 12
	var wg sync.WaitGroup
	for w := range many {
		wg.Go(func() {
			for round := range 3 {
				var batch []tamis.Document
				for i := range docs {
					batch = append(batch, tamis.Document{ID: fmt.Sprint("d", i), Source: fmt.Sprintf("written by w%dr%d for everybody", w, round), Lang: "en"})
				}
				if _, err := ix.Add(t.Context(), sequence(batch)); err != nil {
					t.Error(err)
				}
				if _, err := ix.Delete(t.Context(), fmt.Sprint("d", w)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var last []tamis.Document
	for i := range docs {
		last = append(last, tamis.Document{ID: fmt.Sprint("d", i), Source: "written at last for everybody", Lang: "en"})
	}
	if _, err := ix.Add(t.Context(), sequence(last)); err != nil {
		t.Fatal(err)
	}
	for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
		res, err := ix.Search(t.Context(), tamis.Query{Text: "everybody", K: 1000, Unit: unit})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Hits) != docs {
			t.Errorf("%d %ss, not %d", len(res.Hits), unit, docs)
		}
		for _, h := range res.Hits {
			if h.Text != "written at last for everybody" {
				t.Errorf("%s: %q", h.Doc, h.Text)
			}
		}
	}
}

func cancelled(t *testing.T, ix engine.Index) {
	ctx, cancel := context.WithCancel(t.Context())
	var added int
	docs := func(yield func(tamis.Document, error) bool) {
		for i := range 5000 {
			if i == 2000 {
				cancel()
			}
			if !yield(tamis.Document{ID: fmt.Sprint("c", i), Source: "cancelled halfway", Lang: "en"}, nil) {
				return
			}
		}
	}
	report, err := ix.Add(ctx, docs)
	if err == nil {
		t.Fatal("a cancelled call returns no error")
	}
	added = report.Added
	res, err := ix.Search(t.Context(), tamis.Query{Text: "cancelled", K: 5000, Unit: tamis.Documents, IDsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Hits) < added {
		t.Errorf("%d were counted, %d are there", added, len(res.Hits))
	}
}
