package ingest

import (
	"fmt"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// Unfit says why a document cannot be added; "" where it can.
func Unfit(d *corpus.Document) string {
	switch {
	case d.ID == "":
		return "the document has no id"
	case !utf8.ValidString(d.ID):
		return "the id is not valid UTF-8"
	case !utf8.ValidString(d.Source) || !utf8.ValidString(d.Title):
		return "the text is not valid UTF-8"
	}
	for i, b := range d.Blocks {
		if b.Start < 0 || b.End < b.Start || b.End > len(d.Source) || i > 0 && b.Start < d.Blocks[i-1].End {
			return fmt.Sprintf("block %d has the range [%d, %d), which is not inside the text or not in order", i, b.Start, b.End)
		}
	}
	return ""
}

// Repeated says that an id came before in a run.
func Repeated(id string) string {
	return fmt.Sprintf("id %q came before in this run; the first stays", id)
}
