package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/ingest"
)

// formatVersion is counted up with every change of the records or of the mapping that
// an older version of this package would read wrongly.
//
// Version 2 has vectors.
const formatVersion = 2

// meta is what the mapping says of an index.
type meta struct {
	Format int           `json:"format"`
	Made   string        `json:"made"` // see ingest.Pipeline.Made
	Config ingest.Config `json:"config"`
}

// definition is what an index is created with.
func definition(m meta, shards, replicas int) query {
	keyword := query{"type": "keyword"}
	unsorted := query{"type": "keyword", "doc_values": false}
	words := query{"type": "text", "analyzer": "terms", "search_analyzer": "keyword", "similarity": "tamis", "index_options": "freqs"}
	return query{
		"settings": query{
			"number_of_shards": shards, "number_of_replicas": replicas, "refresh_interval": "-1",
			"index.codec": "best_compression",
			// What is acknowledged is on disk: the default, said.
			"index.translog.durability": "request",
			"similarity":                query{"tamis": query{"type": "BM25", "k1": 1.2, "b": 0.75}},
			"analysis": query{
				"tokenizer": query{"blanks": query{"type": "whitespace", "max_token_length": 1 << 20}},
				"filter":    query{"frequencies": query{"type": "delimited_term_freq", "delimiter": "|"}},
				"analyzer":  query{"terms": query{"type": "custom", "tokenizer": "blanks", "filter": []string{"frequencies"}}},
			},
		},
		"mappings": query{
			"dynamic": false,
			"_meta":   query{"tamis": m},
			"_source": query{"excludes": []string{"t", "T", "v"}},
			"properties": query{
				"k": unsorted,
				"q": query{"type": "long"},
				"n": query{"type": "integer"},
				"r": unsorted,
				"t": words,
				"T": words,
				"f": unsorted,
				"F": keyword,
				"i": query{"type": "keyword"},
				"y": unsorted,
				"a": keyword,
				"v": query{"properties": query{}}, // see package vectors
				"x": query{"type": "object", "enabled": false},
			},
		},
	}
}

// errNotOurs says that an index of that name is somebody else's.
var errNotOurs = errors.New("the index was not made by tamis")

// find looks an index up by its name, or the alias that has it.
func (ix *Index) find(ctx context.Context) (m meta, found bool, err error) {
	var answer map[string]struct {
		Mappings struct {
			Meta struct {
				Tamis *meta `json:"tamis"`
			} `json:"_meta"`
		} `json:"mappings"`
	}
	err = ix.cluster.Do(ctx, http.MethodGet, "/"+ix.path+"/_mapping", nil, &answer)
	if client.IsStatus(err, http.StatusNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	if len(answer) != 1 {
		return m, false, fmt.Errorf("%q is %d indexes of the cluster: give the name of one", ix.name, len(answer))
	}
	for name, a := range answer {
		if a.Mappings.Meta.Tamis == nil {
			return m, false, fmt.Errorf("index %q: %w: choose another name", name, errNotOurs)
		}
		m, ix.concrete = *a.Mappings.Meta.Tamis, url.PathEscape(name)
	}
	return m, true, nil
}

// create makes the index, under an alias by which it is found.
func (ix *Index) create(ctx context.Context, m meta, o Options) error {
	name := ix.name + "-000001" // of two that create it at once, one is told that it is there
	d := definition(m, max(o.Shards, 1), o.Replicas)
	if ix.dense { // else no dense vector goes in
		d["settings"].(query)["index.knn"] = true
	}
	d["aliases"] = query{ix.name: query{"is_write_index": true}}
	err := ix.cluster.Do(ctx, http.MethodPut, "/"+url.PathEscape(name)+"?wait_for_active_shards=1", d, nil)
	var e *client.Error
	if errors.As(err, &e) && strings.Contains(e.Reason, "delimited_term_freq") {
		return fmt.Errorf("the cluster lacks the token filter delimited_term_freq (OpenSearch 2.13 or later has it): %w", err)
	}
	if errors.As(err, &e) && e.Type == "resource_already_exists_exception" {
		_, found, err := ix.find(ctx)
		if err == nil && !found {
			err = fmt.Errorf("index %q: %w: it is there, without the alias %q", name, errNotOurs, ix.name)
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("index %q: %w", ix.name, err)
	}
	head := query{"k": headKind, "q": 1}
	ix.concrete = url.PathEscape(name)
	if err := ix.cluster.Do(ctx, http.MethodPut, "/"+ix.concrete+"/_create/head", head, nil); err != nil && !client.IsStatus(err, http.StatusConflict) {
		return err
	}
	return nil
}
