package opensearch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/tamis-search/tamis/engine/opensearch/records"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// rows are those of a moment as plans read them (lists.Rows).
type rows struct {
	*moment
	fields map[string]vector.Field // that are used
	wanted map[string]vector.Field
	terms  vector.Vocabulary // numbers of the terms of vectors
}

// Use is tamis.Index.Use.
func (ix *Index) Use(e tamis.Encoder) { ix.encoder.Store(&e) }

// Models is tamis.Index.Models; none where the cluster does not answer.
func (ix *Index) Models() map[string]string {
	models := map[string]string{}
	all, _ := ix.fields.All(context.Background())
	for name, f := range all {
		if f.Model != "" {
			models[name] = f.Model
		}
	}
	return models
}

// used is the Encoder that is in use; nil where there is none.
func (ix *Index) used() tamis.Encoder {
	if e := ix.encoder.Load(); e != nil {
		return *e
	}
	return nil
}

// rowsOf reads which fields of vectors there are.
func (m *moment) rowsOf() (*rows, error) {
	fields, err := m.ix.fields.All(m.ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := m.ix.fields.Said(m.ctx)
	return &rows{moment: m, fields: fields, wanted: wanted, terms: *vector.NewVocabulary()}, err
}

// ranking is what searches of the moment rank by.
func (m *moment) ranking(q tamis.Query) (*tamis.Ranking, error) {
	r := &tamis.Ranking{
		Rows:      &rows{moment: m},
		Terms:     func(question string) ([]search.Term, error) { return compose.Terms(m, &m.ix.analyzers, question) },
		Empty:     func() bool { return m.words.documents == 0 },
		Allowed:   m.knows,
		Analyzers: &m.ix.analyzers,
		Best: func(doc topk.Row, terms []search.Term) (topk.Row, error) {
			return m.bestPassages([]topk.Row{doc}, terms)[0], m.err
		},
	}
	if q.Vector == nil && q.Plan == "" && m.ix.used() == nil {
		return r, nil // words alone
	}
	of, err := m.rowsOf()
	if err != nil {
		return nil, err
	}
	r.Rows, r.Encoder, r.Fields = of, m.ix.used(), slices.Sorted(maps.Keys(of.wanted))
	return r, nil
}

// Header is that of lists.Rows.
func (r *rows) Header(doc topk.Row) (*record.Header, error) {
	d := r.docs[doc.Segment]
	if d == nil {
		return nil, r.gone(doc.Segment)
	}
	return d.header, nil
}

// Beginning is that of lists.Rows.
func (r *rows) Beginning(unit vector.Unit, row topk.Row, most int) (*record.Header, string, error) {
	h, err := r.Header(row)
	if err != nil {
		return nil, "", err
	}
	start, end := 0, min(h.Size, most)
	if unit == vector.Passages {
		p := r.Passage(row)
		start, end = p.Start, min(p.End, p.Start+most)
	}
	if r.err != nil {
		return nil, "", r.err
	}
	text, err := r.Text(topk.Row{Segment: row.Segment}, start, end)
	return h, text, err
}

// ranker asks the cluster for the best of a query.
type ranker struct {
	of     *moment
	query  func(k int) (query, error) // nil: nothing can be a hit
	global bool
	score  func(float32) float32 // that a score of the cluster stands for
	near   bool                  // not all are compared
	recall float32
}

// Rank is that of search.Ranker.
func (r ranker) Rank(_ context.Context, k int) (topk.Ranking, error) {
	out := topk.Ranking{Exact: !r.near, Recall: r.recall}
	asked, err := r.query(min(k, mostHits))
	if asked == nil || err != nil {
		return out, err
	}
	out.Hits, err = r.of.top(asked, k, r.global, nil)
	for i := range out.Hits {
		if r.score != nil {
			out.Hits[i].Score = r.score(out.Hits[i].Score)
		}
	}
	return out, err
}

// seen are the filters for records of a unit: all, or only some.
func (r *rows) seen(unit vector.Unit, only []topk.Row) []query {
	kind := records.DocumentKind
	if unit == vector.Passages {
		kind = records.PassageKind
	}
	filters := r.kind(kind)
	if only == nil {
		return filters
	}
	names := make([]string, len(only))
	for i, row := range only {
		if names[i] = strconv.Itoa(row.Segment); unit == vector.Passages {
			names[i] = records.RowOf(int64(row.Segment), int(row.Row))
		}
	}
	return append(filters, query{"terms": query{"r": names}})
}

// ByWords is that of lists.Rows.
func (r *rows) ByWords(unit vector.Unit, terms []search.Term, only []topk.Row) (search.Ranker, error) {
	field := "T"
	if unit == vector.Passages {
		field = "t"
	}
	asked := termfreq.Query(field, terms, r.seen(unit, only))
	return ranker{of: r.moment, global: true, recall: 1, query: func(int) (query, error) { return asked, nil }}, nil
}

// Frequencies is that of lists.Rows.
func (r *rows) Frequencies(unit vector.Unit, terms []string) ([]int, error) {
	of := r.DocumentStats
	if unit == vector.Passages {
		of = r.PassageStats
	}
	st, err := of(terms)
	return st.DF, err
}

// Field is that of lists.Rows.
func (r *rows) Field(name string) vector.Field {
	if f, ok := r.fields[name]; ok {
		return f
	}
	return r.wanted[name]
}

// Compared is that of lists.Rows.
func (r *rows) Compared(v vector.Value, field string) (vector.Value, error) {
	f, ok := r.fields[field]
	if !ok {
		return nil, nil
	}
	f.Bits = 0 // a query has all of its bits
	if err := f.Fits(v); err != nil {
		return nil, err
	}
	return r.numbered(f.Compared(v))
}

// numbered gives the terms of a vector by name the numbers that they have here.
func (r *rows) numbered(v vector.Value) (vector.Value, error) {
	named, ok := v.(vector.Named)
	if !ok {
		return v, nil
	}
	var terms []uint32
	var weights []float32
	for _, name := range slices.Sorted(maps.Keys(named)) {
		terms, weights = append(terms, r.terms.Add(name)), append(weights, named[name])
	}
	return vector.New(terms, weights)
}

// ByVector is that of lists.Rows.
func (r *rows) ByVector(v vector.Value, field string, recall float32, only []topk.Row) (search.Ranker, error) {
	f := r.fields[field]
	out := ranker{of: r.moment, recall: 1, score: func(s float32) float32 { return vectors.Score(f.Kind, s) }}
	filters := r.seen(f.Unit, only)
	if x, ok := v.(vector.Sparse); ok {
		named := make(vector.Named, x.Len())
		for i, t := range x.Terms {
			named[r.terms.Term(t)] = x.Weights[i]
		}
		v = named
	}
	out.query = func(int) (query, error) {
		if v == nil {
			return nil, nil
		}
		return vectors.Exact(field, f, v, filters)
	}
	if recall == 1 || only != nil || !r.ix.approximates(v) {
		return out, nil
	}
	look, measured, err := r.ix.calibrated(r, field, recall)
	if look == 0 || err != nil {
		return out, err
	}
	out.near, out.recall = true, measured
	out.query = func(k int) (query, error) { return vectors.Approximate(field, f, v, k, look, filters) }
	return out, nil
}

// approximates says whether there are approximate searches for vectors of that kind.
func (ix *Index) approximates(v vector.Value) bool {
	switch v.(type) {
	case vector.Dense:
		return true
	case vector.Named:
		return ix.meta.Seismic > 0
	}
	return false
}

// storedTogether is how many vectors are asked for at once.
const storedTogether = 500

// Stored is that of lists.Rows.
func (r *rows) Stored(field string, rows []topk.Row) ([]vector.Value, error) {
	f := r.fields[field]
	all := make([]vector.Value, len(rows))
	at := make(map[topk.Row]int, len(rows))
	for i, row := range rows {
		at[row] = i
	}
	for part := range slices.Chunk(rows, storedTogether) {
		found, err := r.withVectors(query{"bool": query{"filter": r.seen(f.Unit, part)}}, len(part))
		if err != nil {
			return nil, err
		}
		for _, h := range found {
			row := topk.Row{Segment: h.Source.Seq}
			if f.Unit == vector.Passages {
				row.Row = h.Source.N
			}
			s, ok := h.Source.X.Vectors[field]
			i, asked := at[row]
			if !ok || !asked {
				continue
			}
			if all[i], err = r.numbered(f.Compared(s.Value())); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// withVectors finds records with their vectors.
func (m *moment) withVectors(of query, k int) ([]hit, error) {
	found, err := m.search(query{
		"size": k, "track_total_hits": false, "query": of, "_source": []string{"k", "q", "n", "x.d", "x.s", "x.t", "x.v"},
	}, false)
	if err != nil {
		return nil, err
	}
	return found.Hits.Hits, nil
}

// VectorFields is tamis.Index.VectorFields.
func (ix *Index) VectorFields(ctx context.Context) (map[string]tamis.VectorField, error) {
	return ix.fields.Said(ctx)
}

// WantVectors is tamis.Index.WantVectors.
func (ix *Index) WantVectors(ctx context.Context, fields map[string]tamis.VectorField) error {
	return ix.fields.Want(ctx, fields)
}

// vectorsOf reads the vectors of a document and of its passages: those that it came with,
// and those that were attached to it.
func (m *moment) vectorsOf(doc topk.Row) (own, attached map[string]vector.Value, err error) {
	own, attached = map[string]vector.Value{}, map[string]vector.Value{}
	filters := []query{{"terms": query{"k": []string{records.DocumentKind, records.PassageKind}}}, {"term": query{"q": doc.Segment}}}
	for after := -2; ; {
		found, err := m.search(query{
			"size": 500, "track_total_hits": false, "query": query{"bool": query{"filter": filters}}, "_source": []string{"k", "n", "x.s", "x.t", "x.v"},
			"sort": []query{{"n": query{"order": "asc", "missing": -1}}}, "search_after": []int{after},
		}, false)
		if err != nil || len(found.Hits.Hits) == 0 {
			return own, attached, err
		}
		for _, h := range found.Hits.Hits {
			x := &h.Source.X
			after = max(after, int(h.Source.N))
			for name, s := range x.Vectors {
				all := own
				if s.Attached {
					all = attached
				}
				if h.Source.Kind == records.DocumentKind {
					all[name] = s.Value()
					continue
				}
				parts, _ := all[name].(vector.Parts)
				all[name] = append(parts, vector.Part{Start: x.Start, End: x.Start + len(x.Text), Vector: s.Value()})
			}
		}
	}
}

// Meaning is how near passages are to the question by the vectors that the index's
// Encoder made; nil where there are none.
func (m *moment) Meaning(ctx context.Context, question string) (gather.Meaning, error) {
	e := m.ix.used()
	if !tamis.WeighedInContexts(e) {
		return nil, nil
	}
	r, err := m.rowsOf()
	if err != nil {
		return nil, err
	}
	if _, ok := r.fields[e.Name()]; !ok {
		return nil, nil
	}
	made, err := encode.Question(ctx, e, question)
	if err != nil {
		return nil, fmt.Errorf("the question's vector: %w", err)
	}
	asked, ok := made.(vector.Dense).Unit()
	if !ok {
		return nil, nil
	}
	return func(ctx context.Context, of []topk.Row) ([]float32, error) {
		by, err := r.ByVector(asked, e.Name(), 1, of)
		if err != nil {
			return nil, err
		}
		return lists.Scores(ctx, by, of)
	}, nil
}

var _ lists.Rows = (*rows)(nil)
