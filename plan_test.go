package tamis

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/vector"
)

// sieves are documents with words, vectors of two kinds, a group and a date.
func sieves(n int) iter.Seq2[Document, error] {
	rng := rand.New(rand.NewPCG(5, 17))
	words := strings.Fields("sieve mesh flour fine coarse cook pot spoon")
	return func(yield func(Document, error) bool) {
		for i := range n {
			var text []string
			for range 12 {
				text = append(text, words[rng.IntN(len(words))])
			}
			d := Document{
				ID: fmt.Sprintf("d%02d", i), Source: strings.Join(text, " ") + ".", Metadata: map[string]any{"year": float64(2000 + i)},
				ModTime: time.Unix(int64(i)*86400, 0),
				Vectors: map[string]Vector{
					"near":  Dense{rng.Float32() - .5, rng.Float32() - .5, rng.Float32() - .5},
					"parts": Multi{{rng.Float32(), rng.Float32()}, {rng.Float32(), -rng.Float32()}},
				},
			}
			if i%3 == 0 {
				d.Metadata["groups"] = []string{"cooks"}
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

func planIndex(t *testing.T) *Index {
	t.Helper()
	ix, err := Open("", Options{Vectors: map[string]VectorField{"near": {Kind: vector.KindDense, Similarity: vector.Cosine}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	report, err := ix.Add(t.Context(), sieves(40))
	if err != nil || len(report.Skipped) > 0 {
		t.Fatal(report, err)
	}
	if _, err := ix.Delete(t.Context(), "d07", "d08"); err != nil {
		t.Fatal(err)
	}
	return ix
}

func ask(t *testing.T, ix *Index, q Query) *Results {
	t.Helper()
	r, err := ix.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", q.Plan, err)
	}
	return r
}

// bare are hits without what a plan says of them.
func bare(r *Results) []Hit {
	hits := slices.Clone(r.Hits)
	for i := range hits {
		hits[i].Lists = nil
	}
	return hits
}

// TestPlanOfOneList: a plan that is a list ranks as a search by it does.
func TestPlanOfOneList(t *testing.T) {
	ix := planIndex(t)
	near := Dense{.3, -.2, .9}
	for _, unit := range []Unit{Passages, Documents} {
		q := Query{Text: "fine flour sieve", Unit: unit, K: 7}
		want := ask(t, ix, q)
		q.Plan = "text"
		got := ask(t, ix, q)
		if want.Plan != "" || got.Plan != "text" || !got.Exact || !reflect.DeepEqual(bare(got), bare(want)) {
			t.Errorf("%s: %v, want %v", unit, got.Hits, want.Hits)
		}
		if l := got.Hits[2].Lists; len(l) != 1 || l[0] != (ListPlace{List: "text", Rank: 3, Score: got.Hits[2].Score}) {
			t.Errorf("the third hit stands at %v", l)
		}
	}
	want := ask(t, ix, Query{Vector: near, Field: "near", K: 7, IDsOnly: true})
	got := ask(t, ix, Query{Plan: "dense", Unit: Documents, Vector: near, Field: "near", K: 7, IDsOnly: true})
	if !reflect.DeepEqual(bare(got), want.Hits) {
		t.Errorf("dense: %v, want %v", got.Hits, want.Hits)
	}
}

// TestPlansKeepToScopes: filters, access lists and deletes hold in every list and step,
// ranks included: what cannot be seen is not counted.
func TestPlansKeepToScopes(t *testing.T) {
	ix := planIndex(t)
	for _, plan := range []string{
		"text", "rrf(text, dense)", "rrf(text/passage, dense, k=3)", "linear(text, dense, norm=median)", "rerank(text, dense, n=9)", "rerank(dense, text)",
		"rrf(text, boost(dense, 'year >= 2020', by=9))", "recent(rrf(text, dense), days=3)", "smooth(text)", "feedback(text, docs=3, terms=4)", "feedback(dense, text)", "near(rrf(text, dense), dense, n=3)",
		"rerank(dense, feedback(text))", "max(text)", "first(text)", "sum(text)",
	} {
		for _, unit := range []Unit{Passages, Documents} {
			q := Query{Plan: plan, Text: "fine sieve", Vector: Dense{.3, -.2, .9}, Field: "near", Unit: unit, K: 100, Groups: []string{"guests"}, Filter: "year < 2030"}
			r := ask(t, ix, q)
			seen := 0
			for i := range 30 {
				if i%3 != 0 && i != 7 && i != 8 {
					seen++
				}
			}
			if len(r.Hits) == 0 || len(r.Hits) > seen || !r.Exact {
				t.Errorf("%s of %ss: %d hits of %d, exact %v", plan, unit, len(r.Hits), seen, r.Exact)
			}
			for _, h := range r.Hits {
				n := 0
				fmt.Sscanf(h.Doc, "d%d", &n)
				if n%3 == 0 || n >= 30 || n == 7 || n == 8 {
					t.Errorf("%s of %ss finds %s", plan, unit, h.Doc)
				}
				for _, l := range h.Lists {
					if l.Rank > seen {
						t.Errorf("%s: %s is %d. of %s, where %d can be seen", plan, h.Doc, l.Rank, l.List, seen)
					}
				}
			}
			if again := ask(t, ix, q); !reflect.DeepEqual(again.Hits, r.Hits) {
				t.Errorf("%s of %ss does not rank the same twice", plan, unit)
			}
		}
	}
}

// TestRerankByVectors: only the best of the first list are scored, by MaxSim too, as a
// search by that vector scores them.
func TestRerankByVectors(t *testing.T) {
	ix := planIndex(t)
	parts := Multi{{.4, .1}, {-.2, .8}}
	first := ask(t, ix, Query{Text: "fine sieve", Unit: Documents, K: 10, IDsOnly: true})
	all := ask(t, ix, Query{Vector: parts, Field: "parts", K: 40, IDsOnly: true})
	var want []string
	for _, h := range all.Hits {
		if slices.ContainsFunc(first.Hits, func(f Hit) bool { return f.Doc == h.Doc }) {
			want = append(want, fmt.Sprint(h.Doc, h.Score))
		}
	}
	got := ask(t, ix, Query{Plan: "rerank(text, multi, n=10)", Text: "fine sieve", Vector: parts, Field: "parts", Unit: Documents, K: 10, IDsOnly: true})
	var have []string
	for _, h := range got.Hits {
		have = append(have, fmt.Sprint(h.Doc, h.Score))
	}
	if !slices.Equal(have, want) {
		t.Errorf("reranked: %v, want %v", have, want)
	}
}

func TestPlanRequestErrors(t *testing.T) {
	ix := planIndex(t)
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Plan: "rrf(text", Text: "sieve"}, `plan "rrf(text": no plan: at byte 8`},
		{Query{Plan: "dense", Text: "sieve"}, "plan: its list of dense vectors has nothing to ask"},
		{Query{Plan: "words", Text: "sieve"}, "there are text, dense, sparse, multi and reranker"},
		{Query{Plan: "boost(text, 'yeer = 1')", Text: "sieve"}, `did you mean "year"`},
		{Query{Plan: "text", Text: "sieve", Recall: 2}, "recall"},
		{Query{Plan: "rrf(text, dense)", Text: "sieve", Vector: Dense{1}, Field: "near"}, "a vector of 1 numbers"},
		{Query{Plan: "text", Text: "?"}, "no word"},
	} {
		_, err := ix.Search(t.Context(), c.q)
		var wrong *InvalidError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.q.Plan, err, c.want)
		}
	}
}

// TestHybridByDefault: where an Encoder made vectors and is used, words and meaning rank
// together; a plan or no encoder says otherwise.
func TestHybridByDefault(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(6)); err != nil {
		t.Fatal(err)
	}
	q := Query{Text: "when does the gate of wall 3 open", K: 5}
	words := ask(t, ix, q)
	e := tinyEncoder(t, 1)
	ix.Use(e)
	if r := ask(t, ix, q); !reflect.DeepEqual(r.Hits, words.Hits) || r.Plan != "" {
		t.Errorf("an encoder that made no vectors changes the ranking: plan %q", r.Plan)
	}
	if _, err := ix.Encode(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	for _, unit := range []Unit{Passages, Documents} {
		q.Unit = unit
		q.K = 100
		r := ask(t, ix, q)
		if r.Plan != hybrid || len(r.Hits) < 5 || len(r.Hits) >= 100 {
			t.Fatalf("%s: plan %q, %d hits", unit, r.Plan, len(r.Hits))
		}
		best, least := map[string]float32{}, map[string]float32{"text": 99, "dense": 99}
		for _, h := range r.Hits {
			for _, l := range h.Lists {
				best[l.List], least[l.List] = max(best[l.List], l.Score), min(least[l.List], l.Score)
			}
		}
		for _, h := range r.Hits {
			sum := float32(0) // what a list lacks has the least of it: nothing
			for _, l := range h.Lists {
				sum += map[string]float32{"text": 1, "dense": .7}[l.List] * (l.Score - least[l.List]) / (best[l.List] - least[l.List])
			}
			if d := sum - h.Score; len(h.Lists) == 0 || d > 1e-5 || d < -1e-5 {
				t.Errorf("%s: hit %d has the score %g, its lists say %g: %v", unit, h.Rank, h.Score, sum, h.Lists)
			}
		}
	}
	q.K = 5
	q.Unit, q.Plan = Passages, "text"
	if r := ask(t, ix, q); !reflect.DeepEqual(bare(r), words.Hits) {
		t.Error("words alone rank otherwise beside a model")
	}
	ix.Use(nil)
	q.Plan = ""
	if r := ask(t, ix, q); !reflect.DeepEqual(r.Hits, words.Hits) {
		t.Error("words alone rank otherwise after a model")
	}
}
