package main

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/demo"
)

func (a *app) demoCommand() *cobra.Command {
	d := demo.App{Out: a.out, Dir: &a.dir, Index: a.indexPaths, Size: size}
	return d.Command()
}
