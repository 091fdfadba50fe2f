package suite

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/pack/score"
)

// Ablation is what contexts lose without an ingredient of the score.
type Ablation struct {
	Without string `json:"without"`
	// Change of the mean evidence recall of the sets at each budget: negative
	// where the ingredient helps.
	Change []float64 `json:"change"`
	// Worst is the set that loses most, at the budget at which it does, and Best
	// the one that gains most.
	Worst SetChange `json:"worst"`
	Best  SetChange `json:"best"`
}

// SetChange is the change of a set's evidence recall at one budget.
type SetChange struct {
	Set    string  `json:"set"`
	Budget int     `json:"budget"`
	Change float64 `json:"change"`
}

// ingredient is features that are switched off together.
type ingredient struct {
	name     string
	features []score.Feature
}

// ingredients are the features one by one, and those that belong together.
func ingredients() []ingredient {
	var all []ingredient
	for f := range score.NumFeatures {
		all = append(all, ingredient{f.String(), []score.Feature{f}})
	}
	return append(all,
		ingredient{"all windows", []score.Feature{score.Near, score.Section, score.Block, score.Chapter, score.Broad}},
		ingredient{"windows of 400 tokens and more", []score.Feature{score.Section, score.Block, score.Chapter, score.Broad}},
		ingredient{"the title's features", []score.Feature{score.Title, score.Asked}},
		ingredient{"all names", []score.Feature{score.Bridge, score.Lead, score.Names}},
	)
}

// Ablate asks all questions again without each of the ingredients, the weights
// of the others staying as they are, and compares with full, a report of Run.
func (s *Suite) Ablate(ctx context.Context, full *Report) ([]Ablation, error) {
	if err := s.contexts(ctx); err != nil {
		return nil, err
	}
	var out []Ablation
	for _, g := range ingredients() {
		a := Ablation{Without: g.name, Change: make([]float64, len(s.Budgets))}
		for i := range s.Sets {
			r, err := s.tamis(ctx, i, func(lab *tamis.Lab) {
				w := score.DefaultWeights()
				if lab.Weights != nil {
					w = *lab.Weights
				}
				for _, f := range g.features {
					w[f] = 0
				}
				lab.Weights = &w
			})
			if err != nil {
				return nil, err
			}
			for k, budget := range s.Budgets {
				d := r.Budgets[k].EvidenceRecall - full.Sets[i].Budgets[k].EvidenceRecall
				a.Change[k] += d / float64(len(s.Sets))
				if d < a.Worst.Change {
					a.Worst = SetChange{s.Names[i], budget, d}
				}
				if d > a.Best.Change {
					a.Best = SetChange{s.Names[i], budget, d}
				}
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// WriteAblations prints them for people, as Markdown, in points.
func WriteAblations(w io.Writer, budgets []int, all []Ablation) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	head := []string{"without"}
	for _, b := range budgets {
		head = append(head, fmt.Sprint(b))
	}
	head = append(head, "loses most", "gains most")
	writeRow(t, head)
	writeRow(t, slices.Repeat([]string{"---"}, len(head)))
	for _, a := range all {
		row := []string{a.Without}
		for _, d := range a.Change {
			row = append(row, fmt.Sprintf("%+.1f", 100*d))
		}
		writeRow(t, append(row, a.Worst.String(), a.Best.String()))
	}
	return t.Flush()
}

func (c SetChange) String() string {
	if c.Set == "" {
		return "-"
	}
	return fmt.Sprintf("%s at %d: %+.1f", c.Set, c.Budget, 100*c.Change)
}
