package classifying

import (
	"context"
	"encoding/json"
	"io"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/classify/learned"
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

// read reads the documents of an index that have labels, with the vectors that are there.
func (s *source) read(ctx context.Context, o options, seen tamis.Scope, warn func(format string, args ...any)) (err error) {
	field := ""
	if s.encoder, err = o.model.Made(ctx, s.index, warn); err != nil {
		return err
	}
	if s.encoder != nil {
		field = s.encoder.Name()
	}
	s.examples, err = learned.Examples(ctx, s.index, seen, field, o.label, o.none)
	return err
}

// line prints a value of JSON in one line.
func line(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
