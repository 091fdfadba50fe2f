package opensearch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store/record"
)

// moment is the index as one question reads it, at a point in time of the cluster and
// as far as the asker may see it. It is a compose.Index: the row of a passage has the
// sequence number of its document for a segment and its own number for a row, that of a
// document row 0.
type moment struct {
	ix      *Index
	ctx     context.Context
	pit     string  // "": every read is of its own moment
	filters []query // what may be seen, and what was asked for
	words   words
	docs    map[int]*document
	rows    map[topk.Row]*passage
	err     error
}

// document is what is known of a document.
type document struct {
	header         *record.Header
	passages       int
	blocks, places []byte
	whole          bool // blocks and places are known
}

type passage struct {
	corpus.Passage
	text  string
	place corpus.Place
}

// keepAlive is how long the cluster keeps a moment that nobody reads.
const keepAlive = "2m"

// ask reads a moment for somebody who sees the scope: with pin, all reads are of one. Where
// that is lost while it is read, as with a node that had a part of it, or a document is
// changed under the hands, do is called again for a new one.
func (ix *Index) ask(ctx context.Context, scope tamis.Scope, pin bool, do func(m *moment) error) error {
	until := time.Now().Add(ix.cluster.Patience)
	for wait := client.FirstWait; ; wait = min(2*wait, client.MostWait) {
		m, err := ix.moment(ctx, scope, pin)
		if err == nil {
			err = do(m)
			err = cmp.Or(m.err, err)
			m.end()
		}
		if err == nil || ctx.Err() != nil || !lost(err) || time.Now().Add(wait).After(until) {
			return err
		}
		if err := client.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// lost says that another moment may be read where this one could not.
func lost(err error) bool {
	var e *client.Error
	if errors.As(err, &e) {
		return client.Busy(e.Status) || e.Type == "search_context_missing_exception"
	}
	return errors.Is(err, errGone) || errors.Is(err, client.ErrUnreached)
}

// moment begins to read; end ends it.
func (ix *Index) moment(ctx context.Context, scope tamis.Scope, pin bool) (*moment, error) {
	m := &moment{ix: ix, ctx: ctx, docs: map[int]*document{}, rows: map[topk.Row]*passage{}}
	visible, asked, err := scope.Filters()
	if err != nil {
		return nil, err
	}
	if m.words, err = ix.lookWords(ctx); err != nil {
		return nil, err
	}
	if visible != nil {
		q, err := metadata.Query(visible)
		if err != nil {
			return nil, err
		}
		m.filters = append(m.filters, q)
	}
	if asked != nil {
		if err := m.knows(asked); err != nil {
			return nil, err
		}
		q, err := metadata.Query(asked)
		if err != nil {
			return nil, &tamis.InvalidError{Field: "filter", Err: err}
		}
		m.filters = append(m.filters, q)
	}
	if pin {
		var answer struct {
			ID string `json:"pit_id"`
		}
		if err := ix.cluster.Do(ctx, http.MethodPost, "/"+ix.path+"/_search/point_in_time?keep_alive="+keepAlive, nil, &answer); err != nil {
			return nil, err
		}
		m.pit = answer.ID
	}
	return m, nil
}

// end lets the cluster forget the moment.
func (m *moment) end() {
	if m.pit == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), 5*time.Second)
	defer cancel()
	// Where that fails, the cluster forgets it in time.
	_ = m.ix.cluster.Once(ctx, http.MethodDelete, "/_search/point_in_time", query{"pit_id": []string{m.pit}}, nil)
}

// searched is what a search answers.
type searched struct {
	PIT  string `json:"pit_id"`
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []hit `json:"hits"`
	} `json:"hits"`
	Aggregations map[string]struct {
		Buckets []bucket `json:"buckets"`
	} `json:"aggregations"`
}

type bucket struct {
	Key   string `json:"key"`
	Count int    `json:"doc_count"`
}

type hit struct {
	Score  float32 `json:"_score"`
	Source struct {
		Kind string `json:"k"`
		Seq  int    `json:"q"`
		N    uint32 `json:"n"`
		X    struct {
			records.PassageData
			Blocks []byte `json:"b"` // of a document
			Places []byte `json:"p"`
		} `json:"x"`
	} `json:"_source"`
}

// send sends a search. One that not all shards answer is an error: an answer that lacks
// some would look like one that lacks none.
func (m *moment) send(params string, body query, answer any) error {
	path := "/_search?allow_partial_search_results=false" + params
	if m.pit == "" {
		return m.ix.cluster.Do(m.ctx, http.MethodPost, "/"+m.ix.path+path, body, answer)
	}
	body["pit"] = query{"id": m.pit, "keep_alive": keepAlive}
	// What fails is another moment's to try: this one may be lost for good.
	return m.ix.cluster.Once(m.ctx, http.MethodPost, path, body, answer)
}

// search sends a search for records.
func (m *moment) search(body query, global bool) (*searched, error) {
	if body["_source"] == nil {
		body["_source"] = query{"excludes": []string{"x.v"}}
	}
	params := ""
	if global && m.ix.global {
		params = "&search_type=dfs_query_then_fetch"
	}
	var answer searched
	if err := m.send(params, body, &answer); err != nil {
		return nil, err
	}
	if answer.PIT != "" {
		m.pit = answer.PIT
	}
	return &answer, nil
}

// kind is the filter for records of a kind that may be seen.
func (m *moment) kind(k string) []query {
	return append([]query{{"term": query{"k": k}}}, m.filters...)
}

// best ranks the records of a kind by terms in a field.
func (m *moment) best(kind, field string, terms []search.Term, k int) []topk.Hit {
	asked := termfreq.Query(field, terms, m.kind(kind))
	if asked == nil {
		return nil
	}
	hits, err := m.top(asked, k, true, nil)
	m.err = cmp.Or(m.err, err)
	return hits
}

// top are the k best of a query.
func (m *moment) top(asked query, k int, global bool, more query) ([]topk.Hit, error) {
	if m.err != nil || k <= 0 {
		return nil, m.err
	}
	body := query{
		"size": min(k, mostHits), "track_total_hits": false, "track_scores": true, "query": asked,
		"sort": []any{"_score", query{"q": "asc"}, query{"n": query{"order": "asc", "missing": "_first", "unmapped_type": "integer"}}},
	}
	maps.Copy(body, more)
	found, err := m.search(body, global)
	if err != nil {
		return nil, err
	}
	hits := make([]topk.Hit, 0, len(found.Hits.Hits))
	for i := range found.Hits.Hits {
		h := &found.Hits.Hits[i]
		row, err := m.keep(h)
		if err != nil {
			return nil, err
		}
		hits = append(hits, topk.Hit{Row: row, Score: h.Score})
	}
	return hits, nil
}

// mostHits is how many hits a search may ask for; more is no page of a cluster.
const mostHits = 10_000

// keep remembers what a hit says, and returns its row.
func (m *moment) keep(h *hit) (topk.Row, error) {
	s := &h.Source
	if s.X.Doc.Header == nil {
		return topk.Row{}, fmt.Errorf("index %q: %w: sequence number %d", m.ix.name, records.ErrDamaged, s.Seq)
	}
	d := m.docs[s.Seq]
	if d == nil {
		d = &document{header: s.X.Doc.Header, passages: s.X.Doc.Passages}
		d.header.Ordinal = uint64(s.Seq)
		m.docs[s.Seq] = d
	}
	if s.Kind == records.DocumentKind {
		d.header, d.blocks, d.places, d.whole = s.X.Doc.Header, s.X.Blocks, s.X.Places, true
		d.header.Ordinal = uint64(s.Seq)
		return topk.Row{Segment: s.Seq}, nil
	}
	row := topk.Row{Segment: s.Seq, Row: s.N}
	if m.rows[row] == nil {
		p, err := s.X.Passage()
		if err != nil {
			return row, fmt.Errorf("index %q, document %q: %w", m.ix.name, d.header.ID, err)
		}
		m.rows[row] = &passage{Passage: p, text: s.X.Text}
		if s.X.Place != nil {
			m.rows[row].place = *s.X.Place
		}
	}
	return row, nil
}

func (m *moment) BestPassages(terms []search.Term, k int) []topk.Hit {
	return m.best(records.PassageKind, "t", terms, k)
}

func (m *moment) BestDocuments(terms []search.Term, k int) []topk.Hit {
	return m.best(records.DocumentKind, "T", terms, k)
}

func (m *moment) Titled(terms []string) []topk.Row {
	title := termfreq.Title(terms)
	if m.err != nil || title == "" {
		return nil
	}
	found, err := m.search(query{
		"size": 100, "track_total_hits": false, "sort": []query{{"q": "asc"}},
		"query": query{"bool": query{"filter": append(m.kind(records.DocumentKind), query{"term": query{"y": title}})}},
	}, false)
	if err != nil {
		m.err = err
		return nil
	}
	var rows []topk.Row
	for i := range found.Hits.Hits {
		row, err := m.keep(&found.Hits.Hits[i])
		if err != nil {
			m.err = err
			return nil
		}
		rows = append(rows, row)
	}
	return rows
}

func (m *moment) DocumentOf(passage topk.Row) topk.Row { return topk.Row{Segment: passage.Segment} }

func (m *moment) PassageRows(doc topk.Row) (first, end uint32) {
	if d := m.docs[doc.Segment]; d != nil {
		return 0, uint32(d.passages)
	}
	return 0, 0
}

func (m *moment) Header(doc topk.Row) (gather.Header, error) {
	d := m.docs[doc.Segment]
	if d == nil {
		return gather.Header{}, m.gone(doc.Segment)
	}
	h := d.header
	return gather.Header{ID: h.ID, Path: h.Path, Title: h.Title, Type: h.Type, Role: h.Role, Analyzer: h.Analyzer, Place: h.Ordinal}, nil
}

// gone says that what was found a moment ago is not there any more.
func (m *moment) gone(seq int) error {
	return cmp.Or(m.err, fmt.Errorf("index %q, sequence number %d: %w", m.ix.name, seq, errGone))
}

var errGone = errors.New("the document was changed while it was read: ask again")

// window is how many passages are read with one that was not announced.
const window = 8

func (m *moment) Passage(row topk.Row) corpus.Passage {
	if m.rows[row] == nil {
		near := []topk.Row{row}
		for n := uint32(1); n <= window; n++ {
			near = append(near, topk.Row{Segment: row.Segment, Row: row.Row - n}, topk.Row{Segment: row.Segment, Row: row.Row + n})
		}
		m.Ahead(near)
	}
	if p := m.rows[row]; p != nil {
		return p.Passage
	}
	if m.err == nil {
		m.err = m.gone(row.Segment)
	}
	return corpus.Passage{}
}

// Ahead reads passages, those that are not known yet.
func (m *moment) Ahead(rows []topk.Row) {
	var names []string
	for _, r := range rows {
		if d := m.docs[r.Segment]; d != nil && int(r.Row) < d.passages && m.rows[r] == nil {
			names = append(names, records.RowOf(int64(r.Segment), int(r.Row)))
		}
	}
	for part := range slices.Chunk(names, 1000) {
		if m.err != nil {
			return
		}
		found, err := m.search(query{"size": len(part), "track_total_hits": false, "query": query{"bool": query{"filter": []query{{"terms": query{"r": part}}}}}}, false)
		if err != nil {
			m.err = err
			return
		}
		for i := range found.Hits.Hits {
			if _, err := m.keep(&found.Hits.Hits[i]); err != nil {
				m.err = err
				return
			}
		}
	}
}

func (m *moment) Err() error { return m.err }

// Text is bytes of a source, of which the passages are all.
func (m *moment) Text(doc topk.Row, start, end int) (string, error) {
	d := m.docs[doc.Segment]
	if d == nil {
		return "", m.gone(doc.Segment)
	}
	if start >= end || d.passages == 0 {
		return "", m.err
	}
	at, err := m.covering(doc, start)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for ; start < end; at++ {
		p := m.Passage(topk.Row{Segment: doc.Segment, Row: at})
		if m.err != nil {
			return "", m.err
		}
		text := m.rows[topk.Row{Segment: doc.Segment, Row: at}].text
		from, to := start-p.Start, min(end-p.Start, len(text))
		if from < 0 || from > to {
			return "", fmt.Errorf("index %q, document %q: %w: its passages do not follow each other", m.ix.name, d.header.ID, records.ErrDamaged)
		}
		if from == 0 && to == end-p.Start && b.Len() == 0 {
			return text[:to], nil
		}
		b.WriteString(text[from:to])
		start = p.Start + to
		if int(at)+1 == d.passages {
			break
		}
	}
	return b.String(), nil
}

// covering is the passage that has a byte: from the nearest that is known, one after
// another.
func (m *moment) covering(doc topk.Row, at int) (uint32, error) {
	before, after := topk.Row{Segment: doc.Segment}, topk.Row{Segment: -1}
	for row, p := range m.rows {
		switch {
		case row.Segment != doc.Segment:
		case p.Start <= at:
			before.Row = max(before.Row, row.Row)
		case after.Segment < 0 || row.Row < after.Row:
			after = row
		}
	}
	if m.rows[before] == nil && after.Segment >= 0 { // nothing is known before it
		for after.Row > 0 && m.Passage(after).Start > at && m.err == nil {
			after.Row--
		}
		return after.Row, m.err
	}
	last := uint32(m.docs[doc.Segment].passages) - 1
	for before.Row < last && m.Passage(before).End <= at && m.err == nil {
		before.Row++
	}
	return before.Row, m.err
}

// readAll reads all passages of a document.
func (m *moment) readAll(doc topk.Row) error {
	d := m.docs[doc.Segment]
	for from := 0; from < d.passages; from += 1000 {
		var rows []topk.Row
		for n := from; n < min(from+1000, d.passages); n++ {
			rows = append(rows, topk.Row{Segment: doc.Segment, Row: uint32(n)})
		}
		if m.Ahead(rows); m.err != nil {
			return m.err
		}
	}
	return nil
}

// whole reads the record of a document.
func (m *moment) whole(doc topk.Row) (*document, error) {
	d := m.docs[doc.Segment]
	if d != nil && d.whole {
		return d, nil
	}
	found, err := m.search(query{"size": 1, "track_total_hits": false, "query": query{"bool": query{"filter": []query{{"term": query{"r": strconv.Itoa(doc.Segment)}}}}}}, false)
	if err != nil {
		return nil, err
	}
	if len(found.Hits.Hits) == 0 {
		return nil, m.gone(doc.Segment)
	}
	if _, err := m.keep(&found.Hits.Hits[0]); err != nil {
		return nil, err
	}
	return m.docs[doc.Segment], nil
}

// Place is that of a byte of a document: of its passage, or of what begins in it.
func (m *moment) Place(doc topk.Row, at int) (corpus.Place, error) {
	d, err := m.whole(doc)
	if err != nil || len(d.places) == 0 {
		return corpus.Place{}, err
	}
	at = min(max(at, 0), d.header.Size)
	p, from, err := record.FindPlace(d.places, at)
	if err != nil {
		return corpus.Place{}, fmt.Errorf("document %q: its places: %w", d.header.ID, err)
	}
	if from < at {
		text, err := m.Text(doc, from, at)
		if err != nil {
			return corpus.Place{}, err
		}
		p.Line += strings.Count(text, "\n")
	}
	return p, nil
}

func (m *moment) Incomplete() int { return 0 }

// Find finds a document by its id, for who sees the moment.
func (m *moment) Find(id string) (topk.Row, error) {
	found, err := m.search(query{
		"size": 1, "track_total_hits": false,
		"query": query{"bool": query{"filter": append(m.kind(records.DocumentKind), query{"ids": query{"values": []string{records.DocumentKind + records.KeyOf(id)}}})}},
	}, false)
	if err != nil {
		return topk.Row{}, err
	}
	if len(found.Hits.Hits) == 0 {
		return topk.Row{}, tamis.ErrNotFound
	}
	return m.keep(&found.Hits.Hits[0])
}

// source reads a document whole, and holds it against its digest.
func (m *moment) source(doc topk.Row) (*corpus.Document, error) {
	d, err := m.whole(doc)
	if err != nil {
		return nil, err
	}
	if err := m.readAll(doc); err != nil {
		return nil, err
	}
	text, err := m.Text(doc, 0, d.header.Size)
	if err != nil {
		return nil, err
	}
	blocks, err := record.DecodeBlocks(d.blocks)
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", d.header.ID, err)
	}
	sealed := *d.header
	if err := sealed.Seal(text, d.blocks); err != nil {
		return nil, err
	}
	if len(text) != d.header.Size || !bytes.Equal(sealed.Digest, d.header.Digest) {
		return nil, fmt.Errorf("document %q: %w: its text is not what its digest says", d.header.ID, tamis.ErrCorrupt)
	}
	read := d.header.Document(text, blocks)
	return read, record.ReadPlaces(d.places, read)
}

// hasField says whether a document has a field.
func (m *moment) hasField(field string) (bool, error) {
	found, err := m.search(query{
		"size": 0, "track_total_hits": 1, "terminate_after": 1,
		"query": query{"bool": query{"filter": append(m.kind(records.DocumentKind), query{"term": query{"F": field}})}},
	}, false)
	return found != nil && found.Hits.Total.Value > 0, err
}

// fields are those that some document has which may be seen, nil where there is none.
func (m *moment) fields() ([]string, error) {
	found, err := m.search(query{
		"size": 0, "track_total_hits": false, "query": query{"bool": query{"filter": m.kind(records.DocumentKind)}},
		"aggs": query{"f": query{"terms": query{"field": "F", "size": 1000}}},
	}, false)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, b := range found.Aggregations["f"].Buckets {
		names = append(names, b.Key)
	}
	return names, nil
}

// knows refuses a filter with a field that no document has, where there are documents.
func (m *moment) knows(asked *filter.Expr) error {
	if m.words.documents == 0 {
		return nil
	}
	return tamis.AsInvalid(asked.Known(m.hasField, m.fields))
}
