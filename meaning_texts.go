package tamis

import (
	"context"
	"iter"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/store"
)

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
func (w *encoding) values(ctx context.Context, e Encoder, docs []store.Row) (iter.Seq2[Vector, error], error) {
	if !w.input.Late {
		return e.All(ctx, w.texts(docs), encode.Passage), nil
	}
	late, ok := e.(interface {
		Late(context.Context, iter.Seq[encode.Run]) iter.Seq2[Vector, error]
	})
	if !ok {
		return nil, invalidf("model", "what is at %s reads text by text: late chunking needs the folder of a model", e.Place())
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
