// Package embed gives the passages of a store the vectors that an encoder makes of them.
package embed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// How the vectors of a model are kept: of 8 bits a number the order of what is near
// is that of 32, at a quarter of the bytes. Sparse ones need no second look at the weights
// then.
const modelBits = 8

// A step that encodes ends after so many passages, or so long where the model is slow: what
// it has made is durable then.
const (
	encodedTogether = 2048
	encodedWithin   = time.Minute
)

// Encoder makes vectors of texts, in the field that its Name is.
type Encoder interface {
	Name() string
	Place() string
	Kind() vector.Kind
	Width() int
	All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[vector.Value, error]
}

// Skip is a document that goes without vectors.
type Skip struct{ ID, Reason string }

// report is what a run did.
type report struct {
	field    string
	passages int
	skipped  []Skip
}

// Run gives every passage that lacks one a vector. What was made is durable after some
// thousand passages, also where the run ends with an error; it says how many got one, and
// which documents go without. progress, where not nil, is told how many passages of how many
// have been encoded.
func Run(ctx context.Context, s *store.Store, e Encoder, progress func(done, all int)) (passages int, skipped []Skip, err error) {
	r := report{field: e.Name()}
	err = r.run(ctx, s, e, progress)
	return r.passages, r.skipped, err
}

func (r *report) run(ctx context.Context, s *store.Store, e Encoder, progress func(done, all int)) error {
	if l, ok := e.(interface{ Labels() bool }); ok && l.Labels() {
		return fmt.Errorf("%w: the model in %s makes labels, not vectors that could be searched for: tamis context --rerank reads with it", model.ErrUnsupported, e.Place())
	}
	if err := s.Want(r.field, fieldOf(e)); err != nil {
		return err
	}
	snap, err := s.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Release()
	todo, all, err := lacking(snap, r, e)
	if err != nil || len(todo) == 0 {
		return err
	}
	b, err := s.Begin()
	if err != nil {
		return err
	}
	defer b.Discard()
	b.Until(ctx)
	w := encoding{view: snap, batch: b, report: r, input: inputOf(e), began: time.Now()}
	values, err := w.values(ctx, e, todo)
	if err != nil {
		return err
	}
	for v, err := range values {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.take(v)
		}
		if err != nil {
			return errors.Join(err, b.Commit())
		}
		if progress != nil {
			progress(w.done, all)
		}
	}
	return errors.Join(w.err, b.Commit())
}

// fieldOf is how the vectors of a model are kept.
func fieldOf(e Encoder) vector.Field {
	f := vector.Field{Kind: e.Kind(), Unit: vector.Passages, Model: e.Place()}
	switch f.Kind {
	case vector.KindDense:
		f.Bits, f.Similarity = modelBits, vector.Cosine
	case vector.KindMulti:
		f.Bits = modelBits
	case vector.KindSparse:
		if g, ok := e.(interface{ Greatest() float32 }); ok && g.Greatest() > 0 {
			f.Bits, f.Max = modelBits, g.Greatest()
		}
	}
	return f
}

// lacking lists the documents of which a passage lacks a vector of e's, and counts their
// passages. Those whose vectors would be too many together are skipped.
func lacking(v *store.Snapshot, report *report, e Encoder) (docs []store.Row, passages int, err error) {
	for i, space := range v.Spaces(store.Documents) {
		for row := range uint32(space.Inverted.Rows()) {
			doc := store.Row{Segment: i, Row: row}
			if space.Visible != nil && !space.Visible.Has(row) || v.Whole(doc, report.field) {
				continue
			}
			first, end := v.PassageRows(doc)
			n := int(end - first)
			if e.Kind() == vector.KindDense && n > store.MaxNumbers/e.Width() {
				h, err := v.Header(v.Ordinal(doc))
				if err != nil {
					return nil, 0, err
				}
				report.skipped = append(report.skipped, Skip{ID: h.ID, Reason: fmt.Sprintf("its %d passages are too many for vectors of %d numbers each: it is found by words alone; divide it", n, e.Width())})
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
	report  *report
	input   encode.Input
	err     error // of reading
	waiting []unencoded
	parts   vector.Parts // of the first that waits
	taken   int          // of its passages
	done    int          // passages of all
	step    int          // passages since the last step
	began   time.Time    // of the step
}

// unencoded is a document whose vectors are being made.
type unencoded struct {
	id      string
	ordinal uint64
	rows    []topk.Row
}

// take puts the next vector to its passage.
func (w *encoding) take(v vector.Value) error {
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
		outcome, err = w.batch.AttachVector(u.id, u.ordinal, w.report.field, w.parts)
	}
	var bad *store.DocumentError
	switch {
	case errors.As(err, &bad):
		w.report.skipped = append(w.report.skipped, Skip{ID: u.id, Reason: bad.Reason})
		err = nil
	case outcome != store.Unchanged:
		w.report.passages += len(w.parts)
	}
	w.waiting, w.parts, w.taken = w.waiting[1:], nil, 0
	if err == nil && (w.step >= encodedTogether || time.Since(w.began) >= encodedWithin) {
		w.step, w.began = 0, time.Now()
		err = w.batch.Flush()
	}
	return err
}

// readTogether is how many passages of a document are read at once where they are encoded
// together.
const readTogether = 64

// inputOf is what an encoder wants passages to be encoded with.
func inputOf(e Encoder) encode.Input {
	if x, ok := e.(interface{ Input() encode.Input }); ok {
		return x.Input()
	}
	return encode.DefaultInput
}

// values are the vectors of all passages of docs, in their order.
func (w *encoding) values(ctx context.Context, e Encoder, docs []store.Row) (iter.Seq2[vector.Value, error], error) {
	if !w.input.Late {
		return e.All(ctx, w.texts(docs), encode.Passage), nil
	}
	late, ok := e.(interface {
		Late(context.Context, iter.Seq[encode.Run]) iter.Seq2[vector.Value, error]
	})
	if !ok {
		return nil, fmt.Errorf("%w: what is at %s reads text by text: late chunking needs the folder of a model", model.ErrUnsupported, e.Place())
	}
	return late.Late(ctx, w.runs(docs)), nil
}

// open notes a document whose vectors are to be made.
func (w *encoding) open(doc store.Row) (*store.Header, []store.Row, bool) {
	h, err := w.view.Header(w.view.Ordinal(doc))
	if err != nil {
		w.err = err
		return nil, nil, false
	}
	u := unencoded{id: h.ID, ordinal: h.Ordinal}
	first, end := w.view.PassageRows(doc)
	for r := first; r < end; r++ {
		u.rows = append(u.rows, store.Row{Segment: doc.Segment, Row: r})
	}
	w.waiting = append(w.waiting, u)
	return h, u.rows, true
}

// read is text of a document, "" where it cannot be read, which ends the work.
func (w *encoding) read(h *store.Header, start, end int) string {
	text, err := w.view.Text(h, start, end)
	if err != nil {
		w.err = err
	}
	return text
}

// texts yields the texts of passages and notes whose they are.
func (w *encoding) texts(docs []store.Row) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, doc := range docs {
			h, rows, ok := w.open(doc)
			if !ok {
				return
			}
			previous := ""
			for _, row := range rows {
				p := w.view.Passage(row)
				text := w.read(h, p.Start, p.End)
				if w.err != nil || !yield(w.input.Text(h.Title, p.Headings, previous, text)) {
					return
				}
				if n := len(p.Sentences); n > 0 && w.input.Previous {
					s := p.Sentences[n-1]
					previous = text[s.Start-p.Start : s.End-p.Start]
				}
			}
		}
	}
}

// runs yields the passages of documents in runs of those that are encoded together.
func (w *encoding) runs(docs []store.Row) iter.Seq[encode.Run] {
	return func(yield func(encode.Run) bool) {
		for _, doc := range docs {
			h, rows, ok := w.open(doc)
			if !ok {
				return
			}
			for len(rows) > 0 {
				n := min(len(rows), readTogether)
				start, end := w.view.Passage(rows[0]).Start, w.view.Passage(rows[n-1]).End
				run := encode.Run{Before: w.input.Text(h.Title, nil, "", ""), Text: w.read(h, start, end)}
				for _, row := range rows[:n] {
					p := w.view.Passage(row)
					run.Passages = append(run.Passages, [2]int{p.Start - start, p.End - start})
				}
				if rows = rows[n:]; w.err != nil || !yield(run) {
					return
				}
			}
		}
	}
}
