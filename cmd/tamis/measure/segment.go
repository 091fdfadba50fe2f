package measure

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/segmentation"
)

func (c *Console) segmentCommand() *cobra.Command {
	var (
		documents string
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "segment --documents F",
		Short: "Compare topical segments with those that people made",
		Long: `segment divides each document into topical segments and compares them with those
that people made: Pk and WindowDiff (0 is perfect), boundary similarity (1 is
perfect), means over documents, beside TextTiling, C99, and divisions by lot, in
equal parts and into none. By lot and equal parts know the number of segments.`,
		Example: "  tamis eval segment --documents documents.jsonl.gz --json",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "documents"); err != nil {
				return err
			}
			docs, err := files.Read(documents, segmentation.Read)
			if err != nil {
				return err
			}
			report, err := segmentation.Measure(docs)
			if err != nil {
				return err
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&documents, "documents", "", "documents, JSON Lines of id, title, sentences, boundaries")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
