package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
)

func addBudget(f *pflag.FlagSet, b *tamis.Budget) {
	f.IntVar(&b.Tokens, "budget", 1000, "most tokens of the context, labels included")
	f.StringVar(&b.Counter, "tokenizer", "o200k_base", "what counts tokens: o200k_base, cl100k_base, words or bytes")
}

func addLayout(f *pflag.FlagSet, layout *tamis.Layout, guards *[]string, covers *bool) {
	f.BoolVar(covers, "until-covered", false, "the same as --cut covered: end when what can be covered of the question is")
	f.StringVar(&layout.Order, "order", "", "order of the documents: "+strings.Join(render.Orders(), ", "))
	f.StringVar(&layout.Render, "render", "", "form of the text: "+strings.Join(render.Renderings(), ", "))
	f.StringVar(&layout.Cut, "cut", "", "end before the budget is full, at the cost of evidence: "+strings.Join(pack.Cuts(), ", "))
	f.StringSliceVar(guards, "guards", unit.DefaultGuards(), "keep with a sentence what it needs to be understood, none or some of: "+strings.Join(unit.Guards(), ", "))
	f.Float64Var(&layout.MostOf, "most-of", 0, "keep at most this share of each document's candidates, such as 0.3")
	f.Float64Var(&layout.Shrink, "shrink", 0, "leave out this share of the words of each sentence, at the cost of answers, such as 0.3")
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
		sure   float64
		models encoding.Asking
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

The confidence at its end is an estimate, by words alone, that the text answers the
question: below 0.15 a line says so. With --require nothing is printed then, and the
exit code is 1; --require=0.5 asks for more.

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
			if !(sure >= 0 && sure <= 1) {
				return flags.Usagef("--require %v: a confidence is between 0 and 1", sure)
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
			ix, err := a.anyIndex(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer ix.Close()
			if replay != "" {
				return a.replay(cmd, ix, replay, seen)
			}
			by, done, err := models.Open(cmd.Context(), cmd.Flags(), ix, a.warn)
			if err != nil {
				return err
			}
			defer done()
			c, err := ix.Context(cmd.Context(), args[0], budget, seen, layout, by)
			if err != nil {
				return budgetError(budget, err)
			}
			a.hintLanguage(ix, args[0], seen)
			if c.Confidence < sure && len(c.Spans) > 0 {
				return fmt.Errorf("the context may not answer the question: its confidence is %.2f, --require asks for %.2f; without --require it is printed", c.Confidence, sure)
			}
			return a.printReceipt(c, asJSON, all)
		},
	}
	f := cmd.Flags()
	addBudget(f, &budget)
	scope.add(f)
	models.Add(f)
	addLayout(f, &layout, &guards, &covers)
	f.Float64Var(&sure, "require", 0, "print nothing and exit 1 where the confidence is lower")
	f.Lookup("require").NoOptDefVal = fmt.Sprint(pack.Unsure)
	f.StringVar(&replay, "replay", "", "rebuild the text of this receipt (- for standard input)")
	f.BoolVar(&asJSON, "json", false, "print the receipt")
	f.BoolVar(&all, "dropped", false, "with --json: list what was scored and dropped, which is long")
	return cmd
}

// printReceipt prints a context, or its receipt with what was dropped on request,
// and says when it is to be doubted.
func (a *app) printReceipt(c *tamis.Context, asJSON, dropped bool) (err error) {
	if why := receipt.Doubt(c); why != "" {
		a.note("%s", why)
	}
	if asJSON {
		err = a.paged(func() error { return a.printJSON(receipt.Of(c, dropped)) })
	} else {
		err = a.paged(func() error { return a.printContext(c) })
		a.remember(c)
	}
	if err == nil && len(c.Spans) == 0 {
		err = errNothing
	}
	return err
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

func (a *app) replay(cmd *cobra.Command, ix engine.Index, file string, scope tamis.Scope) error {
	c, err := receipt.Read(file, a.in)
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
	return receipt.Sources(w, c)
}
