// Package score says how well units answer a question. A Scorer sets features of
// all units of a set; the weighted sum of a unit's features is its score. It does
// not know how units are chosen.
package score

import (
	"cmp"
	"context"
	"regexp"
	"slices"

	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text"
)

// Question is what units are scored against, beside the terms of their set.
type Question struct {
	Text string
	// Drafts are analysed terms of draft answers.
	Drafts [][]string
}

// broad is a cue of questions that want a discussion or a summary rather than
// a fact. It is English only; elsewhere such questions lose that bonus.
var broad = regexp.MustCompile(`(?i)\b(summar(y|i[sz]e\w*)|overview|discuss\w*|opinions?|think|thoughts?|main points?|conclu(de|ded|sions?)|decisions?|decided?)\b`)

func (q *Question) broad() bool { return broad.MatchString(q.Text) }

// Scorer is an ingredient of the score.
type Scorer interface {
	// Score sets the scorer's own features of all units, out[i] being those of
	// unit i. It may be called again when units have joined the set; what it
	// measures others by stays what it was at first.
	Score(ctx context.Context, q *Question, units *unit.Set, out []Features) error
}

// scorers are those of all features but the ones of names.
func scorers() []Scorer {
	return []Scorer{&windows{}, &documents{}, &drafts{}, coverage{}, length{}, definition{}}
}

// Scoring scores the units of a set, in two steps: First, after which Names says
// which names are to be followed, and Last, when the documents that bear them
// have joined the set. It is used by one goroutine at a time.
type Scoring struct {
	X     []Features // by unit
	Total []float64  // weighted sums of X

	q       Question
	units   *unit.Set
	w       Weights
	scorers []Scorer
	names   *names
}

// New returns the scoring of the units that a set has, or will have.
func New(q Question, units *unit.Set, w *Weights) *Scoring {
	if w[Draft] == 0 {
		q.Drafts = nil
	}
	return &Scoring{q: q, units: units, w: *w, scorers: scorers()}
}

// First scores the first candidates.
func (s *Scoring) First(ctx context.Context) error {
	if err := s.score(ctx); err != nil {
		return err
	}
	s.names = namesOf(s.units, s.best(bridgeUnits))
	return nil
}

// Names are the names that the best units have, as runs of analysed terms.
func (s *Scoring) Names() [][]string { return s.names.runs(s.units) }

// Named says whether one of the best units names a document by its title.
func (s *Scoring) Named(d *gather.Document) bool {
	src := s.units.NewSource(d)
	return s.names.title(s.units, &src)
}

// Last scores all units, those that joined since First too.
func (s *Scoring) Last(ctx context.Context) error {
	if len(s.units.Units) > len(s.X) {
		if err := s.score(ctx); err != nil {
			return err
		}
	}
	if err := s.names.Score(ctx, &s.q, s.units, s.X); err != nil {
		return err
	}
	if s.q.broad() {
		spread(s.units, s.X)
	}
	s.weigh()
	return nil
}

func (s *Scoring) score(ctx context.Context) error {
	s.X = append(s.X, make([]Features, len(s.units.Units)-len(s.X))...)
	for _, one := range s.scorers {
		if err := one.Score(ctx, &s.q, s.units, s.X); err != nil {
			return err
		}
	}
	s.weigh()
	return nil
}

// weigh adds up the features of all units.
func (s *Scoring) weigh() {
	s.Total = append(s.Total, make([]float64, len(s.X)-len(s.Total))...)
	for i := range s.X {
		s.Total[i] = s.w.Score(&s.X[i])
	}
}

// Order is all units, best first.
func (s *Scoring) Order() []int {
	order := make([]int, len(s.Total))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, s.Compare)
	return order
}

// best returns the n best units, best first.
func (s *Scoring) best(n int) []int {
	var top []int
	for i := range s.Total {
		if len(top) == n && s.Compare(top[n-1], i) < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, i, s.Compare)
		top = slices.Insert(top[:min(len(top), n-1)], min(at, n-1), i)
	}
	return top
}

// Compare orders units by score, best first; ties stand in the order in which
// they were read.
func (s *Scoring) Compare(a, b int) int {
	if x, y := s.Total[a], s.Total[b]; x != y {
		return cmp.Compare(y, x)
	}
	return a - b
}

// coverage sets Cover: the share of the question's idf in the unit and what
// stands above it.
type coverage struct{}

func (coverage) Score(ctx context.Context, _ *Question, units *unit.Set, out []Features) error {
	for i := range out {
		out[i][Cover] = 0
		if units.SumIDF <= 0 {
			continue
		}
		u, sum := &units.Units[i], 0.0
		above := &units.Docs[u.Doc].Sections[u.Section]
		for t := range units.Terms {
			if above.TF[t] > 0 || units.Count[t][i+1] > units.Count[t][i] {
				sum += units.Terms[t].IDF
			}
		}
		out[i][Cover] = sum / units.SumIDF
	}
	return ctx.Err()
}

// length sets Length.
type length struct{}

func (length) Score(ctx context.Context, _ *Question, units *unit.Set, out []Features) error {
	for i := range out {
		out[i][Length] = -portable.Log(float64(1+(len(units.Units[i].Text)*2+8)/9)) / 10
	}
	return ctx.Err()
}

// documents sets DocScore, Title, Asked, Look, Meaning, Judged, Kept and Role: what a unit's
// document and passage say.
type documents struct{ best float64 } // score among the first candidates

func (s *documents) Score(ctx context.Context, q *Question, units *unit.Set, out []Features) error {
	if s.best == 0 {
		for i := range units.Docs {
			s.best = max(s.best, units.Docs[i].Score)
		}
	}
	asked := asked(units, q.Text)
	for i := range out {
		d := units.Units[i].Doc
		out[i][DocScore] = share(s.best, units.Docs[d].Score)
		out[i][Title] = units.Docs[d].TitleShare
		if asked[d] {
			out[i][Asked] = 1
		}
		out[i][Look], out[i][Meaning] = units.Units[i].Look, units.Units[i].Meaning
		out[i][Judged], out[i][Kept] = units.Units[i].Judged, units.Units[i].Kept
		out[i][Role] = 1 - units.Docs[d].Prior
	}
	return ctx.Err()
}

// asked says for each document whether the question has its title, all terms of
// it in a row.
func asked(units *unit.Set, question string) []bool {
	out := make([]bool, len(units.Docs))
	var words []string // of the question, by one analyzer
	var by *text.Analyzer
	for d := range units.Docs {
		s := &units.Docs[d]
		if len(s.TitleTerms) == 0 || units.Lookup(s.TitleTerms[0], unit.Hash(s.TitleTerms[0])) < 0 {
			continue
		}
		if s.Analyzer != by {
			by, words = s.Analyzer, words[:0]
			by.Each(question, func(t string, _, _ int) { words = append(words, t) })
		}
		for i := 0; i+len(s.TitleTerms) <= len(words) && !out[d]; i++ {
			out[d] = slices.Equal(words[i:i+len(s.TitleTerms)], s.TitleTerms)
		}
	}
	return out
}
