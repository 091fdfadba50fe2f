package serving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/watch"
)

// Watcher keeps an index in step with files and folders.
type Watcher struct {
	Paths   []string
	Options tamis.FileOptions
	// Index lends the index for one round of changes.
	Index func(ctx context.Context, do func(engine.Index) error) error
	// Encode gives what was added vectors.
	Encode func(context.Context, engine.Index) error
	// Out gets a line for each file that changed, Errs one for each that was skipped.
	Out, Errs io.Writer

	folders *watch.Folders
	state   *state
}

// Open begins to watch: what changes from now on is told to Run. Folders that the walk
// passes over are, and the index.
func (w *Watcher) Open(index string) (err error) {
	if abs, err := filepath.Abs(index); err == nil {
		index = abs
	}
	w.folders, err = watch.New(w.Paths, func(folder string) bool { return read.PassedOver(filepath.Base(folder)) || folder == index })
	if err != nil {
		return fmt.Errorf("--watch: %w", err)
	}
	return nil
}

// Close ends watching.
func (w *Watcher) Close() error { return w.folders.Close() }

// Run brings changes in until ctx ends; that is no error.
func (w *Watcher) Run(ctx context.Context) error {
	o := w.Options
	o.Changed = w.print
	for {
		c, err := w.folders.Next(ctx)
		if err != nil {
			if errors.Is(err, ctx.Err()) {
				return nil // that is how it ends
			}
			return err
		}
		o.Same = func(name string) bool { return !c.Has(read.PathOf(name)) }
		var report tamis.Report
		w.state.begins()
		err = w.Index(ctx, func(ix engine.Index) (err error) {
			if report, err = engine.AddFiles(ctx, ix, w.Paths, o); err != nil {
				return err
			}
			if n := report.Added + report.Updated + report.Removed; n > 0 && !engine.Has(ix, engine.Files) {
				fmt.Fprintf(w.Out, "documents: %d added, %d updated, %d removed\n", report.Added, report.Updated, report.Removed)
			}
			return w.Encode(ctx, ix)
		})
		if err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return nil
			}
			return err
		}
		w.state.ends(report)
		for _, s := range report.Skipped {
			file, _, _ := strings.Cut(s.Path, "!/")
			if c.Has(read.PathOf(file)) {
				fmt.Fprintf(w.Errs, "skipped %s: %s\n", receipt.Line(s.Path, s.Line), screen.Line(s.Reason))
			}
		}
	}
}

// print prints a line about a file.
func (w *Watcher) print(c tamis.FileChange) {
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
	fmt.Fprintln(w.Out, line)
}
