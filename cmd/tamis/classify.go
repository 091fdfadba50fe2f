package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/classifying"
	"github.com/tamis-search/tamis/engine"
)

func (a *app) classifyCommand() *cobra.Command {
	open := func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, false) }
	seen := func(f *pflag.FlagSet) func() (tamis.Scope, error) {
		s := &scope{}
		s.add(f)
		return func() (tamis.Scope, error) { return s.resolve(f) }
	}
	c := classifying.App{Out: a.out, Warn: a.warn, JSON: a.printJSON, Open: open, Scope: seen}
	return c.Command()
}
