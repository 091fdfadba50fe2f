package encoding

import (
	"context"
	"errors"
	"fmt"
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
	f.StringVar(&m.dir, "model", "", "give passages vectors with the model in this folder, or of this name (see tamis models pull), so that contexts weigh what words do not say; later runs go on with it, unless this is none")
}

// AddAsking makes the flag of commands that ask.
func (m *Flag) AddAsking(f *pflag.FlagSet) {
	f.StringVar(&m.dir, "model", "", "folder or name of the model that weighs meaning (default: the one that the index was made with), or none for words alone")
}

// ErrSeveral: the models that made vectors are several, and none was named.
var ErrSeveral = errors.New("the index has vectors of several models")

// folders are those of the models that made vectors of an index.
func folders(ix *tamis.Index) []string {
	return slices.Compact(slices.Sorted(maps.Values(ix.Models())))
}

// Index gives the passages of ix that lack them vectors: of the model that is named, else
// of those that made the ones that are there. What keeps one of those from loading is
// warned of.
func (m *Flag) Index(ctx context.Context, ix *tamis.Index, warn func(format string, args ...any), progress func(done, all int)) ([]tamis.Encoded, error) {
	var dirs []string
	switch m.dir {
	case none:
	case "":
		dirs = folders(ix)
	default:
		dir, err := Folder(m.dir)
		if err != nil {
			return nil, err
		}
		dirs = []string{dir}
	}
	var reports []tamis.Encoded
	for _, dir := range dirs {
		e, err := encode.Open(dir, model.Int8)
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
// closes what is returned, which may be nil.
func (m *Flag) Use(ix *tamis.Index, warn func(format string, args ...any)) (*encode.Encoder, error) {
	return m.use(ix, false, warn)
}

// UseToSearch is Use for searches, which rank by sparse vectors too; where several
// models made vectors and none is named, words alone count.
func (m *Flag) UseToSearch(ix *tamis.Index, warn func(format string, args ...any)) (*encode.Encoder, error) {
	e, err := m.use(ix, true, warn)
	if errors.Is(err, ErrSeveral) {
		warn("%v", err)
		return nil, nil
	}
	return e, err
}

func (m *Flag) use(ix *tamis.Index, sparse bool, warn func(format string, args ...any)) (*encode.Encoder, error) {
	dir, dirs := m.dir, folders(ix)
	switch {
	case dir == none || dir == "" && len(dirs) == 0:
		return nil, nil
	case dir == "" && len(dirs) > 1:
		return nil, flags.UsageError{Err: fmt.Errorf("%w: say --model with one of %s, or none", ErrSeveral, strings.Join(dirs, ", "))}
	case dir == "":
		dir = dirs[0]
	}
	dir, err := Folder(dir)
	if err != nil {
		return nil, err
	}
	e, err := encode.Open(dir, model.Int8)
	if err != nil && m.dir == "" {
		warn("the model of the index does not load, words alone count: %v; --model DIR names another place", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Kind() != vector.KindDense && !sparse {
		if m.dir != "" {
			err = fmt.Errorf("the model in %s makes sparse vectors, which contexts do not weigh: tamis search --vector ranks by them", screen.Name(dir))
		}
		return nil, errors.Join(err, e.Close())
	}
	if _, ok := ix.Models()[e.Name()]; !ok {
		reason := fmt.Errorf("no passage has a vector of the model in %s: make them with tamis index --model %s", screen.Name(dir), screen.Name(dir))
		if m.dir == "" {
			warn("%v", reason)
			reason = nil
		}
		return nil, errors.Join(reason, e.Close())
	}
	ix.Use(e)
	return e, nil
}
