// Package outlining is tamis outline and tamis topics: what a long text is about, part by part,
// and what a whole index is about.
package outlining

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/cmd/tamis/showing"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
)

// App is what the commands need of the program.
type App struct {
	In    io.Reader
	JSON  func(v any) error // a value, indented
	Named func() bool       // whether --index was given
	Open  func(ctx context.Context) (engine.Index, error)
	// Scope adds the flags that say what is seen; what it returns reads them.
	Scope func(f *pflag.FlagSet) func() (tamis.Scope, error)
	// Failed says which of the flags of a scope an error is about.
	Failed func(err error) error
	// Paged shows what is printed a screen at a time, where somebody looks.
	Paged func(print func(out io.Writer) error) error
}

// outline is one document with its chapters.
type outline struct {
	Doc      string           `json:"doc"`
	Title    string           `json:"title"`
	Chapters []topics.Chapter `json:"chapters"`
}

// Outline is tamis outline.
func (a *App) Outline() *cobra.Command {
	var (
		asJSON bool
		scope  func() (tamis.Scope, error)
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
			docs, err := a.outlined(cmd, args[0], scope)
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
			return a.Paged(func(out io.Writer) error {
				if asJSON {
					return a.JSON(map[string]any{"documents": outlines})
				}
				for _, o := range outlines {
					if err := printOutline(out, o); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	scope = a.Scope(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// outlined are the documents of a file, or the one that the index has.
func (a *App) outlined(cmd *cobra.Command, name string, of func() (tamis.Scope, error)) (docs []*tamis.Document, err error) {
	_, missing := os.Stat(name)
	if !a.Named() && (name == "-" || missing == nil) {
		if cmd.Flags().Changed("filter") || cmd.Flags().Changed("as") {
			return nil, flags.Usagef("--filter and --as are for a document in an index: say which with --index")
		}
		r := read.New(read.Options{Stdin: a.In})
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
	seen, err := of()
	if err != nil {
		return nil, err
	}
	ix, err := a.Open(cmd.Context())
	if err != nil && !a.Named() {
		return nil, fmt.Errorf("no such file: %s, and no document: %w", screen.Name(name), err)
	} else if err != nil {
		return nil, err
	}
	defer ix.Close()
	d, err := showing.Document(cmd.Context(), ix, name, seen)
	return []*tamis.Document{d}, a.Failed(err)
}

func printOutline(out io.Writer, o outline) error {
	var b strings.Builder
	title := o.Title
	if title == "" {
		title = o.Doc
	}
	fmt.Fprintf(&b, "%s %s\n", screen.Style(out, screen.Bold, oneLine(title)), screen.Style(out, screen.Dim, screen.Name(receipt.ShortPath(o.Doc))))
	for _, c := range o.Chapters {
		indent := strings.Repeat("  ", c.Level)
		at := fmt.Sprintf("bytes %d-%d", c.Start, c.End)
		if c.Time != "" {
			at = c.Time + ", " + at
		}
		fmt.Fprintf(&b, "%s%s  %s\n", indent, screen.Style(out, screen.Cyan, oneLine(c.Title)), screen.Style(out, screen.Dim, at))
		if c.Found && c.Sentence != "" {
			fmt.Fprintf(&b, "%s  %s\n", indent, ellipsis(oneLine(c.Sentence), 100))
		}
	}
	_, err := fmt.Fprint(out, b.String())
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

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
