package streaming

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/stream"
)

func (a *App) scalesCommand() *cobra.Command {
	var (
		asked        []int
		n            int
		out, times   string
		skip, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "scales FILE.npy --rows R,... --budget N --out NAME",
		Short: "Rows of a table, fine near some of them and coarser farther away",
		Long: `scales covers a table with at most --budget blocks: single rows around those that are asked about, and
blocks of two, four and more rows the farther away, each as its mean. It writes what tamis stream keep writes.`,
		Example: `  tamis stream scales table.npy --rows 120,4000 --budget 128 --out near`,
		Args:    flags.Exact("FILE.npy"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if out, err = outName(out, args[0]); err != nil {
				return err
			}
			if n < 1 {
				return flags.Usagef("--budget is %d: use one block at least", n)
			}
			t, done, err := a.open(args[0], times)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			blocks, err := stream.Scales(t.rows.Rows, asked, n)
			if err != nil {
				return flags.Usagef("--rows and --budget for %s: %w", screen.Name(t.name), err)
			}
			means := stream.NewMeans(blocks, t.rows.Width)
			left, err := t.read(cmd.Context(), skip, means.Push)
			if err != nil {
				return err
			}
			m := &memory{File: args[0], Rows: t.rows.Rows, Width: t.rows.Width, LeftOut: left}
			if err := m.write(out, means.Spans()); err != nil {
				return err
			}
			a.leftOut(left)
			return a.printMemory(m, out, asJSON)
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&asked, "rows", nil, "rows that are asked about, from 0 on")
	f.IntVar(&n, "budget", 128, "blocks at most")
	f.StringVar(&out, "out", "scales", "name of the two files, without their endings")
	f.StringVar(&times, "times", "", "times of the rows: .npy, text or CSV")
	f.BoolVar(&skip, "skip-bad", false, "leave rows out that hold what is no finite number")
	f.BoolVar(&asJSON, "json", false, "print JSON: what NAME.json has")
	return cmd
}
