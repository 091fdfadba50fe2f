package attending

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/attend"
)

// Experts is tamis eval experts.
func (c *Console) Experts() *cobra.Command {
	var (
		model  string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "experts --llm FILE.gguf|DIR QUESTION...",
		Short: "Which experts of a mixture questions use",
		Long: `experts has a mixture of experts read each question by itself, and counts which experts its tokens
take, layer by layer: shares, their entropy, and how far apart the shares of questions are (total
variation, the mean over layers). Those of a question's own even and odd tokens tell how much of that
is chance.`,
		Example: `  tamis eval experts --llm mixtral.gguf "which tables does the importer lock?" "who wrote the sonnets?"
  tamis eval experts --llm qwen3-moe --json "which tables does the importer lock?"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return flags.Usagef("give at least one QUESTION")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if model == "" {
				return flags.Usagef("give --llm, a mixture of experts")
			}
			d, done, err := open(model)
			if err != nil {
				return err
			}
			defer done()
			r, err := attend.Experts(cmd.Context(), d, args)
			if err != nil {
				return err
			}
			if asJSON {
				return c.JSON(r)
			}
			return r.WriteTable(c.Out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&model, "llm", "", "GGUF file or folder of a mixture of experts, #f32 behind it for exact products")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
