package opensearch

import (
	"context"
	"fmt"

	"github.com/tamis-search/tamis/engine/opensearch/writing"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/store/prepare"
)

// attach gives documents their vectors in a field.
func (ix *Index) attach(ctx context.Context, field string, list []*writing.Attachment) error {
	if len(list) == 0 {
		return nil
	}
	return ix.unfenced(ctx, func(w *writing.Writer) error { return w.Attach(ctx, field, list) })
}

// reading are documents that a search finds, whole.
type reading struct {
	*moment
	rows []topk.Row
}

// readPassages is how many passages are read together with their documents.
const readPassages = 2000

// read finds documents, the first so many, with all their passages.
func (m *moment) read(of []query, most int) (*reading, error) {
	found, err := m.search(query{
		"size": most, "track_total_hits": false, "sort": []query{{"q": "asc"}}, "query": query{"bool": query{"filter": of}},
	}, false)
	if err != nil {
		return nil, err
	}
	r := &reading{moment: m}
	var ahead []topk.Row
	for i := range found.Hits.Hits {
		row, err := m.keep(&found.Hits.Hits[i])
		if err != nil {
			return nil, err
		}
		n := m.docs[row.Segment].passages
		if len(r.rows) > 0 && len(ahead)+n > readPassages {
			break
		}
		for i := range n {
			ahead = append(ahead, topk.Row{Segment: row.Segment, Row: uint32(i)})
		}
		r.rows = append(r.rows, row)
	}
	m.Ahead(ahead)
	return r, m.err
}

// attachable is a document as what is attached to it needs it.
func (r *reading) attachable(row topk.Row) (*writing.Attachment, error) {
	d, err := r.source(row)
	if err != nil {
		return nil, err
	}
	x := r.docs[row.Segment]
	return &writing.Attachment{
		Document: &prepare.Document{Document: *d, Analyzer: x.header.Analyzer, Blocks: x.blocks, Places: x.places, Header: x.header},
		Seq:      int64(row.Segment),
	}, nil
}

// passagesOf are the passages of a document that was read.
func (r *reading) passagesOf(row topk.Row) (list []*passage, err error) {
	for i := range r.docs[row.Segment].passages {
		p := r.moment.rows[topk.Row{Segment: row.Segment, Row: uint32(i)}]
		if p == nil {
			return nil, fmt.Errorf("index %q: %w", r.ix.name, r.gone(row.Segment))
		}
		list = append(list, p)
	}
	return list, nil
}
