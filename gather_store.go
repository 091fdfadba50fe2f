package tamis

import (
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
)

// snapshotReader is a gather.Reader over a snapshot.
type snapshotReader struct{ view *view }

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

// idf is the inverse document frequency of a term among the live passages.
func (r snapshotReader) idf(term string) float64 {
	st := r.view.Statistics(store.Passages, []string{term})
	return search.IDF(st.Rows, st.DF[0])
}

// passageText is a passage's text and its document's title.
func (r snapshotReader) passageText(row topk.Row) (title, text string, err error) {
	h, err := r.view.header(r.view.DocumentOf(row))
	if err != nil {
		return "", "", err
	}
	p := r.view.Passage(row)
	text, err = r.view.Text(h, p.Start, p.End)
	return h.Title, text, err
}
