// Package judge has a model grade contexts and what it answers from them: nuggets
// (Pradeep and others 2024, AutoNuggetizer), and faithfulness, answer relevance, context
// precision and context recall as RAGAS defines them (Es and others 2024).
//
// A judgment that is none (no list, another length, a word that was not asked for, no
// answer at all) is counted: it is worth nothing in a figure, and the figure says how many
// there were and what it would be at most if all of them had been good ones.
package judge

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/text"
)

// The measures.
const (
	NuggetRecall     = "nugget_recall"     // vital nuggets that the answer has wholly
	NuggetScore      = "nugget_score"      // all nuggets, half of what it has in part
	Faithfulness     = "faithfulness"      // statements of the answer that the context supports
	AnswerRelevance  = "answer_relevance"  // how like the question are questions that the answer answers
	ContextPrecision = "context_precision" // how far before others chunks stand that help to answer
	ContextRecall    = "context_recall"    // nuggets that the context supports
)

// Measures are all of them, in the order of reports.
var Measures = []string{NuggetRecall, NuggetScore, Faithfulness, AnswerRelevance, ContextPrecision, ContextRecall}

// Case is what is graded: a question with the texts that answer it, and the context that
// was made, with the chunks that it is made of in their order.
type Case struct {
	Question  string
	Reference []string
	Context   string
	Chunks    []string
}

// Grade is a figure of one case.
type Grade struct {
	Value  float64 `json:"value"`
	AtMost float64 `json:"at_most"` // if what was invalid had been a good judgment
	// Judgments were asked for, Invalid of them were none.
	Judgments int `json:"judgments"`
	Invalid   int `json:"invalid"`
	// None says that there is nothing to measure: an answer that states nothing has no
	// statement that could be unfaithful.
	None bool `json:"none,omitempty"`
}

// Graded is what became of a case.
type Graded struct {
	Answer  string           `json:"answer"`
	Nuggets []Nugget         `json:"nuggets,omitempty"`
	Grades  map[string]Grade `json:"grades"`
}

// Nugget is a fact that an answer should have.
type Nugget struct {
	Text  string `json:"text"`
	Vital bool   `json:"vital"`
	// Answer and Context are support, partial_support, not_support, or invalid.
	Answer  string `json:"answer"`
	Context string `json:"context"`
}

// Figure is a measure over all cases.
type Figure struct {
	Measure   string  `json:"measure"`
	Value     float64 `json:"value"` // mean, what is invalid being worth nothing
	AtMost    float64 `json:"at_most"`
	Low       float64 `json:"low"` // 95 % interval of Value
	High      float64 `json:"high"`
	Cases     int     `json:"cases"`
	None      int     `json:"none"` // cases without anything to measure, which are not in the mean
	Judgments int     `json:"judgments"`
	Invalid   int     `json:"invalid"`
}

// Grader asks a model for grades.
type Grader struct {
	Model llm.Model
	// Name is what the model is called; replies of another one are not taken from Memory.
	Name   string
	Memory *Memory // nil where nothing is kept

	patience llm.Patience
	analyzer *text.Analyzer
}

// Sum makes figures of cases.
func Sum(all []*Graded) (out []Figure) {
	for _, m := range Measures {
		f := Figure{Measure: m}
		var values, most []float64
		for _, g := range all {
			x := g.Grades[m]
			f.Judgments, f.Invalid = f.Judgments+x.Judgments, f.Invalid+x.Invalid
			if f.Cases++; x.None {
				f.None++
				continue
			}
			values, most = append(values, x.Value), append(most, x.AtMost)
		}
		f.Low, f.High = figures.Interval(values)
		f.Value, f.AtMost = figures.Round(figures.Mean(values), 5), figures.Round(figures.Mean(most), 5)
		f.Low, f.High = figures.Round(f.Low, 5), figures.Round(f.High, 5)
		out = append(out, f)
	}
	return out
}

// unknown is what a model replies that finds no answer.
const unknown = "unknown"

// Grade grades a case. An error ends the work: the model is gone, or ctx ended. What was
// asked is in Memory then.
func (g *Grader) Grade(ctx context.Context, c *Case) (*Graded, error) {
	if g.analyzer == nil {
		var err error
		if g.analyzer, err = text.NewAnalyzer("english"); err != nil {
			return nil, err
		}
	}
	out := &Graded{Grades: map[string]Grade{}}
	answer, err := g.ask(ctx, answerPrompt, "Context:\n\n"+c.Context+"\n\nQuestion: "+c.Question)
	if err != nil {
		return nil, err
	}
	out.Answer = strings.TrimSpace(answer)
	for _, step := range []func(context.Context, *Case, *Graded) error{g.nuggets, g.faithfulness, g.relevance, g.precision} {
		if err := step(ctx, c, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// silent says that an answer states nothing. An empty one is a failure, which is invalid.
func silent(answer string) bool { return strings.EqualFold(strings.Trim(answer, ` ."'*`), unknown) }

// nothing is the grade of what could not be judged.
var nothing = Grade{AtMost: 1, Judgments: 1, Invalid: 1}

// nuggets makes nuggets of the reference and looks for them in answer and context.
func (g *Grader) nuggets(ctx context.Context, c *Case, out *Graded) error {
	said, err := g.ask(ctx, nuggetPrompt, "Question: "+c.Question+"\n\nText:\n\n"+strings.Join(c.Reference, "\n\n"))
	if err != nil {
		return err
	}
	if !list(said, &out.Nuggets) || len(out.Nuggets) == 0 || slices.ContainsFunc(out.Nuggets, func(n Nugget) bool { return strings.TrimSpace(n.Text) == "" }) {
		out.Nuggets = nil
		for _, m := range []string{NuggetRecall, NuggetScore, ContextRecall} {
			out.Grades[m] = nothing
		}
		return nil
	}
	out.Nuggets = out.Nuggets[:min(mostNuggets, len(out.Nuggets))]
	facts := make([]string, len(out.Nuggets))
	for i := range out.Nuggets {
		facts[i] = out.Nuggets[i].Text
	}
	labels := []string{"support", "partial_support", "not_support"}
	inAnswer := slices.Repeat([]string{"not_support"}, len(facts))
	switch {
	case out.Answer == "":
		inAnswer = slices.Repeat([]string{invalid}, len(facts))
	case !silent(out.Answer):
		if inAnswer, err = g.labels(ctx, supportPrompt, "Text:\n\n"+out.Answer, facts, labels); err != nil {
			return err
		}
	}
	inContext, err := g.labels(ctx, supportPrompt, "Text:\n\n"+c.Context, facts, labels)
	if err != nil {
		return err
	}
	var vital, all, recall counter
	for i := range out.Nuggets {
		n := &out.Nuggets[i]
		n.Answer, n.Context = inAnswer[i], inContext[i]
		worth := map[string]float64{"support": 1, "partial_support": .5}
		all.add(worth[n.Answer], n.Answer == invalid)
		recall.add(math.Floor(worth[n.Context]), n.Context == invalid)
		if n.Vital {
			vital.add(math.Floor(worth[n.Answer]), n.Answer == invalid)
		}
	}
	out.Grades[NuggetRecall], out.Grades[NuggetScore], out.Grades[ContextRecall] = vital.grade(), all.grade(), recall.grade()
	return nil
}

// faithfulness: which statements of the answer the context supports.
func (g *Grader) faithfulness(ctx context.Context, c *Case, out *Graded) error {
	switch {
	case out.Answer == "":
		out.Grades[Faithfulness] = nothing
		return nil
	case silent(out.Answer):
		out.Grades[Faithfulness] = Grade{None: true}
		return nil
	}
	said, err := g.ask(ctx, claimPrompt, "Question: "+c.Question+"\n\nAnswer: "+out.Answer)
	if err != nil {
		return err
	}
	var claims []string
	if !list(said, &claims) {
		out.Grades[Faithfulness] = nothing
		return nil
	}
	if len(claims) == 0 {
		out.Grades[Faithfulness] = Grade{None: true}
		return nil
	}
	claims = claims[:min(mostNuggets, len(claims))]
	verdicts, err := g.labels(ctx, faithfulPrompt, "Context:\n\n"+c.Context, claims, []string{"yes", "no"})
	if err != nil {
		return err
	}
	var n counter
	for _, v := range verdicts {
		n.add(map[string]float64{"yes": 1}[v], v == invalid)
	}
	out.Grades[Faithfulness] = n.grade()
	return nil
}

// relevance: the mean likeness of the question to three that the answer answers. Likeness
// is the cosine of the counts of terms: RAGAS takes that of embeddings.
func (g *Grader) relevance(ctx context.Context, c *Case, out *Graded) error {
	switch {
	case out.Answer == "":
		out.Grades[AnswerRelevance] = nothing
		return nil
	case silent(out.Answer):
		out.Grades[AnswerRelevance] = Grade{Judgments: 1} // RAGAS: what commits to nothing is not relevant
		return nil
	}
	said, err := g.ask(ctx, questionPrompt, "Answer: "+out.Answer)
	if err != nil {
		return err
	}
	var made []string
	if !list(said, &made) || len(made) == 0 {
		out.Grades[AnswerRelevance] = nothing
		return nil
	}
	var n counter
	for _, q := range made[:min(3, len(made))] {
		n.add(g.like(c.Question, q), false)
	}
	out.Grades[AnswerRelevance] = n.grade()
	return nil
}

// like is the cosine of two texts' counts of terms.
func (g *Grader) like(a, b string) float64 {
	count := func(s string) (map[string]float64, float64) {
		of, sum := map[string]float64{}, 0.0
		for _, t := range g.analyzer.Terms(nil, s) {
			of[t]++
		}
		for _, n := range of {
			sum += n * n
		}
		return of, math.Sqrt(sum)
	}
	x, long := count(a)
	y, wide := count(b)
	dot := 0.0
	for t, n := range x {
		dot += n * y[t]
	}
	if dot == 0 {
		return 0
	}
	return min(1, dot/(long*wide))
}

// precision: the mean of precision at the ranks of chunks that help to answer.
func (g *Grader) precision(ctx context.Context, c *Case, out *Graded) error {
	if len(c.Chunks) == 0 {
		out.Grades[ContextPrecision] = Grade{}
		return nil
	}
	chunks := c.Chunks[:min(mostNuggets, len(c.Chunks))]
	verdicts, err := g.labels(ctx, usefulPrompt, "Question: "+c.Question+"\n\nAnswer: "+strings.Join(c.Reference, "\n"), chunks, []string{"yes", "no"})
	if err != nil {
		return err
	}
	x := Grade{Judgments: len(verdicts)}
	for _, v := range verdicts {
		if v == invalid {
			x.Invalid++
		}
	}
	x.Value, x.AtMost = ranked(verdicts, false), ranked(verdicts, true)
	x.AtMost = max(x.AtMost, x.Value)
	out.Grades[ContextPrecision] = x
	return nil
}

// ranked is RAGAS's context precision: the sum of precision at k over the ranks k that
// hold a useful chunk, divided by how many do.
func ranked(verdicts []string, generous bool) float64 {
	sum, seen := 0.0, 0
	for k, v := range verdicts {
		if v == "yes" || generous && v == invalid {
			seen++
			sum += float64(seen) / float64(k+1)
		}
	}
	return sum / float64(max(1, seen))
}

// counter adds up judgments of one case.
type counter struct {
	sum, most  float64
	n, invalid int
}

func (c *counter) add(worth float64, isInvalid bool) {
	c.n++
	c.sum += worth
	if isInvalid {
		c.invalid++
		worth = 1
	}
	c.most += worth
}

func (c *counter) grade() Grade {
	if c.n == 0 {
		return Grade{None: true}
	}
	return Grade{Value: c.sum / float64(c.n), AtMost: c.most / float64(c.n), Judgments: c.n, Invalid: c.invalid}
}

// WriteText tells figures in a few lines.
func WriteText(all []Figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-28s%22s%12s%22s\n", "", "%", "at most", "invalid judgments")
	for _, f := range all {
		fmt.Fprintf(&b, "%-28s%22s%12s%22s", strings.ReplaceAll(f.Measure, "_", " "), fmt.Sprintf("%.1f [%.1f, %.1f]", 100*f.Value, 100*f.Low, 100*f.High), figures.Percent(f.AtMost), fmt.Sprintf("%d of %d", f.Invalid, f.Judgments))
		if f.None > 0 {
			fmt.Fprintf(&b, "  (%d of %d without any)", f.None, f.Cases)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
