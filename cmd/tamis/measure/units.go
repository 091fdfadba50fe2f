package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

// unitsReport compares contexts made of units of several kinds.
type unitsReport struct {
	Budgets []int         `json:"budgets"`
	Units   []unitFigures `json:"units"`
}

type unitFigures struct {
	Unit string                         `json:"unit"`
	Mean []eval.BudgetFigures           `json:"mean"` // of the sets, recall, coverage and tokens
	Sets map[string]*eval.ContextReport `json:"sets"`
}

// units is eval context --unit.
func (c *Console) units(ctx context.Context, o suiteOptions, documents, questions string, budgets []int, counter tokens.Counter, asJSON bool) error {
	kinds := o.units
	if slices.Equal(kinds, []string{"all"}) {
		kinds = unit.Kinds()
	}
	for _, k := range kinds {
		if !slices.Contains(unit.Kinds(), k) {
			return flags.Usagef("--unit %s: there are %s", k, strings.Join(unit.Kinds(), ", "))
		}
	}
	names, sets := []string{"set"}, make([]*eval.EvidenceSet, 1)
	var err error
	if o.sets != "" {
		names, sets, err = eval.LoadEvidenceSets(o.sets)
	} else {
		sets[0], err = eval.LoadEvidence(documents, questions)
	}
	if err != nil {
		return err
	}
	r := &unitsReport{Budgets: budgets, Units: make([]unitFigures, len(kinds))}
	for k := range kinds {
		r.Units[k] = unitFigures{Unit: kinds[k], Mean: make([]eval.BudgetFigures, len(budgets)), Sets: map[string]*eval.ContextReport{}}
	}
	for i, set := range sets {
		if err := r.ask(ctx, names[i], set, o, counter, float64(len(sets))); err != nil {
			return err
		}
	}
	return c.show(r, asJSON)
}

// ask asks the questions of one of n sets with each kind of unit.
func (r *unitsReport) ask(ctx context.Context, name string, set *eval.EvidenceSet, o suiteOptions, counter tokens.Counter, n float64) error {
	own, err := system.NewContexts(ctx, set, o.encoder)
	if err != nil {
		return err
	}
	for k := range r.Units {
		u := &r.Units[k]
		own.Layout.Unit = u.Unit
		report, err := set.Run(ctx, own.Ask(counter.Name()), r.Budgets, counter, nil)
		if err != nil {
			return errors.Join(err, own.Close())
		}
		u.Sets[name] = report
		for b := range report.Budgets {
			m := &u.Mean[b]
			m.Budget = report.Budgets[b].Budget
			m.EvidenceRecall += report.Budgets[b].EvidenceRecall / n
			m.FullCoverage += report.Budgets[b].FullCoverage / n
			m.TokensMean += report.Budgets[b].TokensMean / n
		}
	}
	return own.Close()
}

// WriteTable writes the means for people.
func (r *unitsReport) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "evidence recall %% (wholly covered %%), mean of the sets, by what contexts are made of\n%-12s", "")
	for _, b := range r.Budgets {
		fmt.Fprintf(w, "%16d", b)
	}
	fmt.Fprintln(w)
	for _, u := range r.Units {
		fmt.Fprintf(w, "%-12s", u.Unit)
		for _, m := range u.Mean {
			fmt.Fprintf(w, "%8.1f (%5.1f)", 100*m.EvidenceRecall, 100*m.FullCoverage)
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return nil
}
