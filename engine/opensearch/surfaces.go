package opensearch

import (
	"context"
	"fmt"

	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/writing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
)

// mostPlaces is how many blocks are told where they stand in their file.
const mostPlaces = 2000

// Placed is tamis.Index.Placed.
func (ix *Index) Placed(ctx context.Context, id string, scope tamis.Scope) (d *tamis.Document, err error) {
	err = ix.ask(ctx, scope, false, func(m *moment) error {
		row, found, err := m.found(id)
		if d = found; err != nil {
			return err
		}
		d.Place, d.Verbatim = tamis.Place{}, false // of a file, as a whole
		for i := range d.Blocks {
			d.Blocks[i].Place, d.Blocks[i].Onward = nil, nil
		}
		for i := 0; i < len(d.Blocks) && len(d.Blocks) <= mostPlaces; i++ {
			p, err := m.Place(row, d.Blocks[i].Start)
			if err != nil {
				return err
			}
			if !p.IsZero() {
				d.Blocks[i].Place = &p
			}
		}
		return nil
	})
	return d, err
}

// Hides is tamis.Index.Hides: of the document as it is now, also where searches do not
// find it yet.
func (ix *Index) Hides(id string, scope tamis.Scope) (bool, error) {
	ctx := context.Background()
	visible, asked, err := scope.Filters()
	if err != nil {
		return false, err
	}
	if asked != nil { // a field that is not known
		if _, err := ix.moment(ctx, scope, false); err != nil {
			return false, err
		}
	}
	var there []writing.Stored
	err = ix.unfenced(ctx, func(w *writing.Writer) (err error) {
		there, err = w.Known(ctx, []string{records.KeyOf(id)})
		return err
	})
	if err != nil || !there[0].Found {
		return false, err
	}
	h := there[0].Source.X.Doc.Header
	if h == nil {
		return false, fmt.Errorf("index %q, document %q: %w", ix.name, id, records.ErrDamaged)
	}
	f := ingest.Metadata(h.Document("", nil))
	return visible != nil && !visible.Match(f) || asked != nil && !asked.Match(f), nil
}

// Origin is what an index has that keeps track of files.
func (ix *Index) Origin(string, tamis.Scope) (tamis.Origin, error) {
	return tamis.Origin{}, engine.Lacks(engine.Files)
}

// Analyzers is tamis.Index.Analyzers.
func (ix *Index) Analyzers() ([]string, error) {
	w, err := ix.lookWords(context.Background())
	return w.names, err
}

// Meets is tamis.Index.Meets.
func (ix *Index) Meets(question string) (func(text string) map[string]float64, error) {
	var meets func(text string) map[string]float64
	err := ix.ask(context.Background(), tamis.Scope{}, false, func(m *moment) (err error) {
		meets, err = compose.Meets(m, &ix.analyzers, question)
		return err
	})
	return meets, err
}

// LanguageHint is tamis.Index.LanguageHint.
func (ix *Index) LanguageHint(question string, scope tamis.Scope) (string, error) {
	return compose.LanguageHint(question, func(codes []string) (all int, of map[string]int, err error) {
		asked, of := query{}, map[string]int{}
		for _, code := range codes {
			q, err := metadata.Query(&filter.Expr{Op: filter.Equal, Field: "lang", Values: []filter.Value{{Kind: filter.Keyword, Text: code}}})
			if err != nil {
				return 0, nil, err
			}
			asked[code] = q
		}
		err = ix.ask(context.Background(), scope, false, func(m *moment) error {
			var found counted
			err := m.send("", query{
				"size": 0, "track_total_hits": true, "query": query{"bool": query{"filter": m.kind(records.DocumentKind)}},
				"aggs": query{"t": query{"filters": query{"filters": asked}}},
			}, &found)
			all = found.Hits.Total.Value
			for code, b := range found.Aggregations["t"].Named {
				of[code] = b.Count
			}
			return err
		})
		return all, of, err
	})
}
