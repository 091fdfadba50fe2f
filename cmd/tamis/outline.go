package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/cmd/tamis/showing"
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
	var (
		asJSON bool
		scope  scope
	)
	cmd := &cobra.Command{
		Use:   "outline [--index DIR] DOC | FILE",
		Short: "Show the chapters of a long text or transcript",
		Long: `outline shows the chapters of a document: those that its headings make, the
declarations of source code, and, in a text without headings or a section that
is long, those that its topics make. A chapter found by its topic is named by
phrases of its own.

A file that is there is read, and no index is needed. Anything else, and with --index
everything, is the id or path of a document in the index.`,
		Example: `  tamis outline meeting.txt
  tamis outline --json handbook.md
  tamis outline --index ~/notes/.tamis handbook.md
  tamis outline --index opensearch://127.0.0.1:9200/notes --as staff minutes-2024`,
		Args: flags.Exact("DOC or FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			docs, err := a.outlined(cmd, args[0], &scope)
			if err != nil {
				return err
			}
			var outlines []outline
			for _, d := range docs {
				chapters, err := topics.OutlineOf(d)
				if err != nil {
					return err
				}
				outlines = append(outlines, outline{d.ID, d.Title, chapters})
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
	scope.add(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// outlined are the documents of a file, or the one that the index has.
func (a *app) outlined(cmd *cobra.Command, name string, of *scope) (docs []*tamis.Document, err error) {
	_, missing := os.Stat(name)
	if a.dir == "" && (name == "-" || missing == nil) {
		if cmd.Flags().Changed("filter") || cmd.Flags().Changed("as") {
			return nil, flags.Usagef("--filter and --as are for a document in an index: say which with --index")
		}
		r := read.New(read.Options{Stdin: a.in})
		for f, err := range r.Files(name) {
			if err != nil {
				return nil, err
			}
			for d, err := range r.Documents(cmd.Context(), f) {
				if err != nil {
					return nil, err
				}
				docs = append(docs, &d)
			}
		}
		return docs, nil
	}
	seen, err := of.resolve(cmd.Flags())
	if err != nil {
		return nil, err
	}
	ix, err := a.anyIndex(cmd.Context(), false)
	if err != nil && a.dir == "" {
		return nil, fmt.Errorf("no such file: %s, and no document: %w", screen.Name(name), err)
	} else if err != nil {
		return nil, err
	}
	defer ix.Close()
	d, err := showing.Document(cmd.Context(), ix, name, seen)
	return []*tamis.Document{d}, scopeError(err)
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
