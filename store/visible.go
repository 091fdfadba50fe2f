package store

import "github.com/tamis-search/tamis/filter"

// Passes says whether a document passes a filter, as Snapshot.Filtered says it
// of all.
func (h *Header) Passes(e *filter.Expr) bool { return e.Match(metadataOf(h.document("", nil))) }
