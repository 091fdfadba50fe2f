package reading

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/internal/screen"
)

// Report prints what became of paths or vectors, and to errs what was not taken; paths that
// are not there are told apart, as a failure.
func Report(out, errs io.Writer, what string, r tamis.Report, missing []string) error {
	told := slices.DeleteFunc(slices.Clone(r.Skipped), func(s tamis.Skip) bool {
		return s.Line == 0 && slices.Contains(missing, screen.Name(receipt.ShortPath(s.Path)))
	})
	if err := Skipped(errs, told); err != nil {
		return err
	}
	const shown = 10
	for _, w := range r.Warnings[:min(len(r.Warnings), shown)] {
		fmt.Fprintf(errs, "warning: %s: %q %s (documents: %d)\n", receipt.Line(w.Path, w.Line), w.Key, screen.Line(w.Reason), w.Documents)
	}
	if n := len(r.Warnings) - shown; n > 0 {
		fmt.Fprintf(errs, "… and %d more warnings; --json lists them all\n", n)
	}
	parts := []string{fmt.Sprintf("%d added", r.Added), fmt.Sprintf("%d updated", r.Updated), fmt.Sprintf("%d unchanged", r.Unchanged),
		fmt.Sprintf("%d removed", r.Removed), fmt.Sprintf("%d skipped", len(r.Skipped))}
	_, err := fmt.Fprintln(out, what+strings.Join(parts, ", "))
	return err
}
