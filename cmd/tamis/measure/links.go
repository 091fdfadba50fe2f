package measure

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/links"
)

func (c *Console) linksCommand() *cobra.Command {
	var (
		o      links.Options
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "links [--index DIR] [PATH...]",
		Short: "Measure whether the document that a name means is found",
		Long: `links asks for the documents that names mean, on links that people made in the documents
of an index, or of files and folders, which are indexed in memory for it: references of
manual pages (without the section), links of Markdown (their text alone), and names of Go
with their package. Beside it: what is called so, the words of the name, these with the
context.`,
		Example: "  tamis eval links --index .tamis --part 2\n" +
			"  tamis eval links docs",
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Most < 1 {
				return flags.Usagef("--cases %d: ask for at least one", o.Most)
			}
			if o.Part < 0 || o.Part > 2 {
				return flags.Usagef("--part is %d: use 0 for all links, 1 or 2 for every other one", o.Part)
			}
			ix, name, err := c.asked(cmd.Context(), &own{}, args)
			if err != nil {
				return err
			}
			defer ix.Close()
			report, err := links.Measure(cmd.Context(), ix, o)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Most, "cases", 400, "how many links of a kind are asked about at most")
	f.IntVar(&o.Part, "part", 0, "1 for the links in odd places alone, 2 for the others")
	f.BoolVar(&asJSON, "json", false, "print JSON, with some names whose document was not found")
	return cmd
}
