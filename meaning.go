package tamis

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/tamis-search/tamis/embed"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Encoder makes vectors of texts with a model: encode.Open loads one from a folder,
// encode.OpenRemote asks an endpoint.
type Encoder interface {
	// Name names what the vectors depend on, and the field that holds them.
	Name() string
	// Place is where the model lies: a folder, or an address.
	Place() string
	Kind() vector.Kind
	// Width is how many numbers a dense vector has.
	Width() int
	// All yields the vector of each text, in their order; after an error, which is the
	// last, no more.
	All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[Vector, error]
}

// WeighedInContexts says whether contexts weigh the vectors of an Encoder: dense ones of a
// model that knew more than this index. Those that rank by a plan of their own do not: the
// weights of contexts were chosen with published models.
func WeighedInContexts(e Encoder) bool {
	if e == nil || e.Kind() != vector.KindDense {
		return false
	}
	_, own := e.(interface{ Plan() string })
	return !own
}

// Use has contexts weigh how near passages are to the question in meaning, by the
// vectors that Encode made with e, and searches by words rank by both (Hybrid). Nil:
// words alone.
func (ix *Index) Use(e Encoder) { ix.encoder.Store(&e) }

// used is the Encoder that is in use; nil where there is none.
func (ix *Index) used() Encoder {
	if e := ix.encoder.Load(); e != nil {
		return *e
	}
	return nil
}

// questionVector is that of a question, as e makes it.
func questionVector(ctx context.Context, e Encoder, question string) (Vector, error) {
	v, err := encode.Question(ctx, e, question)
	if err != nil {
		err = fmt.Errorf("the question's vector: %w", err)
	}
	return v, err
}

// Models are the places of the models that have made vectors, by the field that holds
// them.
func (ix *Index) Models() map[string]string {
	models := map[string]string{}
	for _, field := range ix.store.VectorFields() {
		if dir := ix.store.Field(field).Model; dir != "" {
			models[field] = dir
		}
	}
	return models
}

// Encoded says what Encode did.
type Encoded struct {
	Field    string `json:"field"`
	Passages int    `json:"passages"` // that were given vectors now
	Skipped  []Skip `json:"skipped"`
}

// Encode gives every passage that lacks one a vector, made by e, in a field that is
// named after the model: another model's vectors are in another field. Contexts that
// are asked for with the same Encoder weigh them. What was made is durable
// after some thousand passages, and is not made again where Encode was stopped. progress,
// where not nil, is told how many passages of how many have been encoded.
func (ix *Index) Encode(ctx context.Context, e Encoder, progress func(done, all int)) (Encoded, error) {
	report := Encoded{Field: e.Name(), Skipped: []Skip{}}
	if err := ix.Ready(ctx); err != nil {
		return report, err
	}
	err := EncodeTogether(&report, e, func(e Encoder) (embed.Report, error) { return embed.Store(ctx, ix.store, e, progress) })
	return report, AsInvalid(err)
}

// EncodeTogether has an encoder, and what makes vectors beside it, encode, and reports. It is
// for packages that are an Index too.
func EncodeTogether(report *Encoded, e Encoder, encodes func(e Encoder) (embed.Report, error)) error {
	skipped := map[Skip]bool{}
	for _, e := range encode.Together(e) {
		made, err := encodes(e)
		report.Passages = max(report.Passages, made.Passages)
		for _, sk := range made.Skipped {
			if s := (Skip{Path: sk.ID, Reason: sk.Reason}); !skipped[s] {
				skipped[s] = true
				report.Skipped = append(report.Skipped, s)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// meaning is a gather.Meaning by the vectors that the index's Encoder made; nil where
// there are none.
func (ix *Index) meaning(ctx context.Context, v *view, question string) (gather.Meaning, error) {
	e := ix.used()
	if !WeighedInContexts(e) {
		return nil, nil
	}
	made, err := questionVector(ctx, e, question)
	if err != nil {
		return nil, err
	}
	asked, ok := made.(vector.Dense).Unit()
	if !ok {
		return nil, nil
	}
	of := v.PassageVectors(e.Name())
	return func(_ context.Context, rows []topk.Row) ([]float32, error) {
		out := make([]float32, len(rows))
		for i, row := range rows {
			out[i] = float32(math.NaN())
			if v := of(row); len(v) == len(asked) {
				out[i] = asked.Dot(v)
			}
		}
		return out, nil
	}, nil
}
