package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/text"
)

// Gain is what a model adds to words, on questions that were made of documents it never saw:
// what a heading or a title says is asked, and the passage under it, without it, is to be found
// among passages of the corpus.
type Gain struct {
	Questions int `json:"questions"`
	Passages  int `json:"passages"` // that are searched
	// Words and Both are the mean nDCG@10 by words alone and by words and all that was
	// learned; Vectors and Expanded, where passages are expanded, by words and one of both.
	Words    float64 `json:"words"`
	Vectors  float64 `json:"vectors,omitempty"`
	Expanded float64 `json:"expanded,omitempty"`
	Both     float64 `json:"both"`
	// Difference is between Words and Both, in pairs.
	Difference figures.Difference `json:"difference"`
}

// Real says that the gain is more than chance, and no less than that of vectors alone.
func (g *Gain) Real() bool { return g.Difference.Low > 0 && g.Both >= g.Vectors }

// ErrUnasked is the error for a corpus of which too few questions can be made.
var ErrUnasked = fmt.Errorf("the corpus has too few headings and titles that stand above text of their own to make %d questions of, so that nobody knows whether vectors help", leastQuestions)

const (
	leastQuestions = 20
	searched       = 30_000 // passages, beside those that are to be found
	leastTerms     = 8      // of a passage that is to be found
	mostAlike      = 20     // passages under the same words: more, and they say little
)

// passage is one without what stands above it.
type passage struct {
	id, text string
	unseen   bool // by the model that is examined
}

// examine asks questions of passages, by words and by words and the vectors of m.
func examine(ctx context.Context, from Source, m *lsi.Model, o Options) (*Gain, error) {
	all, questions, err := asked(ctx, from, m, o)
	if err != nil {
		return nil, err
	}
	if len(questions) < leastQuestions {
		return nil, ErrUnasked
	}
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	docs := func(yield func(corpus.Document, error) bool) {
		for _, p := range all {
			if !yield(corpus.Document{ID: p.id, Source: p.text}, nil) {
				return
			}
		}
	}
	if _, err := ix.Add(ctx, docs); err != nil {
		return nil, err
	}
	g := &Gain{Questions: len(questions), Passages: len(all)}
	vectors := m.Plan()
	if o.Expand {
		if err := m.Remember(ctx, seen(all)); err != nil {
			return nil, err
		}
	}
	if _, err := ix.Encode(ctx, m, nil); err != nil {
		return nil, err
	}
	ix.Use(m)
	words, err := scores(ctx, ix, questions, "text", &g.Words)
	if err != nil {
		return nil, err
	}
	if o.Expand {
		if _, err := scores(ctx, ix, questions, vectors, &g.Vectors); err != nil {
			return nil, err
		}
		if _, err := scores(ctx, ix, questions, lsi.Expanded, &g.Expanded); err != nil {
			return nil, err
		}
	}
	both, err := scores(ctx, ix, questions, m.Plan(), &g.Both)
	if err != nil {
		return nil, err
	}
	g.Difference, err = figures.Compare(words, both)
	return g, err
}

// seen are the texts of passages of documents that the model which is examined saw, as they
// are searched: in others it would find the words that were taken out.
func seen(all []passage) iter.Seq2[encode.Run, error] {
	return func(yield func(encode.Run, error) bool) {
		for _, p := range all {
			if !p.unseen && !yield(encode.Run{Text: p.text, Passages: [][2]int{{0, len(p.text)}}}, nil) {
				return
			}
		}
	}
}

// question is what is asked, and the passages that were under it.
type question struct {
	text  string
	right []string
}

// asked are the passages that are searched and the questions. Which ones is the same for the
// same corpus and seed.
func asked(ctx context.Context, from Source, m *lsi.Model, o Options) ([]passage, []question, error) {
	a, err := text.NewAnalyzer(m.Analyzer)
	if err != nil {
		return nil, nil, err
	}
	type drawnPassage struct {
		passage
		by uint64
	}
	var others, found []drawnPassage
	under, asks := map[string][]string{}, map[string]bool{} // ids by what stands above
	var terms []string
	for d, err := range from(ctx) {
		if err != nil {
			return nil, nil, err
		}
		for i, p := range split.Split(d, split.Options{}) {
			id := fmt.Sprintf("%s#%d", d.ID, i)
			x := drawnPassage{passage{id: id, text: d.Source[p.Start:p.End], unseen: held(d.ID, o.Seed)}, drawn(id, o.Seed)}
			above := slices.Compact(append([]string{d.Title}, p.Headings...))
			x.text = without(a, x.text, above, d.ID, o.Seed)
			if x.unseen {
				found = append(found, x)
			} else {
				others = append(others, x)
			}
			if terms = a.Terms(terms[:0], x.text); len(terms) < leastTerms {
				continue
			}
			for _, line := range above {
				if terms = a.Terms(terms[:0], line); len(terms) >= 2 {
					q := strings.Join(strings.Fields(line), " ")
					under[q] = append(under[q], id)
					if x.unseen {
						asks[q] = true
					}
				}
			}
		}
	}
	slices.SortFunc(others, func(a, b drawnPassage) int { return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.id, b.id)) })
	var all []passage
	there := map[string]bool{}
	for _, p := range slices.Concat(found, others[:min(len(others), searched)]) {
		all = append(all, p.passage)
		there[p.id] = true
	}
	var questions []question
	for q := range asks {
		right := slices.DeleteFunc(under[q], func(id string) bool { return !there[id] })
		if len(right) <= mostAlike {
			questions = append(questions, question{q, right})
		}
	}
	slices.SortFunc(questions, func(a, b question) int {
		return cmp.Or(cmp.Compare(drawn(a.text, o.Seed), drawn(b.text, o.Seed)), cmp.Compare(a.text, b.text))
	})
	return all, questions[:min(len(questions), cmp.Or(o.Questions, DefaultQuestions))], nil
}

// mismatch is the share of the words of a question that a passage which answers it lacks: 30
// to 40 % over TREC's collections (Zhao and Callan, CIKM 2010). A passage has all words of its
// own heading, in the mean: nobody asks so.
const mismatch = .35

// without is a text without the line that it is asked by, and without some of its words: those
// that are drawn.
func without(a *text.Analyzer, s string, above []string, id string, seed uint64) string {
	gone := map[string]bool{}
	for _, line := range above {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(s), line); ok && line != "" {
			s = rest
		}
		for _, t := range a.Terms(nil, line) {
			gone[t] = float64(drawn(t+" "+id, seed)>>11)/(1<<53) < mismatch
		}
	}
	var b strings.Builder
	at := 0
	a.Each(s, func(term string, start, end int) {
		if gone[term] && start >= at {
			b.WriteString(s[at:start])
			at = end
		}
	})
	return b.String() + s[at:]
}

const hits = 10

// scores are the nDCG@10 of each question by a plan; mean gets theirs.
func scores(ctx context.Context, ix *tamis.Index, questions []question, plan string, mean *float64) ([]float64, error) {
	out := make([]float64, len(questions))
	for i, q := range questions {
		r, err := ix.Search(ctx, tamis.Query{Text: q.text, K: hits, Plan: plan})
		if errors.Is(err, tamis.ErrNoTerms) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the question %q: %w", q.text, err)
		}
		gain, ideal := 0.0, 0.0
		for rank, h := range r.Hits {
			if slices.Contains(q.right, h.Doc) {
				gain += 1 / math.Log2(float64(rank)+2)
			}
		}
		for rank := range min(len(q.right), hits) {
			ideal += 1 / math.Log2(float64(rank)+2)
		}
		out[i] = gain / ideal
		*mean += out[i] / float64(len(questions))
	}
	return out, nil
}
