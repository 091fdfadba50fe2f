// Package mapping is what an index of a cluster is made with: its settings, its mapping, and
// what that says of the index.
package mapping

import (
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/ingest"
)

// Version is counted up with every change of the records or of the mapping that
// an older version of this package would read wrongly.
//
// Version 2 has vectors, 3 says of each record of which fields (w).
const Version = 3

// Meta is what the mapping says of an index.
type Meta struct {
	Format int           `json:"format"`
	Made   string        `json:"made"` // see ingest.Pipeline.Made
	Config ingest.Config `json:"config"`
	// Seismic is that of address.Options.
	Seismic int `json:"seismic,omitempty"`
}

// Definition is what an index is created with, which can have dense vectors or not.
func Definition(m Meta, shards, replicas int, dense bool) client.Query {
	keyword := client.Query{"type": "keyword"}
	unsorted := client.Query{"type": "keyword", "doc_values": false}
	words := termfreq.Mapping()
	d := client.Query{
		"settings": client.Query{
			"number_of_shards": shards, "number_of_replicas": replicas, "refresh_interval": "-1",
			"index.codec": "best_compression",
			// What is acknowledged is on disk: the default, said.
			"index.translog.durability": "request",
			"similarity":                termfreq.Similarity(),
			"analysis":                  termfreq.Analysis(),
		},
		"mappings": client.Query{
			"dynamic": false,
			"_meta":   client.Query{"tamis": m},
			"_source": client.Query{"excludes": []string{"t", "T", "v"}},
			"properties": client.Query{
				"k": unsorted,
				"q": client.Query{"type": "long"},
				"n": client.Query{"type": "integer"},
				"r": unsorted,
				"t": words,
				"T": words,
				"f": unsorted,
				"F": keyword,
				"i": client.Query{"type": "keyword"},
				"y": unsorted,
				"a": keyword,
				"w": unsorted,
				"v": client.Query{"properties": client.Query{}}, // see package vectors
				"x": client.Query{"type": "object", "enabled": false},
			},
		},
	}
	if m.Seismic > 0 {
		d["settings"].(client.Query)["index.sparse"] = true
	}
	if dense {
		d["settings"].(client.Query)["index.knn"] = true
	}
	return d
}
