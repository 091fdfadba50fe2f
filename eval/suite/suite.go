// Package suite asks tamis and its baselines the questions of many evidence sets,
// compares them question by question, and takes ingredients of the score away.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// Suite asks tamis and baselines the questions of several sets, each of its own
// documents, or all of one corpus when eval.Pool made the sets.
type Suite struct {
	Names     []string
	Sets      []*eval.EvidenceSet
	Budgets   []int // ascending
	Counter   tokens.Counter
	Baselines []baselines.Baseline
	// Weights are those of tamis for each set; nil stands for the default of all.
	Weights []*score.Weights
	// Candidates makes the report say how much evidence was among the sentences
	// that were scored. Time is not to be looked at then.
	Candidates bool
	// Encoder, where not nil, gives passages vectors, which tamis weighs.
	Encoder tamis.Encoder

	own []*system.Contexts // by set; shared by sets of one corpus
}

// Report is what the sets' questions were worth.
type Report struct {
	Budgets []int       `json:"budgets"`
	Sets    []SetReport `json:"sets"`
	// Mean evidence recall of the sets at each budget, by system.
	Mean []SystemMean `json:"mean"`
}

// SetReport is a set's part in a Report.
type SetReport struct {
	Name string `json:"name"`
	*eval.ContextReport
	// Gaps are tamis less the best baseline at each budget; none without baselines.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Gap is tamis less a baseline over the questions of a set.
type Gap struct {
	Baseline string  `json:"baseline"`
	Recall   float64 `json:"evidence_recall"` // of the baseline
	figures.Difference
}

// SystemMean is tamis or a baseline over all sets.
type SystemMean struct {
	System string    `json:"system"`
	Recall []float64 `json:"evidence_recall"`
	// TokensTo80 is the budget at which Recall reaches .8, interpolated; 0 when
	// none of the budgets reaches it.
	TokensTo80 float64 `json:"tokens_to_80"`
}

// tamisName is the name of tamis among the systems.
const tamisName = "tamis"

// oneCorpus says whether two sets share their documents.
func oneCorpus(a, b *eval.EvidenceSet) bool {
	return len(a.Documents) > 0 && len(a.Documents) == len(b.Documents) && &a.Documents[0] == &b.Documents[0]
}

// contexts indexes the documents of each set, once.
func (s *Suite) contexts(ctx context.Context) error {
	for i := len(s.own); i < len(s.Sets); i++ {
		if i > 0 && oneCorpus(s.Sets[i-1], s.Sets[i]) {
			s.own = append(s.own, s.own[i-1])
			continue
		}
		c, err := system.NewContexts(ctx, s.Sets[i], s.Encoder)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Names[i], err)
		}
		s.own = append(s.own, c)
	}
	return nil
}

// Close closes the indexes.
func (s *Suite) Close() error {
	var errs []error
	for i, c := range s.own {
		if i == 0 || c != s.own[i-1] {
			errs = append(errs, c.Close())
		}
	}
	s.own = nil
	return errors.Join(errs...)
}

// tamis asks the i-th set, with what change, where not nil, has altered.
func (s *Suite) tamis(ctx context.Context, i int, change func(*tamis.Lab)) (*eval.ContextReport, error) {
	c := *s.own[i]
	c.Candidates = s.Candidates
	if s.Weights != nil {
		c.Lab.Weights = s.Weights[i]
	}
	if change != nil {
		change(&c.Lab)
	}
	r, err := s.Sets[i].Run(ctx, c.Ask(s.Counter.Name()), s.Budgets, s.Counter, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Names[i], err)
	}
	return r, nil
}

// Run asks everything.
func (s *Suite) Run(ctx context.Context) (*Report, error) {
	if err := s.contexts(ctx); err != nil {
		return nil, err
	}
	r := &Report{Budgets: s.Budgets}
	for i := range s.Sets {
		one, err := s.tamis(ctx, i, nil)
		if err != nil {
			return nil, err
		}
		one.Baselines = map[string]*eval.ContextReport{}
		r.Sets = append(r.Sets, SetReport{Name: s.Names[i], ContextReport: one})
	}
	for _, b := range s.Baselines {
		var ask eval.ContextFunc
		for i, set := range s.Sets {
			var err error
			if i == 0 || !oneCorpus(s.Sets[i-1], set) {
				if ask, err = b.On(set, s.Counter); err != nil {
					return nil, fmt.Errorf("%s: %w", s.Names[i], err)
				}
			}
			if r.Sets[i].Baselines[b.Name], err = set.Run(ctx, ask, s.Budgets, s.Counter, nil); err != nil {
				return nil, fmt.Errorf("%s, baseline %s: %w", s.Names[i], b.Name, err)
			}
		}
	}
	for i := range r.Sets {
		if err := r.Sets[i].compare(s.Baselines); err != nil {
			return nil, err
		}
	}
	r.Mean = []SystemMean{r.mean(tamisName, func(x *SetReport) *eval.ContextReport { return x.ContextReport })}
	for _, b := range s.Baselines {
		r.Mean = append(r.Mean, r.mean(b.Name, func(x *SetReport) *eval.ContextReport { return x.Baselines[b.Name] }))
	}
	return r, nil
}

// compare fills the gaps.
func (x *SetReport) compare(with []baselines.Baseline) error {
	for k := range x.Budgets {
		var best *eval.BudgetFigures
		name := ""
		for _, b := range with {
			if f := &x.Baselines[b.Name].Budgets[k]; best == nil || f.EvidenceRecall > best.EvidenceRecall {
				best, name = f, b.Name
			}
		}
		if best == nil {
			return nil
		}
		d, err := figures.Compare(best.Recalls(), x.Budgets[k].Recalls())
		if err != nil {
			return err
		}
		x.Gaps = append(x.Gaps, Gap{name, best.EvidenceRecall, d})
	}
	return nil
}

func (r *Report) mean(name string, of func(*SetReport) *eval.ContextReport) SystemMean {
	m := SystemMean{System: name, Recall: make([]float64, len(r.Budgets))}
	for k := range r.Budgets {
		for i := range r.Sets {
			m.Recall[k] += of(&r.Sets[i]).Budgets[k].EvidenceRecall / float64(len(r.Sets))
		}
	}
	m.TokensTo80 = figures.Round(tokensTo(.8, r.Budgets, m.Recall), 0)
	return m
}

// tokensTo is the budget at which a curve, straight over the logarithm of the
// budget between its points, reaches a recall; 0 when it never does.
func tokensTo(recall float64, budgets []int, curve []float64) float64 {
	for k, y := range curve {
		if y < recall {
			continue
		}
		if k == 0 {
			return float64(budgets[0])
		}
		from, to := math.Log(float64(budgets[k-1])), math.Log(float64(budgets[k]))
		return math.Exp(from + (to-from)*(recall-curve[k-1])/(y-curve[k-1]))
	}
	return 0
}

// WriteTable prints the report for people, as Markdown: the sets, then the
// means. Shares are in per cent.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	gaps := len(r.Sets) > 0 && len(r.Sets[0].Gaps) > 0
	scored := len(r.Sets) > 0 && r.Sets[0].Budgets[0].CandidateRecall != nil
	head := []string{"set", tamisName}
	if gaps {
		head = append(head, "best baseline at each budget", "tamis less that, 95 % interval")
	}
	if scored {
		head = append(head, "among the scored")
	} else {
		head = append(head, "ms")
	}
	writeRow(t, head)
	writeRow(t, slices.Repeat([]string{"---"}, len(head)))
	for _, x := range r.Sets {
		each := func(of func(k int) string) string {
			var out []string
			for k := range r.Budgets {
				out = append(out, of(k))
			}
			return strings.Join(out, "/")
		}
		row := []string{x.Name, each(func(k int) string { return figures.Percent(x.Budgets[k].EvidenceRecall) })}
		if gaps {
			var with []string
			for _, g := range x.Gaps {
				with = append(with, fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*g.Mean, 100*g.Low, 100*g.High))
			}
			row = append(row, each(func(k int) string { return figures.Percent(x.Gaps[k].Recall) }), strings.Join(with, ", "))
		}
		if scored {
			row = append(row, each(func(k int) string { return figures.Percent(*x.Budgets[k].CandidateRecall) }))
		} else {
			row = append(row, each(func(k int) string { return fmt.Sprintf("%.1f", x.Budgets[k].TookMSP50) }))
		}
		writeRow(t, row)
	}
	fmt.Fprintln(t)
	head = []string{"mean of the sets"}
	for _, b := range r.Budgets {
		head = append(head, fmt.Sprint(b))
	}
	head = append(head, "tokens to 80 %")
	writeRow(t, head)
	writeRow(t, slices.Repeat([]string{"---"}, len(head)))
	for _, m := range r.Mean {
		row := []string{m.System}
		for _, v := range m.Recall {
			row = append(row, figures.Percent(v))
		}
		to := "-"
		if m.TokensTo80 > 0 {
			to = fmt.Sprintf("%.0f", m.TokensTo80)
		}
		writeRow(t, append(row, to))
	}
	return t.Flush()
}

func writeRow(w io.Writer, cells []string) {
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, "\t| "))
}
