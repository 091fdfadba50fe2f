package trec

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestRetrieval(t *testing.T) {
	queries, err := ReadQueries("q", strings.NewReader(`{"_id":"1","text":"one"}`+"\n"+`{"id":"2","text":"two"}`+"\n"+`{"_id":3,"text":"three"}`))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := ParseMeasures("mrr@10", "num_ret")
	run, scores, r, err := Retrieval(t.Context(), queries, Qrels{"1": {"a": 1}, "2": {"b": 1}}, func(_ context.Context, q string, k int) ([]Scored, error) {
		if q == "two" {
			return nil, nil
		}
		return []Scored{{"x", 2}, {"a", 1}}, nil
	}, 10, m)
	if err != nil || r.Queries != 2 || r.Metrics["mrr@10"] != .25 || r.Metrics["num_ret"] != 2 || len(run.Queries["3"]) != 2 || scores.PerQuery["1"][0] != .5 {
		t.Errorf("%+v %v %v", r, run, err)
	}
	raw, _ := json.Marshal(r)
	if !strings.Contains(string(raw), `"queries":2,"metrics":{"mrr@10":0.25,"num_ret":2},"took_ms":`) {
		t.Errorf("%s", raw)
	}
}
