package tamis

import (
	"context"
	"errors"

	"github.com/tamis-search/tamis/embed"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// Vector is a vector of a kind: Sparse, Dense or Multi.
type Vector = vector.Value

// Sparse is a learned sparse vector: positive, finite weights by term. A term
// that is a decimal number is the term of that number, as in matrices and ids of
// tokens.
type Sparse = vector.Named

// Dense is a vector by all its numbers, which are finite.
type Dense = vector.Dense

// Multi is several dense vectors with as many numbers each: those of tokens, say. It is
// compared by MaxSim, the sum of the greatest products of each vector of the query.
type Multi = vector.Multi

// VectorField says how a field stores its vectors: of which kind, with how many bits,
// compared by what. The zero VectorField is of the kind of its first vector, with
// float32 numbers.
type VectorField = vector.Field

// DefaultField is the field of vectors that is meant where none is named.
const DefaultField = "vector"

// VectorFields say how fields keep their vectors: those that are used, and those that are
// wanted.
func (ix *Index) VectorFields(context.Context) (map[string]VectorField, error) {
	fields := map[string]VectorField{}
	for _, name := range ix.store.VectorFields() {
		fields[name] = ix.store.Field(name)
	}
	return fields, nil
}

// WantVectors says how fields are to keep their vectors that no document has used yet, as
// Options.Vectors does.
func (ix *Index) WantVectors(_ context.Context, fields map[string]VectorField) error {
	for name, f := range fields {
		if err := ix.store.Want(name, f); err != nil {
			return err
		}
	}
	return nil
}

// Vectors are those of a document, by field, attached ones included, for somebody who sees
// the scope. Error: ErrNotFound.
func (ix *Index) Vectors(_ context.Context, id string, scope Scope) (all map[string]Vector, err error) {
	err = ix.found(id, scope, func(v *store.Snapshot, h *store.Header) (err error) {
		all, err = v.NamedVectors(h)
		return err
	})
	return all, err
}

// AddVectors gives documents the vectors of a file (JSON Lines, CIFF or CSR,
// gzipped or not; "-" is standard input) in a field, by id, beside what they
// have. A vector whose id no document has becomes a document, with the "contents" of
// its record as its text. They stay while the document is added as it was; one
// that is added with another text or metadata has the vectors that it is added with.
//
// A vector that cannot be added is reported under Skipped and the rest goes in.
// When AddVectors returns, everything it counted is durable, also where ctx was
// cancelled. The error is for a file that cannot be opened, a cancelled context or a failing disk.
func (ix *Index) AddVectors(ctx context.Context, path, field string) (report Report, err error) {
	report = Report{Skipped: []Skip{}}
	if field == "" {
		field = DefaultField
	}
	b, err := ix.store.Begin()
	if err != nil {
		return report, err
	}
	defer b.Discard()
	defer func() {
		if err != nil {
			report.only(b)
		}
	}()
	if err := ix.findMax(ctx, path, field); err != nil {
		return report, err
	}
	v := vector.NewVocabulary()
	number := b.Renumber(v)
	for g, err := range embed.File(ctx, path, v) {
		if ctx.Err() != nil {
			return report, stop(ctx, b)
		}
		if err != nil {
			return report, err
		}
		if g.Reason != "" {
			report.Skipped = append(report.Skipped, Skip{Path: path, Line: g.Line, Reason: g.Reason})
			continue
		}
		x := g.Vector
		if sparse, ok := x.(vector.Sparse); ok {
			if x, err = number(sparse); err != nil {
				return report, err
			}
		}
		outcome, err := b.PutVector(g.Document, field, x)
		var bad *store.DocumentError
		if errors.As(err, &bad) {
			report.Skipped = append(report.Skipped, Skip{Path: path, Reason: bad.Error()})
			continue
		}
		if err != nil {
			return report, err
		}
		report.count(outcome)
	}
	return report, b.Commit()
}

// findMax reads a file to find the greatest weight of a field that has to know
// it: 8 or 16 bits hold whole numbers as they are where they can.
func (ix *Index) findMax(ctx context.Context, path, field string) error {
	steps, needed := ix.store.NeedsMax(field)
	if !needed || path == "-" {
		return nil
	}
	most, err := embed.Greatest(ctx, path, steps)
	if err == nil && most > 0 {
		ix.store.SetMax(field, most)
	}
	return err
}
