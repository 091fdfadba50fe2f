package scorecard

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/questions"
)

// Comparison is card B less card A over the questions that both answer.
type Comparison struct {
	Shared int      `json:"shared"` // questions in both
	OnlyA  int      `json:"only_a"`
	OnlyB  int      `json:"only_b"`
	Rows   []Change `json:"rows"`
	// Better and Worse are the questions that changed most at the shown budget.
	Better []Moved `json:"better"`
	Worse  []Moved `json:"worse"`
}

// The verdicts on a change: noise is one that chance makes in more than one of 20
// comparisons, counting how many are made.
const (
	Better = "better"
	Worse  = "worse"
	Noise  = "noise"
	Same   = "same" // no question differs
)

// Change is one measure of B less that of A.
type Change struct {
	Measure string  `json:"measure"`
	Budget  int     `json:"budget"`
	A       float64 `json:"a"`
	B       float64 `json:"b"`
	figures.Difference
	Verdict string `json:"verdict"`
}

// Moved is a question whose recall changed.
type Moved struct {
	ID       string  `json:"id"`
	Question string  `json:"question"`
	A        float64 `json:"a"`
	B        float64 `json:"b"`
}

// Compare compares the first systems of two cards, question by question.
func Compare(a, b *Card) (*Comparison, error) {
	at := map[string]*Item{}
	for i := range b.Items {
		at[b.Items[i].ID] = &b.Items[i]
	}
	c := &Comparison{}
	var pairs [][2]*Item
	for i := range a.Items {
		if other := at[a.Items[i].ID]; other != nil {
			pairs = append(pairs, [2]*Item{&a.Items[i], other})
		}
	}
	c.Shared, c.OnlyA, c.OnlyB = len(pairs), len(a.Items)-len(pairs), len(b.Items)-len(pairs)
	if c.Shared == 0 {
		return nil, fmt.Errorf("the cards share no question: make both of the same set, which --save-questions F writes and --load F reads")
	}
	scores := func(budget int, kind string) (left, right []Score) {
		i, j := slices.Index(a.Budgets, budget), slices.Index(b.Budgets, budget)
		for _, p := range pairs {
			l, r := p[0].Scores[a.Systems[0].Name], p[1].Scores[b.Systems[0].Name]
			if (kind == "" || p[0].Kind == kind) && i < len(l) && j < len(r) {
				left, right = append(left, l[i]), append(right, r[j])
			}
		}
		return left, right
	}
	shown := 0
	for _, budget := range a.Budgets {
		if !slices.Contains(b.Budgets, budget) {
			continue
		}
		if shown == 0 || budget <= 1000 {
			shown = budget
		}
		l, r := scores(budget, "")
		if err := c.row("evidence_recall", budget, recalls(l), recalls(r), true); err != nil {
			return nil, err
		}
		if err := c.row("full_coverage", budget, covered(l), covered(r), true); err != nil {
			return nil, err
		}
		used := func(s Score) float64 { return float64(s.Tokens) }
		if err := c.row("tokens", budget, values(l, used), values(r, used), false); err != nil {
			return nil, err
		}
	}
	if shown == 0 {
		return nil, fmt.Errorf("the cards share no budget: one has %s, the other %s", list(a.Budgets), list(b.Budgets))
	}
	for _, k := range questions.Kinds {
		if l, r := scores(shown, k); len(l) >= 5 {
			if err := c.row(k+"/evidence_recall", shown, recalls(l), recalls(r), true); err != nil {
				return nil, err
			}
		}
	}
	c.judge()
	i, j := slices.Index(a.Budgets, shown), slices.Index(b.Budgets, shown)
	for _, p := range pairs {
		m := Moved{p[0].ID, p[0].Question, p[0].Scores[a.Systems[0].Name][i].Recall, p[1].Scores[b.Systems[0].Name][j].Recall}
		switch {
		case m.B > m.A+.25:
			c.Better = append(c.Better, m)
		case m.B < m.A-.25:
			c.Worse = append(c.Worse, m)
		}
	}
	return c, nil
}

func list(budgets []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(budgets)), ", "), "[]")
}

func (c *Comparison) row(name string, budget int, a, b []float64, judged bool) error {
	d, err := figures.Compare(a, b)
	if err != nil {
		return err
	}
	x := Change{Measure: name, Budget: budget, A: figures.Round(figures.Mean(a), 5), B: figures.Round(figures.Mean(b), 5), Difference: d}
	if !judged {
		x.Verdict = "-"
	}
	c.Rows = append(c.Rows, x)
	return nil
}

// judge gives verdicts, by the method of Holm (1979): the smallest p of n is held to
// .05/n, the next to .05/(n-1), and so on.
func (c *Comparison) judge() {
	var order []int
	for i := range c.Rows {
		if c.Rows[i].Verdict == "" {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch p, q := c.Rows[i].P, c.Rows[j].P; {
		case p < q:
			return -1
		case p > q:
			return 1
		}
		return 0
	})
	sure := true
	for k, i := range order {
		x := &c.Rows[i]
		sure = sure && x.P <= .05/float64(len(order)-k)
		switch {
		case x.Difference.Better+x.Difference.Worse == 0:
			x.Verdict = Same
		case !sure:
			x.Verdict = Noise
		case x.Mean > 0:
			x.Verdict = Better
		default:
			x.Verdict = Worse
		}
	}
}

// Fell says whether anything got worse that is no noise.
func (c *Comparison) Fell() bool {
	return slices.ContainsFunc(c.Rows, func(x Change) bool { return x.Verdict == Worse })
}

// WriteText tells the comparison, and so many questions that changed either way.
func (c *Comparison) WriteText(w io.Writer, most int) error {
	fmt.Fprintf(w, "%d questions in both", c.Shared)
	if c.OnlyA+c.OnlyB > 0 {
		fmt.Fprintf(w, " (%d only in the first, %d only in the second)", c.OnlyA, c.OnlyB)
	}
	fmt.Fprintf(w, "\n\n%-34s%10s%10s%28s%9s\n", "", "first", "second", "change, 95 % interval", "p")
	for _, x := range c.Rows {
		f, unit := 100.0, "%.1f"
		if x.Verdict == "-" {
			f, unit = 1, "%.0f"
		}
		change := fmt.Sprintf("%+.1f [%+.1f, %+.1f]", f*x.Mean, f*x.Low, f*x.High)
		fmt.Fprintf(w, "%-34s%10s%10s%28s%9.4f%14s\n", fmt.Sprintf("%s@%d", x.Measure, x.Budget), fmt.Sprintf(unit, f*x.A), fmt.Sprintf(unit, f*x.B), change, x.P, x.Verdict)
	}
	tell := func(what string, all []Moved) {
		if len(all) > 0 {
			fmt.Fprintf(w, "\n%d questions got %s by a quarter of their evidence and more%s\n", len(all), what, map[bool]string{true: ":"}[most > 0])
		}
		for _, m := range all[:min(most, len(all))] {
			fmt.Fprintf(w, "  %3.0f %% → %3.0f %%  %s\n", 100*m.A, 100*m.B, m.Question)
		}
	}
	tell("better", c.Better)
	tell("worse", c.Worse)
	return nil
}
