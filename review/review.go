// Package review answers a question from many documents: it searches with keywords that widen,
// reads whole documents, distils claims each with the bytes that bear it, sets those that
// contradict each other side by side, and writes a report with citations. It needs no model; an
// endpoint may phrase the claims, and what it writes is checked against the evidence.
//
// Every step is a line of a log (JSON Lines), from which a review that was killed goes on:
// what the log has is not done again, and the report is the same.
package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/text"
)

// Index is what is reviewed.
type Index interface {
	Search(ctx context.Context, q tamis.Query) (*tamis.Results, error)
	Document(ctx context.Context, id string, scope tamis.Scope) (*tamis.Document, error)
	Source(ctx context.Context, doc string, scope tamis.Scope) (string, error)
	Meets(question string) (func(text string) map[string]float64, error)
	Counter(name string) (tamis.Counter, error)
	Count(scope tamis.Scope) (documents, passages int, err error)
}

// Options say what is reviewed, and how far.
type Options struct {
	Question string
	// Check takes the question for a claim: the report says what is for it and what against.
	Check bool
	Scope tamis.Scope
	// Tokens of documents that are read at most, and of claims in the report; Documents and
	// Rounds of searches at most. 0 stands for 100,000, 2,000, 60 and 3.
	Tokens, Report, Documents, Rounds int
	// Model phrases the claims that are kept; nil: they stand as their sources have them.
	Model llm.Model
	Price Price
	Money float64 // that the model may take; 0 is no bound
	Log   string  // file; "" keeps none
	// Step, where not nil, is shown each step.
	Step func(e Entry)
}

// Conflict is two claims that contradict each other, by their numbers from 0.
type Conflict struct {
	A    int    `json:"a"`
	B    int    `json:"b"`
	Kind string `json:"kind"` // negation, direction or number
}

// Report is a review.
type Report struct {
	Question  string     `json:"question"`
	Check     bool       `json:"check,omitempty"`
	Indexed   int        `json:"indexed"` // documents that could be found
	Searches  []Search   `json:"searches"`
	Read      []Reading  `json:"read"`
	Claims    []Claim    `json:"claims"` // the best first
	Conflicts []Conflict `json:"conflicts"`
	Looks     []Kept     `json:"looks"`
	Kept      []int      `json:"kept"`
	// Tokens that were read; In and Out that a model took, and Cost by the price.
	Tokens int     `json:"tokens"`
	In     int     `json:"in,omitempty"`
	Out    int     `json:"out,omitempty"`
	Cost   float64 `json:"cost,omitempty"`
	// Ended says why reading or phrasing ended before everything was done.
	Ended []string `json:"ended"`
	// Replayed counts the ranges of evidence that were read again from their sources and are
	// what the report quotes: all of them.
	Replayed int `json:"replayed"`
	// Resumed counts the steps that the log had.
	Resumed int `json:"-"`
}

type run struct {
	ix      Index
	o       Options
	an      *text.Analyzer
	counter tamis.Counter
	log     *log
	found   map[string]bool
	pairs   map[[2]string]bool // of the question: see pairsIn
	subject string             // the question either way
	report  *Report
}

// begun is the first step: what a log is of.
type begun struct {
	Question  string `json:"question"`
	Check     bool   `json:"check"`
	Tokens    int    `json:"tokens"`
	Report    int    `json:"report"`
	Documents int    `json:"documents"`
	Rounds    int    `json:"rounds"`
	Filter    string `json:"filter,omitempty"`
	Indexed   int    `json:"indexed"`
}

// dry is how many documents in a row may bear no claim before reading ends.
const dry = 15

// Run reviews. Errors: those of the index and of the model, where the log keeps what was done;
// tamis.ErrNoTerms; ErrOther; a *tamis.InvalidError. A question that nothing answers gives a
// report without claims.
func Run(ctx context.Context, ix Index, o Options) (rep *Report, err error) {
	o.Tokens, o.Report = cmp.Or(o.Tokens, 100_000), cmp.Or(o.Report, 2000)
	o.Documents, o.Rounds = cmp.Or(o.Documents, 60), cmp.Or(o.Rounds, 3)
	if min(o.Tokens, o.Report, o.Documents, o.Rounds, 10-o.Rounds) < 1 {
		return nil, &tamis.InvalidError{Field: "budget", Err: errors.New("budgets, documents and rounds are above 0, rounds below 10")}
	}
	r := &run{ix: ix, o: o, found: map[string]bool{}, report: &Report{Question: o.Question, Check: o.Check, Claims: []Claim{}, Read: []Reading{},
		Searches: []Search{}, Conflicts: []Conflict{}, Looks: []Kept{}, Kept: []int{}, Ended: []string{}}}
	if r.an, err = text.NewAnalyzer("english"); err != nil {
		return nil, err
	}
	r.subject = eitherWay(r.an, o.Question)
	if r.counter, err = ix.Counter("o200k_base"); err != nil {
		return nil, err
	}
	if r.log, err = openLog(o.Log, o.Step); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.log.close()) }()
	if err := r.begin(); err != nil {
		return nil, err
	}
	ranked, question, err := r.widen(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.meets(question)
	if err != nil {
		return nil, err
	}
	if err := r.readAll(ctx, ranked, m); err != nil {
		return nil, err
	}
	r.merge(m)
	kept, err := r.keep(r.report.Claims, m)
	if err != nil {
		return nil, err
	}
	r.report.Kept = kept.Claims
	r.withConflicts()
	if err := r.phraseAll(ctx); err != nil {
		return nil, err
	}
	if err := r.replay(ctx); err != nil {
		return nil, err
	}
	r.report.Resumed = r.log.resumed
	return r.report, nil
}

// begin holds the log against the options and the index.
func (r *run) begin() error {
	indexed, _, err := r.ix.Count(r.o.Scope)
	if err != nil {
		return err
	}
	want := begun{r.o.Question, r.o.Check, r.o.Tokens, r.o.Report, r.o.Documents, r.o.Rounds, r.o.Scope.Filter, indexed}
	got, err := do(r.log, "begin", "", func() (begun, error) { return want, nil })
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w, or the index or the options have changed: name another file with --log, or begin anew with --anew", ErrOther)
	}
	r.report.Indexed = indexed
	return nil
}

// readAll reads documents, the best first, until the budget is used, or many in a row say
// nothing.
func (r *run) readAll(ctx context.Context, ranked []string, m *meets) error {
	nothing := 0
	for i, id := range ranked {
		switch {
		case i >= r.o.Documents:
			r.ended("%d documents were read, as many as were asked for; %d more were found", i, len(ranked)-i)
			return nil
		case r.report.Tokens >= r.o.Tokens:
			r.ended("%d tokens were read, the budget; %d documents that were found were not", r.report.Tokens, len(ranked)-i)
			return nil
		case nothing >= dry:
			r.ended("%d documents in a row said nothing of the question; %d more were found", dry, len(ranked)-i)
			return nil
		}
		read, err := do(r.log, "read", id, func() (Reading, error) { return r.read(ctx, id, m) })
		if errors.Is(err, tamis.ErrNotFound) {
			continue // it went since it was found
		}
		if err != nil {
			return err
		}
		r.report.Tokens += read.Tokens
		r.report.Read = append(r.report.Read, read)
		if nothing++; len(read.Claims) > 0 {
			nothing = 0
		}
	}
	return nil
}

func (r *run) ended(format string, args ...any) {
	r.report.Ended = append(r.report.Ended, fmt.Sprintf(format, args...))
}

// merge lists the claims of all documents, the best first, joins those that say nearly the
// same, and finds those that contradict each other.
func (r *run) merge(m *meets) {
	var all []Claim
	for _, d := range r.report.Read {
		all = append(all, d.Claims...)
	}
	slices.SortStableFunc(all, func(a, b Claim) int { return cmp.Compare(b.Score, a.Score) })
	var stances []*stance
	for _, c := range all {
		s := stanceOf(r.an, c.Text)
		at := slices.IndexFunc(stances, func(o *stance) bool { return same(o, s) })
		if at >= 0 {
			r.report.Claims[at].Evidence = append(r.report.Claims[at].Evidence, c.Evidence...)
			continue
		}
		stances = append(stances, s)
		r.report.Claims = append(r.report.Claims, c)
	}
	asked := stanceOf(r.an, r.o.Question)
	on := make([]bool, len(stances)) // the question, and not something beside it
	for i, s := range stances {
		on[i] = m.share(s.text) >= conflictMeets
	}
	for i := range stances {
		if r.o.Check {
			r.report.Claims[i].Stance = stanceTo(asked, stances[i])
		}
		for j := i + 1; j < len(stances); j++ {
			if kind := conflict(stances[i], stances[j]); kind != "" && on[i] && on[j] {
				r.report.Conflicts = append(r.report.Conflicts, Conflict{i, j, kind})
			}
		}
	}
}

// stanceTo says whether a statement is for a claim or against it, where their words say so.
func stanceTo(claim, s *stance) string {
	if conflict(claim, s) != "" {
		return "against"
	}
	shared := len(common(claim.terms, s.terms))
	if len(claim.near) > 0 && len(common(claim.near, s.near)) == 0 {
		return "unclear" // what goes up or down, or is denied, is something else
	}
	if shared >= min(sharedTerms-1, len(claim.terms)) && shared > 0 && float64(shared) >= .6*float64(len(claim.terms)) && claim.negated == s.negated && !(claim.up && s.down && !s.up) && !(claim.down && s.up && !s.down) {
		return "for"
	}
	return "unclear"
}

const (
	mostConflicts = 5   // that are shown
	conflictMeets = .65 // share of the question that both sides of a contradiction have
)

// withConflicts keeps both sides of the contradictions that are shown: the first ones, whose
// claims are the best.
func (r *run) withConflicts() {
	r.report.Conflicts = r.report.Conflicts[:min(len(r.report.Conflicts), mostConflicts)]
	for _, c := range r.report.Conflicts {
		for _, i := range []int{c.A, c.B} {
			if !slices.Contains(r.report.Kept, i) {
				r.report.Kept = append(r.report.Kept, i)
			}
		}
	}
	slices.Sort(r.report.Kept)
}

// phraseAll has the model phrase what is kept, as far as the money goes.
func (r *run) phraseAll(ctx context.Context) error {
	if r.o.Model == nil {
		return nil
	}
	for n, i := range r.report.Kept {
		c := &r.report.Claims[i]
		if r.o.Money > 0 && r.report.Cost+r.cost(r.estimate(c), phrasedTokens) > r.o.Money {
			r.ended("the money for the model is used: %d of %d claims stand as their sources have them", len(r.report.Kept)-n, len(r.report.Kept))
			return nil
		}
		p, err := do(r.log, "phrase", c.Evidence[0].Digest, func() (Phrasing, error) { return r.phrase(ctx, c) })
		if err != nil {
			return err
		}
		if r.report.In, r.report.Out = r.report.In+p.In, r.report.Out+p.Out; p.Refused == "" {
			c.Phrased = p.Text
		} else {
			c.Refused = p.Refused
		}
		r.report.Cost = r.cost(r.report.In, r.report.Out)
	}
	return nil
}

// replay reads every range of evidence again.
func (r *run) replay(ctx context.Context) error {
	n, err := Replay(ctx, r.ix, r.report, r.o.Scope)
	r.report.Replayed = n
	return err
}

// Replay reads the evidence of a report again from the stored sources and counts the ranges. The
// error names the first that is not what it was.
func Replay(ctx context.Context, ix Index, rep *Report, scope tamis.Scope) (int, error) {
	n := 0
	sources := map[string]string{}
	for _, c := range rep.Claims {
		for _, e := range c.Evidence {
			s, ok := sources[e.Doc]
			if !ok {
				var err error
				if s, err = ix.Source(ctx, e.Doc, scope); err != nil {
					return n, fmt.Errorf("replay: %w", err)
				}
				sources[e.Doc] = s
			}
			if e.Start < 0 || e.Start > e.End || e.End > len(s) || s[e.Start:e.End] != e.Text {
				return n, fmt.Errorf("replay: bytes %d to %d of %q are not what the review quotes: the document has changed; begin anew with --anew: %w", e.Start, e.End, e.Doc, ErrOther)
			}
			n++
		}
	}
	return n, nil
}
