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
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// none is what --model says to leave models alone.
const none = "none"

// Flag is --model of the commands that work on an index.
type Flag struct{ dir string }

// AddIndexing makes the flag of tamis index.
func (m *Flag) AddIndexing(f *pflag.FlagSet) {
	f.StringVar(&m.dir, "model", "", "give passages vectors with the model in this folder, of this name (see tamis models pull) or at this address (http://HOST/v1#MODEL; key in $TAMIS_EMBEDDINGS_KEY), so that contexts weigh what words do not say; later runs go on with it, unless this is none")
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

// places are those of the models that made vectors of an index.
func places(ix *tamis.Index) []string {
	return slices.Compact(slices.Sorted(maps.Values(ix.Models())))
}

// Index gives the passages of ix that lack them vectors: of the model that is named, else
// of those that made the ones that are there. What keeps one of those from loading is
// warned of. An endpoint is asked only where it is named: nobody's texts go anywhere because
// an index says so.
func (m *Flag) Index(ctx context.Context, ix *tamis.Index, warn func(format string, args ...any), progress func(done, all int)) ([]tamis.Encoded, error) {
	names := []string{m.dir}
	switch m.dir {
	case none:
		return nil, nil
	case "":
		names = places(ix)
	}
	var reports []tamis.Encoded
	for _, name := range names {
		if m.dir == "" && encode.IsRemote(name) {
			warn("new passages have no vectors of the model at %s, which is asked only where --model names it", screen.Name(name))
			continue
		}
		e, err := Open(ctx, name, model.Int8)
		if err != nil && m.dir == "" {
			warn("a model of the index does not load, new passages have no vectors: %v; --model DIR names another place", err)
			continue
		}
		if err != nil {
			return reports, err
		}
		report, err := ix.Encode(ctx, e, progress)
		reports = append(reports, report)
		if err = errors.Join(err, e.Close()); err != nil {
			return reports, err
		}
	}
	return reports, nil
}

// Use has ix weigh meaning with the model that is named, else with the one that made its
// vectors. What keeps that one from loading is warned of: words alone do. The caller
// closes what is returned.
func (m *Flag) Use(ctx context.Context, ix *tamis.Index, warn func(format string, args ...any)) (io.Closer, error) {
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

// UseToSearch is Use for searches, and says by which plan: the one that is given, else sparse
// where the model that is named makes such vectors, which know the words. Where several
// models made vectors and none is named, words alone count.
func (m *Flag) UseToSearch(ctx context.Context, ix *tamis.Index, plan string, warn func(format string, args ...any)) (io.Closer, string, error) {
	e, err := m.use(ctx, ix, forQuestions, warn)
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
func (m *Flag) use(ctx context.Context, ix *tamis.Index, open func(context.Context, string, model.Precision) (Encoder, error), warn func(format string, args ...any)) (Encoder, error) {
	name, all := m.dir, places(ix)
	switch {
	case name == none || name == "" && len(all) == 0:
		return nil, nil
	case name == "" && len(all) > 1:
		return nil, flags.UsageError{Err: fmt.Errorf("%w: say --model with one of %s, or none", ErrSeveral, strings.Join(all, ", "))}
	case name == "" && encode.IsRemote(all[0]):
		warn("words alone count: the model at %s is asked only where --model names it", screen.Name(all[0]))
		return nil, nil
	case name == "":
		name = all[0]
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
	if _, ok := ix.Models()[e.Name()]; !ok {
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
func (m *Flag) Question(ctx context.Context, ix *tamis.Index, question, field string) (tamis.Vector, string, error) {
	name := m.dir
	e, err := forQuestions(ctx, name, model.Int8)
	if err != nil {
		return nil, "", err
	}
	defer e.Close()
	_, made := ix.Models()[e.Name()]
	switch {
	case field == "" && e.Name() == "":
		return nil, "", fieldless(name)
	case field == "" && !made:
		return nil, "", fmt.Errorf("no passage has a vector of the model in %s: make them with tamis index --model %s, or say --field", screen.Name(name), screen.Name(name))
	case field == "":
		field = e.Name()
	}
	for v, err := range e.All(ctx, slices.Values([]string{question}), encode.Query) {
		return v, field, err
	}
	return nil, "", ctx.Err()
}

func forQuestions(ctx context.Context, name string, p model.Precision) (Encoder, error) {
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
