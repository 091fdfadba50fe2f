package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
)

func addBudget(f *pflag.FlagSet, b *tamis.Budget) {
	f.IntVar(&b.Tokens, "budget", 1000, "most tokens of the context, labels included")
	f.StringVar(&b.Counter, "tokenizer", "o200k_base", "what counts tokens: o200k_base, cl100k_base, words or bytes")
}

// budgetError tells a wrong flag from a failure: a budget that is not positive
// is one, one that no sentence fits into is not.
func budgetError(b tamis.Budget, err error) error {
	err = scopeError(err)
	var wrong *tamis.InvalidError
	if errors.As(err, &wrong) && !errors.Is(err, tamis.ErrNoTerms) && (b.Tokens < 1 || !errors.Is(err, tamis.ErrBudget)) {
		return flags.UsageError{Err: err}
	}
	return err
}

func (a *app) contextCommand() *cobra.Command {
	var (
		budget tamis.Budget
		layout tamis.Layout
		seen   tamis.Scope
		replay string
		asJSON bool
		all    bool
		scope  scope
		covers bool
		guards []string
	)
	cmd := &cobra.Command{
		Use:   "context [--index DIR] [--budget N] [--tokenizer NAME] [--filter EXPR] [--as GROUP,...] QUESTION",
		Short: "Pack the few lines that answer a question into a token budget",
		Long: `context prints the exact sentences that answer a question, each run of them
labelled with its source, never more tokens than the budget. " …" stands where
something was left out between two of a source.

Standard output gets the text, byte for byte what the receipt's digest is of. On a
terminal the list of sources follows, else standard error gets it: documents with
their lines and headings. tamis show LABEL shows one in its surroundings.

With --json it prints the receipt: every kept span with document, byte range and
digest, and the number and digest of the units that were scored and dropped;
with --dropped these too. --replay rebuilds the text from a receipt and the stored
sources, byte for byte, or says what has changed or was altered; --filter and
--as hold for it too.`,
		Example: `  tamis context --budget 500 "how are segments merged?"
  tamis context --json "how are segments merged?" > receipt.json
  tamis context --replay receipt.json
  tamis show --receipt receipt.json 1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if replay != "" {
				return flags.Exact()(cmd, args)
			}
			return flags.Exact("QUESTION")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if seen, err = scope.resolve(cmd.Flags()); err != nil {
				return err
			}
			if err := onlyReplay(cmd, replay); err != nil {
				return err
			}
			if all && !asJSON {
				return flags.Usagef("--dropped means nothing without --json")
			}
			if layout.Guards = guards; slices.Equal(guards, []string{"none"}) {
				layout.Guards = []string{}
			}
			if covers {
				layout.Cut = pack.CutCovered
			}
			ix, err := a.openToRead(cmd.Context())
			if err != nil {
				return err
			}
			defer ix.Close()
			if replay != "" {
				return a.replay(cmd, ix, replay, seen)
			}
			c, err := ix.Context(cmd.Context(), args[0], budget, seen, layout)
			if err != nil {
				return budgetError(budget, err)
			}
			a.hintLanguage(ix, args[0], seen)
			if asJSON {
				err = a.paged(func() error { return a.printJSON(receiptOf(c, all)) })
			} else {
				err = a.paged(func() error { return a.printContext(c) })
				a.remember(c)
			}
			if err == nil && len(c.Spans) == 0 {
				err = errNothing
			}
			return err
		},
	}
	f := cmd.Flags()
	addBudget(f, &budget)
	scope.add(f)
	f.StringVar(&layout.Order, "order", "", "order of the documents: "+strings.Join(render.Orders(), ", "))
	f.StringVar(&layout.Render, "render", "", "form of the text: "+strings.Join(render.Renderings(), ", "))
	f.StringVar(&layout.Cut, "cut", "", "end before the budget is full, at the cost of evidence: "+strings.Join(pack.Cuts(), ", "))
	f.StringSliceVar(&guards, "guards", unit.DefaultGuards(), "keep with a sentence what it needs to be understood, none or some of: "+strings.Join(unit.Guards(), ", "))
	f.Float64Var(&layout.MostOf, "most-of", 0, "keep at most this share of each document's candidates, such as 0.3")
	f.Float64Var(&layout.Shrink, "shrink", 0, "leave out this share of the words of each sentence, at the cost of answers, such as 0.3")
	f.BoolVar(&covers, "until-covered", false, "the same as --cut covered: end when what can be covered of the question is")
	f.StringVar(&replay, "replay", "", "rebuild the text of this receipt (- for standard input)")
	f.BoolVar(&asJSON, "json", false, "print the receipt")
	f.BoolVar(&all, "dropped", false, "with --json: list what was scored and dropped, which is long")
	return cmd
}

// onlyReplay says which flags mean nothing beside --replay: a receipt says how its
// text was made.
func onlyReplay(cmd *cobra.Command, replay string) error {
	if replay == "" {
		return nil
	}
	var idle []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains([]string{"replay", "filter", "as"}, f.Name) {
			idle = append(idle, "--"+f.Name)
		}
	})
	if len(idle) > 0 {
		return flags.Usagef("%s: means nothing with --replay, whose receipt says how the text was made", strings.Join(idle, ", "))
	}
	return nil
}

// receipt is a context as it is printed: its number of drops always, the drops on
// request.
type receipt struct {
	*tamis.Context
	DroppedCount int            `json:"dropped_count"`
	Dropped      *[]render.Drop `json:"dropped,omitempty"`
}

func receiptOf(c *tamis.Context, dropped bool) receipt {
	r := receipt{Context: c, DroppedCount: c.DroppedCount}
	if dropped {
		r.Dropped = &c.Dropped
	}
	return r
}

// readReceipt reads a receipt from a file, or from standard input.
func (a *app) readReceipt(file string) (*tamis.Context, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(a.in)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var c tamis.Context
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s is not a receipt: %w", screen.Name(file), err)
	}
	if c.Digest == "" {
		return nil, fmt.Errorf("%s is not a receipt: it has no digest; make one with tamis context --json", screen.Name(file))
	}
	return &c, nil
}

func (a *app) replay(cmd *cobra.Command, ix *tamis.Index, file string, scope tamis.Scope) error {
	c, err := a.readReceipt(file)
	if err != nil {
		return err
	}
	text, err := ix.Replay(cmd.Context(), c, scope)
	if err != nil {
		if scoped := scopeError(err); scoped != err {
			return scoped
		}
		return fmt.Errorf("%s: %w", screen.Name(file), err)
	}
	return a.paged(func() error { return a.printText(text) })
}

// printText prints a context's text: its own bytes, and a line break on a
// terminal.
func (a *app) printText(text string) error {
	if a.terminal != nil {
		text += "\n"
	}
	_, err := io.WriteString(a.out, text)
	return err
}

// printContext prints the text and the sources: both to a terminal, else the text
// alone to standard output, which keeps the budget.
func (a *app) printContext(c *tamis.Context) error {
	if err := a.printText(c.Text); err != nil || len(c.Spans) == 0 || a.quiet {
		return err
	}
	w := a.out
	if a.terminal == nil {
		w = a.errs
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return a.printSources(w, c)
}

// printSources lists what the labels of a context stand for: for each run of
// ranges under one heading the document, the lines, or bytes where lines say
// little, and the heading.
func (a *app) printSources(w io.Writer, c *tamis.Context) error {
	form := "[%d]"
	if strings.Contains(c.Label, "%d") {
		form = c.Label // as the text has it
	}
	var b strings.Builder
	for i := 0; i < len(c.Spans); {
		s := &c.Spans[i]
		var lines, bytes []string
		for ; i < len(c.Spans) && c.Spans[i].Cite == s.Cite && c.Spans[i].Heading == s.Heading; i++ {
			if line := spot(c.Spans[i].Place); !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
			bytes = append(bytes, fmt.Sprintf("%d-%d", c.Spans[i].Start, c.Spans[i].End))
		}
		where, rest := at(shortPath(s.Doc), s.Doc, s.Path, s.Place), " bytes "+strings.Join(bytes, ", ")
		switch {
		case s.Place.Line > 0 && (s.Path == "" || s.Path == s.Doc):
			where, rest = screen.Name(shortPath(s.Doc))+":"+strings.Join(lines, ","), ""
		case s.Place.Line == 0 && spot(s.Place) != "":
			where, rest = screen.Name(shortPath(s.Doc))+" "+strings.Join(lines, ", "), ""
		}
		if s.Heading != "" {
			rest = "  " + oneLine(s.Heading) + rest
		}
		fmt.Fprintf(&b, form+" %s%s\n", s.Cite, screen.Style(w, screen.Cyan, where), rest)
	}
	if c.CutRecall > 0 {
		fmt.Fprintf(&b, "cut %s: measured to leave %.1f %% of the evidence that 2,000 tokens hold\n", c.Cut, 100*c.CutRecall)
	}
	fmt.Fprintln(&b, screen.Style(w, screen.Dim, fmt.Sprintf("%d of %d tokens (%s), %d units scored and dropped, receipt %s",
		c.Tokens, c.Budget, c.Tokenizer, c.DroppedCount, c.Digest[:min(12, len(c.Digest))])))
	_, err := io.WriteString(w, b.String())
	return err
}

// at names a document, shown as name, with the line where that is known, as
// editors and compilers do: path:LINE, or the record's id with its file's.
func at(name, doc, path string, p tamis.Place) string {
	switch {
	case p.Line == 0:
		return screen.Name(name)
	case path == "" || path == doc:
		return fmt.Sprintf("%s:%d", screen.Name(name), p.Line)
	}
	return fmt.Sprintf("%s (%s:%d)", screen.Name(name), screen.Name(shortPath(path)), p.Line)
}

// spot says where in its original a range begins, in the words of its format; ""
// where nothing is known.
func spot(p tamis.Place) string {
	switch {
	case p.Line > 0:
		return fmt.Sprint(p.Line)
	case p.Page > 0:
		return fmt.Sprintf("p. %d", p.Page)
	case p.Slide > 0:
		return fmt.Sprintf("slide %d", p.Slide)
	case p.Sheet != "" || p.Cell != "":
		return screen.Name(strings.Trim(p.Sheet+"!"+p.Cell, "!"))
	case p.Seconds != nil:
		return fmt.Sprintf("%d:%02d", int(*p.Seconds)/60, int(*p.Seconds)%60)
	}
	return ""
}

// shortPath shows a file below the working directory by its relative path.
func shortPath(doc string) string {
	wd, err := os.Getwd()
	if err == nil && filepath.IsAbs(doc) {
		if rel, err := filepath.Rel(wd, doc); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return doc
}
