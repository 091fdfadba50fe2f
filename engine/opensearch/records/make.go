package records

import (
	"context"
	"slices"
	"strconv"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/prepare"
)

// Given is what the records of a document are made of.
type Given struct {
	*prepare.Document
	Seq int64
	// Own are the vectors of the document's own record, Part those of the passage that a
	// range is.
	Own  vectors.Record
	Part func(start, end int) vectors.Record
}

// Maker makes the records of documents.
type Maker struct {
	Ingest  *ingest.Pipeline
	Weights index.Config
}

// Make makes the record of a document and those of its passages.
func (m *Maker) Make(ctx context.Context, g Given) (*Document, []Passage, error) {
	d := &g.Document.Document
	made, err := m.Ingest.Rows(d, g.Analyzer)
	if err != nil {
		return nil, nil, err
	}
	h := *g.Header
	h.Coding = ""
	values := metadata.Describe(made.Metadata)
	var all termfreq.Counts
	whole := isWhole(&made) // its terms are those of the document
	if !whole {
		all = termfreq.Weigh(m.Weights, made.Document)
	}
	var kept []Passage
	err = made.Each(func(p corpus.Passage, f index.Fields) error {
		if made.Joined && made.Document.Body == nil {
			all.Add(f.Body, 1)
		}
		r := Passage{Kind: PassageKind, Seq: g.Seq, N: len(kept), Row: RowOf(g.Seq, len(kept)), Terms: termfreq.Weigh(m.Weights, f).String(), Described: values}
		r.X = PassageData{Start: p.Start, Text: d.Source[p.Start:p.End], Headings: slices.Clone(p.Headings), Sentences: flat(p)}
		v := g.Part(p.Start, p.End)
		r.Fields, r.Vectors, r.X.Vectors = v.Fields, v.Indexed, v.Stored
		if place := d.PlaceOf(p.Start); !place.IsZero() {
			r.X.Place = &place
		}
		kept = append(kept, r)
		return ctx.Err()
	})
	if err != nil {
		return nil, nil, err
	}
	terms := ""
	if whole {
		terms = kept[0].Terms
	} else {
		terms = all.String()
	}
	short := h
	short.Digest = nil // it stands in the document's own record
	for i := range kept {
		kept[i].X.Doc = Header{Header: &short, Passages: len(kept)}
	}
	return &Document{
		Kind: DocumentKind, Seq: g.Seq, Row: strconv.FormatInt(g.Seq, 10), ID: SortedID(d.ID), Terms: terms, Title: termfreq.Title(made.Title), Analyzer: g.Analyzer, Described: values,
		Fields: g.Own.Fields, Vectors: g.Own.Indexed, X: DocumentData{Doc: Header{Header: &h, Passages: len(kept)}, Blocks: g.Blocks, Places: g.Places, StoredVectors: StoredVectors{g.Own.Stored}},
	}, kept, nil
}

// isWhole says that a document has one passage, whose terms are its own.
func isWhole(r *ingest.Rows) bool {
	if !r.Joined || len(r.Fields) != 1 || len(r.Document.Body) == 0 {
		return false
	}
	f := &r.Fields[0]
	return len(f.Body) == len(r.Document.Body) && len(f.Title) == len(r.Document.Title) && slices.Equal(f.Headings, r.Document.Headings)
}
