package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/reviewing"
	"github.com/tamis-search/tamis/engine"
)

func (a *app) reviewCommand() *cobra.Command {
	r := reviewing.App{Out: a.out, Errs: a.errs, Quiet: &a.quiet, Note: a.note, Scope: addScope, Failed: budgetError,
		Open: func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, false) }}
	return r.Command()
}
