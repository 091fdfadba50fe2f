package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/packing"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
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
	p := packing.App{In: a.in, Note: a.note, Warn: a.warn, JSON: a.printJSON, Paged: a.paged, Text: a.printText, Context: a.printContext, Remember: a.remember,
		Open:   func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, false) },
		Budget: addBudget, Scope: addScope, Failed: budgetError, ScopeFailed: scopeError, Hint: a.hintLanguage, Nothing: errNothing}
	return p.Command()
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
