package streaming

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/streams"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/vector/npy"
)

// Measure is tamis eval stream.
func (a *App) Measure() *cobra.Command {
	var (
		o      streams.Options
		seeds  []uint
		write  string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "stream",
		Short: "What selections over streams of vectors keep, beside random and equal choice",
		Long: `stream makes streams from seeds: scenes that drift and change, noise, flashes that mean nothing, and
events of 6 to 20 rows in two moments, which questions ask for. It says for each way of tamis stream

  rows asked for    the share of an event's rows that is kept
  moments, both     moments of which a row is kept; questions of which both have one
  scenes, latest    scenes of which a row is kept; of the last rows, a quarter of the budget
  answered          by a memory: the nearest entry touches a moment of the event, and is of
                    at most 1 % of the stream
  early             moments in the first tenth that one of the three nearest such entries touches
  in 1 % opened     an event's rows where 1 % of the stream is opened, the nearest entries first
  error             of attention to blocks of a table, beside attention to all of its rows

--grid compares settings; those that tamis stream has were chosen by --grid --seeds 1. --write
writes the first stream and the question of its first event as files, to try tamis stream with.`,
		Example: `  tamis eval stream
  tamis eval stream --grid --seeds 1
  tamis eval stream --rows 20000 --seeds 7 --json
  tamis eval stream --rows 5000 --seeds 7 --write made`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range seeds {
				o.Seeds = append(o.Seeds, uint64(s))
			}
			switch {
			case len(o.Seeds) == 0:
				return flags.Usagef("--seeds names no seed")
			case o.Events < 1 || o.Events > 1000:
				return flags.Usagef("--events is %d: use 1 to 1000", o.Events)
			case o.Rows < 100*o.Events || o.Rows > 10_000_000:
				return flags.Usagef("--rows is %d: for %d events use %d to 10000000", o.Rows, o.Events, 100*o.Events)
			case o.Width < 8 || o.Width > 4096:
				return flags.Usagef("--width is %d: use 8 to 4096", o.Width)
			case len(o.Budgets) == 0 || slices.Min(o.Budgets) < 4 || slices.Max(o.Budgets) > o.Rows:
				return flags.Usagef("--budgets must be from 4 to the rows, %d", o.Rows)
			case !(o.Share > 0 && o.Share <= 1):
				return flags.Usagef("--share is %g: use a number above 0, and 1 at most", o.Share)
			}
			if write != "" {
				return a.writeMade(write, o)
			}
			r, err := streams.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(r)
			}
			return r.WriteTable(a.Out)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Rows, "rows", 100000, "rows of a stream")
	f.IntVar(&o.Width, "width", 64, "numbers a row")
	f.IntVar(&o.Events, "events", 20, "events of a stream, of two moments each")
	f.UintSliceVar(&seeds, "seeds", []uint{2, 3, 4, 5, 6}, "a stream is made from each")
	f.IntSliceVar(&o.Budgets, "budgets", []int{32, 128}, "rows that are kept for a question")
	f.Float64Var(&o.Share, "share", .01, "of a stream's bytes that a memory has")
	f.BoolVar(&o.Grid, "grid", false, "compare settings")
	f.StringVar(&write, "write", "", "write FILE.npy and FILE-question.npy, and measure nothing")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) writeMade(out string, o streams.Options) error {
	out, err := outName(out, "")
	if err != nil {
		return err
	}
	rows, question := streams.Made(o.Seeds[0], o.Rows, o.Width, o.Events)
	if err := replace.File(out+".npy", npy.Encode(rows, o.Width)); err != nil {
		return err
	}
	return replace.File(out+"-question.npy", npy.Encode([][]float32{question}, o.Width))
}
