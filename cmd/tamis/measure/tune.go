package measure

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/tune"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// tuned is what eval context --tune prints: the table for all sets, and what
// the same search reaches on sets that it has not seen.
type tuned struct {
	Weights map[string]float64             `json:"weights"`
	Halves  []map[string]float64           `json:"halves"`
	HeldOut map[string]*eval.ContextReport `json:"held_out"`
	Mean    []float64                      `json:"held_out_mean"` // at each budget

	names   []string
	budgets []int
	all     score.Weights
}

func (c *Console) tune(ctx context.Context, dir string, budgets []int, counter tokens.Counter, asJSON bool) error {
	names, sets, err := eval.LoadEvidenceSets(dir)
	if err != nil {
		return err
	}
	t, err := tune.New(ctx, names, sets, budgets)
	if err != nil {
		return err
	}
	if c.Progress != nil && !*c.Quiet {
		t.Log = c.Progress
	}
	report, err := tuneAll(ctx, t, names, counter)
	if err = errors.Join(err, t.Close()); err != nil {
		return err
	}
	if asJSON {
		return c.JSON(report)
	}
	return c.printTuned(report)
}

func tuneAll(ctx context.Context, t *tune.Tuner, names []string, counter tokens.Counter) (*tuned, error) {
	held, err := t.HeldOut(ctx, counter)
	if err != nil {
		return nil, err
	}
	got, err := t.Tune(ctx, t.All())
	if err != nil {
		return nil, err
	}
	r := &tuned{Weights: byName(got.Weights), HeldOut: map[string]*eval.ContextReport{}, Mean: make([]float64, len(t.Budgets)),
		names: names, budgets: t.Budgets, all: got.Weights}
	for _, w := range held.Halves {
		r.Halves = append(r.Halves, byName(w))
	}
	for i, h := range held.Reports {
		r.HeldOut[names[i]] = h
		for k, b := range h.Budgets {
			r.Mean[k] += b.EvidenceRecall / float64(len(names))
		}
	}
	return r, nil
}

func byName(w score.Weights) map[string]float64 {
	m := map[string]float64{}
	for f, v := range w {
		m[score.Feature(f).String()] = v
	}
	return m
}

func (c *Console) printTuned(r *tuned) error {
	fmt.Fprint(c.Out, "weights tuned on all sets:\n\t")
	for f, v := range r.all {
		fmt.Fprintf(c.Out, "%v %g  ", score.Feature(f), v)
	}
	fmt.Fprint(c.Out, "\n\nevidence recall % on sets whose half was not tuned on, labels counted:\n")
	t := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, b := range r.budgets {
		fmt.Fprintf(t, "\t%d", b)
	}
	fmt.Fprintln(t, "\t")
	for _, name := range r.names {
		fmt.Fprint(t, name)
		for _, b := range r.HeldOut[name].Budgets {
			fmt.Fprintf(t, "\t%.1f", 100*b.EvidenceRecall)
		}
		fmt.Fprintln(t, "\t")
	}
	fmt.Fprint(t, "mean")
	for _, m := range r.Mean {
		fmt.Fprintf(t, "\t%.1f", 100*m)
	}
	fmt.Fprintln(t, "\t")
	return t.Flush()
}
