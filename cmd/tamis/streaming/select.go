package streaming

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/stream"
	"github.com/tamis-search/tamis/vector/npy"
)

// receipt says what was kept of a file, so that it can be checked.
type receipt struct {
	File    string    `json:"file"`
	Rows    int       `json:"rows"`
	Width   int       `json:"width"`
	DType   string    `json:"dtype"`
	Query   string    `json:"query"`
	Way     string    `json:"way"`
	Budget  int       `json:"budget"`
	Tokens  int       `json:"tokens,omitempty"` // of what is kept
	LeftOut int       `json:"left_out"`
	Kept    []keptRow `json:"kept"`
}

type keptRow struct {
	Row    int     `json:"row"`
	Time   float64 `json:"time"`
	Score  float64 `json:"score"`
	Stage  string  `json:"stage"`
	Digest string  `json:"digest"` // SHA-256 of the row's bytes in the file
}

type selection struct {
	query, times                      string
	budget, rowTokens, stages, around int
	recent                            int
	context                           float64
	skip, asJSON                      bool
}

func (a *App) selectCommand() *cobra.Command {
	o := &selection{}
	cmd := &cobra.Command{
		Use:   "select FILE.npy --query Q.npy --budget N",
		Short: "Choose the rows of a stream that a question needs",
		Long: `select scores each row by its cosine to the question's vector, the nearest where there are several,
and keeps at most --budget rows. With one stage these are the most relevant. With two, a share (--context)
is spread over the stream, the most relevant row of each of so many equal parts, and the rest are
the most relevant rows with their neighbours (--around), so that what an answer needs is there as a
scene. --recent keeps so many of the last rows, and of those before them the most relevant.

With --row-tokens, --budget is of tokens, of which each row takes so many.

The JSON is a receipt: each kept row with the SHA-256 of its bytes; tamis stream check compares them with the file.`,
		Example: `  tamis stream select frames.npy --query question.npy --budget 64
  tamis stream select frames.npy --query question.npy --budget 16384 --row-tokens 256 --stages 2 --times times.csv
  tamis stream select frames.npy --query question.npy --budget 64 --recent 16 --json > kept.json`,
		Args: flags.Exact("FILE.npy"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.choose(cmd, args[0], o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.query, "query", "", "the question's vector, or several, as .npy")
	f.StringVar(&o.times, "times", "", "times of the rows: .npy, text or CSV")
	f.IntVar(&o.budget, "budget", 64, "rows that are kept at most, or with --row-tokens tokens")
	f.IntVar(&o.rowTokens, "row-tokens", 0, "tokens that a row takes")
	f.IntVar(&o.stages, "stages", 1, "1: the most relevant; 2: some for context, and the most relevant with their neighbours")
	f.Float64Var(&o.context, "context", stream.Coarse, "with two stages: share of the budget that is spread over the stream")
	f.IntVar(&o.around, "around", stream.Around, "with two stages: neighbours on each side of a relevant row")
	f.IntVar(&o.recent, "recent", 0, "keep so many of the last rows, and the most relevant of those before")
	f.BoolVar(&o.skip, "skip-bad", false, "leave rows out that hold what is no finite number")
	f.BoolVar(&o.asJSON, "json", false, "print JSON, a receipt")
	return cmd
}

// rows is the budget in rows.
func (o *selection) rows(cmd *cobra.Command) (int, error) {
	n := o.budget
	switch {
	case o.rowTokens < 0:
		return 0, flags.Usagef("--row-tokens is %d: use 1 or more", o.rowTokens)
	case o.rowTokens > 0:
		if n /= o.rowTokens; n < 1 {
			return 0, flags.Usagef("--budget is %d: a row takes %d tokens, use as many at least", o.budget, o.rowTokens)
		}
	case n < 1:
		return 0, flags.Usagef("--budget is %d: use one row at least", n)
	}
	switch {
	case o.stages != 1 && o.stages != 2:
		return 0, flags.Usagef("--stages is %d: there are 1 and 2", o.stages)
	case o.stages == 1 && (cmd.Flags().Changed("context") || cmd.Flags().Changed("around")):
		return 0, flags.Usagef("--context and --around are for --stages 2")
	case !(o.context >= 0 && o.context <= 1):
		return 0, flags.Usagef("--context is %g: use a share from 0 to 1", o.context)
	case o.around < 0:
		return 0, flags.Usagef("--around is %d: use 0 or more", o.around)
	case o.recent < 0 || o.recent > n:
		return 0, flags.Usagef("--recent is %d: use 0 to the budget, %d rows", o.recent, n)
	case o.recent > 0 && o.stages == 2:
		return 0, flags.Usagef("--recent is for one stage")
	}
	return n, nil
}

func (a *App) choose(cmd *cobra.Command, name string, o *selection) (err error) {
	n, err := o.rows(cmd)
	if err != nil {
		return err
	}
	if name == "-" {
		return flags.Usagef("select reads kept rows a second time, for their digests: name a file instead of -")
	}
	t, done, err := a.open(name, o.times)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	q, err := question(o.query, t.rows.Width, name)
	if err != nil {
		return err
	}
	scores, times := make([]float64, t.rows.Rows), make([]float64, t.rows.Rows)
	for i := range scores {
		scores[i] = math.NaN() // left out, until it is read
	}
	left, err := t.read(cmd.Context(), o.skip, func(row int, time float64, v []float32) {
		scores[row], times[row] = q.Score(v), time
	})
	if err != nil {
		return err
	}
	way, kept := o.choose(scores, n)
	if len(kept) == 0 {
		return fmt.Errorf("%s: each of its %d rows was left out", screen.Name(name), t.rows.Rows)
	}
	r := &receipt{File: name, Rows: t.rows.Rows, Width: t.rows.Width, DType: t.rows.DType, Query: o.query, Way: way, Budget: o.budget, Tokens: len(kept) * o.rowTokens, LeftOut: left}
	if err := r.fill(kept, times); err != nil {
		return err
	}
	if o.asJSON {
		return a.JSON(r)
	}
	a.leftOut(left)
	return a.printKept(r)
}

func (o *selection) choose(scores []float64, n int) (string, []stream.Kept) {
	switch {
	case o.recent > 0:
		h := stream.NewHistory(n, o.recent)
		for row, s := range scores {
			if !math.IsNaN(s) {
				h.Push(row, s)
			}
		}
		return "recent and relevant", h.Kept()
	case o.stages == 2:
		return "two stages", stream.TwoStages{Coarse: o.context, Around: o.around}.Choose(scores, n)
	}
	return "one stage", stream.OneStage{}.Choose(scores, n)
}

// fill notes kept rows with the digests of their bytes.
func (r *receipt) fill(kept []stream.Kept, times []float64) (err error) {
	f, err := npy.Open(r.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, k := range kept {
		raw, err := f.Raw(k.Row)
		if err != nil {
			return err
		}
		r.Kept = append(r.Kept, keptRow{k.Row, times[k.Row], k.Score, k.Stage, digest(raw)})
	}
	return nil
}

func (a *App) printKept(r *receipt) error {
	t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "row\ttime\tscore\tstage\tdigest")
	for _, k := range r.Kept {
		fmt.Fprintf(t, "%d\t%g\t%.4f\t%s\t%s\n", k.Row, k.Time, k.Score, k.Stage, k.Digest[:12])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	marks := map[string]rune{stream.Fine: '█', stream.Context: '░', stream.Recent: '▒'}
	line := bar(r.Rows, func(mark func(int, rune)) {
		for _, k := range r.Kept {
			mark(k.Row, marks[k.Stage])
		}
	})
	_, err := fmt.Fprintf(a.Out, "\n%s\n%d of %d rows, %s; █ for the question, ░ context, ▒ recent\n", line, len(r.Kept), r.Rows, r.Way)
	return err
}

func (a *App) checkCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check RECEIPT.json",
		Short: "Compare the rows of a receipt with the file",
		Long: `check reads each row that a receipt of tamis stream select says was kept, and compares the SHA-256
of its bytes. Each row that differs is named; then the exit code is 1.`,
		Example: `  tamis stream check kept.json
  tamis stream check kept.json --file moved/frames.npy`,
		Args: flags.Exact("RECEIPT.json"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(args[0], file, asJSON) },
	}
	cmd.Flags().StringVar(&file, "file", "", "the stream, where it is not where the receipt says")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) check(name, file string, asJSON bool) (err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var r receipt
	if err := json.Unmarshal(b, &r); err != nil || r.File == "" || len(r.Kept) == 0 {
		return fmt.Errorf("%s is no receipt of tamis stream select --json", screen.Name(name))
	}
	if file == "" {
		file = r.File
	}
	f, err := npy.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	changed := []int{}
	for _, k := range r.Kept {
		if k.Row >= f.Rows {
			changed = append(changed, k.Row)
			continue
		}
		raw, err := f.Raw(k.Row)
		if err != nil {
			return err
		}
		if digest(raw) != k.Digest {
			changed = append(changed, k.Row)
		}
	}
	if asJSON {
		if err := a.JSON(map[string]any{"file": file, "kept": len(r.Kept), "changed": changed}); err != nil {
			return err
		}
	}
	if len(changed) > 0 {
		return fmt.Errorf("%s: %d of %d kept rows are not what they were, the first is row %d", screen.Name(file), len(changed), len(r.Kept), changed[0])
	}
	if !asJSON {
		_, err = fmt.Fprintf(a.Out, "%d kept rows are as they were in %s\n", len(r.Kept), screen.Name(file))
	}
	return err
}
