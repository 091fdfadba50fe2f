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
		return usageError{err}
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
		scope  scope
		covers bool
		guards []string
	)
	cmd := &cobra.Command{
		Use:   "context [--index DIR] [--budget N] [--tokenizer NAME] [--filter EXPR] [--as GROUP,...] QUESTION",
		Short: "Pack the few lines that answer a question into a token budget",
		Long: `context prints the exact sentences that answer a question, each run of them
labelled with its source, never more tokens than the budget.

With --json it prints the receipt: every kept span with document, byte range and
digest, and every unit that was scored and dropped. --replay rebuilds the text
from a receipt and the stored sources, byte for byte, or says what has changed
or was altered; --filter and --as hold for it too.`,
		Example: `  tamis context --budget 500 "how are segments merged?"
  tamis context --json "how are segments merged?" > receipt.json
  tamis context --replay receipt.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if replay != "" {
				return exact()(cmd, args)
			}
			return exact("QUESTION")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if seen.Filter, seen.Groups, err = scope.resolve(cmd.Flags()); err != nil {
				return err
			}
			if err := onlyReplay(cmd, replay); err != nil {
				return err
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
				return a.printJSON(c)
			}
			return a.printContext(c)
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
		return usagef("%s: means nothing with --replay, whose receipt says how the text was made", strings.Join(idle, ", "))
	}
	return nil
}

func (a *app) replay(cmd *cobra.Command, ix *tamis.Index, file string, scope tamis.Scope) error {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(a.in)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return err
	}
	var receipt tamis.Context
	if err := json.Unmarshal(data, &receipt); err != nil {
		return fmt.Errorf("%s is not a receipt: %w", file, err)
	}
	if receipt.Digest == "" {
		return fmt.Errorf("%s is not a receipt: it has no digest; make one with tamis context --json", file)
	}
	text, err := ix.Replay(cmd.Context(), &receipt, scope)
	if err != nil {
		if scoped := scopeError(err); scoped != err {
			return scoped
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	_, err = io.WriteString(a.out, text)
	return err
}

func (a *app) printContext(c *tamis.Context) error {
	if len(c.Spans) == 0 {
		return errors.New("nothing in the index answers this question")
	}
	if _, err := fmt.Fprintf(a.out, "%s\n\n", c.Text); err != nil {
		return err
	}
	return a.printSources(c)
}

// printSources lists what the labels of a context stand for.
func (a *app) printSources(c *tamis.Context) error {
	form := "[%d]"
	if strings.Contains(c.Label, "%d") {
		form = c.Label // as the text has it
	}
	var lines []string
	last := 0
	for _, s := range c.Spans {
		bytes := fmt.Sprintf("%d-%d", s.Start, s.End)
		if s.Cite == last {
			lines[len(lines)-1] += ", " + bytes
			continue
		}
		last = s.Cite
		lines = append(lines, fmt.Sprintf(form+" %s bytes %s", s.Cite, style(a.out, cyan, at(shortPath(s.Doc), s.Doc, s.Path, s.Place)), bytes))
	}
	if c.CutRecall > 0 {
		lines = append(lines, fmt.Sprintf("cut %s: measured to leave %.1f %% of the evidence that 2,000 tokens hold", c.Cut, 100*c.CutRecall))
	}
	_, err := fmt.Fprintf(a.out, "%s\n%s\n", strings.Join(lines, "\n"),
		style(a.out, dim, fmt.Sprintf("%d of %d tokens (%s), %d units scored and dropped, receipt %s",
			c.Tokens, c.Budget, c.Tokenizer, len(c.Dropped), c.Digest[:min(12, len(c.Digest))])))
	return err
}

// at names a document, shown as name, with the line where that is known, as
// editors and compilers do: path:LINE, or the record's id with its file's.
func at(name, doc, path string, p tamis.Place) string {
	switch {
	case p.Line == 0:
		return name
	case path == "" || path == doc:
		return fmt.Sprintf("%s:%d", name, p.Line)
	}
	return fmt.Sprintf("%s (%s:%d)", name, shortPath(path), p.Line)
}

// shortPath shows a file below the working directory by its relative path.
func shortPath(doc string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(doc) {
		return doc
	}
	rel, err := filepath.Rel(wd, doc)
	if err != nil || strings.HasPrefix(rel, "..") {
		return doc
	}
	return rel
}
