// Package engine is what tamis asks of an index, whichever holds it: the embedded one,
// *tamis.Index, or one over a cluster (package engine/opensearch). What an engine cannot
// do it says, by Has and by an error that wraps ErrLacks, and never answers otherwise.
package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tamis-search/tamis"
)

// Index is an index of any engine. What each method does, and its errors, are those of
// *tamis.Index.
type Index interface {
	Add(ctx context.Context, docs iter.Seq2[tamis.Document, error]) (tamis.Report, error)
	Delete(ctx context.Context, ids ...string) (int, error)
	Search(ctx context.Context, q tamis.Query) (*tamis.Results, error)
	Context(ctx context.Context, question string, b tamis.Budget, options ...tamis.ContextOption) (*tamis.Context, error)
	Replay(ctx context.Context, receipt *tamis.Context, scope tamis.Scope) (string, error)
	Source(ctx context.Context, doc string, scope tamis.Scope) (string, error)
	Document(ctx context.Context, id string, scope tamis.Scope) (*tamis.Document, error)
	Placed(ctx context.Context, id string, scope tamis.Scope) (*tamis.Document, error)
	Show(ctx context.Context, doc string, start, end, lines int, scope tamis.Scope) (*tamis.Surroundings, error)
	ShowLine(ctx context.Context, doc string, line, lines int, scope tamis.Scope) (*tamis.Surroundings, error)
	ShowPage(ctx context.Context, doc string, page int, scope tamis.Scope) (*tamis.Surroundings, error)
	// Documents lists documents by id, Count counts what somebody sees.
	Documents(ctx context.Context, p tamis.Page, scope tamis.Scope) (list []tamis.Listed, next string, err error)
	Count(scope tamis.Scope) (documents, passages int, err error)
	// Hides says whether there is a document that somebody does not see.
	Hides(id string, scope tamis.Scope) (bool, error)
	// Origin is of an index that has Files.
	Origin(doc string, scope tamis.Scope) (tamis.Origin, error)
	Meets(question string) (func(text string) map[string]float64, error)
	LanguageHint(question string, scope tamis.Scope) (string, error)
	Stats() (tamis.Stats, error)
	// Analyzers are those of Stats, which costs more.
	Analyzers() ([]string, error)
	Counter(name string) (tamis.Counter, error)
	// Encode gives passages the vectors of a model, AddVectors documents those of a file; Use
	// has contexts and searches weigh those of a model, which Models lists.
	Encode(ctx context.Context, e tamis.Encoder, progress func(done, all int)) (tamis.Encoded, error)
	AddVectors(ctx context.Context, path, field string) (tamis.Report, error)
	Use(e tamis.Encoder)
	Models() map[string]string
	// Vectors are those that a document has, by field.
	Vectors(ctx context.Context, id string, scope tamis.Scope) (map[string]tamis.Vector, error)
	Close() error
}

// Capability is what some engines can do and others cannot.
type Capability string

// The capabilities.
const (
	Vectors    Capability = "searches by vectors"
	Dense      Capability = "searches by dense vectors"
	Multi      Capability = "searches by multi-vectors"
	Plans      Capability = "plans"
	Folding    Capability = "folding of near-duplicates in searches"
	Parameters Capability = "other parameters of BM25 than those that it was made with"
	Files      Capability = "folders of files, whose changes it keeps track of"
)

// ErrLacks is wrapped by the error of an engine that cannot do what is asked.
var ErrLacks = errors.New("the engine of this index does not have that")

// Lacks is that error, for a capability.
func Lacks(c Capability) error {
	return fmt.Errorf("%w: %s; an embedded index has it", ErrLacks, string(c))
}

// Has says whether an index can do something: an embedded one can do all.
func Has(ix Index, c Capability) bool {
	if of, ok := ix.(interface{ Has(Capability) bool }); ok {
		return of.Has(c)
	}
	return true
}

var _ Index = (*tamis.Index)(nil)
