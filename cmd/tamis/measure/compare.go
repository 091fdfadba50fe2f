package measure

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/scorecard"
	"github.com/tamis-search/tamis/eval/system"
)

// errFell is what compare --fail-if-worse exits with.
var errFell = errors.New("something got worse that is no noise")

func (c *Console) compareCommand() *cobra.Command {
	var (
		most         int
		strict, asJS bool
	)
	cmd := &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Say what of two scorecards got better, what worse, and whether it is noise",
		Long: `compare takes two scorecards that tamis eval corpus --save wrote and compares them over
the questions that both answer, question by question: differences with their 95 %
interval (paired bootstrap) and p (paired randomisation). A change is noise where chance
alone would make it in more than one of 20 such comparisons (Holm's method).`,
		Example: "  tamis eval compare before.json after.json\n" +
			"  tamis eval compare --fail-if-worse main.json branch.json",
		Args: flags.Exact("A.json", "B.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := scorecard.Read(args[0])
			if err != nil {
				return err
			}
			b, err := scorecard.Read(args[1])
			if err != nil {
				return err
			}
			d, err := scorecard.Compare(a, b)
			if err != nil {
				return err
			}
			if asJS {
				err = c.JSON(d)
			} else {
				err = d.WriteText(c.Out, most)
			}
			if err == nil && strict && d.Fell() {
				err = errFell
			}
			return err
		},
	}
	f := cmd.Flags()
	f.IntVar(&most, "show", 5, "how many questions that changed are shown either way")
	f.BoolVar(&strict, "fail-if-worse", false, "exit 1 where something got worse that is no noise")
	f.BoolVar(&asJS, "json", false, "print JSON")
	return cmd
}

// eachDocument calls do with each document of an index, by id.
func eachDocument(ctx context.Context, ix engine.Index, do func(*tamis.Document) error) error {
	for d, err := range system.Documents(ctx, ix) {
		if err == nil {
			err = do(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
