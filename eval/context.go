package eval

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/text/tokens"
)

// ContextFunc makes the context for a question under a budget of tokens: its
// Text, Tokens and Spans; ID and Budget are filled in by the caller. A budget
// that is too small for anything gives an empty context, not an error.
type ContextFunc func(ctx context.Context, q *Question, budget int) (*Context, error)

// ContextReport is what `eval context --json` prints for tamis and for each
// baseline.
type ContextReport struct {
	Questions int                       `json:"questions"`
	Budgets   []BudgetFigures           `json:"budgets"`
	Baselines map[string]*ContextReport `json:"baselines,omitempty"`
}

// BudgetFigures are the means over all questions under one budget. See Judgment
// for what each counts.
type BudgetFigures struct {
	Budget         int     `json:"budget"`
	EvidenceRecall float64 `json:"evidence_recall"`
	FullCoverage   float64 `json:"full_coverage"`
	AnyEvidence    float64 `json:"any_evidence"`
	// CandidateRecall is the evidence recall of all sentences that were scored;
	// null when they were not asked for.
	CandidateRecall *float64 `json:"candidate_recall,omitempty"`
	// AnswerRecall is the mean over AnswerQuestions; null when there are none.
	AnswerRecall    *float64 `json:"answer_recall"`
	AnswerQuestions int      `json:"answer_questions"`
	Precision       float64  `json:"precision"`
	PrecisionMicro  float64  `json:"precision_micro"`
	TokensMean      float64  `json:"tokens_mean"`
	TokensP50       int      `json:"tokens_p50"`
	TokensMax       int      `json:"tokens_max"`
	SpansMean       float64  `json:"spans_mean"`
	TookMSP50       float64  `json:"took_ms_p50"`
	// A context that breaks a promise counts here.
	BudgetViolations   int `json:"budget_violations"`
	VerbatimViolations int `json:"verbatim_violations"`
	TokenMismatch      int `json:"token_mismatch"`

	recalls []float64
}

// Recalls are the evidence recalls of the single questions, in their order, to
// compare two systems with figures.Compare.
func (b *BudgetFigures) Recalls() []float64 { return b.recalls }

// Run asks every question under every budget, one after another, and judges the
// contexts. emit, where not nil, is given each context as it is made.
func (s *EvidenceSet) Run(ctx context.Context, ask ContextFunc, budgets []int, counter tokens.Counter, emit func(*Context) error) (*ContextReport, error) {
	judged := make([][]Judgment, len(budgets))
	took := make([][]float64, len(budgets))
	spans := make([]int, len(budgets))
	for i := range s.Questions {
		q := &s.Questions[i]
		for b, budget := range budgets {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			start := time.Now()
			c, err := ask(ctx, q, budget)
			if err != nil {
				return nil, fmt.Errorf("question %s, budget %d: %w", q.ID, budget, err)
			}
			took[b] = append(took[b], figures.Milliseconds(time.Since(start)))
			c.ID, c.Budget = q.ID, budget
			if c.Spans == nil {
				c.Spans = []Span{}
			}
			spans[b] += len(c.Spans)
			judged[b] = append(judged[b], s.Judge(q, c, counter))
			if emit != nil {
				if err := emit(c); err != nil {
					return nil, err
				}
			}
		}
	}
	r := &ContextReport{Questions: len(s.Questions)}
	for b, budget := range budgets {
		f := summary(judged[b])
		f.Budget = budget
		f.SpansMean = figures.Round(float64(spans[b])/float64(len(s.Questions)), 2)
		f.TookMSP50 = figures.Round(figures.Median(took[b]), 3)
		r.Budgets = append(r.Budgets, f)
	}
	return r, nil
}

func summary(all []Judgment) BudgetFigures {
	var f BudgetFigures
	n := float64(len(all))
	count := func(p *float64, yes bool) {
		if yes {
			*p++
		}
	}
	answers, precision, counted := 0.0, 0.0, make([]int, 0, len(all))
	hit, kept, sum := 0, 0, 0
	found, traced := 0.0, false
	for _, j := range all {
		found, traced = found+j.found, traced || j.traced
		f.recalls = append(f.recalls, j.EvidenceRecall)
		f.EvidenceRecall += j.EvidenceRecall
		count(&f.FullCoverage, j.FullCoverage)
		count(&f.AnyEvidence, j.AnyEvidence)
		if j.HasAnswer {
			f.AnswerQuestions++
			count(&answers, j.AnswerFound)
		}
		if j.Kept > 0 {
			precision += float64(j.Hit) / float64(j.Kept)
		}
		hit, kept, sum = hit+j.Hit, kept+j.Kept, sum+j.Tokens
		counted = append(counted, j.Tokens)
		if j.OverBudget {
			f.BudgetViolations++
		}
		if j.TokensDiffer {
			f.TokenMismatch++
		}
		f.VerbatimViolations += j.Verbatim
	}
	if n == 0 {
		return f
	}
	slices.Sort(counted)
	f.EvidenceRecall = figures.Round(f.EvidenceRecall/n, 5)
	f.FullCoverage = figures.Round(f.FullCoverage/n, 5)
	f.AnyEvidence = figures.Round(f.AnyEvidence/n, 5)
	if f.AnswerQuestions > 0 {
		a := figures.Round(answers/float64(f.AnswerQuestions), 5)
		f.AnswerRecall = &a
	}
	if traced {
		found = figures.Round(found/n, 5)
		f.CandidateRecall = &found
	}
	f.Precision = figures.Round(precision/n, 5)
	f.PrecisionMicro = figures.Round(float64(hit)/float64(max(kept, 1)), 5)
	f.TokensMean = figures.Round(float64(sum)/n, 2)
	f.TokensP50, f.TokensMax = counted[len(counted)/2], counted[len(counted)-1]
	return f
}

// RunWriter writes contexts as JSON Lines, the form that --run has. The error is
// that of the writer; call Flush at the end.
type RunWriter struct {
	b *bufio.Writer
	e *json.Encoder
}

// NewRunWriter writes to w.
func NewRunWriter(w io.Writer) *RunWriter {
	b := bufio.NewWriterSize(w, 64<<10)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return &RunWriter{b, e}
}

// Write appends one context.
func (w *RunWriter) Write(c *Context) error { return w.e.Encode(c) }

// Flush writes what is buffered.
func (w *RunWriter) Flush() error { return w.b.Flush() }
