// Package featuring is tamis features and tamis train features: features of the vectors of an
// index, with names, and searches steered along them.
package featuring

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/cmd/tamis/showing"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/train/features"
)

// App is what the commands need of the program.
type App struct {
	JSON func(v any) error // a value, indented
	Note func(format string, args ...any)
	Open func(ctx context.Context) (engine.Index, error)
	// Beside is the file that the features of the index are kept in, where none is named; ""
	// where the index is in no folder.
	Beside func() string
	// Scope adds the flags that say what is seen; what it returns reads them.
	Scope func(f *pflag.FlagSet) func() (tamis.Scope, error)
	// Failed says which of the flags of a scope an error is about.
	Failed func(err error) error
	// Paged shows what is printed a screen at a time, where somebody looks.
	Paged func(print func(out io.Writer) error) error
	// Counting shows how far a work is until end.
	Counting func(ctx context.Context, what string) (progress func(done, all int), end func(error))
}

// file is where features are kept.
func (a *App) file(named string) (string, error) {
	if at := cmp.Or(named, a.Beside()); at != "" {
		return at, nil
	}
	return "", flags.Usagef("the index is in no folder: name the file of features")
}

type listing struct {
	file, of, html string
	most           int
	asJSON         bool
	scope          func() (tamis.Scope, error)
}

// List is tamis features.
func (a *App) List() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "features [--index DIR] [--features FILE] [-n N] [--of DOC:LINE] [--html FILE] [QUERY | NUMBER]",
		Short: "Show the features of the index's vectors by their names, with passages that have them",
		Long: `features lists what tamis train features found: directions of the vectors of passages, named by
the terms that mark the passages in which they fire, with in how many passages that is. With a
QUERY those whose terms it has, with a NUMBER that one; both with the passages in which it fires
most, as receipts: document, line, bytes. --of says which features a passage has.

--html writes all of them as one page, with pictures, that needs nothing from elsewhere.

What features were learned from names them: who may not see these texts should not get the file.`,
		Example: `  tamis features
  tamis features "boundary layer"
  tamis features --of notes/backups.md:12
  tamis features --html features.html
  tamis features --json | jq '.features[].name'`,
		Args: flags.Exact("[QUERY]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.list(cmd.Context(), &l, strings.Join(args, " "))
		},
	}
	cmd.Args = cobra.MaximumNArgs(1)
	f := cmd.Flags()
	f.StringVar(&l.file, "features", "", "the file of features (default: the index with .features behind its name)")
	f.IntVarP(&l.most, "most", "n", 20, "how many are listed, 0 for all")
	f.StringVar(&l.of, "of", "", "the features of a passage: DOC:LINE or DOC:START-END")
	f.StringVar(&l.html, "html", "", "write the features as one HTML page to this file")
	f.BoolVar(&l.asJSON, "json", false, "print JSON")
	l.scope = a.Scope(f)
	return cmd
}

// detailed is a feature with its examples as the index has them.
type detailed struct {
	*features.Feature
	Examples []features.Receipt `json:"examples"`
}

func (a *App) list(ctx context.Context, l *listing, query string) (err error) {
	if l.most < 0 {
		return flags.Usagef("-n is %d: it must be at least 0", l.most)
	}
	if l.of != "" && (query != "" || l.html != "") {
		return flags.Usagef("--of is for a passage alone: leave out the query and --html")
	}
	seen, err := l.scope()
	if err != nil {
		return err
	}
	at, err := a.file(l.file)
	if err != nil {
		return err
	}
	s, err := features.Open(at)
	if err != nil {
		return err
	}
	ix, err := a.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ix.Close()) }()
	switch {
	case l.of != "":
		return a.of(ctx, ix, s, l, seen)
	case l.html != "":
		var b bytes.Buffer
		if err := s.WriteHTML(ctx, &b, ix, seen); err != nil {
			return a.Failed(err)
		}
		return replace.File(l.html, b.Bytes())
	}
	found := s.ByFrequency()
	if query != "" {
		if found, err = some(s, query); err != nil {
			return err
		}
	}
	all := len(found)
	if l.most > 0 {
		found = found[:min(len(found), l.most)]
	}
	var list []detailed
	for _, f := range found {
		x := detailed{Feature: f, Examples: []features.Receipt{}}
		if query != "" || l.asJSON {
			if x.Examples, err = features.Receipts(ctx, ix, f, seen); err != nil {
				return a.Failed(err)
			}
		}
		list = append(list, x)
	}
	return a.Paged(func(out io.Writer) error {
		if l.asJSON {
			return a.JSON(map[string]any{"field": s.Field, "learned": s.Learned, "count": all, "features": list})
		}
		return print(out, s, list, all)
	})
}

// some are the features of a query: that with its number, else those with its words.
func some(s *features.Set, query string) ([]*features.Feature, error) {
	found, err := s.Find(query)
	if err == nil && len(found) == 0 {
		var one *features.Feature
		if one, err = s.Named(query); err == nil {
			found = append(found, one)
		}
	}
	return found, err
}

func print(out io.Writer, s *features.Set, list []detailed, all int) error {
	var b strings.Builder
	l := s.Learned
	fmt.Fprintf(&b, "%d features of %s, %d dead; %.1f %% of the variance of passages held out; names tell where they fire with AUC %.3f (others' names %.3f)\n",
		len(s.Features), screen.Line(s.Field), l.Dead, 100*l.Unseen, l.Names.AUC, l.Names.Shuffled)
	for _, f := range list {
		name := cmp.Or(f.Name, "(no name)")
		fmt.Fprintf(&b, "%4d  %s  %s\n", f.Number, screen.Style(out, screen.Bold, screen.Line(name)), screen.Style(out, screen.Dim, fmt.Sprintf("%d passages, %.1f %%", f.Fires, 100*f.Share)))
		if len(f.Examples) == 0 {
			continue
		}
		var terms []string
		for _, t := range f.Terms {
			terms = append(terms, fmt.Sprintf("%s %.1f", t.Text, t.Weight))
		}
		fmt.Fprintf(&b, "      %s\n", screen.Line(strings.Join(terms, ", ")))
		for _, e := range f.Examples {
			fmt.Fprintf(&b, "      %s\n", where(out, e))
			if e.Text == "" {
				continue
			}
			said, err := s.Marked(f.Feature, ellipsis(e.Text, 300), func(w string) string { return screen.Style(out, screen.Bold, w) })
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "        %s\n", said)
		}
	}
	if all > len(list) {
		fmt.Fprintf(&b, "%d more: -n 0 lists all\n", all-len(list))
	}
	_, err := fmt.Fprint(out, b.String())
	return err
}

func where(out io.Writer, e features.Receipt) string {
	name := screen.Name(receipt.ShortPath(e.Doc))
	if e.Line > 0 {
		name += fmt.Sprintf(":%d", e.Line)
	}
	state := ""
	if e.Text == "" {
		state = ", not there or changed since"
	}
	return screen.Style(out, screen.Cyan, name) + "  " + screen.Style(out, screen.Dim, fmt.Sprintf("bytes %d-%d, %.3f%s", e.Start, e.End, e.Weight, state))
}

// of prints the features of a passage.
func (a *App) of(ctx context.Context, ix engine.Index, s *features.Set, l *listing, seen tamis.Scope) error {
	named, err := showing.Named(l.of, func() (*tamis.Context, error) {
		return nil, flags.Usagef("--of %s: name a document and a line or bytes, such as notes/backups.md:12", l.of)
	})
	if err != nil {
		return err
	}
	at, err := named[0].Find(ctx, ix, 0, seen)
	if err != nil {
		return a.Failed(err)
	}
	found, err := s.Of(ctx, ix, at.Doc, at.Start, seen)
	if err != nil {
		return a.Failed(err)
	}
	return a.Paged(func(out io.Writer) error {
		if l.asJSON {
			return a.JSON(map[string]any{"passages": found})
		}
		for _, p := range found {
			fmt.Fprintf(out, "%s  %s\n", screen.Style(out, screen.Cyan, screen.Name(receipt.ShortPath(p.Doc))), screen.Style(out, screen.Dim, fmt.Sprintf("bytes %d-%d", p.Start, p.End)))
			for _, f := range p.Features {
				if _, err := fmt.Fprintf(out, "%8.3f  %4d  %s\n", f.Weight, f.Number, screen.Line(cmp.Or(f.Name, "(no name)"))); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func ellipsis(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}
