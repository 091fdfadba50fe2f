package tamis

import (
	"github.com/tamis-search/tamis/corpus/dates"
	"github.com/tamis-search/tamis/store"
)

// Dated says which days words of a document mean: see Options.Dates.
type Dated = dates.Mark

// dated are the marks of a part of a document.
func (ix *Index) dated(h *store.Header, text string, start int) []Dated {
	if !ix.store.Config().Dates {
		return nil
	}
	return dates.Marks(h.Document("", nil), text, start)
}

// setDates marks what the spans of a context mean.
func (ix *Index) setDates(v *store.Snapshot, c *Context) error {
	if !ix.store.Config().Dates {
		return nil
	}
	marks := make([][]Dated, len(c.Spans))
	for i, text := range c.Texts() {
		h, err := v.HeaderByID(c.Spans[i].Doc)
		if err != nil {
			return err
		}
		marks[i] = ix.dated(h, text, c.Spans[i].Start)
	}
	c.SetDates(marks)
	return nil
}
