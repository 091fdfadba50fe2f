// Package arms asks one question over one long text in several ways, the arms of a
// comparison: the whole text, chunks that a search finds, what tamis packs, what is
// left when words are dropped, and what a model makes of it. Each is judged by the
// bytes that answer; with a model, by its answers too.
package arms

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/synthetic"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/text/tokens"
)

// The arms. Beside them each of baselines.All is one, by its name.
const (
	Full       = "full"       // the whole text, whatever the budget
	Retrieved  = "retrieved"  // the best chunks of 400 tokens by BM25
	Packed     = "packed"     // what tamis keeps
	Dropped    = "dropped"    // the same with half of the words of each sentence left out
	Filtered   = "filtered"   // what tamis keeps of the documents that a filter passes, where an item has one
	Summarised = "summarised" // what a model writes of the best chunks, four budgets of them
	Entailed   = "entailed"   // those of the best chunks that a model finds to answer
)

// retriever is the baseline that Retrieved is.
const retriever = "fixed-chunks"

// shrinks is the share of words that Dropped leaves out, around the question's own.
const shrinks = .5

// Named checks a list of arms; empty stands for those that are asked by default. The last
// two need a model.
func Named(list []string, model bool) ([]string, error) {
	known := []string{Full, Retrieved, Packed, Dropped, Filtered, Summarised, Entailed}
	for _, b := range baselines.All() {
		known = append(known, b.Name)
	}
	if len(list) == 0 {
		if list = known[:5]; model {
			list = known[:6]
		}
	}
	for i, a := range list {
		switch {
		case !slices.Contains(known, a):
			return nil, fmt.Errorf("unknown arm %q; arms are %s", a, strings.Join(known, ", "))
		case !model && (a == Summarised || a == Entailed):
			return nil, fmt.Errorf("the arm %s needs a model: name one with --llm URL", a)
		case slices.Contains(list[:i], a):
			return nil, fmt.Errorf("the arm %s was named twice", a)
		}
	}
	return list, nil
}

// Options say what is run.
type Options struct {
	Arms    []string
	Budgets []int
	Counter tokens.Counter
	// Model answers from each context; nil where none does.
	Model llm.Model
	// Done are results of an earlier run, which are taken as they are, failed replies
	// apart.
	Done []Result
	// Emit, where not nil, is given each new result.
	Emit func(*Result) error
}

// Result is what one arm made of one item under one budget: a line of the run file.
type Result struct {
	ID        string  `json:"id"`
	Task      string  `json:"task"`
	Length    int     `json:"length"`
	X         float64 `json:"x"`
	Depth     float64 `json:"depth"`
	Needles   int     `json:"needles"` // gold spans
	Diffusion string  `json:"diffusion"`
	Scope     string  `json:"scope"`
	Question  string  `json:"question"`

	Arm    string `json:"arm"`
	Budget int    `json:"budget"` // 0 for the arm full
	Tokens int    `json:"tokens"`
	// TookMS is the time for the context, PrepareMS that for the index under it, which
	// an item needs once.
	TookMS    float64 `json:"took_ms"`
	PrepareMS float64 `json:"prepare_ms"`
	// NeedleRecall is the share of gold spans kept whole, nil where words are dropped on
	// purpose; EvidenceRecall is that of their bytes. Both are nil for text that is not the
	// documents' own. Ceiling is the needle
	// recall that the budget allows.
	NeedleRecall   *float64 `json:"needle_recall"`
	EvidenceRecall *float64 `json:"evidence_recall"`
	Ceiling        float64  `json:"ceiling"`
	// Answers is the share of gold answers that the text holds; nil where they stand in
	// no evidence because they must be worked out.
	Answers *float64 `json:"answers"`
	// F1 is ETHIC's, where a list is asked for: of the answers in the text, against what
	// stands beside them in the list.
	F1 *float64 `json:"f1,omitempty"`
	// Fit is how the documents kept fit the conditions that an item with a filter sets.
	Fit   *Fit        `json:"fit,omitempty"`
	Spans []eval.Span `json:"spans,omitempty"`
	Text  string      `json:"text,omitempty"` // but for the arm full
	Reply *Reply      `json:"reply,omitempty"`
	// Chunks is what the arm Entailed judged.
	Chunks *Chunks `json:"chunks,omitempty"`
	// Failed says why the model made no context, for the arms that need it.
	Failed string `json:"failed,omitempty"`
}

// Fit are KITAB's measures over documents: of those kept, how many satisfy the
// conditions, meet a part of them only, and none; of those that satisfy them, how many were
// kept; and whether both are all.
type Fit struct {
	Satisfied    float64 `json:"satisfied"`
	Unsatisfied  float64 `json:"unsatisfied"`
	Irrelevant   float64 `json:"irrelevant"`
	Completeness float64 `json:"completeness"`
	AllCorrect   bool    `json:"all_correct"`
}

type key struct {
	id, arm string
	budget  int
}

// Run asks each item in each arm under each budget. What the model does not answer is
// counted as failed; after several failures in a row the run ends with llm.ErrGone, its
// results kept.
func Run(ctx context.Context, items iter.Seq2[*synthetic.Item, error], o Options) ([]Result, error) {
	done := map[key]*Result{}
	for i, r := range o.Done {
		done[key{r.ID, r.Arm, r.Budget}] = &o.Done[i]
	}
	r := runner{Options: o, counts: map[string]int{}}
	var all []Result
	for it, err := range items {
		if err != nil {
			return all, err
		}
		w := work{runner: &r, item: it}
		for _, arm := range o.Arms {
			if arm == Filtered && it.Filter == "" {
				continue
			}
			budgets := o.Budgets
			if arm == Full {
				budgets = []int{0}
			}
			for _, budget := range budgets {
				if err := ctx.Err(); err != nil {
					return all, errors.Join(err, w.close())
				}
				if had := done[key{it.ID, arm, budget}]; had != nil && !r.again(had) {
					all = append(all, *had)
					continue
				}
				res, err := w.ask(ctx, arm, budget)
				if res != nil {
					all = append(all, *res)
					if o.Emit != nil {
						err = errors.Join(err, o.Emit(res))
					}
				}
				if err != nil {
					return all, errors.Join(err, w.close())
				}
			}
		}
		if err := w.close(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// again says whether a result of an earlier run lacks what this one asks for.
func (r *runner) again(had *Result) bool {
	return had.Failed != "" || r.Model != nil && (had.Reply == nil || had.Reply.Failed != "")
}

type runner struct {
	Options
	counts   map[string]int // tokens of gold spans
	patience llm.Patience
}

// work is one item under way; what it needs is made when an arm asks for it.
type work struct {
	*runner
	item    *synthetic.Item
	set     *eval.EvidenceSet
	index   *tamis.Index
	indexed float64 // ms
	recipes map[string]recipe
	stated  *bool
}

// recipe is a baseline over the item.
type recipe struct {
	ask     eval.ContextFunc
	prepare float64 // ms
}

func (w *work) close() error {
	if w.index == nil {
		return nil
	}
	return w.index.Close()
}

// ask makes and judges one context.
func (w *work) ask(ctx context.Context, arm string, budget int) (*Result, error) {
	it := w.item
	r := &Result{ID: it.ID, Task: it.Task, Length: it.Length, X: it.X, Depth: figures.Round(it.Depth, 4), Needles: len(it.Evidence), Question: it.Question, Arm: arm, Budget: budget, Ceiling: w.ceiling(budget)}
	r.Diffusion, r.Scope = it.Labels()
	if w.set == nil {
		var err error
		if w.set, err = it.Set(); err != nil {
			return nil, err
		}
	}
	c, err := w.context(ctx, arm, budget, r)
	var failed *endpointError
	if errors.As(err, &failed) {
		r.Failed = failed.Error()
		return r, w.patience.Bear(ctx, failed)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, %s at %d tokens: %w", it.ID, arm, budget, err)
	}
	r.TookMS, r.PrepareMS = figures.Round(r.TookMS, 3), figures.Round(r.PrepareMS, 3)
	w.judge(r, c)
	if w.Model == nil {
		return r, nil
	}
	r.Reply, err = w.reply(ctx, c.Text)
	return r, err
}

// judge fills in what a context is worth.
func (w *work) judge(r *Result, c *eval.Context) {
	it := w.item
	q := &w.set.Questions[0]
	r.Tokens, r.Spans, r.Text = c.Tokens, c.Spans, c.Text
	one, whole, bytes := 1., 1., 1.
	if r.Arm == Full {
		r.NeedleRecall, r.EvidenceRecall, r.Spans = &whole, &bytes, nil
		r.Text = ""
		if w.isStated() {
			r.Answers = &one
		}
		r.F1 = listed(it, c.Text)
		return
	}
	if c.Spans != nil {
		j := w.set.Judge(q, c, nil)
		whole, bytes = float64(j.Whole)/float64(len(it.Evidence)), j.EvidenceRecall
		if r.EvidenceRecall = &bytes; r.Arm != Dropped {
			r.NeedleRecall = &whole
		}
		if it.Filter != "" {
			r.Fit = fit(it, c.Spans)
		}
	}
	r.F1 = listed(it, c.Text)
	if w.isStated() {
		share := Score(c.Text, it.Answers, it.Any)
		r.Answers = &share
	}
}

func fit(it *synthetic.Item, kept []eval.Span) *Fit {
	gold, near, has := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, d := range it.Near {
		near[d] = true
	}
	for _, e := range it.Evidence {
		gold[e.Doc] = true
	}
	good, half := 0, 0
	for _, s := range kept {
		switch {
		case has[s.Doc]:
		case gold[s.Doc]:
			good++
		case near[s.Doc]:
			half++
		}
		has[s.Doc] = true
	}
	f := &Fit{Completeness: float64(good) / float64(max(len(gold), 1)), AllCorrect: good == len(gold) && good == len(has)}
	if len(has) > 0 {
		n := float64(len(has))
		f.Satisfied, f.Unsatisfied, f.Irrelevant = float64(good)/n, float64(half)/n, float64(len(has)-good-half)/n
	}
	return f
}

// isStated says whether the evidence holds each answer as it stands, or one where one is
// enough, and not by chance.
func (w *work) isStated() bool {
	if w.stated == nil {
		var b strings.Builder
		for _, e := range w.item.Evidence {
			if d, ok := w.set.Document(e.Doc); ok {
				b.WriteString(d.Title + "\n" + d.Text[e.Start:e.End] + "\n")
			}
		}
		yes := !w.item.Derived && Score(b.String(), w.item.Answers, w.item.Any) == 1
		w.stated = &yes
	}
	return *w.stated
}

// ceiling is the share of gold spans whose tokens fit the budget, the shortest first.
func (w *work) ceiling(budget int) float64 {
	if budget == 0 {
		return 1
	}
	it := w.item
	source := map[string]string{}
	for _, d := range it.Documents {
		source[d.ID] = d.Source
	}
	costs := make([]int, len(it.Evidence))
	for i, e := range it.Evidence {
		s := source[e.Doc][e.Start:e.End]
		n, ok := w.counts[s]
		if !ok {
			n = w.Counter.Count(s)
			if len(w.counts) < 100_000 {
				w.counts[s] = n
			}
		}
		costs[i] = n
	}
	slices.Sort(costs)
	n := 0
	for n < len(costs) && costs[n] <= budget {
		budget -= costs[n]
		n++
	}
	return float64(n) / float64(max(len(costs), 1))
}

// context makes the context of an arm, and notes its times.
func (w *work) context(ctx context.Context, arm string, budget int, r *Result) (*eval.Context, error) {
	switch arm {
	case Full:
		var b strings.Builder
		for i, d := range w.item.Documents {
			if i > 0 {
				b.WriteString("\n\n")
			}
			if d.Title != "" {
				b.WriteString(d.Title + "\n\n")
			}
			b.WriteString(d.Source)
		}
		return &eval.Context{Text: b.String(), Tokens: w.Counter.Count(b.String())}, nil
	case Packed, Dropped, Filtered:
		var layout tamis.Layout
		var scope tamis.Scope
		if arm == Dropped {
			layout = tamis.Layout{Shrink: shrinks, ShrinkByQuestion: true}
		}
		if arm == Filtered {
			scope.Filter = w.item.Filter
		}
		return w.packed(ctx, budget, r, layout, scope)
	case Retrieved:
		arm = retriever
	case Summarised:
		from, err := w.recipe(ctx, retriever, 4*budget, r)
		if err != nil {
			return nil, err
		}
		return w.summary(ctx, from.Text, budget, r)
	case Entailed:
		return w.entailed(ctx, budget, r)
	}
	return w.recipe(ctx, arm, budget, r)
}

func (w *work) packed(ctx context.Context, budget int, r *Result, options ...tamis.ContextOption) (*eval.Context, error) {
	if w.index == nil {
		start := time.Now()
		ix, err := tamis.Open("", tamis.Options{})
		if err != nil {
			return nil, err
		}
		w.index = ix
		report, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
			for _, d := range w.item.Documents {
				if !yield(d, nil) {
					return
				}
			}
		})
		if err == nil && len(report.Skipped) > 0 {
			err = fmt.Errorf("document %s: %s", report.Skipped[0].Path, report.Skipped[0].Reason)
		}
		if err != nil {
			return nil, err
		}
		w.indexed = figures.Milliseconds(time.Since(start))
	}
	start := time.Now()
	options = append(options, tamis.Lab{KeepDuplicates: true})
	c, err := w.index.Context(ctx, w.item.Question, tamis.Budget{Tokens: budget, Counter: w.Counter.Name()}, options...)
	r.TookMS, r.PrepareMS = figures.Milliseconds(time.Since(start)), w.indexed
	out := &eval.Context{Spans: []eval.Span{}}
	if errors.Is(err, tamis.ErrBudget) || errors.Is(err, tamis.ErrNoTerms) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Text, out.Tokens = c.Text, c.Tokens
	for _, s := range c.Spans {
		out.Spans = append(out.Spans, eval.Span{Doc: s.Doc, Start: s.Start, End: s.End})
	}
	return out, nil
}

// recipe makes the context of a baseline.
func (w *work) recipe(ctx context.Context, name string, budget int, r *Result) (*eval.Context, error) {
	q := &w.set.Questions[0]
	had, ok := w.recipes[name]
	if !ok {
		chosen, err := baselines.Named(name)
		if err != nil {
			return nil, err
		}
		if had.ask, err = chosen[0].On(w.set, w.Counter); err != nil {
			return nil, err
		}
		// A first question has it make what it needs.
		start := time.Now()
		if _, err := had.ask(ctx, q, budget); err != nil {
			return nil, err
		}
		had.prepare = figures.Milliseconds(time.Since(start))
		if w.recipes == nil {
			w.recipes = map[string]recipe{}
		}
		w.recipes[name] = had
	}
	// Rankings are kept for the question asked last; a copy asks anew.
	again := *q
	start := time.Now()
	c, err := had.ask(ctx, &again, budget)
	if err != nil {
		return nil, err
	}
	r.TookMS, r.PrepareMS = figures.Milliseconds(time.Since(start)), had.prepare
	if c.Spans == nil {
		c.Spans = []eval.Span{}
	}
	return c, nil
}
