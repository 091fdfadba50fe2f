// Package encoding is what the command line makes of models: vectors of the texts in
// a file, and what a folder is.
package encoding

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
)

// line is what is printed of a text.
type line struct {
	ID     string `json:"id"`
	Vector any    `json:"vector"`
}

// File writes a line for each record of the file at path; "-" is in.
func File(ctx context.Context, out io.Writer, in io.Reader, e tamis.Encoder, path string, use encode.Use) error {
	if path != "-" {
		f, err := files.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	// Vectors come in the order of the texts, whose names wait here; texts are read
	// where vectors are asked for, by this goroutine.
	var ids []string
	var bad error
	labels, ok := e.(interface{ Labels() bool })
	pairs := ok && labels.Labels()
	texts := func(yield func(string) bool) {
		stop := errors.New("stopped")
		if err := files.Lines(path, in, func(r *files.Record) error {
			id, err := r.ID()
			if err != nil {
				return err
			}
			ids = append(ids, id)
			text := encode.Text(r.Title, r.Text)
			if pairs && r.Title != "" {
				text = encode.Pair(r.Title, r.Text)
			}
			if !yield(text) {
				return stop
			}
			return nil
		}); err != nil {
			bad = err
		}
	}
	w := bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for v, err := range e.All(ctx, texts, use) {
		if err != nil {
			return err
		}
		if err := enc.Encode(line{ids[0], v}); err != nil {
			return err
		}
		ids = ids[1:]
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return bad
}

// Model is a folder that loads.
type Model struct {
	encode.Info
	Dir   string  `json:"dir"`
	Speed float64 `json:"passages_a_second"` // of speedTokens, on one thread
}

const speedTokens = 128

// Look loads the model in dir and measures it.
func Look(ctx context.Context, dir string) (Model, error) {
	if lsi.Is(dir) {
		return own(ctx, dir)
	}
	opened, err := Open(ctx, dir, model.F32)
	if err != nil {
		return Model{}, err
	}
	defer opened.Close()
	e, ok := opened.(interface {
		Info() encode.Info
		Speed(ctx context.Context, tokens int) (float64, error)
	})
	if !ok {
		return Model{}, fmt.Errorf("%s is no model in a file", screen.Name(dir))
	}
	m := Model{Info: e.Info(), Dir: dir}
	m.Speed, err = e.Speed(ctx, speedTokens)
	return m, err
}

// own is Look for a folder of tamis train.
func own(ctx context.Context, dir string) (Model, error) {
	e, err := lsi.Open(dir)
	if err != nil {
		return Model{}, err
	}
	m := Model{Info: encode.Info{Architecture: "vectors of one corpus (tamis train)", Vectors: e.Kind().String(), Width: e.Width(), Pooling: "sum", Bytes: 4 * e.Terms() * e.Width()}, Dir: dir}
	texts, began, done := slices.Repeat([]string{strings.Repeat("some words of a passage ", speedTokens/5)}, 1000), time.Now(), 0
	for _, err := range e.All(ctx, slices.Values(texts), encode.Passage) {
		if err != nil {
			return m, err
		}
		done++
	}
	m.Speed = float64(done) / time.Since(began).Seconds()
	return m, nil
}

// Models writes what the folders are. Those that do not load are warned of, and make
// an error at the end.
func Models(ctx context.Context, out io.Writer, warn func(format string, args ...any), dirs []string, asJSON bool) error {
	failed := 0
	for _, dir := range dirs {
		m, err := Look(ctx, dir)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			warn("%s", err)
			continue
		case asJSON:
			err = json.NewEncoder(out).Encode(m)
		default:
			_, err = fmt.Fprintf(out, "%s: %s\n", screen.Name(dir), m)
		}
		if err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("could not load all of them: %d failed", failed)
	}
	return nil
}

func (m Model) String() string {
	if m.Layers == 0 { // nothing but words
		return fmt.Sprintf("%s, %s vectors of %d, %.1f MB of weights; %.0f passages of %d words a second on one thread", m.Architecture, m.Vectors, m.Width, float64(m.Bytes)/1e6, m.Speed, speedTokens)
	}
	return fmt.Sprintf("%s, %d layers, %s vectors of %d (%s), texts of %d tokens, %.1f MB of weights; %.1f passages of %d tokens a second on one thread",
		m.Architecture, m.Layers, m.Vectors, m.Width, m.Pooling, m.Tokens, float64(m.Bytes)/1e6, m.Speed, min(speedTokens, m.Tokens))
}
