package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/watch"
)

// watched keeps an index in step with paths until ctx ends, and prints a line for each
// file that changed.
func (a *app) watched(ctx context.Context, ix *tamis.Index, model *encoding.Flag, folders *watch.Folders, paths []string, o tamis.FileOptions) error {
	a.note("watching %s; end it with Ctrl+C", strings.Join(paths, ", "))
	o.Changed = a.printChange
	for {
		c, err := folders.Next(ctx)
		if err != nil {
			if errors.Is(err, ctx.Err()) {
				return nil // that is how it ends
			}
			return err
		}
		o.Same = func(name string) bool { return !c.Has(read.PathOf(name)) }
		report, err := ix.AddFiles(ctx, paths, o)
		if err == nil {
			_, err = model.Index(ctx, ix, a.warn, nil)
		}
		if err != nil {
			return err
		}
		for _, s := range report.Skipped {
			file, _, _ := strings.Cut(s.Path, "!/")
			if c.Has(read.PathOf(file)) && !a.quiet {
				fmt.Fprintf(a.errs, "skipped %s: %s\n", receipt.Line(s.Path, s.Line), screen.Line(s.Reason))
			}
		}
	}
}

// passedOver are the folders that are not read: those of the walk, and the index.
func passedOver(index string) func(folder string) bool {
	index = absolutePath(index)
	return func(folder string) bool { return read.PassedOver(filepath.Base(folder)) || folder == index }
}

// printChange prints a line about a file.
func (a *app) printChange(c tamis.FileChange) {
	if a.quiet {
		return
	}
	what, n := "updated", c.Added+c.Updated+c.Removed
	switch {
	case c.From != "":
		what = "moved " + screen.Name(receipt.ShortPath(c.From)) + " to"
	case c.Added == n:
		what = "added"
	case c.Removed == n:
		what = "removed"
	}
	line := what + " " + screen.Name(receipt.ShortPath(c.Path))
	if n > 1 {
		line += fmt.Sprintf(" (documents: %d added, %d updated, %d removed)", c.Added, c.Updated, c.Removed)
	}
	fmt.Fprintln(a.out, line)
}
