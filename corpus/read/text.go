package read

import (
	"context"

	"github.com/tamis-search/tamis/corpus"
)

// readText leaves the finding of paragraphs to the splitter.
func readText(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	return nil
}
