// Package scorecard measures contexts over a question set and tells the figures: as
// numbers with intervals, as gates that a build must pass, as one HTML page with
// pictures, and beside another card of the same questions.
package scorecard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/judge"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/text/tokens"
)

// Card is what contexts were worth over a set of questions.
type Card struct {
	Corpus    Corpus         `json:"corpus"`
	Questions int            `json:"questions"`
	Kinds     map[string]int `json:"kinds"` // questions by kind
	Seed      uint64         `json:"seed"`
	Tokenizer string         `json:"tokenizer"`
	Budgets   []int          `json:"budgets"`
	// Measures are the figures of the first system by the names that gates have.
	Measures map[string]float64 `json:"measures"`
	// Systems are what was measured, the first, and what stands beside it.
	Systems []System `json:"systems"`
	Items   []Item   `json:"items"`
	// Judged are the figures of a model that graded the first system's contexts of JudgedAt
	// tokens and what it answered from them, where one was asked to.
	Judged   []judge.Figure `json:"judged,omitempty"`
	JudgedAt int            `json:"judged_at,omitempty"`

	shown int // the budget of tables and maps, by its index
}

// Corpus is what was asked.
type Corpus struct {
	Name      string `json:"name"`
	Documents int    `json:"documents"`
	Bytes     int    `json:"bytes"`
	Asked     int    `json:"asked"` // documents of which a question could be asked
}

// System is one that makes contexts, with its figures by budget.
type System struct {
	Name    string    `json:"name"`
	Budgets []Figures `json:"budgets"`
	// Less is the first system less this one in evidence recall, by budget; none for the
	// first.
	Less []figures.Difference `json:"less,omitempty"`
}

// Figures are those of a system at one budget.
type Figures struct {
	Budget         int      `json:"budget"`
	EvidenceRecall Measured `json:"evidence_recall"`
	FullCoverage   Measured `json:"full_coverage"`
	AnyEvidence    float64  `json:"any_evidence"`
	Precision      float64  `json:"precision"`
	// Position is where the first evidence begins in the contexts that hold some: 0 at
	// their beginning, 1 at their end.
	Position   float64 `json:"position"`
	Tokens     float64 `json:"tokens"`
	LatencyP50 float64 `json:"latency_p50"` // milliseconds
	LatencyP99 float64 `json:"latency_p99"`
	// Violations count contexts over their budget and spans that are not verbatim.
	Violations int `json:"violations"`
}

// Measured is a mean over the questions with its 95 % interval.
type Measured struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Item is a question with what each system made of it.
type Item struct {
	ID       string             `json:"id"`
	Kind     string             `json:"kind"`
	Question string             `json:"question"`
	Doc      string             `json:"doc"`
	Depth    float64            `json:"depth"`  // of the evidence in its document, 0 to 1
	Length   int                `json:"length"` // of the document, in bytes
	Scores   map[string][]Score `json:"scores"` // by system, by budget

	// Judged are the grades of a model.
	Judged *judge.Graded `json:"judged,omitempty"`

	evidence []string    // its texts
	place    []eval.Span // and where they stand
	kept     eval.Context
	chunks   []string // of kept
	why      string
}

// Score is what one context was worth.
type Score struct {
	Recall    float64 `json:"recall"`
	Full      bool    `json:"full"`
	Any       bool    `json:"any"`
	Precision float64 `json:"precision"`
	Position  float64 `json:"position"` // -1 where it holds no evidence
	Tokens    int     `json:"tokens"`
	MS        float64 `json:"ms"`
	Bad       int     `json:"bad,omitempty"`
}

// Asked is a system under measurement.
type Asked struct {
	Name string
	Ask  eval.ContextFunc
}

// Run says what is measured.
type Run struct {
	Set       *eval.EvidenceSet // its documents hold the evidence, at least
	Questions []questions.Question
	Systems   []Asked
	Budgets   []int // ascending
	Counter   tokens.Counter
	// Load reads a document that a context cites and Set lacks.
	Load func(ctx context.Context, id string) (eval.Document, error)
	// Why says of a question whose evidence was missed at a budget why, in a clause.
	Why func(ctx context.Context, q *eval.Question, budget int) (string, error)
	// Progress, where not nil, is told how many contexts of how many were made.
	Progress func(done, all int)
}

// Measure asks all questions of all systems, one after another.
func (r *Run) Measure(ctx context.Context) (*Card, error) {
	c := &Card{Questions: len(r.Questions), Kinds: map[string]int{}, Tokenizer: r.Counter.Name(), Budgets: r.Budgets, Measures: map[string]float64{}}
	c.shown = shownOf(r.Budgets)
	for i := range r.Questions {
		q := &r.Questions[i]
		d, _ := r.Set.Document(q.Evidence[0].Doc)
		c.Kinds[q.Kind]++
		c.Items = append(c.Items, Item{ID: q.ID, Kind: q.Kind, Question: q.Text, Doc: d.ID, Length: len(d.Text),
			Depth: figures.Round(float64(q.Evidence[0].Start)/float64(max(1, len(d.Text))), 4), Scores: map[string][]Score{}, evidence: q.Quotes, place: q.Evidence})
	}
	for n, s := range r.Systems {
		for i := range r.Set.Questions {
			for b, budget := range r.Budgets {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				score, kept, err := r.one(ctx, s.Ask, &r.Set.Questions[i], budget)
				if err != nil {
					return nil, fmt.Errorf("question %s, budget %d: %w", r.Set.Questions[i].ID, budget, err)
				}
				item := &c.Items[i]
				item.Scores[s.Name] = append(item.Scores[s.Name], score)
				if n > 0 || b != c.shown {
					continue
				}
				item.kept, item.chunks = *kept, r.chunks(kept)
				if r.Why != nil && score.Recall < .5 {
					if item.why, err = r.Why(ctx, &r.Set.Questions[i], budget); err != nil {
						return nil, err
					}
				}
			}
			if r.Progress != nil {
				r.Progress(n*len(r.Set.Questions)+i+1, len(r.Systems)*len(r.Set.Questions))
			}
		}
		c.Systems = append(c.Systems, System{Name: s.Name})
	}
	return c, c.sum()
}

// shownOf is the budget of tables, maps and judgments: the largest up to 1,000 tokens.
func shownOf(budgets []int) (shown int) {
	for i, b := range budgets {
		if b <= 1000 {
			shown = i
		}
	}
	return shown
}

// chunks are the texts that a context is made of, in its order.
func (r *Run) chunks(c *eval.Context) (out []string) {
	for _, x := range c.Spans {
		if d, ok := r.Set.Document(x.Doc); ok && x.End <= len(d.Text) {
			out = append(out, d.Text[x.Start:x.End])
		}
	}
	return out
}

// Grade has a model grade the first system's contexts of one budget. progress, where not
// nil, is told how many questions of how many it has graded.
func (c *Card) Grade(ctx context.Context, g *judge.Grader, progress func(done, all int)) error {
	var all []*judge.Graded
	for i := range c.Items {
		x := &c.Items[i]
		graded, err := g.Grade(ctx, &judge.Case{Question: x.Question, Reference: x.evidence, Context: x.kept.Text, Chunks: x.chunks})
		if err != nil {
			return err
		}
		x.Judged = graded
		all = append(all, graded)
		if progress != nil {
			progress(i+1, len(c.Items))
		}
	}
	c.Judged, c.JudgedAt = judge.Sum(all), c.Budgets[c.shown]
	for _, f := range c.Judged {
		c.Measures[fmt.Sprintf("%s@%d", f.Measure, c.JudgedAt)] = f.Value
	}
	return nil
}

// one makes a context and judges it.
func (r *Run) one(ctx context.Context, ask eval.ContextFunc, q *eval.Question, budget int) (Score, *eval.Context, error) {
	start := time.Now()
	got, err := ask(ctx, q, budget)
	if err != nil {
		return Score{}, nil, err
	}
	s := Score{MS: figures.Round(figures.Milliseconds(time.Since(start)), 3), Position: -1}
	got.ID, got.Budget = q.ID, budget
	for _, x := range got.Spans {
		if _, ok := r.Set.Document(x.Doc); !ok && r.Load != nil {
			d, err := r.Load(ctx, x.Doc)
			if err == nil {
				err = r.Set.Put(d)
			}
			if err != nil {
				return Score{}, nil, err
			}
		}
	}
	j := r.Set.Judge(q, got, r.Counter)
	s.Recall, s.Full, s.Any, s.Tokens, s.Bad = figures.Round(j.EvidenceRecall, 5), j.FullCoverage, j.AnyEvidence, j.Tokens, j.Verbatim
	if j.OverBudget {
		s.Bad++
	}
	if j.Kept > 0 {
		s.Precision = figures.Round(min(1, j.EvidenceRecall*float64(q.EvidenceBytes())/float64(j.Kept)), 5)
	}
	at := 0
	for _, x := range got.Spans {
		d, ok := r.Set.Document(x.Doc)
		if !ok || x.End > len(d.Text) {
			continue
		}
		i := strings.Index(got.Text[at:], d.Text[x.Start:x.End])
		if i < 0 {
			continue
		}
		if within, ok := q.Within(x); ok {
			s.Position = figures.Round(float64(at+i+within)/float64(len(got.Text)), 4)
			break
		}
		at += i + x.End - x.Start
	}
	return s, got, nil
}

// sum makes the figures of the items' scores.
func (c *Card) sum() error {
	for n := range c.Systems {
		s := &c.Systems[n]
		for b, budget := range c.Budgets {
			f := figuresOf(c.scores(s.Name, b, ""))
			f.Budget = budget
			s.Budgets = append(s.Budgets, f)
			if n > 0 {
				d, err := figures.Compare(recalls(c.scores(s.Name, b, "")), recalls(c.scores(c.Systems[0].Name, b, "")))
				if err != nil {
					return err
				}
				s.Less = append(s.Less, d)
			}
		}
	}
	for b, budget := range c.Budgets {
		put := func(name string, v float64) { c.Measures[fmt.Sprintf("%s@%d", name, budget)] = v }
		f := &c.Systems[0].Budgets[b]
		put("evidence_recall", f.EvidenceRecall.Mean)
		put("full_coverage", f.FullCoverage.Mean)
		put("any_evidence", f.AnyEvidence)
		put("precision", f.Precision)
		put("position", f.Position)
		put("tokens", f.Tokens)
		put("latency_p50", f.LatencyP50)
		put("latency_p99", f.LatencyP99)
		put("violations", float64(f.Violations))
		if len(c.Systems) > 1 {
			put("gain", figures.Round(c.Systems[1].Less[b].Mean, 5))
		}
		for k := range c.Kinds {
			put(k+"/evidence_recall", figures.Round(figures.Mean(recalls(c.scores(c.Systems[0].Name, b, k))), 5))
		}
	}
	return nil
}

// measures are those without a budget, in the order of reports; gain needs a baseline.
var measures = []string{"evidence_recall", "full_coverage", "any_evidence", "precision", "position", "tokens", "latency_p50", "latency_p99", "violations", "gain"}

// Measures are the names that gates can have, before anything is measured: those of each
// budget, and of kinds of questions, and of a model that judges.
func Measures(budgets []int, kinds []string, judged bool) (out []string) {
	for _, b := range budgets {
		for _, m := range measures {
			out = append(out, fmt.Sprintf("%s@%d", m, b))
		}
	}
	if judged {
		for _, m := range judge.Measures {
			out = append(out, fmt.Sprintf("%s@%d", m, budgets[shownOf(budgets)]))
		}
	}
	for _, b := range budgets {
		for _, k := range kinds {
			out = append(out, fmt.Sprintf("%s/evidence_recall@%d", k, b))
		}
	}
	return out
}

// Gated holds a card to gates. The error says in one line which do not hold.
func (c *Card) Gated(gates []figures.Gate) error { return figures.Unmet(gates, c.Measures) }

// scores are those of a system at a budget, of questions of a kind or of all.
func (c *Card) scores(system string, budget int, kind string) (out []Score) {
	for i := range c.Items {
		if s := c.Items[i].Scores[system]; budget < len(s) && (kind == "" || c.Items[i].Kind == kind) {
			out = append(out, s[budget])
		}
	}
	return out
}

func values(scores []Score, of func(Score) float64) []float64 {
	out := make([]float64, 0, len(scores))
	for _, s := range scores {
		out = append(out, of(s))
	}
	return out
}

func recalls(scores []Score) []float64 {
	return values(scores, func(s Score) float64 { return s.Recall })
}

func covered(scores []Score) []float64 {
	return values(scores, func(s Score) float64 { return share(s.Full) })
}

func share(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func figuresOf(scores []Score) (f Figures) {
	measured := func(v []float64) Measured {
		low, high := figures.Interval(v)
		return Measured{figures.Round(figures.Mean(v), 5), figures.Round(low, 5), figures.Round(high, 5)}
	}
	mean := func(of func(Score) float64, digits int) float64 {
		return figures.Round(figures.Mean(values(scores, of)), digits)
	}
	f.EvidenceRecall, f.FullCoverage = measured(recalls(scores)), measured(covered(scores))
	f.AnyEvidence = mean(func(s Score) float64 { return share(s.Any) }, 5)
	f.Precision = mean(func(s Score) float64 { return s.Precision }, 5)
	f.Tokens = mean(func(s Score) float64 { return float64(s.Tokens) }, 2)
	ms := values(scores, func(s Score) float64 { return s.MS })
	f.LatencyP50, f.LatencyP99 = figures.Round(figures.Quantile(ms, .5), 3), figures.Round(figures.Quantile(ms, .99), 3)
	var at []float64
	for _, s := range scores {
		f.Violations += s.Bad
		if s.Position >= 0 {
			at = append(at, s.Position)
		}
	}
	f.Position = figures.Round(figures.Mean(at), 5)
	return f
}

// Read reads the card in a file.
func Read(path string) (*Card, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &Card{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("%s: not a scorecard: %w", path, err)
	}
	if len(c.Items) == 0 || len(c.Systems) == 0 || len(c.Budgets) == 0 {
		return nil, fmt.Errorf("%s: not a scorecard: make one with tamis eval corpus --save FILE", path)
	}
	return c, nil
}

// WriteText tells the figures in some lines.
func (c *Card) WriteText(w io.Writer) error {
	var kinds []string
	for _, k := range slices.SortedFunc(maps.Keys(c.Kinds), func(a, b string) int { return c.Kinds[b] - c.Kinds[a] }) {
		kinds = append(kinds, fmt.Sprintf("%s %d", k, c.Kinds[k]))
	}
	fmt.Fprintf(w, "%d questions over %d documents, %.1f MB (%s)\n\n%-28s", c.Questions, c.Corpus.Documents, float64(c.Corpus.Bytes)/1e6, strings.Join(kinds, ", "), "tokens ("+c.Tokenizer+")")
	for _, b := range c.Budgets {
		fmt.Fprintf(w, "%22d", b)
	}
	fmt.Fprintln(w)
	row := func(name string, s *System, of func(f *Figures) string) {
		fmt.Fprintf(w, "%-28s", name)
		for b := range s.Budgets {
			fmt.Fprintf(w, "%22s", of(&s.Budgets[b]))
		}
		fmt.Fprintln(w)
	}
	with := func(m Measured) string {
		return fmt.Sprintf("%.1f [%.1f, %.1f]", 100*m.Mean, 100*m.Low, 100*m.High)
	}
	first := &c.Systems[0]
	row("evidence kept, %", first, func(f *Figures) string { return with(f.EvidenceRecall) })
	row("evidence wholly kept, %", first, func(f *Figures) string { return with(f.FullCoverage) })
	row("it begins after, %", first, func(f *Figures) string { return figures.Percent(f.Position) })
	row("tokens used", first, func(f *Figures) string { return fmt.Sprintf("%.0f", f.Tokens) })
	row("ms, median / 99 %", first, func(f *Figures) string { return fmt.Sprintf("%.1f / %.1f", f.LatencyP50, f.LatencyP99) })
	for i := 1; i < len(c.Systems); i++ {
		s := &c.Systems[i]
		row(s.Name+", kept %", s, func(f *Figures) string { return with(f.EvidenceRecall) })
		fmt.Fprintf(w, "%-28s", "tamis less that, points")
		for _, d := range s.Less {
			fmt.Fprintf(w, "%22s", fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High))
		}
		fmt.Fprintln(w)
	}
	if c.Judged != nil {
		fmt.Fprintf(w, "\ncontexts of %d tokens, graded by the model\n%s", c.JudgedAt, judge.WriteText(c.Judged))
	}
	return nil
}
