package opensearch_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch"
)

// fake answers as a cluster with plugins does that has what a test needs, and keeps what it
// was sent.
type fake struct {
	mu      sync.Mutex
	plugins string
	field   string // the record of the field
	sent    map[string][]string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	raw, _ := io.ReadAll(r.Body)
	body := string(raw)
	say := func(answer string) { _, _ = w.Write([]byte(answer)) }
	switch path := r.Method + " " + r.URL.Path; {
	case path == "GET /":
		say(`{"version":{"distribution":"opensearch","number":"3.5.0"}}`)
	case path == "GET /_cat/nodes":
		say(`[{"name":"n"}]`)
	case path == "GET /_cat/plugins":
		say(f.plugins)
	case path == "GET /_cat/indices/x-*":
		say(`[]`)
	case strings.HasSuffix(path, "/_mapping") && r.Method == "GET":
		w.WriteHeader(http.StatusNotFound)
		say(`{"error":{"type":"index_not_found_exception"}}`)
	case path == "PUT /x-000001":
		f.keep("index", body)
		say(`{}`)
	case strings.HasSuffix(path, "/_mapping"):
		f.keep("mapping", body)
		say(`{}`)
	case strings.Contains(path, "/_create/v"):
		f.field = body
		say(`{}`)
	case strings.HasSuffix(path, "/_doc/head") && r.Method == "GET":
		say(`{"_seq_no":1,"_primary_term":1,"_source":{"q":1}}`)
	case strings.HasSuffix(path, "/_mget"):
		say(`{"docs":[{"found":false}]}`)
	case strings.HasSuffix(path, "/_bulk"):
		f.keep("bulk", body)
		say(`{"errors":false}`)
	case strings.HasSuffix(path, "/_search"):
		f.keep("search", body)
		switch {
		case strings.Contains(body, `{"term":{"k":"v"}}`) && f.field != "":
			say(`{"hits":{"hits":[{"_source":` + f.field + `}]}}`)
		case strings.Contains(body, `"aggs"`): // which analyses there are
			say(`{"hits":{"total":{"value":1}},"aggregations":{"a":{"buckets":[{"key":"english","doc_count":1}]}}}`)
		case strings.Contains(body, `"random_score"`), strings.Contains(body, `"rank_feature"`):
			say(`{"hits":{"hits":[{"_score":3,"_source":{"k":"d","q":1,"x":{"d":{"h":{"id":"a","size":4},"n":0},"v":{"vector":{"s":{"42":1.5,"word":2}}}}}}]}}`)
		default:
			say(`{"hits":{"hits":[]}}`)
		}
	default:
		say(`{}`)
	}
}

func (f *fake) keep(what, body string) { f.sent[what] = append(f.sent[what], body) }

// find is what was sent of a kind that has a text.
func (f *fake) find(t *testing.T, what, text string) (value any) {
	t.Helper()
	for _, body := range f.sent[what] {
		for line := range strings.Lines(body) {
			if strings.Contains(line, text) {
				if err := json.Unmarshal([]byte(line), &value); err != nil {
					t.Fatal(err)
				}
				return value
			}
		}
	}
	t.Fatalf("no %s with %s was sent: %v", what, text, f.sent[what])
	return nil
}

// at is what stands under keys.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

func is(t *testing.T, what string, got any, want string) {
	t.Helper()
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, w) {
		b, _ := json.Marshal(got)
		t.Errorf("%s is\n%s, not\n%s", what, b, want)
	}
}

// TestSeismic: with the plugin of neural search, what is asked of a cluster is what its
// documentation says of approximate searches by sparse vectors. No real node was asked: the
// plugin is in no registry.
func TestSeismic(t *testing.T) {
	const knn, neural = `{"name":"n","component":"opensearch-knn","version":"3.5.0.0"}`, `{"name":"n","component":"opensearch-neural-search","version":"3.5.0.0"}`
	open := func(plugins string, threshold int) (*fake, *opensearch.Index, error) {
		f := &fake{plugins: "[" + plugins + "]", sent: map[string][]string{}}
		s := httptest.NewServer(f)
		t.Cleanup(s.Close)
		ix, err := opensearch.Open(t.Context(), "x", opensearch.Options{Addresses: []string{s.URL}, Seismic: threshold,
			Vectors: map[string]tamis.VectorField{"vector": {Bits: 8, Max: 4}}})
		return f, ix, err
	}
	for plugins, says := range map[string]string{
		knn: "lacks the plugin opensearch-neural-search", strings.Replace(neural, "3.5", "3.2", 1): "version 3.2.0.0 of the plugin opensearch-neural-search",
	} {
		if _, _, err := open(plugins, 1000); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", plugins, err)
		}
	}
	f, ix, err := open(knn+","+neural, 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	is(t, "the setting", at(f.find(t, "index", "settings"), "settings", "index.sparse"), `true`)
	report, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "a", Source: "Text", Vectors: map[string]tamis.Vector{"vector": tamis.Sparse{"42": 1.5, "word": 2, "0007": 1}}}, nil)
	})
	if err != nil || report.Added != 1 {
		t.Fatalf("%+v %v", report, err)
	}
	mapped, _ := at(f.find(t, "mapping", "sparse_vector"), "properties", "v", "properties").(map[string]any)
	name := ""
	for p := range mapped {
		if strings.HasPrefix(p, "n") {
			name = p
		}
	}
	is(t, "the mapping", mapped[name], `{"type":"sparse_vector","method":{"name":"seismic","parameters":{"approximate_threshold":1000,"quantization_ceiling_ingest":4,"quantization_ceiling_search":16}}}`)
	is(t, "the exact one beside it", mapped["s"+name[1:]], `{"type":"rank_features"}`)
	tokens, _ := at(f.find(t, "bulk", `"k":"d"`), "v", name).(map[string]any)
	if len(tokens) != 3 || tokens["42"] != 1.5 {
		t.Errorf("the tokens are %v", tokens)
	}
	var word string
	for token, w := range tokens {
		if w == 2. {
			word = token
		}
		if strings.Trim(token, "0123456789") != "" || len(token) > 10 {
			t.Errorf("token %q is no number of 31 bits", token)
		}
	}
	res, err := ix.Search(t.Context(), tamis.Query{Vector: tamis.Sparse{"42": 1, "word": 3}, K: 5, Recall: .9, Filter: `path = "p"`})
	if err != nil || res.Exact || res.Recall < .9 {
		t.Fatalf("%+v %v", res, err)
	}
	asked, _ := at(f.find(t, "search", `"size":5`), "query", "bool").(map[string]any)
	is(t, "the filters", asked["filter"], `[{"term":{"k":"d"}},{"terms":{"f":["4:pathkp"]}},{"neural_sparse":{"v.`+name+`":{"query_tokens":{"42":1,"`+word+`":3},
		"method_parameters":{"k":16,"top_n":2,"heap_factor":1,"filter":{"bool":{"filter":[{"term":{"k":"d"}},{"terms":{"f":["4:pathkp"]}}]}}}}}}]`)
	if should, _ := asked["should"].([]any); len(should) != 2 {
		t.Errorf("the exact scores: %v", should)
	}
}
