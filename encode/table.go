package encode

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/vector"
)

const (
	tableFile     = "idf.json"
	mostTableFile = 64 << 20
	mostQuestion  = 64 << 10 // bytes of a question that count
)

// Table makes sparse vectors of questions without a model: each piece of a question
// that its tokenizer knows has the weight that stands in a table (idf.json, an object of
// piece: weight). The documents' vectors are a model's (Geng et al. 2024).
type Table struct {
	tokens    *tokenizer.Tokenizer
	weights   []float32 // by the number of the piece; 0 for none
	dir, name string
	input     Input
}

// HasTable says whether a folder has weights for questions.
func HasTable(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, tableFile))
	return err == nil
}

// OpenTable reads the tokenizer and the table in dir, and leaves the model alone. Where
// there is one, the Name is that of its vectors with weights of the precision given.
func OpenTable(dir string, p model.Precision) (*Table, error) {
	tokens, err := tokenizer.Open(dir)
	if err != nil {
		return nil, err
	}
	t, err := readTable(dir, tokens)
	if err == nil {
		t.dir, err = filepath.Abs(dir)
	}
	if _, missing := os.Stat(filepath.Join(dir, "config.json")); err == nil && !errors.Is(missing, fs.ErrNotExist) {
		t.name, _, err = name(dir, p)
	}
	return t, err
}

func readTable(dir string, tokens *tokenizer.Tokenizer) (*Table, error) {
	path := filepath.Join(dir, tableFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostTableFile {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), mostTableFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var weights map[string]float64
	if err := json.Unmarshal(data, &weights); err != nil {
		return nil, fmt.Errorf("%s is no table of weights: %w", path, err)
	}
	t := &Table{tokens: tokens, weights: make([]float32, tokens.Words()), input: DefaultInput}
	known := 0
	for id := range t.weights {
		piece := tokens.Word(int32(id))
		w, ok := weights[piece]
		switch {
		case !ok || special(piece):
			continue
		case !(w >= 0 && w <= math.MaxFloat32):
			return nil, fmt.Errorf("%s: the weight of %s is %g; it must be 0 or greater", path, screen.Name(piece), w)
		}
		t.weights[id] = float32(w)
		known++
	}
	if known == 0 {
		return nil, fmt.Errorf("%s has no weight for any of the tokenizer's %d pieces: they belong to different models", path, tokens.Words())
	}
	return t, nil
}

// special says whether a piece stands for no text: [CLS], <s>.
func special(piece string) bool {
	return specialBetween(piece, "[", "]") || specialBetween(piece, "<", ">")
}

func specialBetween(piece, left, right string) bool {
	return len(piece) > 2 && strings.HasPrefix(piece, left) && strings.HasSuffix(piece, right)
}

// Name is that of the vectors of documents that the questions are for; "" where the
// folder has no model.
func (t *Table) Name() string { return named(t.name, t.input) }

// With is the table for passages that were encoded with another Input.
func (t *Table) With(in Input) *Table {
	other := *t
	other.input = in
	return &other
}

// Place is the absolute path of the folder.
func (t *Table) Place() string { return t.dir }

// Kind is that of the vectors.
func (t *Table) Kind() vector.Kind { return vector.KindSparse }

// Width is how many pieces there are.
func (t *Table) Width() int { return len(t.weights) }

// Close does nothing.
func (t *Table) Close() error { return nil }

// All yields the vector of each text, which must be questions, in their order.
func (t *Table) All(ctx context.Context, texts iter.Seq[string], u Use) iter.Seq2[vector.Value, error] {
	return func(yield func(vector.Value, error) bool) {
		for text := range texts {
			err := ctx.Err()
			if u != Query {
				err = fmt.Errorf("%s has weights for questions; vectors of passages need the model that belongs to them", cmp.Or(t.dir, tableFile))
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(t.vector(text), nil) {
				return
			}
		}
	}
}

func (t *Table) vector(text string) vector.Named {
	v := vector.Named{}
	for _, token := range t.tokens.Encode(text[:min(len(text), mostQuestion)], -1) {
		if w := t.weights[token.ID]; w > 0 {
			v[t.tokens.Word(token.ID)] = w
		}
	}
	return v
}
