package tamis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// How the vectors of a model are kept: of 8 bits a number the order of what is near
// is that of 32, at a quarter of the bytes.
const modelBits = 8

// A step that encodes ends after so many passages: what it has made is durable then.
const encodedTogether = 2048

// Encoder makes vectors of texts with a model: encode.Open loads one from a folder,
// encode.OpenRemote asks an endpoint.
type Encoder interface {
	// Name names what the vectors depend on, and the field that holds them.
	Name() string
	// Place is where the model lies: a folder, or an address.
	Place() string
	Kind() vector.Kind
	// Width is how many numbers a dense vector has.
	Width() int
	// All yields the vector of each text, in their order; after an error, which is the
	// last, no more.
	All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[Vector, error]
}

// Use has contexts weigh how near passages are to the question in meaning, by the
// vectors that Encode made with e, and searches by words rank by both (Hybrid). Nil:
// words alone.
func (ix *Index) Use(e Encoder) { ix.encoder.Store(&e) }

// used is the Encoder that is in use; nil where there is none.
func (ix *Index) used() Encoder {
	if e := ix.encoder.Load(); e != nil {
		return *e
	}
	return nil
}

// questionVector is that of a question, as e makes it.
func questionVector(ctx context.Context, e Encoder, question string) (Vector, error) {
	for v, err := range e.All(ctx, slices.Values([]string{question}), encode.Query) {
		if err != nil {
			return nil, fmt.Errorf("the question's vector: %w", err)
		}
		return v, nil
	}
	return nil, ctx.Err()
}

// Models are the places of the models that have made vectors, by the field that holds
// them.
func (ix *Index) Models() map[string]string {
	models := map[string]string{}
	for _, field := range ix.store.VectorFields() {
		if dir := ix.store.Field(field).Model; dir != "" {
			models[field] = dir
		}
	}
	return models
}

// Encoded says what Encode did.
type Encoded struct {
	Field    string `json:"field"`
	Passages int    `json:"passages"` // that were given vectors now
	Skipped  []Skip `json:"skipped"`
}

// Encode gives every passage that lacks one a vector, made by e, in a field that is
// named after the model: another model's vectors are in another field. Contexts that
// are asked for with the same Encoder weigh them. What was made is durable
// after some thousand passages, and is not made again where Encode was stopped. progress,
// where not nil, is told how many passages of how many have been encoded.
func (ix *Index) Encode(ctx context.Context, e Encoder, progress func(done, all int)) (Encoded, error) {
	report := Encoded{Field: e.Name(), Skipped: []Skip{}}
	if l, ok := e.(interface{ Labels() bool }); ok && l.Labels() {
		return report, invalidf("model", "the model in %s makes labels, not vectors that could be searched for: tamis context --rerank reads with it", e.Place())
	}
	if err := ix.Ready(ctx); err != nil {
		return report, err
	}
	if err := ix.store.Want(report.Field, fieldOf(e)); err != nil {
		return report, err
	}
	snap, err := ix.store.Snapshot()
	if err != nil {
		return report, err
	}
	defer snap.Release()
	todo, all, err := lacking(snap, &report, e)
	if err != nil {
		return report, err
	}
	if len(todo) == 0 {
		return report, nil
	}
	b, err := ix.store.Begin()
	if err != nil {
		return report, err
	}
	defer b.Discard()
	b.Until(ctx)
	w := encoding{view: snap, batch: b, report: &report}
	for v, err := range e.All(ctx, w.texts(todo), encode.Passage) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.take(v)
		}
		if err != nil {
			return report, errors.Join(err, b.Commit())
		}
		if progress != nil {
			progress(w.done, all)
		}
	}
	return report, errors.Join(w.err, b.Commit())
}

// fieldOf is how the vectors of a model are kept.
func fieldOf(e Encoder) VectorField {
	f := VectorField{Kind: e.Kind(), Unit: vector.Passages, Model: e.Place()}
	switch f.Kind {
	case vector.KindDense:
		f.Bits, f.Similarity = modelBits, vector.Cosine
	case vector.KindMulti:
		f.Bits = modelBits
	}
	return f
}

// lacking lists the documents of which a passage lacks a vector of e's, and counts their
// passages. Those whose vectors would be too many together are skipped.
func lacking(v *store.Snapshot, report *Encoded, e Encoder) (docs []store.Row, passages int, err error) {
	for i, space := range v.Spaces(store.Documents) {
		for row := range uint32(space.Inverted.Rows()) {
			doc := store.Row{Segment: i, Row: row}
			if space.Visible != nil && !space.Visible.Has(row) || v.Whole(doc, report.Field) {
				continue
			}
			first, end := v.PassageRows(doc)
			n := int(end - first)
			if e.Kind() == vector.KindDense && n > store.MaxNumbers/e.Width() {
				h, err := v.Header(v.Ordinal(doc))
				if err != nil {
					return nil, 0, err
				}
				report.Skipped = append(report.Skipped, Skip{Path: h.ID, Reason: fmt.Sprintf("its %d passages are too many for vectors of %d numbers each: it is found by words alone; divide it", n, e.Width())})
				continue
			}
			docs, passages = append(docs, doc), passages+n
		}
	}
	return docs, passages, nil
}

// encoding takes the vectors of passages in, which come in the order of their texts.
type encoding struct {
	view    *store.Snapshot
	batch   *store.Batch
	report  *Encoded
	err     error // of reading
	waiting []unencoded
	parts   vector.Parts // of the first that waits
	taken   int          // of its passages
	done    int          // passages of all
	step    int          // passages since the last step
}

// unencoded is a document whose vectors are being made.
type unencoded struct {
	id      string
	ordinal uint64
	rows    []topk.Row
}

// texts yields the texts of passages and notes whose they are.
func (w *encoding) texts(docs []store.Row) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, doc := range docs {
			h, err := w.view.Header(w.view.Ordinal(doc))
			if err != nil {
				w.err = err
				return
			}
			u := unencoded{id: h.ID, ordinal: h.Ordinal}
			first, end := w.view.PassageRows(doc)
			for r := first; r < end; r++ {
				u.rows = append(u.rows, store.Row{Segment: doc.Segment, Row: r})
			}
			w.waiting = append(w.waiting, u)
			for _, row := range u.rows {
				p := w.view.Passage(row)
				text, err := w.view.Text(h, p.Start, p.End)
				if err != nil {
					w.err = err
					return
				}
				if !yield(encode.Text(h.Title, text)) {
					return
				}
			}
		}
	}
}

// take puts the next vector to its passage.
func (w *encoding) take(v Vector) error {
	u := &w.waiting[0]
	p := w.view.Passage(u.rows[w.taken])
	w.taken++
	w.done++
	w.step++
	if vector.Numbers(v) > 0 { // a sparse model may have nothing to say
		w.parts = append(w.parts, vector.Part{Start: p.Start, End: p.End, Vector: v})
	}
	if w.taken < len(u.rows) {
		return nil
	}
	outcome, err := store.Unchanged, error(nil)
	if len(w.parts) > 0 {
		outcome, err = w.batch.AttachVector(u.id, u.ordinal, w.report.Field, w.parts)
	}
	var bad *store.DocumentError
	switch {
	case errors.As(err, &bad):
		w.report.Skipped = append(w.report.Skipped, Skip{Path: u.id, Reason: bad.Reason})
		err = nil
	case outcome != store.Unchanged:
		w.report.Passages += len(w.parts)
	}
	w.waiting, w.parts, w.taken = w.waiting[1:], nil, 0
	if err == nil && w.step >= encodedTogether {
		w.step = 0
		err = w.batch.Flush()
	}
	return err
}

// meaning is a gather.Meaning by the vectors that the index's Encoder made; nil where
// there are none.
func (ix *Index) meaning(ctx context.Context, r snapshotReader, question string) (gather.Meaning, error) {
	e := ix.used()
	if e == nil || e.Kind() != vector.KindDense {
		return nil, nil
	}
	made, err := questionVector(ctx, e, question)
	if err != nil {
		return nil, err
	}
	asked, ok := made.(vector.Dense).Unit()
	if !ok {
		return nil, nil
	}
	of := r.view.PassageVectors(e.Name())
	return func(_ context.Context, rows []topk.Row) ([]float32, error) {
		out := make([]float32, len(rows))
		for i, row := range rows {
			out[i] = float32(math.NaN())
			if v := of(row); len(v) == len(asked) {
				out[i] = asked.Dot(v)
			}
		}
		return out, nil
	}, nil
}
