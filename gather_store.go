package tamis

import (
	"context"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
)

// snapshotReader is a compose.Index over a snapshot.
type snapshotReader struct {
	ix   *Index
	view *view
}

func (r snapshotReader) BestPassages(terms []search.Term, k int) []topk.Hit {
	return r.view.topK(store.Passages, terms, k)
}

func (r snapshotReader) BestDocuments(terms []search.Term, k int) []topk.Hit {
	return r.view.topK(store.Documents, terms, k)
}

func (r snapshotReader) Titled(terms []string) []topk.Row { return r.view.FindTitle(terms) }

func (r snapshotReader) DocumentOf(passage topk.Row) topk.Row {
	return r.view.DocumentOf(passage)
}

func (r snapshotReader) PassageRows(doc topk.Row) (first, end uint32) {
	return r.view.PassageRows(doc)
}

func (r snapshotReader) Header(doc topk.Row) (gather.Header, error) {
	h, err := r.view.header(doc)
	if err != nil {
		return gather.Header{}, err
	}
	return gather.Header{ID: h.ID, Path: h.Path, Title: h.Title, Type: h.Type, Role: h.Role, Analyzer: h.Analyzer, Place: r.view.Ordinal(doc)}, nil
}

func (r snapshotReader) Passage(row topk.Row) corpus.Passage {
	return r.view.Passage(row)
}

func (r snapshotReader) Text(doc topk.Row, start, end int) (string, error) {
	h, err := r.view.header(doc)
	if err != nil {
		return "", err
	}
	return r.view.Text(h, start, end)
}

func (r snapshotReader) Ahead([]topk.Row) {}

func (r snapshotReader) Err() error { return nil }

func (r snapshotReader) Analyzers() []string { return r.view.Analyzers() }

func (r snapshotReader) IsCommon(analyzer string) bool { return r.view.IsCommon(analyzer) }

func (r snapshotReader) PassageStats(terms []string) (search.Stats, error) {
	return search.Stats(r.view.Statistics(store.Passages, terms)), nil
}

func (r snapshotReader) DocumentStats(terms []string) (search.Stats, error) {
	return search.Stats(r.view.Statistics(store.Documents, terms)), nil
}

func (r snapshotReader) Find(id string) (topk.Row, error) { return r.view.Find(id) }

func (r snapshotReader) Place(doc topk.Row, at int) (Place, error) {
	h, err := r.view.header(doc)
	if err != nil {
		return Place{}, err
	}
	return r.view.Place(h, at)
}

func (r snapshotReader) Incomplete() int { return r.view.Incomplete() }

func (r snapshotReader) Meaning(ctx context.Context, question string) (gather.Meaning, error) {
	return r.ix.meaning(ctx, r.view, question)
}
