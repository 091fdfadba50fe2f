// Package packing is tamis context: a question, or a range of a document, becomes a context
// with its receipt; a receipt becomes its text again.
package packing

import (
	"context"
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
	"github.com/tamis-search/tamis/cmd/tamis/showing"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
)

// App is what the command has of the program.
type App struct {
	In   io.Reader
	Open func(context.Context) (engine.Index, error)
	// Budget and Scope add flags.
	Budget func(*pflag.FlagSet, *tamis.Budget)
	Scope  func(*pflag.FlagSet) func() (tamis.Scope, error)
	// Failed and ScopeFailed tell wrong usage from failures.
	Failed      func(tamis.Budget, error) error
	ScopeFailed func(error) error
	Nothing     error // nothing was found
	Note, Warn  func(format string, args ...any)
	Hint        func(ix engine.Index, question string, seen tamis.Scope)
	JSON        func(v any) error
	Paged       func(print func() error) error
	Text        func(string) error
	Context     func(*tamis.Context) error
	Remember    func(*tamis.Context)
}

func addLayout(f *pflag.FlagSet, layout *tamis.Layout, guards *[]string, covers *bool) {
	f.BoolVar(covers, "until-covered", false, "the same as --cut covered: end when what can be covered of the question is")
	f.StringVar(&layout.Order, "order", "", "order of the documents: "+strings.Join(render.Orders(), ", "))
	f.StringVar(&layout.Render, "render", "", "form of the text: "+strings.Join(render.Renderings(), ", "))
	f.StringVar(&layout.Cut, "cut", "", "end before the budget is full, at the cost of evidence: "+strings.Join(pack.Cuts(), ", "))
	f.StringSliceVar(guards, "guards", unit.DefaultGuards(), "keep with a sentence what it needs to be understood, none or some of: "+strings.Join(unit.Guards(), ", "))
	f.StringVar(&layout.Unit, "unit", unit.Thought, "what is kept or left out whole: "+strings.Join(unit.Kinds(), ", "))
	f.Float64Var(&layout.MostOf, "most-of", 0, "keep at most this share of each document's candidates, such as 0.3")
	f.Float64Var(&layout.Shrink, "shrink", 0, "leave out this share of the words of each sentence, at the cost of answers, such as 0.3")
}

// asked is what the command line asks.
type asked struct {
	budget         tamis.Budget
	layout         tamis.Layout
	resolve        func() (tamis.Scope, error)
	replay, around string
	asJSON         bool
	all            bool // dropped units too
	covers         bool
	guards         []string
	sure           float64
	models         encoding.Asking
}

// Command is tamis context.
func (a *App) Command() *cobra.Command {
	q := &asked{}
	cmd := &cobra.Command{
		Use:   "context [--index DIR] [--budget N] [--tokenizer NAME] [--filter EXPR] [--as GROUP,...] QUESTION | --around DOC:LINE | --replay RECEIPT",
		Short: "Pack the few lines that answer a question, or that a line needs, into a token budget",
		Long: `context prints the exact sentences that answer a question, each run of them
labelled with its source, never more tokens than the budget. " …" stands where
something was left out between two of a source.

Standard output gets the text, byte for byte what the receipt's digest is of. On a
terminal the list of sources follows, else standard error gets it: documents with
their lines and headings. tamis show LABEL shows one in its surroundings.

The confidence at its end is an estimate, by words alone, that the text answers the
question: below 0.15 a line says so. With --require nothing is printed then, and the
exit code is 1; --require=0.5 asks for more.

With --around it prints, instead of an answer, what a sentence, a row or some lines of a
document need to be understood or translated: the range itself first, then what its "it"
and "this rule" refer to, where its acronyms, names and terms are introduced, in its
document or in others, the headings above it, the header of its table, the declaration
that a line of code stands in, the types of its variables, what comments and docstrings
say of the names that it uses, the sentence before. The range is DOC:LINE, DOC:L12-L14 (lines), or DOC:671-743 (bytes, as receipts and searches name them); a
sentence that it cuts is taken whole. The list of sources says why each was kept.

With --json it prints the receipt: every kept span with document, byte range and
digest, and the number and digest of the units that were scored and dropped;
with --dropped these too. --replay rebuilds the text from a receipt and the stored
sources, byte for byte, or says what has changed or was altered; --filter and
--as hold for it too.`,
		Example: `  tamis context --budget 500 "how are segments merged?"
  tamis context --around notes/backups.md:12 --budget 300
  tamis context --json "how are segments merged?" > receipt.json
  tamis context --replay receipt.json
  tamis show --receipt receipt.json 1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if q.replay != "" || q.around != "" {
				return flags.Exact()(cmd, args)
			}
			return flags.Exact("QUESTION")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, q, args) },
	}
	f := cmd.Flags()
	a.Budget(f, &q.budget)
	q.resolve = a.Scope(f)
	q.models.Add(f)
	addLayout(f, &q.layout, &q.guards, &q.covers)
	f.StringVar(&q.around, "around", "", "what this line or range of a document needs to be understood: DOC:LINE, DOC:L12-L14, or bytes DOC:START-END")
	f.Float64Var(&q.sure, "require", 0, "print nothing and exit 1 where the confidence is lower")
	f.Lookup("require").NoOptDefVal = fmt.Sprint(pack.Unsure)
	f.StringVar(&q.replay, "replay", "", "rebuild the text of this receipt (- for standard input)")
	f.BoolVar(&q.asJSON, "json", false, "print the receipt")
	f.BoolVar(&q.all, "dropped", false, "with --json: list what was scored and dropped, which is long")
	return cmd
}

func (a *App) run(cmd *cobra.Command, q *asked, args []string) error {
	seen, err := q.resolve()
	if err != nil {
		return err
	}
	if err := q.valid(cmd); err != nil {
		return err
	}
	ix, err := a.Open(cmd.Context())
	if err != nil {
		return err
	}
	defer ix.Close()
	switch {
	case q.replay != "":
		return a.replay(cmd, ix, q.replay, seen)
	case q.around != "":
		return a.needs(cmd, ix, q, seen)
	}
	by, done, err := q.models.Open(cmd.Context(), cmd.Flags(), ix, a.Warn)
	if err != nil {
		return err
	}
	defer done()
	c, err := ix.Context(cmd.Context(), args[0], q.budget, seen, q.layout, by)
	if err != nil {
		return a.Failed(q.budget, err)
	}
	a.Hint(ix, args[0], seen)
	if c.Confidence < q.sure && len(c.Spans) > 0 {
		return fmt.Errorf("the context may not answer the question: its confidence is %.2f, --require asks for %.2f; without --require it is printed", c.Confidence, q.sure)
	}
	return a.print(c, q)
}

// needs is --around.
func (a *App) needs(cmd *cobra.Command, ix engine.Index, q *asked, seen tamis.Scope) error {
	around, err := showing.Around(cmd.Context(), ix, q.around, seen)
	if err != nil {
		return a.ScopeFailed(err)
	}
	c, err := ix.Context(cmd.Context(), "", q.budget, seen, q.layout, around)
	if err != nil {
		var wrong *tamis.InvalidError
		if errors.As(err, &wrong) && wrong.Field == "range" {
			return err // a failure, as of a document that is not there
		}
		return a.Failed(q.budget, err)
	}
	return a.print(c, q)
}

func (q *asked) valid(cmd *cobra.Command) error {
	if q.replay != "" {
		if err := idle(cmd, "--replay, whose receipt says how the text was made", "replay", "filter", "as"); err != nil {
			return err
		}
	}
	if q.around != "" {
		if err := idle(cmd, "--around, which answers no question", "around", "filter", "as", "budget", "tokenizer", "render", "json", "dropped"); err != nil {
			return err
		}
	}
	if !(q.sure >= 0 && q.sure <= 1) {
		return flags.Usagef("--require %v: a confidence is between 0 and 1", q.sure)
	}
	if q.all && !q.asJSON {
		return flags.Usagef("--dropped means nothing without --json")
	}
	if q.layout.Guards = q.guards; slices.Equal(q.guards, []string{"none"}) {
		q.layout.Guards = []string{}
	}
	// A configuration may say what searches rank: documents, which are too large here.
	if !slices.Contains(unit.Kinds(), q.layout.Unit) && !cmd.Flags().Changed("unit") || q.layout.Unit == unit.Thought {
		q.layout.Unit = ""
	}
	if q.covers {
		q.layout.Cut = pack.CutCovered
	}
	return nil
}

// print prints a context, or its receipt with what was dropped on request,
// and says when it is to be doubted.
func (a *App) print(c *tamis.Context, q *asked) (err error) {
	if why := receipt.Doubt(c); why != "" {
		a.Note("%s", why)
	}
	if q.asJSON {
		err = a.Paged(func() error { return a.JSON(receipt.Of(c, q.all)) })
	} else {
		err = a.Paged(func() error { return a.Context(c) })
		a.Remember(c)
	}
	if err == nil && len(c.Spans) == 0 {
		err = a.Nothing
	}
	return err
}

// idle says which flags mean nothing beside another.
func idle(cmd *cobra.Command, beside string, but ...string) error {
	var names []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains(but, f.Name) {
			names = append(names, "--"+f.Name)
		}
	})
	if len(names) > 0 {
		return flags.Usagef("%s: means nothing with %s", strings.Join(names, ", "), beside)
	}
	return nil
}

func (a *App) replay(cmd *cobra.Command, ix engine.Index, file string, scope tamis.Scope) error {
	c, err := receipt.Read(file, a.In)
	if err != nil {
		return err
	}
	text, err := ix.Replay(cmd.Context(), c, scope)
	if err != nil {
		if scoped := a.ScopeFailed(err); scoped != err {
			return scoped
		}
		return fmt.Errorf("%s: %w", screen.Name(file), err)
	}
	return a.Paged(func() error { return a.Text(text) })
}
