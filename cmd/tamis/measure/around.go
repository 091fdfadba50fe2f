package measure

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/surroundings"
	"github.com/tamis-search/tamis/text/tokens"
)

func (c *Console) aroundCommand() *cobra.Command {
	var (
		budgets, tokenizer string
		most               int
		asJSON             bool
	)
	cmd := &cobra.Command{
		Use:   "around [--index DIR] [PATH...]",
		Short: "Measure what contexts around a line keep of what it needs",
		Long: `around measures tamis context --around over the documents of an index, or of files and
folders, which are indexed in memory for it, on lines whose need is known without a model:
what their acronyms stand for, what names are that title a document, the function that a
line of Go stands in and what it names (by Go's own parser), the header of a table, the
heading above, and for a sentence that begins with a pronoun a sentence that names what the
document is about. Beside it stands a window of the same budget: as many words on either
side as fit.`,
		Example: "  tamis eval around docs\n" +
			"  tamis eval around --index .tamis --budgets 128,512",
		RunE: func(cmd *cobra.Command, args []string) error {
			o := surroundings.Options{Most: most}
			var err error
			if o.Budgets, err = numbers(budgets); err != nil {
				return err
			}
			if most < 1 {
				return flags.Usagef("--cases %d: ask for at least one", most)
			}
			if o.Counter, err = tokens.New(tokenizer); err != nil {
				return flags.UsageError{Err: err}
			}
			ix, name, err := c.asked(cmd.Context(), &own{}, args)
			if err != nil {
				return err
			}
			defer ix.Close()
			report, err := surroundings.Measure(cmd.Context(), ix, o)
			if errors.Is(err, surroundings.ErrNone) {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err != nil {
				return err
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&budgets, "budgets", "100,200,400", "token budgets, comma-separated")
	f.IntVar(&most, "cases", 200, "how many lines of a kind are asked about at most")
	f.StringVar(&tokenizer, "tokenizer", "o200k_base", "what counts tokens")
	f.BoolVar(&asJSON, "json", false, "print JSON, with some lines whose need was not kept")
	return cmd
}
