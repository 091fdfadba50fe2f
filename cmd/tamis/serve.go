package main

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/serving"
)

func (a *app) serveCommand() *cobra.Command {
	return serving.Command(serving.App{
		Out: a.out, Errs: a.errs, Terminal: a.progress != nil, Quiet: func() bool { return a.quiet },
		Index: a.indexDir, Elsewhere: a.elsewhere, Warn: a.warn, Version: version(), Linger: linger,
	})
}
