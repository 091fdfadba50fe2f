package measure

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/train/pruner"
)

// prunerReport is what eval pruner prints.
type prunerReport struct {
	*pruner.Gain
	Seconds float64 `json:"seconds"`
}

func (c *Console) prunerCommand() *cobra.Command {
	var labels string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pruner --labels FILE DIR",
		Short: "Measure a head of tamis train pruner on labels that it has not seen",
		Long: `pruner asks the head in DIR all questions of a file of labels (see tamis train pruner): where
passages that answer rank among those that do not, where sentences that are kept rank among the others of
their passage, beside the encoder alone, and what is left where sentences below a probability go.`,
		Example: "  tamis eval pruner --labels test.jsonl ~/models/pruner",
		Args:    flags.Exact("DIR"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := required(cmd, "labels"); err != nil {
				return err
			}
			l, err := files.Read(labels, pruner.ReadLabels)
			if err != nil {
				return err
			}
			h, f, err := encode.OpenHead(args[0], model.Int8)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			began := time.Now()
			g, err := pruner.Measure(cmd.Context(), h, f, l.Asked, nil)
			if err != nil {
				return err
			}
			r := prunerReport{g, time.Since(began).Seconds()}
			if asJSON {
				return c.JSON(r)
			}
			return c.printPruner(&r)
		},
	}
	cmd.Flags().StringVar(&labels, "labels", "", "file of labels, JSON Lines")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *Console) printPruner(r *prunerReport) error {
	for _, x := range []struct {
		what string
		r    pruner.Ranking
	}{{"passages", r.Passages}, {"sentences", r.Sentences}} {
		d := x.r.Difference
		if _, err := fmt.Fprintf(c.Out, "%s, %d questions: mean reciprocal rank %.4f by cosine, %.4f by MaxSim, %.4f by the head (%+.4f, 95%% of %+.4f to %+.4f)\n", x.what, x.r.Questions, x.r.Cosine, x.r.MaxSim, x.r.Head, d.Mean, d.Low, d.High); err != nil {
			return err
		}
	}
	for _, p := range r.Curve {
		if _, err := fmt.Fprintf(c.Out, "sentences below .%d go: %.1f%% of answers kept, %.1f%% of the text removed\n", int(10*p.Threshold+.5), 100*p.Answers, 100*p.Removed); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(c.Out, "%d questions in %.1f s\n", r.Questions, r.Seconds)
	return err
}
