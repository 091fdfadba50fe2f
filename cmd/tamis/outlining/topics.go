package outlining

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/about"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/internal/screen"
)

// Topics is tamis topics.
func (a *App) Topics() *cobra.Command {
	var (
		asJSON bool
		o      about.Options
		scope  func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:   "topics [--index DIR] [-n N] [--filter EXPR] [--json]",
		Short: "Show what an index is about: its topics, with documents that stand for them",
		Long: `topics groups the documents of an index by their words and shows the groups, the
largest first: the phrases that set a group apart, its share of the documents, the folder
where most of it lies, its words, and documents that are typical of it. No model is needed,
and the same index gives the same topics.

The beginning of each document is read, of an index with more than 20,000 documents every
second, third … one. --filter looks into one part: a folder, a type.`,
		Example: `  tamis topics
  tamis topics -n 5 --filter 'path ^ "reports/"'
  tamis topics --json | jq '.topics[].label'`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Topics < 0 || o.Topics > about.MostTopics || o.Topics == 0 && cmd.Flags().Changed("topics") {
				return flags.Usagef("--topics is %d: ask for 1 to %d", o.Topics, about.MostTopics)
			}
			seen, err := scope()
			if err != nil {
				return err
			}
			ix, err := a.Open(cmd.Context())
			if err != nil {
				return err
			}
			defer ix.Close()
			s, err := about.Of(cmd.Context(), ix, seen, o)
			if err != nil {
				return a.Failed(err)
			}
			return a.Paged(func(out io.Writer) error {
				if asJSON {
					return a.JSON(s)
				}
				return printTopics(out, s)
			})
		},
	}
	f := cmd.Flags()
	f.IntVarP(&o.Topics, "topics", "n", 0, "how many topics (default: by the number of documents, 12 at most)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	scope = a.Scope(f)
	return cmd
}

func printTopics(out io.Writer, s *about.Report) error {
	var b strings.Builder
	read := fmt.Sprintf("%d documents", s.Documents)
	if s.All > s.Documents {
		read = fmt.Sprintf("%d of %d documents", s.Documents, s.All)
	}
	fmt.Fprintf(&b, "%s, %d topics\n", read, len(s.Topics))
	for _, t := range s.Topics {
		share := fmt.Sprintf("%.0f %%", 100*t.Share)
		if t.Share < .01 {
			share = "< 1 %"
		}
		fmt.Fprintf(&b, "\n%s  %s\n", screen.Style(out, screen.Bold, screen.Line(t.Label)), screen.Style(out, screen.Dim, fmt.Sprintf("%d, %s", t.Documents, share)))
		fmt.Fprintf(&b, "  words    %s\n", screen.Line(strings.Join(t.Words, " ")))
		if t.Folder != "" {
			fmt.Fprintf(&b, "  folder   %s %s\n", screen.Name(receipt.ShortPath(t.Folder)), screen.Style(out, screen.Dim, fmt.Sprintf("%.0f %% of them", 100*t.FolderShare)))
		}
		for i, e := range t.Examples {
			head, title := "         ", ""
			if i == 0 {
				head = "such as  "
			}
			if e.Title != "" {
				title = "  " + screen.Line(ellipsis(oneLine(e.Title), 60))
			}
			fmt.Fprintf(&b, "  %s%s%s\n", head, screen.Style(out, screen.Cyan, screen.Name(receipt.ShortPath(e.ID))), title)
		}
	}
	_, err := fmt.Fprint(out, b.String())
	return err
}
