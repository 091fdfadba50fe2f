package attending

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/eval/ring"
	"github.com/tamis-search/tamis/model/attention"
)

// Ring is tamis eval ring.
func (c *Console) Ring() *cobra.Command {
	var (
		o            attend.Options
		policies     []string
		ranks        []int
		tokens, tile int
		asJSON       bool
	)
	cmd := &cobra.Command{
		Use:   "ring [--policies P,...] [--ranks N,...]",
		Short: "How evenly sparse attention would be spread over ranks in a ring, on paper",
		Long: `ring has the model that is built read a text under policies of attention, and lays what each block
of tokens reads out over ranks that pass their keys on in a ring, in three ways: each rank has
a part of the text (contiguous), tiles in turns (striped), or a part from the beginning and one from the
end (zig-zag). Nothing is sent and nothing is timed: work is pairs of a query and a key.

  read      pairs, beside dense attention
  workers   the most that a rank does, beside the mean
  steps     the sum over steps of the most that a rank does in it, beside the mean
  time      that sum, beside dense attention if it were spread evenly`,
		Example: `  tamis eval ring
  tamis eval ring --policies dense,slashes:0.1,blocks:0.1 --ranks 16 --tokens 16384 --json`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case tokens < 256 || tokens > 65536:
				return flags.Usagef("--tokens is %d: use 256 to 65536", tokens)
			case tile < 1:
				return flags.Usagef("--tile is %d: use 1 or more", tile)
			case len(policies) == 0 || len(ranks) == 0:
				return flags.Usagef("give --policies and --ranks")
			}
			for _, n := range ranks {
				if n < 1 || (tokens+tile-1)/tile < 2*n {
					return flags.Usagef("--ranks holds %d: each needs two tiles, and there are %d", n, (tokens+tile-1)/tile)
				}
			}
			for _, p := range policies {
				if _, err := attention.Parse(p); err != nil {
					return flags.UsageError{Err: err}
				}
			}
			d, done, err := open("")
			if err != nil {
				return err
			}
			defer done()
			o.Questions = 1
			var results []ring.Result
			for _, p := range policies {
				blocks, err := attend.Plans(cmd.Context(), d, o, p, tokens)
				if err != nil {
					return err
				}
				for _, n := range ranks {
					r, err := ring.Measure(p, blocks, tokens, tile, n)
					if err != nil {
						return err
					}
					results = append(results, r...)
				}
			}
			if asJSON {
				return c.JSON(map[string]any{"tokens": tokens, "tile": tile, "results": results})
			}
			return ring.WriteTable(c.Out, results)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&policies, "policies", []string{"dense", "window:0.1", "slashes:0.1", "blocks:0.1", "stripes:0.1"}, "policies, as tamis eval attention --list says them")
	f.IntSliceVar(&ranks, "ranks", []int{4, 8}, "ranks")
	f.IntVar(&tokens, "tokens", 8192, "tokens of the text")
	f.IntVar(&tile, "tile", 64, "tokens that are laid out together")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the text")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
