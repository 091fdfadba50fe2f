package derived

import (
	"context"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/names"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
	"github.com/tamis-search/tamis/vector"
)

// Maker makes segments with what an index makes rows with, and as its fields store
// vectors.
type Maker struct {
	Rows   *ingest.Pipeline
	Fields *names.Fields
}

// FromDocuments makes the bytes of the segment that holds the documents of in, as v
// has them, and says how many those are. A document that is damaged stays out of it,
// and lost is told.
func (m *Maker) FromDocuments(ctx context.Context, v *view.View, in []view.Segment, lost func(what string)) (data []byte, docs int, err error) {
	b := segment.NewBuilder(m.Rows.Index())
	for _, o := range in {
		err := o.Entry.Visit(v.Stored(), func(ordinal uint64) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := addTo(ctx, b, v, m.Rows, ordinal)
			if errors.Is(err, record.ErrCorrupt) {
				lost(fmt.Sprintf("document number %d cannot be read and is not found any more: %v", ordinal, err))
				return nil
			}
			return err
		})
		if err != nil {
			return nil, 0, fmt.Errorf("build segment %d anew: %w", o.Entry.ID, err)
		}
	}
	docs = b.Documents()
	data, err = b.Bytes(m.Fields.Used())
	return data, docs, err
}

func addTo(ctx context.Context, b *segment.Builder, v *view.View, p *ingest.Pipeline, ordinal uint64) error {
	h, err := v.Header(ordinal)
	if err != nil {
		return err
	}
	d, err := v.Document(h)
	if err != nil {
		return err
	}
	if p.Places() {
		if err := v.ReadPlaces(h, d); err != nil {
			return err
		}
	}
	r, err := p.Rows(d, h.Analyzer)
	if err != nil {
		return err
	}
	vs, err := v.Vectors(h)
	if err != nil {
		return err
	}
	return AddRows(b, ordinal, r, h.Size, vs, ctx.Err)
}

// AddRows adds the rows of a document, with its ordinal, the bytes of its source and
// its vectors. more is asked after each passage; its error ends the work in the
// middle and leaves a builder that cannot be used.
func AddRows(b *segment.Builder, ordinal uint64, r ingest.Rows, size int, vs record.Vectors, more func() error) error {
	if err := b.BeginDocument(ordinal, r.Title, r.Metadata, size); err != nil {
		return err
	}
	parts := map[string]vector.Parts{} // those that are left
	for field, v := range vs {
		if p, ok := v.(vector.Parts); ok {
			parts[field] = p
		}
	}
	err := r.Each(func(p corpus.Passage, f index.Fields) error {
		b.AddPassage(p, f)
		for field, left := range parts {
			for len(left) > 0 && left[0].Start < p.Start {
				left = left[1:]
			}
			if len(left) > 0 && left[0].Start == p.Start && left[0].End == p.End {
				b.AddPassageVector(field, left[0].Vector)
			}
			parts[field] = left
		}
		return more()
	})
	if err != nil {
		return err
	}
	d := r.Document
	if r.Joined {
		d.Body = nil
	}
	b.EndDocument(d)
	for field, v := range vs {
		if _, ok := parts[field]; !ok {
			b.AddVector(field, v)
		}
	}
	return nil
}

// Within is asked after each passage that is added to b, for AddRows: it ends with
// ctx, and where the builder, the segment that is made of it in the end, and a source
// of size bytes need more than memory bytes.
func Within(ctx context.Context, b *segment.Builder, memory int64, size int) func() error {
	n := 0
	return func() error {
		if n++; n%128 != 0 {
			return nil
		}
		if b.Memory()/2*3+int64(size) > memory {
			return fmt.Errorf("its words need more than the %d MiB of memory that indexing may take: allow more (--memory), or split it", memory>>20)
		}
		return ctx.Err()
	}
}

// WithAttached makes the bytes of a segment with the vectors that its documents
// have in v.
func (m *Maker) WithAttached(ctx context.Context, v *view.View, o *view.Segment) ([]byte, error) {
	// The fields in which anything was attached are built anew, the others stay.
	with := map[string]*segment.FieldVectors{}
	first, end := record.AttachedKey(o.Entry.First, ""), record.AttachedKey(o.Entry.Last+1, "")
	err := kv.ScanIn(v.Stored(), first, end, func(key, _ []byte) error {
		_, field := record.AttachedField(key)
		with[field] = &segment.FieldVectors{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = o.Entry.Visit(v.Stored(), func(ordinal uint64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, ok := o.Rows().Row(ordinal)
		if !ok {
			return nil
		}
		h, err := v.Header(ordinal)
		if err != nil {
			return err
		}
		vs, err := v.Vectors(h)
		if err != nil {
			return err
		}
		for field, x := range vs {
			f := with[field]
			if parts, ok := x.(vector.Parts); f != nil && ok {
				o.Rows().EachPart(row, parts, f.AddPassage)
			} else if f != nil {
				f.Add(row, x)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("attach vectors to segment %d: %w", o.Entry.ID, err)
	}
	return segment.ReplaceVectors(o.Data(), with, m.Fields.Used())
}

// Merge makes the bytes of the segment that holds what is not deleted of others, and
// says how many documents those are.
func (m *Maker) Merge(in []view.Segment) (data []byte, docs int, err error) {
	parts := make([]segment.Part, len(in))
	for i, o := range in {
		parts[i] = segment.Part{Segment: o.Rows()}
		if visible := o.Visible(view.Documents); visible != nil {
			parts[i].Deleted = func(row uint32) bool { return !visible.Has(row) }
		}
	}
	return segment.Merge(m.Rows.Index(), parts)
}
