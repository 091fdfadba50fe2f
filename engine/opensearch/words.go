package opensearch

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tamis-search/tamis/engine/opensearch/records"

	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store/manifest"
)

// words is what is known of the analyses of an index: which there are, and which of them
// are those of few documents.
type words struct {
	at        time.Time
	documents int
	names     []string
	rare      map[string]bool
}

// fresh is how long that is taken to hold: a question that is asked before it has ended
// may lack the words of documents by an analysis that was new.
const fresh = 2 * time.Second

func (ix *Index) lookWords(ctx context.Context) (words, error) {
	ix.mu.Lock()
	w := ix.words
	ix.mu.Unlock()
	if time.Since(w.at) < fresh {
		return w, nil
	}
	var found searched
	body := query{
		"size": 0, "track_total_hits": true, "query": query{"term": query{"k": records.DocumentKind}},
		"aggs": query{"a": query{"terms": query{"field": "a", "size": 1000}}},
	}
	at := time.Now()
	if err := ix.cluster.Do(ctx, http.MethodPost, "/"+ix.path+"/_search?allow_partial_search_results=false", body, &found); err != nil {
		return words{}, err
	}
	counts := map[string]int{}
	for _, b := range found.Aggregations["a"].Buckets {
		counts[b.Key] = b.Count
	}
	// What is common among them is as it is in a store.
	m := manifest.Manifest{Analyzers: counts}
	w = words{at: at, documents: found.Hits.Total.Value, names: m.AnalyzerNames(), rare: m.RareAnalyzers()}
	ix.mu.Lock()
	if at.After(ix.words.at) {
		ix.words = w
	}
	ix.mu.Unlock()
	return w, nil
}

// forgetWords makes the next question look again.
func (ix *Index) forgetWords() {
	ix.mu.Lock()
	ix.words = words{}
	ix.mu.Unlock()
}

func (m *moment) Analyzers() []string { return m.words.names }

func (m *moment) IsCommon(analyzer string) bool { return !m.words.rare[analyzer] }

func (m *moment) PassageStats(terms []string) (search.Stats, error) {
	return m.stats(records.PassageKind, "t", terms)
}

func (m *moment) DocumentStats(terms []string) (search.Stats, error) {
	return m.stats(records.DocumentKind, "T", terms)
}

// stats counts all records of a kind, and those that have each term; who asks sees none
// of them by that.
func (m *moment) stats(kind, field string, terms []string) (search.Stats, error) {
	st := search.Stats{DF: make([]int, len(terms))}
	filters := map[string]query{}
	for i, t := range terms {
		filters[fmt.Sprint(i)] = query{"term": query{field: termfreq.Of(t)}}
	}
	body := query{"size": 0, "track_total_hits": true, "query": query{"term": query{"k": kind}}}
	if len(filters) > 0 {
		body["aggs"] = query{"t": query{"filters": query{"filters": filters}}}
	}
	var found counted
	if err := m.send("", body, &found); err != nil {
		m.err = cmp.Or(m.err, err) // who asks for one word cannot be told
		return st, err
	}
	st.Rows = found.Hits.Total.Value
	for i := range terms {
		st.DF[i] = found.Aggregations["t"].Named[fmt.Sprint(i)].Count
	}
	return st, nil
}

// counted is what a search answers whose aggregation has named buckets.
type counted struct {
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
	} `json:"hits"`
	Aggregations map[string]struct {
		Named map[string]bucket `json:"buckets"`
	} `json:"aggregations"`
}
