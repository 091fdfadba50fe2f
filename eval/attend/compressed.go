package attend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/train"
)

// CompressedOptions say which compressors are made, and what is asked of their vectors.
type CompressedOptions struct {
	TrainedOptions           // Attentions are not asked for: models are dense
	Compressors    []string  // of train.Compressors; nil for all
	Open           []float64 // shares of segments that are read as tokens
}

// CompressedRow is what a model finds in a context that it reads in one way.
type CompressedRow struct {
	Task      string  `json:"task"`
	Length    int     `json:"length"`
	Read      string  `json:"read"`       // all, last, the name of a compressor
	Open      string  `json:"open"`       // segments that are read as tokens: none, a share of those that the model looks at, or as many at random
	Recall    float64 `json:"recall"`     // share of answers that are right to the last token
	Asked     int     `json:"asked"`      //
	Positions float64 `json:"positions"`  // that the context takes, in the mean
	Make      float64 `json:"make_ms"`    // vectors of a context, the fastest; 0 where there are none
	Prefill   float64 `json:"prefill_ms"` // the context with vectors that are there, the fastest
}

// CompressedReport is a row for each way and length.
type CompressedReport struct {
	Models      []TrainedModel  `json:"models"`
	Compressors []TrainedModel  `json:"compressors"`
	Rows        []CompressedRow `json:"rows"`
}

// Compressed makes models and compressors, where they are not there, and asks them. Where it fails the report holds what
// was done.
func Compressed(ctx context.Context, o CompressedOptions) (*CompressedReport, error) {
	if o.Tasks == nil {
		o.Tasks = train.CompressorTasks()
	}
	if o.Compressors == nil {
		o.Compressors = train.Compressors()
	}
	r := &CompressedReport{}
	for _, task := range o.Tasks {
		recipe, err := train.ReaderRecipeOf(task, o.Seed)
		if err != nil {
			return r, err
		}
		d, said, err := o.model(ctx, recipe, task+"-reader", "reader")
		if err != nil {
			return r, err
		}
		r.Models = append(r.Models, said)
		var all []*compress.Compressor
		for _, name := range o.Compressors {
			c, said, err := o.compressor(ctx, d, task, name)
			if err != nil {
				return r, errors.Join(err, d.Close())
			}
			defer c.Close()
			r.Compressors, all = append(r.Compressors, said), append(all, c)
		}
		for _, n := range o.Lengths {
			if o.Watch != nil {
				o.Watch(fmt.Sprintf("%s, %d tokens", task, n))
			}
			rows, err := o.askCompressed(ctx, d, all, task, n)
			r.Rows = append(r.Rows, rows...)
			if err != nil {
				return r, errors.Join(err, d.Close())
			}
		}
		if err := d.Close(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// compressor opens a compressor, which is trained where it is not there.
func (o CompressedOptions) compressor(ctx context.Context, d *decoder.Decoder, task, name string) (*compress.Compressor, TrainedModel, error) {
	recipe, err := train.CompressorRecipeOf(task, name, o.Seed)
	if err != nil {
		return nil, TrainedModel{}, err
	}
	said := TrainedModel{Attention: name, Task: task, Length: recipe.Length}
	dir := filepath.Join(o.Models, task+"-reader")
	last, err := train.MadeCompressor(dir, name, recipe)
	if errors.Is(err, fs.ErrNotExist) {
		begin := time.Now()
		var m *train.Model
		var c *train.Compressor
		if m, err = train.Open(dir, recipe.Model); err == nil {
			c, err = train.TrainCompressor(ctx, m, recipe, func(p train.Progress) {
				if o.Watch != nil {
					o.Watch(fmt.Sprintf("%s, %s: step %d of %d, %.1f %% right", task, name, p.Step, recipe.Steps, 100*p.Right))
				}
			})
		}
		if err == nil {
			said.Seconds, last = time.Since(begin).Seconds(), c.Last
			err = c.Write(dir, name)
		}
	}
	if err != nil {
		return nil, said, err
	}
	said.Steps, said.Right = last.Step, last.Right
	c, err := compress.Open(d, dir, name)
	return c, said, err
}

// way is one of reading a context.
type way struct {
	row    CompressedRow
	right  int
	by     *compress.Compressor // nil for tokens
	rate   int                  // what the last tokens are a share of; 1 for all
	open   float64
	random bool
}

// ways are those that are compared at a length.
func (o CompressedOptions) ways(all []*compress.Compressor, task string, n int) []*way {
	row := CompressedRow{Task: task, Length: n, Open: "none"}
	row.Read = "all"
	ways := []*way{{row: row, rate: 1}}
	seen := map[int]bool{}
	for _, c := range all {
		if seen[c.Rate] {
			continue
		}
		seen[c.Rate] = true
		row.Read = fmt.Sprintf("last 1/%d", c.Rate)
		ways = append(ways, &way{row: row, rate: c.Rate})
	}
	for _, c := range all {
		row.Read, row.Open = c.Name, "none"
		ways = append(ways, &way{row: row, by: c})
		for _, share := range o.Open {
			row.Open = fmt.Sprintf("%g", share)
			ways = append(ways, &way{row: row, by: c, open: share})
			row.Open += " at random"
			ways = append(ways, &way{row: row, by: c, open: share, random: true})
		}
	}
	return ways
}

// askCompressed is what is found in texts of a length, in each way.
func (o CompressedOptions) askCompressed(ctx context.Context, d *decoder.Decoder, all []*compress.Compressor, task string, n int) (rows []CompressedRow, err error) {
	ways := o.ways(all, task, n)
	random := rand.New(rand.NewPCG(o.Seed, uint64(n)))
	for range o.Trials {
		ids, questions, err := train.Exam(task, random, n, o.Questions)
		if err != nil {
			return nil, err
		}
		seed := random.Uint64()
		for _, w := range ways {
			chance := rand.New(rand.NewPCG(o.Seed, seed)) // neither texts nor chance depend on what else is compared
			ask := w.tokens
			switch {
			case w.by != nil && w.open > 0:
				ask = w.opened
			case w.by != nil:
				ask = w.vectors
			}
			if err := ask(ctx, d, chance, ids, questions); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range ways {
		w.row.Asked = o.Trials * o.Questions
		w.row.Recall = float64(w.right) / float64(w.row.Asked)
		w.row.Positions /= float64(w.row.Asked)
		rows = append(rows, w.row)
	}
	return rows, nil
}

// least keeps the fastest.
func least(ms *float64, begin time.Time) {
	if took := float64(time.Since(begin).Microseconds()) / 1000; *ms == 0 || took < *ms {
		*ms = took
	}
}

// behind asks behind what a cache holds.
func (w *way) behind(ctx context.Context, d *decoder.Decoder, c *decoder.Cache, questions []train.Question) error {
	n := len(c.Tokens())
	for _, q := range questions {
		ok, _, err := answers(ctx, d, c, q)
		if err != nil {
			return err
		}
		if ok {
			w.right++
		}
		w.row.Positions += float64(n)
		c.Cut(n)
	}
	return nil
}

func (w *way) tokens(ctx context.Context, d *decoder.Decoder, _ *rand.Rand, ids []int32, questions []train.Question) error {
	some := ids[:1:1]
	some = append(some, ids[len(ids)-(len(ids)-1)/w.rate:]...)
	c, begin := d.NewCache(), time.Now()
	if _, err := d.Read(ctx, c, some); err != nil {
		return err
	}
	least(&w.row.Prefill, begin)
	return w.behind(ctx, d, c, questions)
}

func (w *way) vectors(ctx context.Context, d *decoder.Decoder, _ *rand.Rand, ids []int32, questions []train.Question) error {
	begin := time.Now()
	w.by.Forget()
	if _, err := w.by.Vectors(ctx, ids[1:]); err != nil {
		return err
	}
	least(&w.row.Make, begin)
	c, begin := d.NewCache(), time.Now()
	if _, err := w.by.Read(ctx, c, compress.Prompt{Before: ids[:1], Between: [][]int32{ids[1:]}}, 0); err != nil {
		return err
	}
	least(&w.row.Prefill, begin)
	return w.behind(ctx, d, c, questions)
}

// opened asks each question with segments open that are chosen for it.
func (w *way) opened(ctx context.Context, d *decoder.Decoder, random *rand.Rand, ids []int32, questions []train.Question) error {
	segments := (len(ids) - 2 + w.by.Segment) / w.by.Segment
	for _, q := range questions {
		p := compress.Prompt{Before: ids[:1], Between: [][]int32{ids[1:]}, Behind: q.Ask}
		c, begin := d.NewCache(), time.Now()
		var logits []float32
		var err error
		if w.random {
			logits, err = w.by.ReadOpen(ctx, c, p, random.Perm(segments)[:max(1, int(w.open*float64(segments)))])
		} else {
			logits, err = w.by.Read(ctx, c, p, w.open)
		}
		if err != nil {
			return err
		}
		least(&w.row.Prefill, begin)
		w.row.Positions += float64(len(c.Tokens()) - len(q.Ask))
		for i, want := range q.Answer {
			if likeliest(logits) != want {
				break
			}
			if i == len(q.Answer)-1 {
				w.right++
				break
			}
			if logits, err = d.Read(ctx, c, []int32{want}); err != nil {
				return err
			}
		}
	}
	return nil
}

// likeliest is the most probable token.
func likeliest(logits []float32) int32 {
	at := 0
	for j, v := range logits {
		if v > logits[at] {
			at = j
		}
	}
	return int32(at)
}

// WriteTable writes how compressors were made, and a line for each row.
func (r *CompressedReport) WriteTable(w io.Writer) error {
	if err := writeModels(w, "made", append(r.Models, r.Compressors...)); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "task\ttokens\tread\topen\trecall\tasked\tpositions\tmake ms\tprefill ms\t\n")
	for _, row := range r.Rows {
		made := "-"
		if row.Make > 0 {
			made = fmt.Sprintf("%.0f", row.Make)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%.1f %%\t%d\t%.0f\t%s\t%.1f\t\n", row.Task, row.Length, row.Read, row.Open, 100*row.Recall, row.Asked, row.Positions, made, row.Prefill)
	}
	return t.Flush()
}
