package opensearch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/embed"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/engine/opensearch/writing"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// Encode is tamis.Index.Encode.
func (ix *Index) Encode(ctx context.Context, e tamis.Encoder, progress func(done, all int)) (tamis.Encoded, error) {
	report := tamis.Encoded{Field: e.Name(), Skipped: []tamis.Skip{}}
	if ix.readOnly {
		return report, tamis.ErrReadOnly
	}
	err := tamis.EncodeTogether(&report, e, func(e tamis.Encoder) (embed.Report, error) {
		run := &encoding{ix: ix, kind: e.Kind()}
		made, err := embed.Run(ctx, run, e, progress)
		made.Passages -= run.lost
		made.Skipped = append(made.Skipped, run.skipped...)
		return made, err
	})
	return report, tamis.AsInvalid(err)
}

// encoding gives passages vectors: an embed.Index.
type encoding struct {
	ix      *Index
	kind    vector.Kind
	field   string
	waiting []*writing.Attachment
	numbers int // of their vectors
	lost    int // vectors of passages that were changed meanwhile
	skipped []embed.Skip
}

// Want is that of embed.Index.
func (r *encoding) Want(ctx context.Context, field string, f vector.Field) error {
	r.field = field
	if err := r.ix.fields.Want(ctx, map[string]vector.Field{field: f}); err != nil {
		return err
	}
	return r.ix.unfenced(ctx, func(*writing.Writer) error { return r.ix.fields.Move(ctx, field, f.Model) })
}

// Lacking is that of embed.Index. The documents are read some at a time, as they are then.
func (r *encoding) Lacking(ctx context.Context, field string) (iter.Seq2[*embed.Document, error], int, error) {
	lack := query{"bool": query{"filter": []query{{"term": query{"k": records.PassageKind}}}, "must_not": []query{{"term": query{"w": vectors.Property(field, r.kind)}}}}}
	passages := 0
	err := r.ix.ask(ctx, tamis.Scope{}, false, func(m *moment) error {
		found, err := m.search(query{"size": 0, "track_total_hits": true, "query": lack}, false)
		if err == nil {
			passages = found.Hits.Total.Value
		}
		return err
	})
	if err != nil || passages == 0 {
		return nil, 0, err
	}
	return func(yield func(*embed.Document, error) bool) {
		for after := -1; ; {
			var docs []*embed.Document
			err := r.ix.ask(ctx, tamis.Scope{}, false, func(m *moment) (err error) {
				docs, err = r.some(m, lack, &after)
				return err
			})
			if err != nil {
				yield(nil, err)
				return
			}
			if len(docs) == 0 {
				return
			}
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		}
	}, passages, nil
}

// encodedAhead is how many documents are read together to be encoded.
const encodedAhead = 64

// some reads the next documents of which a passage lacks a vector.
func (r *encoding) some(m *moment, lack query, after *int) ([]*embed.Document, error) {
	found, err := m.search(query{
		"size": encodedAhead, "track_total_hits": false, "_source": []string{"q"}, "sort": []query{{"q": "asc"}}, "collapse": query{"field": "q"},
		"query": query{"bool": query{"filter": []query{lack, {"range": query{"q": query{"gt": *after}}}}}},
	}, false)
	if err != nil || len(found.Hits.Hits) == 0 {
		return nil, err
	}
	seqs := make([]int, len(found.Hits.Hits))
	for i, h := range found.Hits.Hits {
		seqs[i] = h.Source.Seq
	}
	read, err := m.read([]query{{"term": query{"k": records.DocumentKind}}, {"terms": query{"q": seqs}}}, encodedAhead)
	if err != nil {
		return nil, err
	}
	var docs []*embed.Document
	for _, row := range read.rows {
		d, err := r.document(read, row)
		if err != nil {
			return nil, err
		}
		docs, *after = append(docs, d), row.Segment
	}
	if len(docs) == 0 { // passages of documents that are being written, or were replaced
		*after = seqs[len(seqs)-1]
		return r.some(m, lack, after)
	}
	return docs, nil
}

func (r *encoding) document(read *reading, row topk.Row) (*embed.Document, error) {
	a, err := read.attachable(row)
	if err != nil {
		return nil, err
	}
	passages, err := read.passagesOf(row)
	if err != nil {
		return nil, err
	}
	d := &a.Document.Document
	return &embed.Document{
		ID: d.ID, Title: d.Title, Passages: len(passages),
		Passage: func(n int) corpus.Passage { return passages[n].Passage },
		Text:    func(start, end int) (string, error) { return d.Source[start:end], nil },
		Attach: func(ctx context.Context, parts vector.Parts) (bool, error) {
			var unfit *vectors.UnfitError
			if len(parts) > 0 {
				if _, err := r.ix.fields.Use(ctx, r.field, parts); errors.As(err, &unfit) {
					return false, &store.DocumentError{ID: d.ID, Reason: err.Error()}
				} else if err != nil {
					return false, err
				}
			}
			a.Value = parts
			r.waiting, r.numbers = append(r.waiting, a), r.numbers+vector.Numbers(parts)
			if r.numbers < heldNumbers && len(r.waiting) < batchDocuments {
				return len(parts) > 0, nil
			}
			return len(parts) > 0, r.Flush(ctx)
		},
	}, nil
}

// heldNumbers is how many numbers of vectors are held before they are written.
const heldNumbers = 1 << 20

// Flush is that of embed.Index.
func (r *encoding) Flush(ctx context.Context) error {
	if err := r.ix.attach(ctx, r.field, r.waiting); err != nil {
		return err // they wait for the next
	}
	list := r.waiting
	r.waiting, r.numbers = nil, 0
	for _, a := range list {
		parts, _ := a.Value.(vector.Parts)
		if a.Lost || a.Refused != "" {
			r.lost += len(parts)
		}
		if a.Refused != "" {
			r.skipped = append(r.skipped, embed.Skip{ID: a.Header.ID, Reason: "the cluster does not take its vectors: " + a.Refused})
		}
	}
	return nil
}

// AddVectors is tamis.Index.AddVectors.
func (ix *Index) AddVectors(ctx context.Context, path, field string) (report tamis.Report, err error) {
	report = tamis.Report{Skipped: []tamis.Skip{}}
	if field == "" {
		field = tamis.DefaultField
	}
	if ix.readOnly {
		return report, tamis.ErrReadOnly
	}
	if steps, needed := ix.fields.NeedsMax(field); needed && path != "-" {
		most, err := embed.Greatest(ctx, path, steps)
		if err != nil {
			return report, err
		}
		if most > 0 {
			ix.fields.SetMax(field, most)
		}
	}
	v := vector.NewVocabulary()
	var batch []embed.Given
	numbers := 0
	put := func() error {
		err := ix.addVectors(ctx, path, field, batch, &report)
		batch, numbers = nil, 0
		return err
	}
	for g, err := range embed.File(ctx, path, v) {
		if err != nil {
			return report, errors.Join(err, put())
		}
		if g.Reason == "" {
			g.Vector = vectors.Named(g.Vector, v)
			if g.Reason, err = ix.keeps(ctx, map[string]vector.Value{field: g.Vector}); g.Reason != "" {
				g.Reason = (&store.DocumentError{ID: g.Document.ID, Reason: g.Reason}).Error()
			}
		}
		if err != nil {
			return report, errors.Join(err, put())
		}
		if g.Reason != "" {
			report.Skipped = append(report.Skipped, tamis.Skip{Path: path, Line: g.Line, Reason: g.Reason})
			continue
		}
		batch, numbers = append(batch, g), numbers+vector.Numbers(g.Vector)
		if len(batch) == batchDocuments || numbers >= heldNumbers {
			if err := put(); err != nil {
				return report, err
			}
		}
	}
	return report, put()
}

// addVectors attaches vectors to documents by id; where there is none of an id, the text
// becomes one first.
func (ix *Index) addVectors(ctx context.Context, path, field string, batch []embed.Given, report *tamis.Report) error {
	ctx = context.WithoutCancel(ctx) // what is counted is durable
	absent, list, err := ix.standingBy(ctx, field, batch, report)
	if err != nil {
		return err
	}
	fresh := len(list)
	if len(absent) > 0 {
		added, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
			for _, g := range absent {
				if !yield(g.Document, nil) {
					return
				}
			}
		})
		report.Skipped = append(report.Skipped, added.Skipped...)
		if err != nil {
			return err
		}
		_, more, err := ix.standingBy(ctx, field, absent, report)
		if err != nil {
			return err
		}
		list = append(list, more...)
	}
	if err := ix.attach(ctx, field, list); err != nil {
		return err
	}
	for i, a := range list {
		switch {
		case a.Refused != "":
			report.Skipped = append(report.Skipped, tamis.Skip{Path: path, Reason: fmt.Sprintf("document %q: the cluster does not take its vector: %s", a.Header.ID, a.Refused)})
		case a.Lost: // it was changed meanwhile
		case i >= fresh:
			report.Added++
		default:
			report.Updated++
		}
	}
	return nil
}

// standingBy reads the documents of a batch, and returns what there is no document for,
// and those that are to get a vector. It counts those that have theirs.
func (ix *Index) standingBy(ctx context.Context, field string, batch []embed.Given, report *tamis.Report) (absent []embed.Given, list []*writing.Attachment, err error) {
	by := map[string]embed.Given{}
	ids := make([]string, len(batch))
	for i, g := range batch {
		by[g.Document.ID] = g
		ids[i] = records.DocumentKind + records.KeyOf(g.Document.ID)
	}
	found := map[string]bool{}
	for after := -1; ; {
		var read *reading
		var some []*writing.Attachment
		err := ix.ask(ctx, tamis.Scope{}, false, func(m *moment) (err error) {
			filters := []query{{"term": query{"k": records.DocumentKind}}, {"ids": query{"values": ids}}, {"range": query{"q": query{"gt": after}}}}
			some = nil
			if read, err = m.read(filters, len(ids)); err != nil {
				return err
			}
			for _, row := range read.rows {
				a, err := read.attachable(row)
				if err != nil {
					return err
				}
				a.Value = by[a.Header.ID].Vector
				some = append(some, a)
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		if len(read.rows) == 0 {
			break
		}
		list = append(list, some...)
		after = read.rows[len(read.rows)-1].Segment
	}
	there, err := ix.writer().Records(ctx, list, vector.Documents)
	if err != nil {
		return nil, nil, err
	}
	changed := list[:0]
	for _, a := range list {
		found[a.Header.ID] = true
		now := there[a.Seq]
		if len(now) == 1 {
			if has, ok := now[0].Source.X.Vectors[field]; ok && reflect.DeepEqual(has.Value(), a.Value) {
				report.Unchanged++
				continue
			}
		}
		changed = append(changed, a)
	}
	for _, g := range batch {
		if !found[g.Document.ID] {
			absent = append(absent, g)
		}
	}
	return absent, changed, nil
}

var _ embed.Index = (*encoding)(nil)
