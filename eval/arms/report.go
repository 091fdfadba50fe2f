package arms

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/shrink"
	"github.com/tamis-search/tamis/eval/synthetic"
)

// Report is what tamis eval suite prints.
type Report struct {
	Items     int      `json:"items"`
	Tokenizer string   `json:"tokenizer"`
	Arms      []string `json:"arms"`
	Budgets   []int    `json:"budgets"`
	// Tasks has a row for each task and length, Mean one over all of these rows.
	Tasks []Row `json:"tasks"`
	Mean  Row   `json:"mean"`
	// Labels has the same items by their diffusion and scope.
	Labels []Row   `json:"labels"`
	Curves []Curve `json:"curves,omitempty"`
	Heat   []Heat  `json:"heat,omitempty"`
	// Orders is the share of items that keep their evidence recall in whatever order
	// their documents stand.
	Orders []Order `json:"orders,omitempty"`
	// EffectiveLengths are RULER's: the longest length at which the mean over tasks is at
	// least 85.6 per cent, of answers where a model gives them, else of needles kept.
	EffectiveLengths []Effective    `json:"effective_lengths,omitempty"`
	Shrunk           *shrink.Report `json:"shrunk,omitempty"`
	TookS            float64        `json:"took_s"`
}

// Row has the figures of the arms over some items.
type Row struct {
	Task      string  `json:"task,omitempty"`
	Length    int     `json:"length,omitempty"`
	Diffusion string  `json:"diffusion,omitempty"`
	Scope     string  `json:"scope,omitempty"`
	X         float64 `json:"x,omitempty"`
	Items     int     `json:"items"`
	Cells     []Cell  `json:"arms"`
}

// Cell has means over the items of a row for one arm and budget, medians of times. Nil
// is a measure that none of them has; see Result.
type Cell struct {
	Arm            string   `json:"arm"`
	Budget         int      `json:"budget"`
	Items          int      `json:"items"`
	NeedleRecall   *float64 `json:"needle_recall"`
	EvidenceRecall *float64 `json:"evidence_recall"`
	Answers        *float64 `json:"answers"`
	Ceiling        float64  `json:"ceiling"`
	Tokens         float64  `json:"tokens_mean"`
	TookMS         float64  `json:"took_ms_p50"`
	PrepareMS      float64  `json:"prepare_ms_p50"`
	// Replies is the mean score of a model's answers, those that failed counted as 0.
	Replies      *float64 `json:"replies,omitempty"`
	Failed       int      `json:"failed,omitempty"`
	ReplyMS      float64  `json:"reply_ms_p50,omitempty"`
	PromptTokens float64  `json:"prompt_tokens_mean,omitempty"`
	// F1 and RepliesF1 are of lists that are asked for.
	F1        *float64 `json:"f1,omitempty"`
	RepliesF1 *float64 `json:"replies_f1,omitempty"`
	Fit       *Fits    `json:"fit,omitempty"`
	Chunks    *Chunks  `json:"chunks,omitempty"`
}

// Fits are means of Fit.
type Fits struct {
	Satisfied    float64 `json:"satisfied"`
	Unsatisfied  float64 `json:"unsatisfied"`
	Irrelevant   float64 `json:"irrelevant"`
	Completeness float64 `json:"completeness"`
	AllCorrect   float64 `json:"all_correct"`
}

// Curve is a task over its axis.
type Curve struct {
	Task   string   `json:"task"`
	Axis   string   `json:"axis"`
	Labels []string `json:"labels,omitempty"`
	Points []Row    `json:"points"`
}

// Heat is the evidence recall of what tamis packs over depths, in tenths, and lengths,
// of items with one needle; -1 where there is no item.
type Heat struct {
	Budget  int         `json:"budget"`
	Lengths []int       `json:"lengths"`
	Recall  [][]float64 `json:"recall"` // by depth
}

// Order says how often an arm kept as much whatever the order.
type Order struct {
	Arm    string  `json:"arm"`
	Budget int     `json:"budget"`
	Items  int     `json:"items"`
	Same   float64 `json:"same"`
}

// Effective is the effective length of an arm; 0 where no length reaches the mark.
type Effective struct {
	Arm    string `json:"arm"`
	Budget int    `json:"budget"`
	Length int    `json:"length"`
}

// effective is RULER's mark: what Llama 2 reaches at 4,096 tokens.
const effective = .856

// NewReport sums results up.
func NewReport(tasks []synthetic.Task, all []Result, o Options) *Report {
	r := &Report{Tokenizer: o.Counter.Name(), Arms: o.Arms, Budgets: o.Budgets}
	ids := map[string]bool{}
	for _, x := range all {
		ids[x.ID] = true
	}
	r.Items = len(ids)
	r.Arms = slices.DeleteFunc(slices.Clone(o.Arms), func(arm string) bool {
		return !slices.ContainsFunc(all, func(x Result) bool { return x.Arm == arm })
	})
	type group struct {
		task   string
		length int
	}
	groups, at := groupBy(all, func(x *Result) group { return group{x.Task, x.Length} })
	for _, g := range groups {
		row := o.row(at[g])
		row.Task, row.Length = g.task, g.length
		if d, s := labelsOf(at[g]); d != "" {
			row.Diffusion, row.Scope = d, s
		}
		r.Tasks = append(r.Tasks, row)
	}
	r.Mean = o.mean(r.Tasks)
	type label struct{ diffusion, scope string }
	labels, of := groupBy(all, func(x *Result) label { return label{x.Diffusion, x.Scope} })
	for _, l := range labels {
		row := o.row(of[l])
		row.Diffusion, row.Scope = l.diffusion, l.scope
		r.Labels = append(r.Labels, row)
	}
	slices.SortFunc(r.Labels, func(a, b Row) int {
		return cmp.Or(-cmp.Compare(a.Diffusion, b.Diffusion), -cmp.Compare(a.Scope, b.Scope))
	})
	for i := range tasks {
		if t := &tasks[i]; t.Axis != "" {
			r.Curves = append(r.Curves, o.curve(t, all))
			if t.Axis == "order" {
				r.Orders = append(r.Orders, o.orders(t, all)...)
			}
		}
	}
	r.Heat = o.heat(all)
	r.EffectiveLengths = o.effectiveLengths(r.Tasks)
	return r
}

// groupBy divides results, groups in the order of their first.
func groupBy[K comparable](all []Result, of func(*Result) K) (order []K, groups map[K][]Result) {
	groups = map[K][]Result{}
	for i := range all {
		k := of(&all[i])
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], all[i])
	}
	return order, groups
}

// labelsOf are the labels that most of the results have.
func labelsOf(some []Result) (diffusion, scope string) {
	order, groups := groupBy(some, func(x *Result) [2]string { return [2]string{x.Diffusion, x.Scope} })
	if len(order) == 0 {
		return "", ""
	}
	most := slices.MaxFunc(order, func(a, b [2]string) int { return cmp.Compare(len(groups[a]), len(groups[b])) })
	return most[0], most[1]
}

// each calls f for every arm at every budget that it is asked under.
func (o *Options) each(f func(arm string, budget int)) {
	for _, arm := range o.Arms {
		if arm == Full {
			f(arm, 0)
			continue
		}
		for _, b := range o.Budgets {
			f(arm, b)
		}
	}
}

func (o *Options) row(some []Result) Row {
	var row Row
	o.each(func(arm string, budget int) {
		var own []Result
		for _, x := range some {
			if x.Arm == arm && x.Budget == budget {
				own = append(own, x)
			}
		}
		if len(own) > 0 {
			row.Cells = append(row.Cells, cell(own))
			row.Items = max(row.Items, len(own))
		}
	})
	return row
}

// mean of some values; nil of none.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v *float64) {
	if v != nil {
		m.sum, m.n = m.sum+*v, m.n+1
	}
}

func (m *mean) value() *float64 {
	if m.n == 0 {
		return nil
	}
	v := figures.Round(m.sum/float64(m.n), 5)
	return &v
}

func (m *mean) or0() float64 {
	if v := m.value(); v != nil {
		return *v
	}
	return 0
}

// cell sums up results of one arm and budget. A context that the model failed to make
// has kept nothing.
func cell(own []Result) Cell {
	c := Cell{Arm: own[0].Arm, Budget: own[0].Budget, Items: len(own)}
	var needle, evidence, answers, ceiling, tokens, replies, prompt, lists, listReplies, satisfied, unsatisfied, irrelevant, complete, correct mean
	var took, prepare, reply []float64
	zero := 0.
	for i := range own {
		x := &own[i]
		ceiling.add(&x.Ceiling)
		if x.Failed != "" {
			c.Failed++
			replies.add(&zero)
			continue
		}
		needle.add(x.NeedleRecall)
		evidence.add(x.EvidenceRecall)
		answers.add(x.Answers)
		lists.add(x.F1)
		n := float64(x.Tokens)
		tokens.add(&n)
		took, prepare = append(took, x.TookMS), append(prepare, x.PrepareMS)
		if p := x.Reply; p != nil {
			replies.add(&p.Score)
			listReplies.add(p.F1)
			reply = append(reply, p.TookMS)
			if p.Failed != "" {
				c.Failed++
			}
			if p.PromptTokens > 0 {
				n := float64(p.PromptTokens)
				prompt.add(&n)
			}
		}
		if f := x.Fit; f != nil {
			all := 0.
			if f.AllCorrect {
				all = 1
			}
			satisfied.add(&f.Satisfied)
			unsatisfied.add(&f.Unsatisfied)
			irrelevant.add(&f.Irrelevant)
			complete.add(&f.Completeness)
			correct.add(&all)
		}
		if k := x.Chunks; k != nil {
			if c.Chunks == nil {
				c.Chunks = &Chunks{}
			}
			c.Chunks.Shown += k.Shown
			c.Chunks.Relevant += k.Relevant
			c.Chunks.ThrownAway += k.ThrownAway
			c.Chunks.Invalid += k.Invalid
		}
	}
	c.NeedleRecall, c.EvidenceRecall, c.Answers, c.Replies = needle.value(), evidence.value(), answers.value(), replies.value()
	c.F1, c.RepliesF1 = lists.value(), listReplies.value()
	c.Ceiling, c.Tokens, c.PromptTokens = ceiling.or0(), figures.Round(tokens.or0(), 1), figures.Round(prompt.or0(), 1)
	c.TookMS, c.PrepareMS, c.ReplyMS = figures.Median(took), figures.Median(prepare), figures.Median(reply)
	if satisfied.n > 0 {
		c.Fit = &Fits{satisfied.or0(), unsatisfied.or0(), irrelevant.or0(), complete.or0(), correct.or0()}
	}
	return c
}

// mean is the mean over rows, each counting the same; times are medians of theirs.
func (o *Options) mean(rows []Row) Row {
	var out Row
	o.each(func(arm string, budget int) {
		c := Cell{Arm: arm, Budget: budget}
		var needle, evidence, answers, ceiling, tokens, replies, prompt mean
		var took, prepare, reply []float64
		for i := range rows {
			x := rows[i].cell(arm, budget)
			if x == nil {
				continue
			}
			c.Items += x.Items
			c.Failed += x.Failed
			needle.add(x.NeedleRecall)
			evidence.add(x.EvidenceRecall)
			answers.add(x.Answers)
			ceiling.add(&x.Ceiling)
			tokens.add(&x.Tokens)
			replies.add(x.Replies)
			if x.PromptTokens > 0 {
				prompt.add(&x.PromptTokens)
			}
			took, prepare, reply = append(took, x.TookMS), append(prepare, x.PrepareMS), append(reply, x.ReplyMS)
		}
		if c.Items == 0 {
			return
		}
		c.NeedleRecall, c.EvidenceRecall, c.Answers, c.Replies = needle.value(), evidence.value(), answers.value(), replies.value()
		c.Ceiling, c.Tokens, c.PromptTokens = ceiling.or0(), figures.Round(tokens.or0(), 1), figures.Round(prompt.or0(), 1)
		c.TookMS, c.PrepareMS, c.ReplyMS = figures.Median(took), figures.Median(prepare), figures.Median(reply)
		out.Cells = append(out.Cells, c)
		out.Items = max(out.Items, c.Items)
	})
	return out
}

func (r *Row) cell(arm string, budget int) *Cell {
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Arm == arm && c.Budget == budget {
			return c
		}
	}
	return nil
}

func (o *Options) curve(t *synthetic.Task, all []Result) Curve {
	c := Curve{Task: t.Name, Axis: t.Axis, Labels: t.Labels}
	for _, x := range t.Xs {
		var some []Result
		for i := range all {
			if all[i].Task == t.Name && all[i].X == x {
				some = append(some, all[i])
			}
		}
		if len(some) > 0 {
			row := o.row(some)
			row.X = x
			c.Points = append(c.Points, row)
		}
	}
	return c
}

// orders compares the items that differ in the order of their documents alone.
func (o *Options) orders(t *synthetic.Task, all []Result) (out []Order) {
	o.each(func(arm string, budget int) {
		same, first := map[string]bool{}, map[string]float64{}
		for i := range all {
			x := &all[i]
			if x.Task != t.Name || x.Arm != arm || x.Budget != budget || x.EvidenceRecall == nil {
				continue
			}
			cut := strings.LastIndexByte(x.ID, '/')
			n, err := strconv.Atoi(x.ID[cut+1:])
			if err != nil {
				continue
			}
			id := fmt.Sprintf("%s/%d", x.ID[:cut], n/len(t.Xs))
			if v, ok := first[id]; !ok {
				first[id], same[id] = *x.EvidenceRecall, true
			} else if math.Abs(v-*x.EvidenceRecall) > 1e-9 {
				same[id] = false
			}
		}
		if len(same) == 0 {
			return
		}
		n := 0
		for _, yes := range same {
			if yes {
				n++
			}
		}
		out = append(out, Order{arm, budget, len(same), figures.Round(float64(n)/float64(len(same)), 4)})
	})
	return out
}

// tenth is the tenth of the depth.
func tenth(depth float64) int { return min(9, int(depth*10)) }

func (o *Options) heat(all []Result) (out []Heat) {
	if !slices.Contains(o.Arms, Packed) {
		return nil
	}
	for _, budget := range o.Budgets {
		h := Heat{Budget: budget}
		cells := map[[2]int]*mean{}
		for i := range all {
			x := &all[i]
			if x.Arm != Packed || x.Budget != budget || x.Length == 0 || x.Needles != 1 {
				continue
			}
			if !slices.Contains(h.Lengths, x.Length) {
				h.Lengths = append(h.Lengths, x.Length)
			}
			k := [2]int{tenth(x.Depth), x.Length}
			if cells[k] == nil {
				cells[k] = &mean{}
			}
			cells[k].add(x.EvidenceRecall)
		}
		if len(cells) == 0 {
			continue
		}
		slices.Sort(h.Lengths)
		for d := range 10 {
			row := make([]float64, len(h.Lengths))
			for i, l := range h.Lengths {
				if row[i] = -1; cells[[2]int{d, l}] != nil {
					row[i] = cells[[2]int{d, l}].or0()
				}
			}
			h.Recall = append(h.Recall, row)
		}
		out = append(out, h)
	}
	return out
}

func (o *Options) effectiveLengths(rows []Row) (out []Effective) {
	lengths := map[int][]Row{}
	for _, r := range rows {
		if r.Length > 0 {
			lengths[r.Length] = append(lengths[r.Length], r)
		}
	}
	if len(lengths) < 2 {
		return nil
	}
	o.each(func(arm string, budget int) {
		if arm == Filtered || arm == Full && o.Model == nil {
			return // asked of some tasks only; nothing to tell
		}
		e := Effective{Arm: arm, Budget: budget}
		known := false
		for l, some := range lengths {
			m := o.mean(some)
			c := m.cell(arm, budget)
			if c == nil {
				continue
			}
			v := c.NeedleRecall
			if o.Model != nil {
				v = c.Replies
			}
			known = known || v != nil
			if v != nil && *v >= effective {
				e.Length = max(e.Length, l)
			}
		}
		if known {
			out = append(out, e)
		}
	})
	return out
}

// Shrink chooses n items by the results of all arms and budgets but the whole text, each
// of which is a system: its answers where they can be looked for, else the evidence that
// it keeps.
func Shrink(all []Result, n int) (*shrink.Report, error) {
	var suite shrink.Suite
	type system struct {
		arm    string
		budget int
	}
	systems := map[system]map[string]float64{}
	var order []system
	for i := range all {
		x := &all[i]
		v := x.Answers
		if v == nil {
			v = x.EvidenceRecall
		}
		if x.Reply != nil {
			v = &x.Reply.Score
		}
		if x.Arm == Full && x.Reply == nil || x.Arm == Filtered || v == nil {
			continue
		}
		s := system{x.Arm, x.Budget}
		if systems[s] == nil {
			systems[s], order = map[string]float64{}, append(order, s)
		}
		systems[s][x.ID] = *v
		if s == order[0] {
			suite.IDs, suite.Tasks = append(suite.IDs, x.ID), append(suite.Tasks, x.Task)
		}
	}
	for _, s := range order {
		row := make([]float64, 0, len(suite.IDs))
		for _, id := range suite.IDs {
			if v, ok := systems[s][id]; ok {
				row = append(row, v)
			}
		}
		if len(row) == len(suite.IDs) {
			suite.Scores, suite.Families = append(suite.Scores, row), append(suite.Families, s.arm)
		}
	}
	return suite.Shrink(n)
}
