package vectors

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/vector"
)

// mostClauses is how many features a query may ask for.
const mostClauses = 1000

// Exact is the query that scores all records which pass filters and have a vector in a
// field; none where nothing can. v is as the vectors of the field are compared.
func Exact(name string, f vector.Field, v vector.Value, filters []client.Query) (client.Query, error) {
	path := "v." + Property(name, f.Kind)
	if d, ok := v.(vector.Dense); ok {
		filters = append(slices.Clone(filters), client.Query{"exists": client.Query{"field": path}})
		return client.Query{"script_score": client.Query{
			"query":  client.Query{"bool": client.Query{"filter": filters}},
			"script": client.Query{"lang": "knn", "source": "knn_score", "params": client.Query{"field": path, "query_value": []float32(d), "space_type": "innerproduct"}},
		}}, nil
	}
	if m, ok := v.(vector.Multi); ok {
		filters = append(slices.Clone(filters), client.Query{"term": client.Query{"w": Property(name, f.Kind)}})
		return client.Query{"script_score": client.Query{
			"query":  client.Query{"bool": client.Query{"filter": filters}},
			"script": client.Query{"lang": "painless", "source": maxSim, "params": client.Query{"field": name, "queries": singles(m), "space": space(f)}},
			// What has no vector, since its model said nothing of it, scores 0.
			"min_score": least,
		}}, nil
	}
	asked, _ := v.(vector.Named)
	if n := len(asked) * pieces(f); n > mostClauses {
		return nil, fmt.Errorf("%w: it has %d terms; a cluster compares %d at most in field %q", vector.ErrFormat, len(asked), mostClauses/pieces(f), name)
	}
	var should []client.Query
	for _, term := range slices.Sorted(maps.Keys(asked)) {
		w := asked[term]
		if f.Bits != 32 {
			w *= f.Step()
		}
		for i := range pieces(f) {
			if w >= least {
				should = append(should, client.Query{"rank_feature": client.Query{"field": path + "." + feature(term, i), "linear": client.Query{}, "boost": w}})
			}
		}
	}
	if len(should) == 0 {
		return nil, nil
	}
	return client.Query{"bool": client.Query{"should": should, "minimum_should_match": 1, "filter": filters}}, nil
}

// maxSim sums, for each vector of the query, its greatest inner product with one of the
// record's, or its greatest cosine. The function of the plugin writes a product x as x + 1, or
// where it is negative as 1 / (1 - x), and a cosine as (1 + x) / 2, before it takes the greatest
// and sums: so it is asked for one vector at a time, and that is undone. The score is written as
// products are, since none may be negative.
const maxSim = `def own = params._source['x']['v'][params.field];
if (own == null) return 0;
double sum = 0;
for (def one : params.queries) {
  double t = lateInteractionScore(one, 'm', own, params.space);
  if (params.space == 'cosinesimil') sum += 2 * t - 1;
  else sum += t >= 1 ? t - 1 : 1 - 1 / t;
}
return sum >= 0 ? sum + 1 : 1 / (1 - sum);`

// space is what the plugin calls how a field compares.
func space(f vector.Field) string {
	if f.Similarity == vector.Cosine {
		return "cosinesimil"
	}
	return "innerproduct"
}

// singles are the vectors of a query, each alone.
func singles(m vector.Multi) (out []vector.Multi) {
	for _, d := range m {
		out = append(out, vector.Multi{d})
	}
	return out
}

// Approximate is the query for records near a vector, of which so many are looked at.
func Approximate(name string, f vector.Field, v vector.Value, k, look int, filters []client.Query) (client.Query, error) {
	if v, ok := v.(vector.Named); ok {
		return NearSparse(name, f, v, k, look, filters)
	}
	return Near(name, v.(vector.Dense), k, look, filters), nil
}

// Near is the query for the k records whose dense vectors are near v, which looks at so
// many of the graph.
func Near(name string, v vector.Dense, k, look int, filters []client.Query) client.Query {
	return client.Query{"knn": client.Query{"v." + Property(name, vector.KindDense): client.Query{
		"vector": []float32(v), "k": k, "method_parameters": client.Query{"ef_search": max(k, look)},
		"filter": client.Query{"bool": client.Query{"filter": filters}},
	}}}
}

// Score is the inner product that a score of the cluster stands for.
func Score(k vector.Kind, score float32) float32 {
	switch {
	case k == vector.KindSparse:
		return score
	case score >= 1:
		return score - 1
	}
	return float32(1 - 1/float64(score))
}

// Sample is the query for records with a vector in a field, the same ones each time.
func Sample(name string, k vector.Kind, filters []client.Query) client.Query {
	filters = append(slices.Clone(filters), client.Query{"term": client.Query{"w": Property(name, k)}})
	return client.Query{"function_score": client.Query{
		"query":        client.Query{"bool": client.Query{"filter": filters}},
		"random_score": client.Query{"seed": 1, "field": "q"},
	}}
}
