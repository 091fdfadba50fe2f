package tamis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
)

// readers are models that read passages, one of each kind.
func readers(t *testing.T) map[string]*encode.Reranker {
	t.Helper()
	shape := tinymodel.Shape{Words: len(gateWords), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64}
	late := shape.Write(t, 5, gateWords...)
	if err := os.Mkdir(filepath.Join(late, "1_Dense"), 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.WriteJSON(t, filepath.Join(late, "1_Dense", "config.json"), map[string]any{"in_features": 32, "out_features": 16})
	w := make([]float32, 16*32)
	for i := range w {
		w[i] = float32(math.Sin(float64(i)))
	}
	tinymodel.WriteFile(t, filepath.Join(late, "1_Dense", "model.safetensors"), tinymodel.Safetensors(map[string]tinymodel.Tensor{"linear.weight": {Shape: []int{16, 32}, Values: w}}))
	shape.Labels = 2
	cross := shape.Write(t, 6, gateWords...)
	shape.Labels, shape.Prunes = 1, true
	all := map[string]*encode.Reranker{}
	for name, dir := range map[string]string{"cross-encoder": cross, "pruner": shape.Write(t, 7, gateWords...), "late interaction": late} {
		by, err := encode.OpenReranker(dir, model.F32)
		if err != nil {
			t.Fatal(name, err)
		}
		t.Cleanup(func() { by.Close() })
		all[name] = by
	}
	return all
}

// TestRerankerInPlans: the best n of what a plan finds come in the order of what the model
// says of the passages that the hits show, the others behind them in their own, whatever
// kind of model it is.
func TestRerankerInPlans(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(12)); err != nil {
		t.Fatal(err)
	}
	for kind, by := range readers(t) {
		moved := false
		for _, unit := range []Unit{Passages, Documents} {
			for of, n := range map[string]int{"text": 5, "boost(text, 'lang = \"en\"', by=3)": 30, "smooth(text)": 1} {
				q := Query{Text: "when does the gate of wall 3 open at noon", Unit: unit, K: 100, Plan: of}
				base := ask(t, ix, q)
				want := bare(base)
				head := want[:min(n, len(want))]
				for i, h := range head {
					said, err := by.Judge(t.Context(), q.Text, []string{encode.Text(h.Title, h.Text)}, 0)
					if err != nil {
						t.Fatal(err)
					}
					head[i].Score = said[0].Score
				}
				slices.SortFunc(head, func(a, b Hit) int { // what is alike in order of addition
					return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(len(a.Doc), len(b.Doc)), cmp.Compare(a.Doc, b.Doc), cmp.Compare(a.Start, b.Start))
				})
				q.Plan, q.Rerank = fmt.Sprintf("rerank(%s, reranker, n=%d)", of, n), by
				got := ask(t, ix, q)
				for i, h := range got.Hits {
					w := want[i]
					if h.Doc != w.Doc || h.Start != w.Start || i < len(head) && h.Score != w.Score || !got.Exact {
						t.Fatalf("%s, %s of %ss: hit %d is %s at %d (%g), want %s at %d (%g)", kind, q.Plan, unit, i, h.Doc, h.Start, h.Score, w.Doc, w.Start, w.Score)
					}
					if l := h.Lists[len(h.Lists)-1]; i < len(head) && l != (ListPlace{List: "reranker", Rank: i + 1, Score: h.Score}) {
						t.Errorf("%s: hit %d stands at %v", kind, i, l)
					}
					moved = moved || h.Doc != base.Hits[i].Doc
				}
				// Without a plan the best 20 of words are read.
				if q.Plan = ""; of == "text" {
					if r := ask(t, ix, q); r.Plan != "rerank(text, reranker, n=20)" {
						t.Errorf("without a plan %s ranks", r.Plan)
					}
				}
			}
		}
		if !moved {
			t.Errorf("%s changes no order: the test shows nothing", kind)
		}
	}
}

// counting judges by the length of passages, and remembers which it read.
type counting struct{ read []string }

func (c *counting) Judge(ctx context.Context, _ string, passages []string, _ time.Duration) (out []encode.Judgement, err error) {
	c.read = append(c.read, passages...)
	for _, p := range passages {
		out = append(out, encode.Judgement{Score: -float32(len(p))})
	}
	return out, ctx.Err()
}

// TestRerankerReads: what a caller may not see is not read, no passage twice for a question,
// never more than a bound, and a plan cannot ask for a model that nobody named.
func TestRerankerReads(t *testing.T) {
	ix := planIndex(t)
	by := &counting{}
	q := Query{Plan: "linear(rerank(text, reranker, n=9), rerank(rrf(text, dense), reranker), rerank(dense, reranker))",
		Text: "fine sieve", Vector: Dense{.3, -.2, .9}, Field: "near", K: 100, Groups: []string{"guests"}, Filter: "year < 2030", Rerank: by}
	r := ask(t, ix, q)
	if len(r.Hits) == 0 || len(by.read) != len(r.Hits) {
		t.Errorf("%d passages were read for %d hits", len(by.read), len(r.Hits))
	}
	seen := map[string]bool{}
	for _, h := range r.Hits {
		seen[h.Text] = true
	}
	for _, p := range by.read {
		if !seen[p] {
			t.Errorf("the model read %q, which is no hit", p)
		}
	}
	q.Fold = true // which asks for more and more
	if by.read = nil; len(ask(t, ix, q).Hits) == 0 || len(by.read) > len(r.Hits) {
		t.Errorf("folding read %d passages of %d", len(by.read), len(r.Hits))
	}

	many, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer many.Close()
	if _, err := many.Add(t.Context(), sieves(1100)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ix   *Index
		q    Query
		want string
	}{
		{ix, Query{Plan: "rerank(text, reranker)", Text: "sieve"}, "reranker needs a model that reads passages"},
		{ix, Query{Plan: "rerank(text, reranker:/models/other)", Text: "sieve", Rerank: by}, "there are text, dense, sparse, multi and reranker"},
		{ix, Query{Plan: "reranker", Text: "sieve", Rerank: by}, "reranker scores what others find"},
		{ix, Query{Plan: "feedback(reranker)", Text: "sieve", Rerank: by}, "reranker takes no feedback"},
		{ix, Query{Plan: "rerank(text, reranker)", Text: "?", Rerank: by}, "no word"},
		{ix, Query{Plan: "rerank(dense, reranker)", Vector: Dense{1, 0, 0}, Field: "near", Rerank: by}, "there is none"},
		{ix, Query{Vector: Dense{1, 0, 0}, Field: "near", Rerank: by}, "say with a plan"},
		{many, Query{Plan: "rerank(text, reranker, n=100000)", Text: "sieve mesh flour fine coarse cook pot spoon", Rerank: by}, "would read 1100 passages, more than 1000"},
	} {
		_, err := c.ix.Search(t.Context(), c.q)
		var wrong *InvalidError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.q.Plan, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.Search(ctx, Query{Plan: "rerank(text, reranker)", Text: "sieve", Rerank: by}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled search gives %v", err)
	}
	if a, b := ask(t, ix, q), ask(t, ix, q); !reflect.DeepEqual(a.Hits, b.Hits) {
		t.Error("a plan does not rank the same twice")
	}
}
