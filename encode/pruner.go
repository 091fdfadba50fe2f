package encode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/pruner"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/vector"
)

// Frozen reads texts with an encoder that stays as it is, for a head behind it (package
// model/pruner).
type Frozen struct{ e *Encoder }

// OpenFrozen loads the model in dir, of which the first layers are used; 0 for all.
func OpenFrozen(dir string, p model.Precision, layers int) (*Frozen, error) {
	e, err := Open(dir, p)
	if err != nil {
		return nil, err
	}
	if e.labels || e.Kind() != vector.KindDense {
		err = fmt.Errorf("%s: %w: a head needs an encoder of dense vectors behind it", dir, model.ErrUnsupported)
	} else if layers > 0 {
		if err = e.model.Shorten(layers); err != nil {
			err = fmt.Errorf("%s: %w", dir, err)
		}
	}
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return &Frozen{e}, nil
}

// Close gives the files back.
func (f *Frozen) Close() error { return f.e.Close() }

// Is says which encoder it is.
func (f *Frozen) Is() pruner.Encoder {
	return pruner.Encoder{Name: f.e.files, Place: f.e.dir, Width: f.e.model.Width, Words: f.e.model.Words, Layers: f.e.model.Layers}
}

// All are the states of all tokens of a text, special ones and a prompt's too, as late interaction has them. What has no token is
// nil.
func (f *Frozen) All(text string, u Use) ([]float32, error) {
	e := f.e
	tokens := e.tokens.Encode(e.prompt(u)+text, max(0, e.most-len(e.tokens.Before)-len(e.tokens.After)))
	if len(tokens) == 0 {
		return nil, nil
	}
	ids := append([]int32(nil), e.tokens.Before...)
	for _, t := range tokens {
		ids = append(ids, t.ID)
	}
	states, err := e.model.States([][]int32{append(ids, e.tokens.After...)})
	if err != nil {
		return nil, err
	}
	return states[0], finite(states[0])
}

func finite(states []float32) error {
	for _, x := range states {
		if x-x != 0 {
			return errors.New("the model's answer is not a number: its weights are damaged")
		}
	}
	return nil
}

// Reading is a text as the encoder read it.
type Reading struct {
	pruner.Text
	Tokens []tokenizer.Token // of IDs
}

// Read reads a text, as much of it as the model takes. What has no token is nil.
func (f *Frozen) Read(text string, u Use) (*Reading, error) {
	e := f.e
	before, after := len(e.tokens.Before), len(e.tokens.After)
	prompt := e.prompt(u)
	tokens := e.tokens.Encode(prompt+text, max(0, e.most-before-after))
	from := 0
	for from < len(tokens) && tokens[from].Start < len(prompt) {
		from++
	}
	if from == len(tokens) {
		return nil, nil
	}
	ids := append([]int32(nil), e.tokens.Before...)
	for _, t := range tokens {
		ids = append(ids, t.ID)
	}
	states, err := e.model.States([][]int32{append(ids, e.tokens.After...)})
	if err != nil {
		return nil, err
	}
	width := e.model.Width
	r := &Reading{Text: pruner.Text{IDs: ids[before+from:], States: states[0][(before+from)*width : (before+len(tokens))*width]}}
	for _, t := range tokens[from:] {
		r.Tokens = append(r.Tokens, tokenizer.Token{ID: t.ID, Start: t.Start - len(prompt), End: t.End - len(prompt)})
	}
	return r, finite(r.States)
}

// Ranges are the tokens of ranges of bytes, of those that have some; which says which these are.
func (r *Reading) Ranges(bytes [][2]int) (tokens [][2]int, which []int) {
	at := 0
	for i, b := range bytes {
		for at < len(r.Tokens) && r.Tokens[at].End <= b[0] {
			at++
		}
		end := at
		for end < len(r.Tokens) && r.Tokens[end].Start < b[1] {
			end++
		}
		if at < end {
			tokens, which = append(tokens, [2]int{at, end}), append(which, i)
		}
	}
	return tokens, which
}

// Tokens are the numbers of a text's tokens, all of them.
func (f *Frozen) Tokens(text string) (ids []int32) {
	for _, t := range f.e.tokens.Encode(text, -1) {
		ids = append(ids, t.ID)
	}
	return ids
}

// Sentences are those of a text, as contexts are made of them.
func Sentences(text string) (all [][2]int) {
	for _, p := range split.Split(&corpus.Document{Source: text}, split.Options{}) {
		for _, s := range p.Sentences {
			all = append(all, [2]int{s.Start, s.End})
		}
	}
	return all
}

// OpenHead loads a head that was trained here, and the encoder that it names.
func OpenHead(dir string, p model.Precision) (*pruner.Head, *Frozen, error) {
	h, is, err := pruner.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	place := filepath.Join(dir, "encoder")
	if _, err := os.Stat(place); err != nil {
		if place = filepath.FromSlash(is.Place); !filepath.IsAbs(place) {
			place = filepath.Join(dir, place)
		}
	}
	if _, err := os.Stat(place); err != nil {
		return nil, nil, fmt.Errorf("%s needs its encoder, %s, of %d layers, %d wide, which is not in %s: put it, or a link to it, into %s",
			dir, is.Name, is.Layers, is.Width, place, filepath.Join(dir, "encoder"))
	}
	f, err := OpenFrozen(place, p, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: its encoder: %w", dir, err)
	}
	switch found := f.Is(); {
	case found.Name != is.Name || found.Width != is.Width || found.Words != is.Words || found.Layers < is.Layers:
		err = fmt.Errorf("%s belongs to the encoder %s, of %d layers, %d wide, %d words; in %s is %s, of %d, %d, %d: put its own, or a link to it, into %s, or train anew",
			dir, is.Name, is.Layers, is.Width, is.Words, place, found.Name, found.Layers, found.Width, found.Words, filepath.Join(dir, "encoder"))
	default:
		err = f.e.model.Shorten(is.Layers)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return h, f, nil
}

// prune judges a passage by a head: of each sentence, all tokens have its probability.
func (r *Reranker) prune(question *Reading, passage string) (j Judgement, err error) {
	if question == nil {
		return j, nil
	}
	read, err := (&Frozen{r.e}).Read(passage, Passage)
	if err != nil || read == nil {
		return j, err
	}
	sentences, _ := read.Ranges(Sentences(passage))
	e := pruner.Look(&question.Text, &read.Text, sentences, r.pruner.Weighs)
	j.Score = r.pruner.Rank(e)
	for i, p := range r.pruner.Keep(e) {
		for _, t := range read.Tokens[sentences[i][0]:sentences[i][1]] {
			j.Kept = append(j.Kept, Kept{t.Start, t.End, p})
		}
	}
	return j, nil
}
