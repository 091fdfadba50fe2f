package vectors

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/internal/strhash"
	"github.com/tamis-search/tamis/vector"
)

// Approximate search of sparse vectors is SEISMIC (Bruch et al. 2024) as the plugin
// opensearch-neural-search has it since 3.3: fields of the type sparse_vector, whose tokens
// are numbers and whose weights are cut to eight bits. It finds candidates; their scores are
// those of the exact features beside it. What is sent follows OpenSearch's documentation
// ("Neural sparse ANN search", "Sparse vector", "Filtering in neural sparse ANN search", 3.3
// and later), and has not been held against a real node.

// Neural is the plugin that brings it.
const Neural = "opensearch-neural-search"

// ceiling is the greatest weight of a query, and of a document in a field that does not say
// its own: greater ones count as this.
const ceiling = 16

// Seismic says why a cluster with a version of the plugin, "" for none, has no approximate
// search of sparse vectors.
func Seismic(version string) error {
	switch {
	case version == "":
		return fmt.Errorf("the cluster lacks the plugin %s on some node, and so approximate searches by sparse vectors: install it on all of them, or leave seismic out of the address", Neural)
	case !since33(version):
		return fmt.Errorf("the cluster has version %s of the plugin %s, which has no approximate searches by sparse vectors: 3.3 or later does; or leave seismic out of the address", version, Neural)
	}
	return nil
}

// near is what vectors of a sparse field are indexed as for approximate search.
func near(name string) string { return "n" + Property(name, vector.KindSparse)[1:] }

// nearMapping is the mapping of that, for segments of so many documents and more.
func nearMapping(f vector.Field, threshold int) client.Query {
	return client.Query{"type": "sparse_vector", "method": client.Query{"name": "seismic", "parameters": client.Query{
		"approximate_threshold":       threshold,
		"quantization_ceiling_ingest": cmp.Or(f.Max, ceiling),
		"quantization_ceiling_search": ceiling,
	}}}
}

// tokens are the terms of a vector as numbers: those that are some, as they are. Of terms
// that share one the greatest weight counts.
func tokens(v vector.Named) map[string]float32 {
	out := make(map[string]float32, len(v))
	for term, w := range v {
		n, err := strconv.ParseUint(term, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != term {
			n = strhash.Sum(term) >> 33
		}
		token := strconv.FormatUint(n, 10)
		out[token] = max(out[token], w)
	}
	return out
}

// NearSparse is the query that scores exactly what an approximate search for so many records
// finds that pass filters; none where nothing can be found.
func NearSparse(name string, f vector.Field, v vector.Named, k, look int, filters []client.Query) (client.Query, error) {
	exact, err := Exact(name, f, v, nil)
	if exact == nil || err != nil {
		return nil, err
	}
	of := tokens(v)
	found := client.Query{"neural_sparse": client.Query{"v." + near(name): client.Query{
		"query_tokens": of,
		"method_parameters": client.Query{
			"k": max(k, look), "top_n": len(of), "heap_factor": 1.0,
			"filter": client.Query{"bool": client.Query{"filter": filters}},
		},
	}}}
	exact["bool"].(client.Query)["filter"] = append(slices.Clone(filters), found)
	return exact, nil
}
