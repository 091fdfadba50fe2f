package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/conversing"
	"github.com/tamis-search/tamis/cmd/tamis/showing"
	"github.com/tamis-search/tamis/engine"
)

// conversing are the commands that answer: ask, session.
func (a *app) conversing() []*cobra.Command {
	c := conversing.App{Out: a.out, Errs: a.errs, Progress: a.progress, Quiet: &a.quiet, JSON: a.printJSON, Warn: a.warn, Note: a.note,
		Open:   func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, false) },
		Budget: addBudget, Scope: addScope, Failed: budgetError, Hint: a.hintLanguage,
		Show: func(s *tamis.Surroundings) error { return showing.Print(a.out, []*tamis.Surroundings{s}) }}
	return []*cobra.Command{c.Ask(), c.Session()}
}

// addScope adds the flags of a scope, and returns what resolves them.
func addScope(f *pflag.FlagSet) func() (tamis.Scope, error) {
	s := &scope{}
	s.add(f)
	return func() (tamis.Scope, error) { return s.resolve(f) }
}
