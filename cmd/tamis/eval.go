package main

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/measure"
)

func (a *app) evalCommand() *cobra.Command {
	c := measure.Console{In: a.in, Out: a.out, Errs: a.errs, Progress: a.progress, Quiet: &a.quiet, JSON: a.printJSON, Index: a.indexPaths}
	return c.Command()
}
