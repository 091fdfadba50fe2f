package opensearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tamis-search/tamis/engine/opensearch/records"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/around"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/search"
)

// Search is tamis.Index.Search. By words it is exact: what the cluster ranks best by the
// statistics that Options.Statistics names.
func (ix *Index) Search(ctx context.Context, q tamis.Query) (*tamis.Results, error) {
	begin := time.Now()
	q.K = cmp.Or(max(q.K, 0), 10)
	if q.K > mostHits {
		return nil, &tamis.InvalidError{Field: "k", Err: fmt.Errorf("k is %d; a cluster gives %d hits at most", q.K, mostHits)}
	}
	if q.K1 != 0 && q.K1 != 1.2 || q.B != 0 && q.B != .75 {
		return nil, engine.Lacks(engine.Parameters)
	}
	var res *tamis.Results
	// What reads more than once reads one moment.
	pin := q.Plan != "" || q.Fold || q.Rerank != nil || ix.used() != nil
	err := ix.ask(ctx, tamis.Scope{Filter: q.Filter, Groups: q.Groups}, pin, func(m *moment) (err error) {
		res, err = m.results(q)
		return err
	})
	if err != nil {
		return nil, err
	}
	res.TookMS = float64(time.Since(begin).Microseconds()) / 1000
	return res, nil
}

func (m *moment) results(q tamis.Query) (*tamis.Results, error) {
	ranking, err := m.ranking(q)
	if err != nil {
		return nil, err
	}
	ranked, err := ranking.Of(q)
	if err != nil {
		return nil, err
	}
	docs := ranked.Unit == tamis.Documents
	if q.Fold {
		ranked.Fold(&m.ix.analyzers, func(h topk.Hit) (string, error) {
			shown := h.Row
			if docs {
				shown = m.bestPassages([]topk.Row{h.Row}, ranked.Terms)[0]
			}
			hit, err := m.hit(h, shown, false)
			return hit.Text, err
		})
	}
	return ranked.Results(m.ctx, q, func(rows []topk.Hit) ([]tamis.Hit, error) {
		shown := make([]topk.Row, len(rows)) // the passage that each hit shows
		for i, r := range rows {
			shown[i] = r.Row
		}
		switch {
		case docs && !q.IDsOnly:
			shown = m.bestPassages(shown, ranked.Terms)
		case !q.IDsOnly:
			m.Ahead(shown) // those that came with their document
		}
		hits := []tamis.Hit{}
		for i, r := range rows {
			h, err := m.hit(r, shown[i], q.IDsOnly)
			if err != nil {
				return nil, err
			}
			h.Rank = i + 1
			hits = append(hits, h)
		}
		return hits, m.err
	})
}

// hit is the hit of a row, which shows a passage.
func (m *moment) hit(r topk.Hit, shown topk.Row, idsOnly bool) (tamis.Hit, error) {
	d := m.docs[r.Segment]
	if d == nil {
		return tamis.Hit{}, m.gone(r.Segment)
	}
	h := tamis.Hit{Doc: d.header.ID, End: d.header.Size, Score: r.Score}
	if idsOnly {
		return h, nil
	}
	h.Title, h.Path, h.Metadata = d.header.Title, d.header.Path, d.header.AllMetadata()
	if d.passages == 0 {
		return h, nil
	}
	p := m.Passage(shown)
	if m.err != nil {
		return h, m.err
	}
	kept := m.rows[shown]
	h.Start, h.End, h.Headings, h.Text, h.Place = p.Start, p.End, p.Headings, kept.text, kept.place
	return h, nil
}

// shownPassages is how many passages of a document are looked at for the one that its hit
// shows.
const shownPassages = 200

// bestPassages are those of documents that hold most terms of the query, the first of equals.
func (m *moment) bestPassages(docs []topk.Row, terms []search.Term) []topk.Row {
	best := map[int]topk.Row{}
	var all []int
	for _, d := range docs {
		best[d.Segment] = d
		all = append(all, d.Segment)
	}
	var held []query
	for _, t := range terms {
		held = append(held, query{"constant_score": query{"filter": query{"term": query{"t": termfreq.Of(t.Text)}}}})
	}
	if len(held) > 0 && len(docs) > 0 {
		filters := append(m.kind(records.PassageKind), query{"terms": query{"q": all}}, query{"range": query{"n": query{"lt": shownPassages}}})
		hits, err := m.top(query{"bool": query{"should": held, "minimum_should_match": 1, "filter": filters}}, len(docs), false, query{"collapse": query{"field": "q"}})
		m.err = cmp.Or(m.err, err)
		for _, h := range hits {
			best[h.Segment] = h.Row
		}
	}
	out := make([]topk.Row, len(docs))
	for i, d := range docs {
		out[i] = best[d.Segment]
	}
	m.Ahead(out)
	return out
}

// Context is tamis.Index.Context, of one moment of the cluster.
func (ix *Index) Context(ctx context.Context, question string, b tamis.Budget, options ...tamis.ContextOption) (*tamis.Context, error) {
	r, scope, err := tamis.Requested(question, b, ix.counter, options...)
	if err != nil {
		return nil, err
	}
	var c *tamis.Context
	err = ix.ask(ctx, scope, true, func(m *moment) (err error) {
		c, err = compose.Context(ctx, m, &ix.analyzers, r)
		return err
	})
	if err != nil {
		return nil, tamis.AsInvalid(err)
	}
	return c, nil
}

// Replay is tamis.Index.Replay.
func (ix *Index) Replay(ctx context.Context, receipt *tamis.Context, scope tamis.Scope) (string, error) {
	var text string
	err := ix.ask(ctx, scope, true, func(m *moment) (err error) {
		text, err = render.Replay(receipt, ix.counter, func(doc string) (render.Source, error) {
			_, d, err := m.found(doc)
			if err != nil {
				return render.Source{}, err
			}
			return render.Source{Text: d.Source, Path: d.Path}, nil
		})
		return err
	})
	return text, tamis.AsInvalid(err)
}

// found reads a document by its id.
func (m *moment) found(id string) (topk.Row, *corpus.Document, error) {
	row, err := m.Find(id)
	if errors.Is(err, tamis.ErrNotFound) {
		return row, nil, fmt.Errorf("there is no such document among those that may be seen here: %w", tamis.ErrNotFound)
	}
	if err != nil {
		return row, nil, err
	}
	d, err := m.source(row)
	return row, d, err
}

// Document is tamis.Index.Document.
func (ix *Index) Document(ctx context.Context, id string, scope tamis.Scope) (d *tamis.Document, err error) {
	err = ix.ask(ctx, scope, false, func(m *moment) (err error) {
		_, d, err = m.found(id)
		return err
	})
	return d, err
}

// Source is tamis.Index.Source.
func (ix *Index) Source(ctx context.Context, id string, scope tamis.Scope) (string, error) {
	d, err := ix.Document(ctx, id, scope)
	if err != nil {
		return "", err
	}
	return d.Source, nil
}

// Show is tamis.Index.Show.
func (ix *Index) Show(ctx context.Context, doc string, start, end, lines int, scope tamis.Scope) (*tamis.Surroundings, error) {
	return ix.show(ctx, doc, around.Range{Start: start, End: end}, lines, scope)
}

// ShowLine is tamis.Index.ShowLine.
func (ix *Index) ShowLine(ctx context.Context, doc string, line, lines int, scope tamis.Scope) (*tamis.Surroundings, error) {
	return ix.show(ctx, doc, around.Range{Of: around.Lines, Number: line}, lines, scope)
}

// ShowPage is tamis.Index.ShowPage.
func (ix *Index) ShowPage(ctx context.Context, doc string, page int, scope tamis.Scope) (*tamis.Surroundings, error) {
	return ix.show(ctx, doc, around.Range{Of: around.Pages, Number: page}, 0, scope)
}

func (ix *Index) show(ctx context.Context, doc string, r around.Range, lines int, scope tamis.Scope) (*tamis.Surroundings, error) {
	var s *tamis.Surroundings
	err := ix.ask(ctx, scope, false, func(m *moment) error {
		row, d, err := m.found(doc)
		if err != nil {
			return err
		}
		s, err = around.Show(d, func(at int) (corpus.Place, error) { return m.Place(row, at) }, r, lines)
		return err
	})
	return s, tamis.AsInvalid(err)
}

// Count is tamis.Index.Count.
func (ix *Index) Count(scope tamis.Scope) (documents, passages int, err error) {
	err = ix.ask(context.Background(), scope, false, func(m *moment) (err error) {
		if documents, err = m.count(records.DocumentKind); err == nil {
			passages, err = m.count(records.PassageKind)
		}
		return err
	})
	return documents, passages, err
}

func (m *moment) count(kind string) (int, error) {
	found, err := m.search(query{"size": 0, "track_total_hits": true, "query": query{"bool": query{"filter": m.kind(kind)}}}, false)
	if err != nil {
		return 0, err
	}
	return found.Hits.Total.Value, nil
}

// Documents is tamis.Index.Documents.
func (ix *Index) Documents(ctx context.Context, p tamis.Page, scope tamis.Scope) (list []tamis.Listed, next string, err error) {
	err = ix.ask(ctx, scope, false, func(m *moment) (err error) {
		list, next, err = m.documents(p)
		return err
	})
	return list, next, err
}

func (m *moment) documents(p tamis.Page) (list []tamis.Listed, next string, err error) {
	if p.Limit <= 0 {
		p.Limit = 100
	}
	p.Limit = min(p.Limit, mostHits-1)
	filters := m.kind(records.DocumentKind)
	if p.Prefix != "" {
		filters = append(filters, query{"prefix": query{"i": metadata.Cut(p.Prefix+" ", min(len(p.Prefix), records.MostID))}})
	}
	if p.After != "" {
		filters = append(filters, query{"range": query{"i": query{"gt": records.SortedID(p.After)}}})
	}
	found, err := m.search(query{
		"size": p.Limit + 1, "track_total_hits": false, "sort": []query{{"i": "asc"}},
		"query": query{"bool": query{"filter": filters}}, "_source": query{"excludes": []string{"x.b", "x.p", "x.v"}},
	}, false)
	if err != nil {
		return nil, "", err
	}
	for i := range found.Hits.Hits {
		h := found.Hits.Hits[i].Source.X.Doc.Header
		if h == nil {
			return nil, "", fmt.Errorf("index %q: %w", m.ix.name, records.ErrDamaged)
		}
		if len(list) == p.Limit {
			next = list[p.Limit-1].ID // there is more
			break
		}
		list = append(list, tamis.Listed{Document: *h.Document("", nil), Bytes: h.Size})
	}
	return list, next, nil
}

// Stats counts what a cluster counts; what only an embedded index has is 0.
func (ix *Index) Stats() (tamis.Stats, error) {
	ctx := context.Background()
	var st tamis.Stats
	var err error
	if st.Documents, st.Passages, err = ix.Count(tamis.Scope{}); err != nil {
		return st, err
	}
	w, err := ix.lookWords(ctx)
	if err != nil {
		return st, err
	}
	st.Analyzers, st.Similarity, st.Language = w.names, tamis.Similarity(ix.meta.Config.Similarity), ix.meta.Config.Language
	var answer struct {
		All struct {
			Primaries struct {
				Store struct {
					Bytes int64 `json:"size_in_bytes"`
				} `json:"store"`
				Docs struct {
					Deleted int `json:"deleted"`
				} `json:"docs"`
				Segments struct {
					Count int `json:"count"`
				} `json:"segments"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	err = ix.cluster.Do(ctx, "GET", "/"+ix.path+"/_stats/store,docs,segments", nil, &answer)
	st.StoreBytes, st.Deleted, st.Segments = answer.All.Primaries.Store.Bytes, answer.All.Primaries.Docs.Deleted, answer.All.Primaries.Segments.Count
	if err == nil {
		st.Vectors, err = ix.vectorStats(ctx)
	}
	return st, err
}

// vectorStats counts the records that have a vector of each field.
func (ix *Index) vectorStats(ctx context.Context) (list []tamis.VectorStats, err error) {
	fields, err := ix.fields.All(ctx)
	if err != nil {
		return nil, err
	}
	err = ix.ask(ctx, tamis.Scope{}, false, func(m *moment) error {
		list = nil
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			has := query{"bool": query{"filter": []query{{"term": query{"w": vectors.Property(name, fields[name].Kind)}}}}}
			found, err := m.search(query{"size": 0, "track_total_hits": true, "query": has}, false)
			if err != nil {
				return err
			}
			list = append(list, tamis.VectorStats{Field: name, VectorField: fields[name], Documents: found.Hits.Total.Value})
		}
		return nil
	})
	return list, err
}

// Has says whether the index can do something.
func (ix *Index) Has(c engine.Capability) bool {
	return c == engine.Vectors || c == engine.Plans || c == engine.Folding || c == engine.Dense && ix.plugin != "" || c == engine.Multi && vectors.Compares(ix.plugin)
}

var _ engine.Index = (*Index)(nil)
