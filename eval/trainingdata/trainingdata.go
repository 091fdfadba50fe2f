// Package trainingdata makes examples to train retrievers, readers and compressors of the
// documents of an index. Queries are those of package eval/questions, whose answering
// bytes are marked; no model is asked.
//
// Each example says of each text in it which bytes of which document it is, with their
// digest, so that Verify can make every byte of it again. Documents are divided first: an
// example holds texts of training documents alone, or of documents held out alone, and no
// text held out nearly repeats one to train on. The same documents, seed and options give
// the same examples, in the same order, wherever the documents lie.
package trainingdata

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/text/tokens"
)

// The kinds of examples.
const (
	Pairs       = "pairs"       // a query and the passage that answers it
	Negatives   = "negatives"   // with passages that the index ranks high and that do not answer
	Distractors = "distractors" // with passages unrelated, partly related and related
	Segments    = "segments"    // what answers, alone, in its passage, its section, and among distractors
	Long        = "long"        // sections that a search has to do with each other, one of which answers
	Compressed  = "compressed"  // shortened passages, of which the one that answers is to be named
)

// Kinds are the kinds in the order of reports.
var Kinds = []string{Pairs, Negatives, Distractors, Segments, Long, Compressed}

// The parts of the corpus.
const (
	Train   = "train"
	HeldOut = "held-out"
)

// What a text is in an example.
const (
	Positive  = "positive"
	Negative  = "negative"
	Related   = "related"   // the index ranks it high for the query
	Partly    = "partly"    // another section of the document that answers, or ranked low
	Unrelated = "unrelated" // of another document, without a word of the query
	Context   = "context"   // of a long example, found from another part of it
	Drawn     = "drawn"     // of a long example, where nothing more was found
)

// Options say what is made.
type Options struct {
	Kinds []string // none stands for all
	Count int      // queries at most
	Seed  uint64
	// HeldOut is the share of documents held out. Whether one is depends on the seed and
	// its text alone, so that it stays where it is when others come.
	HeldOut float64
	// Negatives is how many negatives an example has at most, and how many distractors of
	// each kind.
	Negatives int
	// Length bounds a long example in tokens of Counter.
	Length  int
	Counter tokens.Counter
	// Progress, where not nil, is told how many queries of how many were worked on.
	Progress func(done, all int)
}

// Span is a range of a document with the SHA-256 of its bytes, in hexadecimal.
type Span struct {
	Doc    string `json:"doc"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Digest string `json:"digest"`
}

// Text is a range of a document, or of it the ranges Kept, each on lines of its own.
type Text struct {
	Span
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
	As    string `json:"as,omitempty"`
	// Rank and Score are those of the index for the query.
	Rank  int     `json:"rank,omitempty"`
	Score float32 `json:"score,omitempty"`
	Kept  []Span  `json:"kept,omitempty"`
}

// Example is a line of a file of examples.
type Example struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Split string `json:"split"`
	Query string `json:"query"`
	Asked string `json:"asked"` // the kind of the query, of package questions
	// Answer is what answers, to the byte.
	Answer   Text  `json:"answer"`
	Positive *Text `json:"positive,omitempty"`
	// Texts are negatives, distractors, or what stands in the context, in its order, with
	// an empty line between two.
	Texts []Text `json:"texts,omitempty"`
	// Variant says which of the kind Segments it is: evidence, passage, section or
	// distracted.
	Variant string `json:"variant,omitempty"`
	// Tokens are those of the context of a long example.
	Tokens int `json:"tokens,omitempty"`
	// Chosen is the shortest form of the positive that keeps the answer, Rejected one as
	// long that does not: a preference. Target is the number of the text, from 1, that
	// answers.
	Chosen   *Text `json:"chosen,omitempty"`
	Rejected *Text `json:"rejected,omitempty"`
	Target   int   `json:"target,omitempty"`
}

// Made is what was made, as a report says it.
type Made struct {
	Documents int                       `json:"documents"`
	HeldOut   int                       `json:"held_out"` // documents
	Queries   int                       `json:"queries"`
	Asked     map[string]int            `json:"asked"`    // queries by part
	Examples  map[string]map[string]int `json:"examples"` // by kind and part
	// Left counts queries and texts that were left out, by the reason.
	Left map[string]int `json:"left"`
}

// mostText is how much text is divided and searched, in bytes, since it is held.
const mostText = 256 << 20

// Make gives the examples of an index to emit, query by query.
func Make(ctx context.Context, ix engine.Index, o Options, emit func(*Example) error) (*Made, error) {
	if len(o.Kinds) == 0 {
		o.Kinds = Kinds
	}
	for _, k := range o.Kinds {
		if !slices.Contains(Kinds, k) {
			return nil, fmt.Errorf("unknown kind of examples %q; there are %v", k, Kinds)
		}
	}
	m := &maker{Options: o, ix: ix, made: &Made{Asked: map[string]int{}, Examples: map[string]map[string]int{}, Left: map[string]int{}}, emit: emit}
	if err := m.read(ctx); err != nil {
		return nil, err
	}
	// Each part is asked for itself, so that a query has its copies in its own.
	shares := map[string]int{HeldOut: int(o.HeldOut * float64(o.Count))}
	shares[Train] = o.Count - shares[HeldOut]
	var all []questions.Question
	var none error
	for _, part := range []string{Train, HeldOut} {
		if shares[part] == 0 || len(m.parts[part]) == 0 {
			continue
		}
		got, err := questions.Make(ctx, m.documentsOf(part), questions.Options{Count: shares[part], Seed: o.Seed})
		if err != nil && !errors.Is(err, questions.ErrNone) {
			return nil, err
		}
		if err != nil {
			none = err
		}
		all = append(all, got.Questions...)
	}
	if len(all) == 0 && none != nil {
		return m.made, none
	}
	for i := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(all))
		}
		q := m.query(&all[i])
		if q == nil {
			continue
		}
		m.made.Queries++
		m.made.Asked[q.doc.split]++
		if err := m.examples(ctx, q); err != nil {
			return nil, err
		}
	}
	if m.made.Queries == 0 {
		return m.made, fmt.Errorf("%w: what could be asked stands in both parts, or in no passage", questions.ErrNone)
	}
	return m.made, nil
}

// examples makes those of a query.
func (m *maker) examples(ctx context.Context, q *query) error {
	kinds := map[string]func(context.Context, *query) error{Pairs: m.pair, Negatives: m.negatives, Distractors: m.distractors, Segments: m.segments, Long: m.long, Compressed: m.compressed}
	for _, k := range m.Kinds {
		if err := kinds[k](ctx, q); err != nil {
			return fmt.Errorf("%s, %s: %w", q.ID, k, err)
		}
	}
	return nil
}

// documentsOf are those of a part.
func (m *maker) documentsOf(part string) questions.Documents {
	return func() iter.Seq2[*corpus.Document, error] {
		return func(yield func(*corpus.Document, error) bool) {
			for _, d := range m.parts[part] {
				if !yield(d.Document, nil) {
					return
				}
			}
		}
	}
}

// put counts and emits an example.
func (m *maker) put(q *query, e Example) error {
	e.ID, e.Split, e.Query, e.Asked, e.Answer = q.ID, q.doc.split, q.Text, q.Kind, m.text(q.doc, q.Evidence[0].Start, q.Evidence[0].End, "")
	of := m.made.Examples[e.Kind]
	if of == nil {
		of = map[string]int{}
		m.made.Examples[e.Kind] = of
	}
	of[e.Split]++
	return m.emit(&e)
}

// ErrNotDivided is that no part of the documents can be held out.
var ErrNotDivided = errors.New("one document cannot be divided into those to train on and those held out; give more, or hold out none")
