package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/training"
	"github.com/tamis-search/tamis/engine"
)

func (a *app) trainCommand() *cobra.Command {
	t := training.App{Out: a.out, Note: a.note, JSON: a.printJSON, Counting: a.counting,
		Open: func(ctx context.Context) (engine.Index, error) { return a.anyIndex(ctx, true) },
		Beside: func() string {
			if a.clustered() {
				return ""
			}
			return filepath.Clean(a.indexDir()) + ".model"
		}}
	return t.Command()
}
