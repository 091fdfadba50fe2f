package classifying

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/screen"
)

// source is where examples come from.
type source struct {
	name     string
	examples []classify.Example
	encoder  encoding.Encoder // nil where words alone count
	index    engine.Index
}

func (s *source) close() {
	if s.encoder != nil {
		_ = s.encoder.Close() // it was read alone
	}
	if s.index != nil {
		_ = s.index.Close()
	}
}

// source reads the examples of a file, or of the index.
func (a *App) source(ctx context.Context, o options) (*source, error) {
	if o.examples != "" {
		examples, err := files.Read(o.examples, func(name string, r io.Reader) ([]classify.Example, error) {
			return classify.Read(name, r, o.label, o.none, false)
		})
		if err != nil {
			return nil, err
		}
		e, err := o.model.Named(ctx)
		return &source{name: screen.Name(o.examples), examples: examples, encoder: e}, err
	}
	seen, err := o.scope()
	if err != nil {
		return nil, err
	}
	ix, err := a.Open(ctx)
	if err != nil {
		return nil, err
	}
	s := &source{name: "the index", index: ix}
	if err := s.read(ctx, o, seen, a.Warn); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

const pageOf = 1000

// read reads the documents of an index that have labels, with the vectors that are there.
func (s *source) read(ctx context.Context, o options, seen tamis.Scope, warn func(format string, args ...any)) (err error) {
	field := ""
	if s.encoder, err = o.model.Made(ctx, s.index, warn); err != nil {
		return err
	}
	if s.encoder != nil {
		field = s.encoder.Name()
	}
	for page := (tamis.Page{Limit: pageOf}); ; {
		list, next, err := s.index.Documents(ctx, page, seen)
		if err != nil {
			return err
		}
		for _, d := range list {
			given := classify.Strings(d.Metadata[o.label])
			if len(given) == 0 {
				continue
			}
			text, err := s.index.Source(ctx, d.ID, seen)
			if err != nil {
				return err
			}
			text = classify.Excerpt(text)
			e := classify.Example{ID: d.ID, Path: d.Path, End: len(text), Text: text, Labels: classify.Given(given, o.none)}
			if field != "" {
				all, err := s.index.Vectors(ctx, d.ID, seen)
				if err != nil {
					return err
				}
				e.Vectors.Set(all[field])
			}
			s.examples = append(s.examples, e)
		}
		if next == "" {
			return nil
		}
		page.After = next
	}
}

// encode gives texts the vectors that they lack.
func (s *source) encode(ctx context.Context, texts []classify.Example) error {
	if s.encoder == nil {
		return nil
	}
	var lacking []int
	for i, t := range texts {
		if t.Vectors.Dense == nil && t.Vectors.Sparse == nil {
			lacking = append(lacking, i)
		}
	}
	i := 0
	for v, err := range encoding.Short(s.encoder)(ctx, func(yield func(string) bool) {
		for _, at := range lacking {
			if !yield(texts[at].Text) {
				return
			}
		}
	}) {
		if err != nil {
			return fmt.Errorf("the vectors of texts: %w", err)
		}
		texts[lacking[i]].Vectors.Set(v)
		i++
	}
	return nil
}

// line prints a value of JSON in one line.
func line(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
