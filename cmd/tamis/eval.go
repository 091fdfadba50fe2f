package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/attending"
	"github.com/tamis-search/tamis/cmd/tamis/measure"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/cmd/tamis/shaping"
	"github.com/tamis-search/tamis/cmd/tamis/training"
	"github.com/tamis-search/tamis/engine"
)

func (a *app) evalCommand() *cobra.Command {
	open := func(ctx context.Context) (engine.Index, string, error) {
		ix, err := a.anyIndex(ctx, false)
		return ix, receipt.ShortPath(absolutePath(a.indexDir())), err
	}
	c := measure.Console{In: a.in, Out: a.out, Errs: a.errs, Progress: a.progress, Quiet: &a.quiet, JSON: a.printJSON, Index: a.indexPaths, Open: open}
	cmd := c.Command()
	shapes := &shaping.Console{Out: a.out, Progress: a.progress, JSON: a.printJSON}
	cmd.AddCommand(shapes.Command(), shapes.Steering())
	attention := &attending.Console{Out: a.out, Progress: a.progress, JSON: a.printJSON}
	cmd.AddCommand(attention.Command(), attention.Ring(), attention.Experts(), attention.Lens(), attention.Rules())
	cmd.AddCommand((&training.App{Out: a.out, JSON: a.printJSON}).Examine())
	cmd.AddCommand(a.streaming().Measure())
	return cmd
}
