package attend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/train"
)

// TrainedOptions say which models are made and asked.
type TrainedOptions struct {
	Tasks      []string // of train.Tasks, and train.TextTask; nil for all
	Attentions []string // of train.Attentions; nil for those of a task
	Lengths    []int
	Trials     int // texts of a task and length
	Questions  int // about a text
	Seed       uint64
	Models     string      // folder that keeps the models, and from which those are taken that are there
	Text       *train.Text // of train.TextTask, which is asked at the lengths that it has
	Watch      func(what string)
}

// TrainedRow is what a model finds at a length.
type TrainedRow struct {
	Attention string  `json:"attention"`
	Task      string  `json:"task"`
	Length    int     `json:"length"`
	Recall    float64 `json:"recall"` // share of answers that are right to the last token, or of a text's next bytes
	Nats      float64 `json:"nats"`   // loss at the first token of an answer, or at each byte of a text, in the mean: what diluted attention raises first
	Asked     int     `json:"asked"`
	Bits      float64 `json:"bits_per_byte,omitempty"` // of a text
	Read      float64 `json:"read"`                    // keys and means that prefill reads, of the keys up to each token
	ReadStep  float64 `json:"read_step"`               // that questions and answers read
	Prefill   float64 `json:"prefill_ms"`              // the fastest
}

// TrainedModel is how a model was made.
type TrainedModel struct {
	Attention string  `json:"attention"`
	Task      string  `json:"task"`
	Length    int     `json:"length"` // of texts that it was trained on
	Steps     int     `json:"steps"`
	Right     float64 `json:"right"`             // share of answers in training, at its end
	Seconds   float64 `json:"seconds,omitempty"` // of training; 0 where it was there
}

// TrainedReport is a row for each model and length.
type TrainedReport struct {
	Models []TrainedModel `json:"models"`
	Rows   []TrainedRow   `json:"rows"`
}

// Trained makes models, where they are not there, and asks them. Where it fails the report holds what was
// done.
func Trained(ctx context.Context, o TrainedOptions) (*TrainedReport, error) {
	r := &TrainedReport{}
	for _, task := range o.AllTasks() {
		kinds := o.Attentions
		if kinds == nil {
			kinds = train.AttentionsOf(task)
		}
		for _, kind := range kinds {
			recipe, err := o.RecipeOf(task, kind)
			if err != nil {
				return r, err
			}
			d, m, err := o.model(ctx, recipe, task+"-"+kind, kind)
			if err != nil {
				return r, err
			}
			r.Models = append(r.Models, m)
			own := o
			ask := own.ask
			if task == train.TextTask {
				own.Lengths = o.lengthsOfText()
				ask = own.goOn
			}
			for _, n := range own.Lengths {
				if o.Watch != nil {
					o.Watch(fmt.Sprintf("%s, %s, %d tokens", task, kind, n))
				}
				row, err := ask(ctx, d, task, kind, n)
				if err != nil {
					return r, errors.Join(err, d.Close())
				}
				r.Rows = append(r.Rows, row)
			}
			if err := d.Close(); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// AllTasks are the tasks that are asked for; where none are, all, and the text's where a length fits in it.
func (o TrainedOptions) AllTasks() []string {
	if o.Tasks != nil {
		return o.Tasks
	}
	all := train.Tasks()
	if o.Text != nil && len(o.lengthsOfText()) > 0 {
		all = append(all, train.TextTask)
	}
	return all
}

// RecipeOf is how a model of a task is trained with an attention.
func (o TrainedOptions) RecipeOf(task, kind string) (train.Recipe, error) {
	if task != train.TextTask {
		return train.RecipeOf(task, kind, o.Seed)
	}
	if o.Text == nil {
		return train.Recipe{}, errors.New("there is no text for the task text")
	}
	if len(o.lengthsOfText()) == 0 {
		return train.Recipe{}, fmt.Errorf("of the text parts of %d bytes are held out, of which the last %d are scored: no length is between these", len(o.Text.Held[0]), scoredBytes)
	}
	return train.TextRecipeOf(o.Text, kind, o.Seed)
}

// model opens a model of the folder of that name, which is trained where it is not there.
func (o TrainedOptions) model(ctx context.Context, recipe train.Recipe, name, kind string) (*decoder.Decoder, TrainedModel, error) {
	task, said := recipe.Task, TrainedModel{Attention: kind, Task: recipe.Task, Length: recipe.Length}
	dir := filepath.Join(o.Models, name)
	last, err := train.Made(dir, recipe)
	if errors.Is(err, fs.ErrNotExist) {
		begin := time.Now()
		var m *train.Model
		watch := func(p train.Progress) {
			if o.Watch != nil {
				o.Watch(fmt.Sprintf("%s, %s: step %d of %d, %.1f %% right", task, kind, p.Step, recipe.Steps, 100*p.Right))
			}
		}
		if task == train.TextTask {
			m, err = train.TrainText(ctx, recipe, o.Text, watch)
		} else {
			m, err = train.Train(ctx, recipe, watch)
		}
		if err == nil {
			said.Seconds, last = time.Since(begin).Seconds(), m.Last
			err = errors.Join(os.MkdirAll(o.Models, 0o755), m.Write(dir))
		}
	}
	if err != nil {
		return nil, said, err
	}
	said.Steps, said.Right = last.Step, last.Right
	d, err := decoder.Open(dir, decoder.Options{})
	if err != nil {
		err = fmt.Errorf("%w: remove %s to have it trained again", err, dir)
	}
	return d, said, err
}

// ask is what a model finds in texts of a length.
func (o TrainedOptions) ask(ctx context.Context, d *decoder.Decoder, task, kind string, n int) (TrainedRow, error) {
	row := TrainedRow{Attention: kind, Task: task, Length: n}
	var text, steps decoder.Watch
	right, random := 0, rand.New(rand.NewPCG(o.Seed, uint64(n)))
	for range o.Trials {
		ids, questions, err := train.Exam(task, random, n, o.Questions)
		if err != nil {
			return row, err
		}
		c := d.NewCache()
		c.Watch = &text
		begin := time.Now()
		if _, err := d.Read(ctx, c, ids); err != nil {
			return row, err
		}
		if ms := float64(time.Since(begin).Microseconds()) / 1000; row.Prefill == 0 || ms < row.Prefill {
			row.Prefill = ms
		}
		c.Watch = &steps
		for _, q := range questions {
			ok, nats, err := answers(ctx, d, c, q)
			if err != nil {
				return row, err
			}
			row.Nats += nats
			if ok {
				right++
			}
			row.Asked++
			c.Cut(n)
		}
	}
	row.Recall, row.Nats = float64(right)/float64(row.Asked), row.Nats/float64(row.Asked)
	row.Read, row.ReadStep = float64(text.Read)/float64(text.Visible), float64(steps.Read)/float64(steps.Visible)
	return row, nil
}

// answers says whether the most probable tokens are the answer, and the loss at its first. Each is read alone, as in
// decoding.
func answers(ctx context.Context, d *decoder.Decoder, c *decoder.Cache, q train.Question) (right bool, nats float64, err error) {
	next := q.Ask
	for at, want := range q.Answer {
		best := int32(0)
		for i := range next {
			logits, err := d.Read(ctx, c, next[i:i+1])
			if err != nil {
				return false, 0, err
			}
			if best = likeliest(logits); at == 0 {
				nats = surprise(logits, want)
			}
		}
		if best != want {
			return false, nats, nil
		}
		next = []int32{want}
	}
	return true, nats, nil
}

// WriteTable writes how the models were made, and a line for each row.
func (r *TrainedReport) WriteTable(w io.Writer) error {
	if err := writeModels(w, "attention", r.Models); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "task\ttokens\tattention\trecall\tnats\tasked\tbits a byte\tperplexity\tread\tread a step\tprefill ms\t\n")
	for _, row := range r.Rows {
		bits, perplexity := "-", "-"
		if row.Bits > 0 {
			bits, perplexity = fmt.Sprintf("%.3f", row.Bits), fmt.Sprintf("%.2f", math.Exp2(row.Bits))
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%.1f %%\t%.3f\t%d\t%s\t%s\t%.1f %%\t%.1f %%\t%.0f\t\n", row.Task, row.Length, row.Attention, 100*row.Recall, row.Nats, row.Asked, bits, perplexity, 100*row.Read, 100*row.ReadStep, row.Prefill)
	}
	return t.Flush()
}

// writeModels writes how models were made, a line for each; what is the name of their second column.
func writeModels(w io.Writer, what string, all []TrainedModel) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "task\t%s\ttrained at\tsteps\tright\tseconds\t\n", what)
	for _, m := range all {
		seconds := "kept"
		if m.Seconds > 0 {
			seconds = fmt.Sprintf("%.0f", m.Seconds)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%.1f %%\t%s\t\n", m.Task, m.Attention, m.Length, m.Steps, 100*m.Right, seconds)
	}
	fmt.Fprint(t, "\n")
	return t.Flush()
}
