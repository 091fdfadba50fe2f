package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/featuring"
	"github.com/tamis-search/tamis/cmd/tamis/training"
	"github.com/tamis-search/tamis/engine"
)

// featuring are the commands of features of vectors.
func (a *app) featuring() *featuring.App {
	return &featuring.App{JSON: a.printJSON, Note: a.note, Counting: a.counting, Scope: addScope, Failed: scopeError, Beside: a.featuresFile,
		Open:  func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, false) },
		Paged: func(print func(out io.Writer) error) error { return a.paged(func() error { return print(a.out) }) }}
}

// featuresFile is where the features of the index are kept; "" where it is in no folder.
func (a *app) featuresFile() string {
	if a.clustered() {
		return ""
	}
	return filepath.Clean(a.indexDir()) + ".features"
}

func (a *app) trainCommand() *cobra.Command {
	t := training.App{Out: a.out, Note: a.note, JSON: a.printJSON, Counting: a.counting,
		Open: func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, true) },
		Beside: func() string {
			if a.clustered() {
				return ""
			}
			return filepath.Clean(a.indexDir()) + ".model"
		}}
	cmd := t.Command()
	cmd.AddCommand(a.featuring().Train())
	return cmd
}
