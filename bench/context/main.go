// Command context asks tamis and the baselines all questions of the evidence
// sets and prints how much gold evidence their contexts keep, labels counted.
// The weights of tamis are tuned on half of the sets for the other half.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/text/tokens"
)

var budgets = []int{256, 512, 1000, 2000}

func main() {
	data := flag.String("data", os.Getenv("TAMIS_DATA"), "evaluation data `folder`; default $TAMIS_DATA, else ../shared/data beside the repository")
	baselines := flag.String("baselines", "all", "baselines to run: all, none, or names")
	flag.Parse()
	if err := run(context.Background(), *data, *baselines); err != nil {
		fmt.Fprintln(os.Stderr, "context:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data, list string) error {
	if data == "" {
		dir, err := peer.Dir()
		if err != nil {
			return err
		}
		data = filepath.Join(dir, "..", "..", "shared", "data")
	}
	baselines, err := eval.BaselinesNamed(list)
	if err != nil {
		return err
	}
	counter, err := tokens.New("o200k_base")
	if err != nil {
		return err
	}
	mean := map[string][]float64{}
	var order []string
	names, sets, err := eval.LoadEvidenceSets(filepath.Join(data, "evidence"))
	if err != nil {
		return err
	}
	tuner, err := eval.NewTuner(ctx, names, sets, budgets)
	if err != nil {
		return err
	}
	held, err := tuner.HeldOut(ctx, counter)
	if err = errors.Join(err, tuner.Close()); err != nil {
		return err
	}
	add := func(system string, r *eval.ContextReport) {
		if mean[system] == nil {
			mean[system] = make([]float64, len(budgets))
			order = append(order, system)
		}
		for i, b := range r.Budgets {
			mean[system][i] += b.EvidenceRecall / float64(len(sets))
		}
	}
	fmt.Println("| set | tamis | best baseline at each budget | tamis less that, 95 % interval | ms |\n|---|---|---|---|---|")
	for i, set := range sets {
		ours := held.Reports[i]
		add("tamis", ours)
		best := make([]*eval.BudgetFigures, len(budgets))
		for _, b := range baselines {
			ask, err := b.On(set, counter)
			if err != nil {
				return err
			}
			r, err := set.Run(ctx, ask, budgets, counter, nil)
			if err != nil {
				return err
			}
			add(b.Name, r)
			for i := range r.Budgets {
				if best[i] == nil || r.Budgets[i].EvidenceRecall > best[i].EvidenceRecall {
					best[i] = &r.Budgets[i]
				}
			}
		}
		if err := printSet(names[i], ours, best); err != nil {
			return err
		}
	}
	fmt.Println("\n| mean of the sets | 256 | 512 | 1000 | 2000 |\n|---|---|---|---|---|")
	for _, system := range order {
		fmt.Printf("| %s | %s |\n", system, strings.Join(percents(mean[system]), " | "))
	}
	return nil
}

func printSet(name string, ours *eval.ContextReport, best []*eval.BudgetFigures) error {
	var recall, theirs []float64
	var gaps, took []string
	for i := range ours.Budgets {
		b := &ours.Budgets[i]
		recall = append(recall, b.EvidenceRecall)
		took = append(took, fmt.Sprintf("%.1f", b.TookMSP50))
		if best[i] == nil {
			continue
		}
		theirs = append(theirs, best[i].EvidenceRecall)
		d, err := eval.Compare(best[i].Recalls(), b.Recalls())
		if err != nil {
			return err
		}
		gaps = append(gaps, fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High))
	}
	fmt.Printf("| %s | %s | %s | %s | %s |\n", name, strings.Join(percents(recall), "/"), strings.Join(percents(theirs), "/"), strings.Join(gaps, ", "), strings.Join(took, "/"))
	return nil
}

func percents(v []float64) []string {
	out := make([]string, len(v))
	for i, x := range v {
		out[i] = fmt.Sprintf("%.1f", 100*x)
	}
	return out
}
