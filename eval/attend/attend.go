// Package attend measures attention policies: what a model still finds, how far it says what it
// says with dense attention, what is read, what is held, and how long it takes.
//
// A needle is a fact in a long text that one question, at the end of the prompt, asks for; many are
// questions that are asked one by one behind the same text; joint ones ask for what a key means
// in one of several contexts. Answers have several tokens: the first comes from prefill, the others
// from decoding, over the cache that the policy keeps. Dense attention is measured in the same run,
// in turns with the policies.
package attend

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

// Tasks are the kinds of recall.
var Tasks = []string{"needle", "many", "joint"}

// Options say what is measured.
type Options struct {
	Tasks     []string // of Tasks; nil for all. Times are taken in any case
	Policies  []string // as attention.Parse reads them; dense is measured in any case
	Lengths   []int    // of texts, in tokens
	Trials    int      // texts of each task and length
	Questions int      // of a text with many
	Steps     int      // of decoding that are timed
	Seed      uint64
	// Text is held-out text, for models that were trained: facts are hidden in it. Without it the
	// model is package induction's.
	Text string
	// State, where not "", is a file in which rows are kept as they are done: those that are in it are
	// not measured again.
	State string
	// Watch, where not nil, is told what is measured now.
	Watch func(what string)
}

// Row is what a policy does at a length.
type Row struct {
	Policy     string             `json:"policy"`
	Length     int                `json:"length"`
	Recall     map[string]float64 `json:"recall"` // by task
	Asked      map[string]int     `json:"asked"`
	Perplexity float64            `json:"perplexity,omitempty"` // of the steps
	Agreement  float64            `json:"agreement,omitempty"`  // of the steps' most probable tokens with those of dense attention
	Divergence float64            `json:"divergence"`           // of the next token's probabilities from those of dense attention, in nats, in the mean
	Read       float64            `json:"read"`                 // share of keys that prefill reads
	ReadStep   float64            `json:"read_step"`            // that decoding reads, of all tokens so far
	Entropy    float64            `json:"entropy"`              // of attention while decoding, in nats
	Prefill    float64            `json:"prefill_ms"`           // the fastest
	Step       float64            `json:"step_ms"`              // the median
	Bytes      int                `json:"cache_bytes"`          // behind the text

	// Beside dense attention in the same run.
	PrefillGain float64 `json:"prefill_gain"` // how many times as fast
	StepGain    float64 `json:"step_gain"`
	CacheShare  float64 `json:"cache_share"` // of the bytes

	policy   *attention.Policy
	watch    [2]decoder.Watch // of prefill and of steps
	found    map[string]int
	surprise float64
	steps    []float64
	same     int
	off      float64
	said     []int32     // at each step
	logits   [][]float32 // the same, while a text is read
}

// Report is a grid.
type Report struct {
	Model  string `json:"model"`
	Trials int    `json:"trials"`
	Steps  int    `json:"steps"`
	Rows   []*Row `json:"rows"`
	text   bool
	tasks  []string
}

// prompt is a text and what is asked behind it.
type prompt struct {
	ids       []int32
	questions []question
}

type question struct{ ask, answer []int32 }

// Run measures. Where it fails, as where it is given up, the report holds the lengths that were done.
func Run(ctx context.Context, d *decoder.Decoder, o Options) (*Report, error) {
	for _, n := range o.Lengths {
		if n+max(longest, o.Steps) > d.Positions {
			return nil, fmt.Errorf("a text of %d tokens and a question are more than the model's %d positions: give shorter lengths", n, d.Positions)
		}
	}
	if o.Tasks == nil {
		o.Tasks = Tasks
	}
	if o.State != "" {
		return o.resume(ctx, d)
	}
	maker, err := makerOf(d, o)
	if err != nil {
		return nil, err
	}
	r := &Report{Model: d.Name, Trials: o.Trials, Steps: o.Steps, text: o.Text != "", tasks: o.Tasks}
	for _, n := range o.Lengths {
		rows, err := rowsOf(o.Policies, n)
		if err != nil {
			return nil, err
		}
		for trial := range o.Trials {
			if err := o.trial(ctx, d, maker, rows, n, trial); err != nil {
				return r, err
			}
		}
		for _, row := range rows {
			row.close(o)
			row.PrefillGain, row.StepGain, row.CacheShare = rows[0].Prefill/row.Prefill, rows[0].Step/row.Step, float64(row.Bytes)/float64(rows[0].Bytes)
		}
		r.Rows = append(r.Rows, rows...)
	}
	return r, nil
}

// trial measures over texts of their own, each policy in its turn.
func (o *Options) trial(ctx context.Context, d *decoder.Decoder, m maker, rows []*Row, n, trial int) error {
	for i, task := range Tasks {
		if !slices.Contains(o.Tasks, task) {
			continue
		}
		p := m.prompt(task, n, rand.New(rand.NewPCG(o.Seed, uint64(trial*len(Tasks)+i))))
		for _, row := range rows {
			o.tell(row, task, trial)
			if err := row.ask(ctx, d, task, p); err != nil {
				return err
			}
		}
	}
	ids := m.plain(n+o.Steps, rand.New(rand.NewPCG(o.Seed, uint64(1000+trial))))
	for _, row := range rows {
		o.tell(row, "time", trial)
		if err := row.time(ctx, d, ids[:n], ids[n:]); err != nil {
			return err
		}
		row.compare(rows[0])
	}
	rows[0].logits = nil
	return nil
}

func (o *Options) tell(r *Row, task string, trial int) {
	if o.Watch != nil {
		o.Watch(fmt.Sprintf("%d tokens, text %d of %d: %s, %s", r.Length, trial+1, o.Trials, task, r.Policy))
	}
}

// rowsOf are those of dense attention and of policies.
func rowsOf(policies []string, n int) (rows []*Row, err error) {
	for _, name := range append([]string{"dense"}, policies...) {
		p, err := attention.Parse(name)
		if err != nil {
			return nil, err
		}
		if p.Name == "dense" && len(rows) > 0 {
			continue
		}
		rows = append(rows, &Row{Policy: p.Name, Length: n, policy: p, Recall: map[string]float64{}, Asked: map[string]int{}, found: map[string]int{}, Prefill: math.Inf(1)})
	}
	return rows, nil
}

// ask asks the questions of a text.
func (r *Row) ask(ctx context.Context, d *decoder.Decoder, task string, p prompt) error {
	c := d.NewCache()
	c.Policy, c.Watch = r.policy, &r.watch[0]
	ids := p.ids
	if len(p.questions) == 1 { // which ends the prompt
		ids = slices.Concat(ids, p.questions[0].ask)
		c.Asked = len(p.questions[0].ask)
	}
	logits, err := d.Read(ctx, c, ids)
	if err != nil {
		return err
	}
	for _, q := range p.questions {
		own := c
		if len(p.questions) > 1 {
			if r.policy.Cache != nil {
				own = c.Clone()
			}
			own.Watch = nil
			if logits, err = d.Read(ctx, own, q.ask); err != nil {
				return err
			}
		}
		own.Asked = len(q.ask)
		d.Drop(own)
		own.Watch = &r.watch[1]
		found := true
		for i, want := range q.answer {
			if best(logits) != want {
				found = false
				break
			}
			if i+1 < len(q.answer) {
				if logits, err = d.Read(ctx, own, []int32{want}); err != nil {
					return err
				}
			}
		}
		if r.Asked[task]++; found {
			r.found[task]++
		}
		if own == c {
			c.Cut(len(p.ids))
		}
	}
	return nil
}

// time reads a text and then steps through what follows in it.
func (r *Row) time(ctx context.Context, d *decoder.Decoder, text, next []int32) error {
	c := d.NewCache()
	c.Policy = r.policy
	start := time.Now()
	logits, err := d.Read(ctx, c, text)
	if err != nil {
		return err
	}
	d.Drop(c)
	r.Prefill = min(r.Prefill, figures.Milliseconds(time.Since(start)))
	r.Bytes = c.Bytes()
	r.logits = nil
	for _, id := range next {
		r.logits = append(r.logits, logits)
		r.said = append(r.said, best(logits))
		r.surprise += surprise(logits, id)
		start := time.Now()
		if logits, err = d.Read(ctx, c, []int32{id}); err != nil {
			return err
		}
		r.steps = append(r.steps, figures.Milliseconds(time.Since(start)))
	}
	return nil
}

// compare counts where the same is said.
func (r *Row) compare(dense *Row) {
	r.same = 0
	for i, id := range r.said {
		if id == dense.said[i] {
			r.same++
		}
	}
	for i, logits := range r.logits {
		r.off += divergence(dense.logits[i], logits)
	}
	if r != dense {
		r.logits = nil
	}
}

// close makes figures of what was counted.
func (r *Row) close(o Options) {
	for task, n := range r.Asked {
		r.Recall[task] = float64(r.found[task]) / float64(n)
	}
	share := func(w *decoder.Watch) float64 { return float64(w.Read) / float64(max(1, w.Visible)) }
	r.Read, r.ReadStep = share(&r.watch[0]), share(&r.watch[1])
	r.Entropy = r.watch[1].Entropy / float64(max(1, r.watch[1].Rows))
	r.Step = figures.Median(r.steps)
	n := float64(len(r.said))
	if n > 0 {
		r.Divergence = max(0, r.off/n)
	}
	if o.Text != "" && n > 0 {
		r.Perplexity, r.Agreement = math.Exp(r.surprise/n), float64(r.same)/n
	}
}

// best is the most probable token, the first of equals.
func best(logits []float32) int32 {
	most := 0
	for i, v := range logits {
		if v > logits[most] {
			most = i
		}
	}
	return int32(most)
}

// divergence is how many nats more a text costs that is as probable as the first logits say, where it
// is foreseen by the second: that of Kullback and Leibler.
func divergence(of, by []float32) (nats float64) {
	most := slices.Max(of)
	sum := 0.
	for _, v := range of {
		sum += math.Exp(float64(v - most))
	}
	log, other := math.Log(sum)+float64(most), surprise(by, 0)+float64(by[0])
	for i, v := range of {
		p := float64(v) - log
		nats += math.Exp(p) * (p - (float64(by[i]) - other))
	}
	return nats
}

// surprise is how many nats a token costs.
func surprise(logits []float32, id int32) float64 {
	most, sum := slices.Max(logits), 0.
	for _, v := range logits {
		sum += math.Exp(float64(v - most))
	}
	return math.Log(sum) - float64(logits[id]-most)
}
