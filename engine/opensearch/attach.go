package opensearch

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
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

// Vectors is tamis.Index.Vectors.
func (ix *Index) Vectors(ctx context.Context, id string, scope tamis.Scope) (all map[string]tamis.Vector, err error) {
	own, attached, err := ix.VectorsApart(ctx, id, scope)
	if err == nil {
		maps.Copy(own, attached)
	}
	return own, err
}

// VectorsApart is tamis.Index.VectorsApart.
func (ix *Index) VectorsApart(ctx context.Context, id string, scope tamis.Scope) (own, attached map[string]tamis.Vector, err error) {
	err = ix.ask(ctx, scope, false, func(m *moment) error {
		row, err := m.Find(id)
		if err == nil {
			own, attached, err = m.vectorsOf(row)
		}
		return err
	})
	return own, attached, err
}

// Attach is tamis.Index.Attach.
func (ix *Index) Attach(ctx context.Context, of map[string]map[string]tamis.Vector) (skipped []tamis.Skip, err error) {
	if ix.readOnly {
		return nil, tamis.ErrReadOnly
	}
	var lists map[string][]*writing.Attachment // by field
	ids := make([]string, 0, len(of))
	for id := range of {
		ids = append(ids, records.DocumentKind+records.KeyOf(id))
	}
	for after := -1; ; {
		var read *reading
		var unfit []tamis.Skip
		err := ix.ask(ctx, tamis.Scope{}, false, func(m *moment) (err error) {
			lists, unfit = map[string][]*writing.Attachment{}, nil
			filters := []query{{"term": query{"k": records.DocumentKind}}, {"ids": query{"values": ids}}, {"range": query{"q": query{"gt": after}}}}
			if read, err = m.read(filters, len(ids)); err != nil {
				return err
			}
			for _, row := range read.rows {
				reason, err := ix.lacking(ctx, read, row, of, lists)
				if err != nil {
					return err
				}
				if reason != "" {
					unfit = append(unfit, tamis.Skip{Path: m.docs[row.Segment].header.ID, Reason: reason})
				}
			}
			return nil
		})
		if err != nil || len(read.rows) == 0 {
			return skipped, err
		}
		skipped = append(skipped, unfit...)
		for _, field := range slices.Sorted(maps.Keys(lists)) {
			if err := ix.attach(ctx, field, lists[field]); err != nil {
				return skipped, err
			}
			for _, a := range lists[field] {
				if a.Refused != "" {
					skipped = append(skipped, tamis.Skip{Path: a.Header.ID, Reason: "the cluster does not take its vectors: " + a.Refused})
				}
			}
		}
		after = read.rows[len(read.rows)-1].Segment
	}
}

// lacking lists what a document is to get and has not, by field, or says why it gets none.
func (ix *Index) lacking(ctx context.Context, read *reading, row topk.Row, of map[string]map[string]tamis.Vector, lists map[string][]*writing.Attachment) (reason string, err error) {
	_, attached, err := read.vectorsOf(row)
	if err != nil {
		return "", err
	}
	given := of[read.docs[row.Segment].header.ID]
	if reason, err = ix.keeps(ctx, given); reason != "" || err != nil {
		return reason, err
	}
	for field, v := range given {
		if reflect.DeepEqual(attached[field], v) {
			continue
		}
		a, err := read.attachable(row)
		if err != nil {
			return "", err
		}
		a.Value = vectors.Named(v, nil)
		lists[field] = append(lists[field], a)
	}
	return "", nil
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
