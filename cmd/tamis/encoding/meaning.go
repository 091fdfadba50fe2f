package encoding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// none is what --model says to leave models alone.
const none = "none"

// Flag is --model of the commands that work on an index.
type Flag struct{ dir, with string }

// AddIndexing makes the flag of tamis index.
func (m *Flag) AddIndexing(f *pflag.FlagSet) {
	f.StringVar(&m.dir, "model", "", "give passages vectors with the model in this folder or GGUF file (#mean, #last, #echo or #terms behind the name of a language model), of this name (see tamis models pull) or at this address (http://HOST/v1#MODEL; key in $TAMIS_EMBEDDINGS_KEY), so that contexts weigh what words do not say; later runs go on with it, unless this is none")
	f.StringVar(&m.with, "encode-with", "", "what of its document a passage is encoded with: some of title (the default), headings, previous (sentence) and late (the document is read once, passages are parts of it), or none")
}

// AddAsking makes the flag of commands that ask.
func (m *Flag) AddAsking(f *pflag.FlagSet) {
	f.StringVar(&m.dir, "model", "", "folder, name or address of the model that weighs meaning (default: the one that the index was made with), or none for words alone")
}

// Given says that a model is named.
func (m *Flag) Given() bool { return m.dir != "" && m.dir != none }

// ErrSeveral: the models that made vectors are several, and none was named.
var ErrSeveral = errors.New("the index has vectors of several models")

// Encoder is one that has something open.
type Encoder interface {
	tamis.Encoder
	io.Closer
}

// Open opens the model that --model names: a folder, a model that was pulled, or an
// endpoint.
func Open(ctx context.Context, name string, p model.Precision) (Encoder, error) {
	if encode.IsRemote(name) {
		r, err := encode.OpenRemote(ctx, name)
		return either(r, err)
	}
	dir, err := Folder(name)
	if err != nil {
		return nil, err
	}
	if lsi.Is(dir) {
		e, err := lsi.Open(dir)
		return either(e, err)
	}
	if encode.IsCausal(dir) {
		e, err := encode.OpenCausal(dir, p)
		return either(e, err)
	}
	e, err := encode.Open(dir, p)
	return either(e, err)
}

// either is an encoder or an error, and no encoder that is nil.
func either(e Encoder, err error) (Encoder, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}

// nobody has nothing open.
type nobody struct{}

func (nobody) Close() error { return nil }

// made says with what vectors of an index were made.
type made struct {
	place string
	input encode.Input
}

// all are the models that made vectors of an index.
func all(ix engine.Index) (list []made) {
	models := ix.Models()
	for _, field := range slices.Sorted(maps.Keys(models)) {
		_, in := encode.FieldInput(field)
		list = append(list, made{models[field], in})
	}
	return list
}

// places are those of the models that made vectors of an index.
func places(ix engine.Index) []string {
	return slices.Compact(slices.Sorted(maps.Values(ix.Models())))
}

// with is an encoder of passages with an Input.
func with(e Encoder, in encode.Input) Encoder {
	switch e := e.(type) {
	case *encode.Encoder:
		return e.With(in)
	case *encode.Causal:
		return e.With(in)
	case *encode.Remote:
		return e.With(in)
	case *encode.Table:
		return e.With(in)
	}
	return e
}

// asMade is an encoder with the Input that the index has vectors of it with, the default one
// first; false where it has none.
func asMade(ix engine.Index, e Encoder) (Encoder, bool) {
	models := ix.Models()
	if _, ok := models[e.Name()]; ok {
		return e, true
	}
	for _, field := range slices.Sorted(maps.Keys(models)) {
		if model, in := encode.FieldInput(field); model == e.Name() {
			return with(e, in), true
		}
	}
	return e, false
}

// Index gives the passages of ix that lack them vectors: of the model that is named, else
// of those that made the ones that are there. What keeps one of those from loading is
// warned of. An endpoint is asked only where it is named: nobody's texts go anywhere because
// an index says so.
func (m *Flag) Index(ctx context.Context, ix engine.Index, warn func(format string, args ...any), progress func(done, all int)) ([]tamis.Encoded, error) {
	if m.dir == none {
		return nil, nil
	}
	if m.with != "" && m.dir == "" {
		return nil, flags.Usagef("--encode-with is for --model DIR, which encodes")
	}
	list := all(ix)
	if m.dir != "" {
		list = []made{{m.dir, encode.DefaultInput}}
	}
	var reports []tamis.Encoded
	for _, of := range list {
		if m.dir == "" && encode.IsRemote(of.place) {
			warn("new passages have no vectors of the model at %s, which is asked only where --model names it", screen.Name(of.place))
			continue
		}
		e, err := Open(ctx, of.place, model.Int8)
		if err != nil && m.dir == "" {
			warn("a model of the index does not load, new passages have no vectors: %v; --model DIR names another place", err)
			continue
		}
		if err != nil {
			return reports, err
		}
		report, err := m.index(ctx, ix, e, of, progress)
		reports = append(reports, report)
		if err = errors.Join(err, e.Close()); err != nil {
			return reports, err
		}
	}
	return reports, nil
}

// With is an encoder of passages with what --encode-with lists.
func With(e Encoder, list string) (Encoder, error) {
	in, err := encode.ParseInput(list)
	if err != nil {
		return nil, flags.Usagef("--encode-with %w", err)
	}
	if _, own := e.(*lsi.Model); own && in != encode.DefaultInput {
		return nil, flags.Usagef("--encode-with %s: a model of tamis train reads the title and the text of a passage, as it learned them", in)
	}
	return with(e, in), nil
}

func (m *Flag) index(ctx context.Context, ix engine.Index, e Encoder, of made, progress func(done, all int)) (tamis.Encoded, error) {
	switch {
	case m.with != "":
		var err error
		if e, err = With(e, m.with); err != nil {
			return tamis.Encoded{}, err
		}
	case m.dir == "":
		e = with(e, of.input)
	default:
		e, _ = asMade(ix, e)
	}
	return ix.Encode(ctx, e, progress)
}

// Use has ix weigh meaning with the model that is named, else with the one that made its
// vectors. What keeps that one from loading is warned of: words alone do. The caller
// closes what is returned.
func (m *Flag) Use(ctx context.Context, ix engine.Index, warn func(format string, args ...any)) (io.Closer, error) {
	e, err := m.use(ctx, ix, Open, warn)
	if err != nil || e == nil {
		return nobody{}, err
	}
	if e.Kind() == vector.KindDense {
		ix.Use(e)
		return e, nil
	}
	if m.dir != "" {
		err = fmt.Errorf("the model in %s makes sparse vectors, which contexts do not weigh: tamis search --model ranks by them", screen.Name(m.dir))
	}
	return nobody{}, errors.Join(err, e.Close())
}

// Made opens the model that is named, else the one that made the vectors of ix; nil where
// words alone do. The caller closes it.
func (m *Flag) Made(ctx context.Context, ix engine.Index, warn func(format string, args ...any)) (Encoder, error) {
	return m.use(ctx, ix, Open, warn)
}

// Named opens the model that is named; nil where none is. The caller closes it.
func (m *Flag) Named(ctx context.Context) (Encoder, error) {
	if !m.Given() {
		return nil, nil
	}
	return Open(ctx, m.dir, model.Int8)
}

// useToSearch is Use for searches, and says by which plan: the one that is given, else sparse
// where the model that is named makes such vectors, which know the words. Where several
// models made vectors and none is named, words alone count.
func (m *Flag) useToSearch(ctx context.Context, ix engine.Index, plan string, warn func(format string, args ...any)) (io.Closer, string, error) {
	e, err := m.use(ctx, ix, ForQuestions, warn)
	if errors.Is(err, ErrSeveral) {
		warn("%v", err)
		err = nil
	}
	if err != nil || e == nil {
		return nobody{}, plan, err
	}
	if plan == "" && m.Given() && e.Kind() == vector.KindSparse {
		plan = "sparse"
	}
	ix.Use(e)
	return e, plan, nil
}

// use opens the model that is named or that made the vectors of ix; nil where words alone
// do.
func (m *Flag) use(ctx context.Context, ix engine.Index, open func(context.Context, string, model.Precision) (Encoder, error), warn func(format string, args ...any)) (Encoder, error) {
	name, known := m.dir, places(ix)
	switch {
	case name == none || name == "" && len(known) == 0:
		return nil, nil
	case name == "" && len(known) > 1:
		return nil, flags.UsageError{Err: fmt.Errorf("%w: say --model with one of %s, or none", ErrSeveral, strings.Join(known, ", "))}
	case name == "" && encode.IsRemote(known[0]):
		warn("words alone count: the model at %s is asked only where --model names it", screen.Name(known[0]))
		return nil, nil
	case name == "":
		name = known[0]
	}
	e, err := open(ctx, name, model.Int8)
	if err != nil && m.dir == "" {
		warn("the model of the index does not load, words alone count: %v; --model DIR names another place", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Name() == "" {
		return nil, errors.Join(fieldless(name), e.Close())
	}
	e, ok := asMade(ix, e)
	if !ok {
		reason := fmt.Errorf("no passage has a vector of the model in %s: make them with tamis index --model %s", screen.Name(name), screen.Name(name))
		if m.dir != "" {
			return nil, errors.Join(reason, e.Close())
		}
		warn("%v", reason)
		return nil, e.Close()
	}
	return e, nil
}

// fieldless is the error for weights of questions of which nobody knows the documents.
func fieldless(name string) error {
	return flags.Usagef("%s has weights for questions and no model: say with --field which vectors they are for", screen.Name(name))
}

// Question is the vector of a question that the named model makes, and the field that
// is searched by it: field, where that is not "". Where the folder has a table of weights for
// questions, the model is left alone.
func (m *Flag) Question(ctx context.Context, ix engine.Index, question, field string) (tamis.Vector, string, error) {
	name := m.dir
	e, err := ForQuestions(ctx, name, model.Int8)
	if err != nil {
		return nil, "", err
	}
	defer e.Close()
	e, made := asMade(ix, e)
	switch {
	case field == "" && e.Name() == "":
		return nil, "", fieldless(name)
	case field == "" && !made:
		return nil, "", fmt.Errorf("no passage has a vector of the model in %s: make them with tamis index --model %s, or say --field", screen.Name(name), screen.Name(name))
	case field == "":
		field = e.Name()
	}
	v, err := encode.Question(ctx, e, question)
	return v, field, err
}

// ForQuestions is Open for questions alone: where a folder has weights for them, the model
// is not loaded.
func ForQuestions(ctx context.Context, name string, p model.Precision) (Encoder, error) {
	if !encode.IsRemote(name) {
		dir, err := Folder(name)
		if err != nil {
			return nil, err
		}
		if encode.HasTable(dir) {
			t, err := encode.OpenTable(dir, p)
			return either(t, err)
		}
	}
	return Open(ctx, name, p)
}
