package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/outlining"
	"github.com/tamis-search/tamis/engine"
)

// outlining are the commands that say what texts are about: outline, topics.
func (a *app) outlining() []*cobra.Command {
	o := outlining.App{In: a.in, JSON: a.printJSON, Named: func() bool { return a.dir != "" }, Scope: addScope, Failed: scopeError,
		Open:  func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, false) },
		Paged: func(print func(out io.Writer) error) error { return a.paged(func() error { return print(a.out) }) }}
	return []*cobra.Command{o.Outline(), o.Topics()}
}
