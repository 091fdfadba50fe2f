package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/internal/screen"
)

// outline is one document with its chapters.
type outline struct {
	Doc      string           `json:"doc"`
	Title    string           `json:"title"`
	Chapters []topics.Chapter `json:"chapters"`
}

func (a *app) outlineCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "outline FILE",
		Short: "Show the chapters of a long text or transcript",
		Long: `outline shows the chapters of a file: those that its headings make, the
declarations of source code, and, in a text without headings or a section that
is long, those that its topics make. A chapter found by its topic is named by
phrases of its own. No index is needed.`,
		Example: "  tamis outline meeting.txt\n  tamis outline --json handbook.md",
		Args:    flags.Exact("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var outlines []outline
			r := read.New(read.Options{Stdin: a.in})
			for f, err := range r.Files(args[0]) {
				if err != nil {
					return err
				}
				for d, err := range r.Documents(cmd.Context(), f) {
					if err != nil {
						return err
					}
					chapters, err := topics.OutlineOf(&d)
					if err != nil {
						return err
					}
					outlines = append(outlines, outline{d.ID, d.Title, chapters})
				}
			}
			return a.paged(func() error {
				if asJSON {
					return a.printJSON(map[string]any{"documents": outlines})
				}
				for _, o := range outlines {
					if err := a.printOutline(o); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printOutline(o outline) error {
	var b strings.Builder
	title := o.Title
	if title == "" {
		title = o.Doc
	}
	fmt.Fprintf(&b, "%s %s\n", a.bold(oneLine(title)), a.dim(screen.Name(receipt.ShortPath(o.Doc))))
	for _, c := range o.Chapters {
		indent := strings.Repeat("  ", c.Level)
		at := fmt.Sprintf("bytes %d-%d", c.Start, c.End)
		if c.Time != "" {
			at = c.Time + ", " + at
		}
		fmt.Fprintf(&b, "%s%s  %s\n", indent, a.cyan(oneLine(c.Title)), a.dim(at))
		if c.Found && c.Sentence != "" {
			fmt.Fprintf(&b, "%s  %s\n", indent, ellipsis(oneLine(c.Sentence), 100))
		}
	}
	_, err := fmt.Fprint(a.out, b.String())
	return err
}

// ellipsis shows at most n runes of s.
func ellipsis(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return strings.TrimSpace(string(runes[:n-1])) + "…"
}
