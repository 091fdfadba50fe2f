package render

import (
	"cmp"
	"slices"

	"github.com/tamis-search/tamis/pack/unit"
)

// The orders of documents in a context; within a document the order is always
// that of its source.
const (
	// Order, the default: documents by their best sentence, best first.
	Order = "best-document-first"
	// BestLast is the reverse: what was read last is remembered best.
	BestLast = "best-last"
	// BothEnds puts the best documents at the beginning and the end, the worst in
	// the middle, where models overlook most (Liu et al., TACL 2024).
	BothEnds = "both-ends"
	// DocumentOrder is the order in which documents were added to the index.
	DocumentOrder = "document-order"
	// StablePrefix is the order of document ids: it does not depend on the
	// question, so that contexts that share their first documents share a prefix
	// that a model's prompt cache knows.
	StablePrefix = "stable-prefix"
)

// Orders lists them.
func Orders() []string { return []string{Order, BestLast, BothEnds, DocumentOrder, StablePrefix} }

// Arrange puts documents, best first, into the named order.
func Arrange(order string, units *unit.Set, docs []int) {
	switch order {
	case BestLast:
		slices.Reverse(docs)
	case BothEnds:
		ends := make([]int, len(docs))
		for i, d := range docs {
			if i%2 == 0 {
				ends[i/2] = d
			} else {
				ends[len(docs)-1-i/2] = d
			}
		}
		copy(docs, ends)
	case DocumentOrder:
		slices.SortStableFunc(docs, func(a, b int) int {
			return cmp.Or(cmp.Compare(units.Docs[a].Place, units.Docs[b].Place), cmp.Compare(units.Docs[a].ID, units.Docs[b].ID))
		})
	case StablePrefix:
		slices.SortFunc(docs, func(a, b int) int { return cmp.Compare(units.Docs[a].ID, units.Docs[b].ID) })
	}
}
