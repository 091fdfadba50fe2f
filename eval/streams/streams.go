// Package streams measures what selections over streams of vectors keep (package stream),
// beside random and equal choice under the same budget, on streams that are made from a
// seed, so that it is known where what a question asks for stands.
package streams

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/stream"
)

// Options say what is measured.
type Options struct {
	Rows, Width, Events int
	Seeds               []uint64
	Budgets             []int   // rows that are kept for a question
	Share               float64 // of the stream's bytes that a memory has
	Grid                bool    // several settings of each, to choose from
}

// Report is what was kept.
type Report struct {
	Rows    int      `json:"rows"`
	Width   int      `json:"width"`
	Seeds   []uint64 `json:"seeds"`
	Entries int      `json:"entries"` // of a memory
	Bytes   int      `json:"bytes"`   // of a memory
	Chosen  []Chosen `json:"chosen"`
	Memory  []Held   `json:"memory"`
	Scales  []Scaled `json:"scales"`
}

// Chosen is what one way of choosing keeps at one budget: shares.
type Chosen struct {
	Way     string  `json:"way"`
	Budget  int     `json:"budget"`
	Recall  float64 `json:"recall"`  // of the rows that a question asks for
	Moments float64 `json:"moments"` // of which a row is kept
	Both    float64 `json:"both"`    // questions of which both moments have a row
	Scenes  float64 `json:"scenes"`  // of which a row is kept
	Latest  float64 `json:"latest"`  // of the last rows, a quarter of the budget
}

// Held is what one kind of memory answers.
type Held struct {
	Way      string  `json:"way"`
	Answered float64 `json:"answered"`      // questions whose nearest entry is of at most 1 % of the stream and touches a moment
	Early    float64 `json:"early"`         // likewise, of events of which a moment lies in the first tenth: one of these must be touched by one of the three nearest
	Moments  int     `json:"early_moments"` // that early is a share of
	Opened   float64 `json:"opened"`        // rows asked for among 1 % of the stream, opened by entries, the nearest first
	Span     float64 `json:"span"`          // rows of the nearest entry, the median
}

// Scaled is how far attention of asked rows to blocks is from attention to all rows.
type Scaled struct {
	Way    string  `json:"way"`
	Budget int     `json:"budget"`
	Error  float64 `json:"error"` // relative, the mean
}

// Run measures.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{Rows: o.Rows, Width: o.Width, Seeds: o.Seeds, Bytes: int(o.Share * float64(o.Rows) * float64(4*o.Width))}
	r.Entries = stream.Entries(o.Width, r.Bytes)
	if r.Entries < 2 {
		return nil, fmt.Errorf("%d bytes for a memory: too few for two rows; make the stream longer or the share greater", r.Bytes)
	}
	s := sums{}
	for _, seed := range o.Seeds {
		m := makeStream(seed, o.Rows, o.Width, o.Events)
		if err := s.chosen(ctx, m, o, seed); err != nil {
			return nil, err
		}
		if err := s.memories(ctx, m, o, r, seed); err != nil {
			return nil, err
		}
		if err := s.scales(ctx, o, seed); err != nil {
			return nil, err
		}
	}
	s.report(r)
	return r, nil
}

// sums gathers figures of rows of the tables, in order.
type sums struct{ lines []*line }

type line struct {
	table, way string
	budget     int
	values     map[string][]float64
}

func (s *sums) at(table, way string, budget int) *line {
	for _, l := range s.lines {
		if l.table == table && l.way == way && l.budget == budget {
			return l
		}
	}
	l := &line{table, way, budget, map[string][]float64{}}
	s.lines = append(s.lines, l)
	return l
}

func (l *line) add(name string, v float64) { l.values[name] = append(l.values[name], v) }

func (l *line) mean(name string) float64 { return figures.Round(figures.Mean(l.values[name]), 4) }

func (s *sums) report(r *Report) {
	for _, l := range s.lines {
		switch l.table {
		case "chosen":
			r.Chosen = append(r.Chosen, Chosen{l.way, l.budget, l.mean("recall"), l.mean("moments"), l.mean("both"), l.mean("scenes"), l.mean("latest")})
		case "memory":
			r.Memory = append(r.Memory, Held{l.way, l.mean("answered"), l.mean("early"), len(l.values["early"]), l.mean("opened"), figures.Median(l.values["span"])})
		default:
			r.Scales = append(r.Scales, Scaled{l.way, l.budget, l.mean("error")})
		}
	}
}

// way is a way of choosing rows, given scores and a generator.
type way struct {
	name   string
	choose func(scores []float64, n int, r *rand.Rand) []int
}

func chooser(name string, c stream.Chooser) way {
	return way{name, func(scores []float64, n int, _ *rand.Rand) (rows []int) {
		for _, k := range c.Choose(scores, n) {
			rows = append(rows, k.Row)
		}
		return rows
	}}
}

func history(name string, share float64) way {
	return way{name, func(scores []float64, n int, _ *rand.Rand) (rows []int) {
		h := stream.NewHistory(n, int(share*float64(n)))
		for row, s := range scores {
			h.Push(row, s)
		}
		for _, k := range h.Kept() {
			rows = append(rows, k.Row)
		}
		return rows
	}}
}

func ways(grid bool) []way {
	if grid {
		list := []way{chooser("one stage", stream.OneStage{})}
		for _, coarse := range []float64{0, .125, .25, .5} {
			for _, around := range []int{0, 1, 2, 4, 8, 12} {
				list = append(list, chooser(fmt.Sprintf("two stages, %g, %d", coarse, around), stream.TwoStages{Coarse: coarse, Around: around}))
			}
		}
		return list
	}
	return []way{
		{"random", func(scores []float64, n int, r *rand.Rand) []int { return r.Perm(len(scores))[:n] }},
		{"uniform", func(scores []float64, n int, _ *rand.Rand) []int { return evenly(len(scores), n) }},
		{"last", func(scores []float64, n int, _ *rand.Rand) (rows []int) {
			for row := len(scores) - n; row < len(scores); row++ {
				rows = append(rows, row)
			}
			return rows
		}},
		chooser("one stage", stream.OneStage{}),
		chooser("two stages", stream.TwoStages{Coarse: stream.Coarse, Around: stream.Around}),
		history("recent and relevant", .25),
	}
}

func evenly(rows, n int) (out []int) {
	for i := range n {
		out = append(out, (2*i+1)*rows/(2*n))
	}
	return out
}

func (s *sums) chosen(ctx context.Context, m *made, o Options, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 25))
	scores := make([]float64, len(m.rows))
	for _, e := range m.events {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		q, err := stream.NewQuestion([][]float32{e.question})
		if err != nil {
			return err
		}
		for row, v := range m.rows {
			scores[row] = q.Score(v)
		}
		for _, n := range o.Budgets {
			for _, w := range ways(o.Grid) {
				rows := w.choose(scores, n, r)
				if len(rows) > n {
					return fmt.Errorf("%s keeps %d rows of %d", w.name, len(rows), n)
				}
				m.judge(s.at("chosen", w.name, n), e, rows, n)
			}
		}
	}
	return nil
}

func (m *made) judge(l *line, e event, rows []int, n int) {
	var touched [2]float64
	got, asked, latest := 0, 0, 0
	scenes := map[int]bool{}
	for _, at := range e.moments {
		asked += at.end - at.first
	}
	for _, row := range rows {
		for i, at := range e.moments {
			if at.has(row) {
				got++
				touched[i] = 1
			}
		}
		i, _ := slices.BinarySearchFunc(m.scenes, row, func(s moment, row int) int {
			if s.end <= row {
				return -1
			}
			return 1
		})
		scenes[i] = true
		if row >= len(m.rows)-n/4 {
			latest++
		}
	}
	l.add("recall", float64(got)/float64(asked))
	l.add("moments", (touched[0]+touched[1])/2)
	l.add("both", touched[0]*touched[1])
	l.add("scenes", float64(len(scenes))/float64(len(m.scenes)))
	l.add("latest", float64(latest)/float64(max(1, n/4)))
}

// WriteTable prints all.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "chosen of %d rows\tbudget\trows asked for, %%\tmoments, %%\tboth, %%\tscenes, %%\tlatest, %%\n", r.Rows)
	for _, c := range r.Chosen {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", c.Way, c.Budget, 100*c.Recall, 100*c.Moments, 100*c.Both, 100*c.Scenes, 100*c.Latest)
	}
	fmt.Fprintf(t, "\nmemory of %d bytes\tentries\tanswered, %%\tearly, %%\tof\tin 1 %% opened, %%\trows of the nearest\n", r.Bytes)
	for _, h := range r.Memory {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%d\t%.1f\t%.0f\n", h.Way, r.Entries, 100*h.Answered, 100*h.Early, h.Moments, 100*h.Opened, h.Span)
	}
	fmt.Fprintf(t, "\nattention to a table of %d rows\tbudget\terror, %%\n", tableRows)
	for _, s := range r.Scales {
		fmt.Fprintf(t, "%s\t%d\t%.1f\n", s.Way, s.Budget, 100*s.Error)
	}
	return t.Flush()
}
