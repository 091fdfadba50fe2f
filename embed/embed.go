// Package embed gives what is indexed vectors: passages those that an encoder makes of them,
// documents those of a file. It does so for a store, and for what else is an Index.
package embed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/encode"
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

// Encoder makes vectors of texts.
type Encoder = encode.Maker

// Skip is a document that goes without vectors.
type Skip struct{ ID, Reason string }

// Index is where the passages are that are to get vectors: a store, or an index in a cluster.
type Index interface {
	// Want says how a field is to be that is not used, and where its model lies.
	Want(ctx context.Context, field string, f vector.Field) error
	// Lacking are the documents of which a passage lacks a vector in a field, and how many
	// passages they have together.
	Lacking(ctx context.Context, field string) (docs iter.Seq2[*Document, error], passages int, err error)
	// Flush makes what was attached durable.
	Flush(ctx context.Context) error
}

// Document is one whose passages are to get vectors.
type Document struct {
	ID, Title string
	Passages  int
	Passage   func(n int) corpus.Passage
	Text      func(start, end int) (string, error)
	// Attach gives the passages vectors, those of them that are there, and says whether any
	// is new. A *store.DocumentError says why the document takes none.
	Attach func(ctx context.Context, parts vector.Parts) (changed bool, err error)
}

// Report is what a run did.
type Report struct {
	Passages int // that were given vectors
	Skipped  []Skip
}

// Run gives every passage that lacks one a vector. What was made is durable after some
// thousand passages, also where the run ends with an error; it says how many got one, and
// which documents go without. progress, where not nil, is told how many passages of how many
// have been encoded.
func Run(ctx context.Context, ix Index, e Encoder, progress func(done, all int)) (r Report, err error) {
	if l, ok := e.(interface{ Labels() bool }); ok && l.Labels() {
		return r, fmt.Errorf("%w: the model in %s makes labels, not vectors that could be searched for: tamis context --rerank reads with it", model.ErrUnsupported, e.Place())
	}
	if err := ix.Want(ctx, e.Name(), fieldOf(e)); err != nil {
		return r, err
	}
	docs, all, err := ix.Lacking(ctx, e.Name())
	if err != nil || all == 0 {
		return r, err
	}
	w := encoding{of: ix, ctx: ctx, encoder: e, docs: docs, all: all, input: inputOf(e), began: time.Now()}
	err = w.run(progress)
	// What was made is kept where the run was cancelled.
	return w.report, errors.Join(err, ix.Flush(context.WithoutCancel(ctx)))
}

// fieldOf is how the vectors of a model are kept.
func fieldOf(e Encoder) vector.Field {
	f := vector.Field{Kind: e.Kind(), Unit: vector.Passages, Model: e.Place()}
	switch f.Kind {
	case vector.KindDense:
		f.Bits, f.Similarity = modelBits, vector.Cosine
		if s, ok := e.(interface{ Similarity() vector.Similarity }); ok {
			f.Similarity = s.Similarity()
		}
	case vector.KindMulti:
		f.Bits = modelBits
	case vector.KindSparse:
		if g, ok := e.(interface{ Greatest() float32 }); ok && g.Greatest() > 0 {
			f.Bits, f.Max = modelBits, g.Greatest()
		}
	}
	return f
}

// encoding takes the vectors of passages in, which come in the order of their texts.
type encoding struct {
	of      Index
	ctx     context.Context
	encoder Encoder
	docs    iter.Seq2[*Document, error]
	input   encode.Input
	report  Report
	err     error // of reading
	waiting []*Document
	parts   vector.Parts // of the first that waits
	taken   int          // of its passages
	done    int          // passages of all
	all     int
	step    int // passages since the last step
	began   time.Time
}

func (w *encoding) run(progress func(done, all int)) error {
	values, err := w.values()
	if err != nil {
		return err
	}
	for v, err := range values {
		if err == nil {
			err = w.ctx.Err()
		}
		if err == nil {
			err = w.take(v)
		}
		if err != nil {
			return err
		}
		if progress != nil {
			progress(w.done, w.all)
		}
	}
	return w.err
}

// take puts the next vector to its passage.
func (w *encoding) take(v vector.Value) error {
	d := w.waiting[0]
	p := d.Passage(w.taken)
	w.taken++
	w.done++
	w.step++
	if vector.Numbers(v) > 0 { // a sparse model may have nothing to say
		w.parts = append(w.parts, vector.Part{Start: p.Start, End: p.End, Vector: v})
	}
	if w.taken < d.Passages {
		return nil
	}
	changed, err := d.Attach(w.ctx, w.parts)
	var bad *store.DocumentError
	switch {
	case errors.As(err, &bad):
		w.report.Skipped = append(w.report.Skipped, Skip{ID: d.ID, Reason: bad.Reason})
		err = nil
	case changed:
		w.report.Passages += len(w.parts)
	}
	w.waiting, w.parts, w.taken = w.waiting[1:], nil, 0
	if err == nil && (w.step >= encodedTogether || time.Since(w.began) >= encodedWithin) {
		w.step, w.began = 0, time.Now()
		err = w.of.Flush(w.ctx)
	}
	return err
}

// inputOf is what an encoder wants passages to be encoded with.
func inputOf(e Encoder) encode.Input {
	if x, ok := e.(interface{ Input() encode.Input }); ok {
		return x.Input()
	}
	return encode.DefaultInput
}

// values are the vectors of all passages, in their order.
func (w *encoding) values() (iter.Seq2[vector.Value, error], error) {
	if !w.input.Late {
		return w.encoder.All(w.ctx, w.texts(), encode.Passage), nil
	}
	late, ok := w.encoder.(interface {
		Late(context.Context, iter.Seq[encode.Run]) iter.Seq2[vector.Value, error]
	})
	if !ok {
		return nil, fmt.Errorf("%w: what is at %s reads text by text: late chunking needs the folder of a model", model.ErrUnsupported, w.encoder.Place())
	}
	return late.Late(w.ctx, w.runs()), nil
}

// open yields the documents whose vectors are to be made, and notes them. One whose vectors
// would be too many together is skipped. What cannot be read ends the work.
func (w *encoding) open() iter.Seq[*Document] {
	return func(yield func(*Document) bool) {
		for d, err := range w.docs {
			if err != nil {
				w.err = err
				return
			}
			if width := w.encoder.Width(); w.encoder.Kind() == vector.KindDense && d.Passages > store.MaxNumbers/width {
				w.all -= d.Passages
				w.report.Skipped = append(w.report.Skipped, Skip{ID: d.ID, Reason: fmt.Sprintf("its %d passages are too many for vectors of %d numbers each: it is found by words alone; divide it", d.Passages, width)})
				continue
			}
			w.waiting = append(w.waiting, d)
			if !yield(d) {
				return
			}
		}
	}
}

// read is text of a document, "" where it cannot be read, which ends the work.
func (w *encoding) read(d *Document, start, end int) string {
	text, err := d.Text(start, end)
	if err != nil {
		w.err = err
	}
	return text
}

// texts yields the texts of passages.
func (w *encoding) texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		for d := range w.open() {
			previous := ""
			for n := range d.Passages {
				p := d.Passage(n)
				text := w.read(d, p.Start, p.End)
				if w.err != nil || !yield(w.input.Text(d.Title, p.Headings, previous, text)) {
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
func (w *encoding) runs() iter.Seq[encode.Run] {
	return func(yield func(encode.Run) bool) {
		for d := range w.open() {
			for from := 0; from < d.Passages; from += encode.MostRun {
				end := min(from+encode.MostRun, d.Passages)
				start := d.Passage(from).Start
				run := encode.Run{Before: w.input.Text(d.Title, nil, "", ""), Text: w.read(d, start, d.Passage(end-1).End)}
				for n := from; n < end; n++ {
					p := d.Passage(n)
					run.Passages = append(run.Passages, [2]int{p.Start - start, p.End - start})
				}
				if w.err != nil || !yield(run) {
					return
				}
			}
		}
	}
}
