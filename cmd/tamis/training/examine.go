package training

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

// examined is what eval pruner prints.
type examined struct {
	*pruner.Gain
	Seconds float64 `json:"seconds"`
}

// Examine is tamis eval pruner.
func (a *App) Examine() *cobra.Command {
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
			if labels == "" {
				return flags.Usagef("missing --labels FILE; see tamis eval pruner --help")
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
			r := examined{g, time.Since(began).Seconds()}
			if asJSON {
				return a.JSON(r)
			}
			return a.printExamined(&r)
		},
	}
	cmd.Flags().StringVar(&labels, "labels", "", "file of labels, JSON Lines")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) printExamined(r *examined) error {
	if err := a.printGain(r.Gain); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "%d questions in %.1f s\n", r.Questions, r.Seconds)
	return err
}
