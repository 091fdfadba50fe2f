package plan

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// lendSlowly is what near says, written over all pairs with sorting alone.
func lendSlowly(r []topk.Hit, vectors map[topk.Row]vector.Dense, n, depth int, by float64) []topk.Hit {
	head := r[:min(depth, len(r))]
	from := min(0, float64(head[len(head)-1].Score))
	length := func(v vector.Dense) float64 { return math.Sqrt(float64(v.Dot(v))) }
	lent, sum, known := map[topk.Row]float64{}, 0.0, 0
	for _, h := range head {
		v := vectors[h.Row]
		if v == nil || length(v) == 0 {
			continue
		}
		type other struct{ cosine, has float64 }
		var all []other
		for _, o := range head {
			w := vectors[o.Row]
			if o.Row == h.Row || w == nil || length(w) == 0 {
				continue
			}
			share := min(1, length(w))
			if c := float64(v.Dot(w)) / length(v) / length(w); c > 0 {
				all = append(all, other{c, (float64(o.Score) - from) * share * share})
			}
		}
		slices.SortStableFunc(all, func(a, b other) int { return cmp.Compare(b.cosine, a.cosine) })
		weight, has := 0.0, 0.0
		for _, o := range all[:min(n, len(all))] {
			weight, has = weight+o.cosine, has+o.cosine*o.has
		}
		if weight > 0 {
			lent[h.Row] = has / weight
		}
		sum, known = sum+lent[h.Row], known+1
	}
	out := slices.Clone(r)
	for i, h := range head {
		l := lent[h.Row]
		if v := vectors[h.Row]; known > 0 && (v == nil || length(v) == 0) {
			l = sum / float64(known)
		}
		out[i].Score = float32(float64(h.Score) + by*l)
	}
	slices.SortFunc(out, topk.Compare)
	return out
}

func TestNearIsAsWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	for range 300 {
		l := random(rng, 60, 1+rng.IntN(40))
		vectors := map[topk.Row]vector.Dense{}
		for _, h := range l {
			if rng.IntN(5) == 0 {
				continue
			}
			v := make(vector.Dense, 6)
			for i := range v {
				v[i] = rng.Float32() - .3
			}
			vectors[h.Row] = v
		}
		f := &fake{documents: map[string][]topk.Hit{"text": l, "dense": nil}, vectors: vectors}
		got, _ := ranks(t, f, "near(text, dense, n=3, by=0.7, depth=20)", vector.Documents, 100)
		want := lendSlowly(l, vectors, 3, 20, .7)
		if !slices.EqualFunc(got.Hits, want, func(a, b topk.Hit) bool { return math.Abs(float64(a.Score-b.Score)) < 1e-5 }) {
			t.Fatalf("%v, want\n%v", got.Hits, want)
		}
	}
}

// TestNear: what is like two good rows comes before a better one that is like none, a short
// vector lends less, and a row without a vector keeps its place among others.
func TestNear(t *testing.T) {
	one, other := vector.Dense{1, 0, 0}, vector.Dense{0, 1, 0}
	f := &fake{documents: map[string][]topk.Hit{"text": hits(0, 5, 1, 4.9, 2, 4, 3, 3.9), "dense": nil},
		vectors: map[topk.Row]vector.Dense{{Row: 0}: one, {Row: 1}: one, {Row: 2}: other, {Row: 3}: one}}
	if got, _ := ranks(t, f, "near(text, dense)", vector.Documents, 10); !slices.Equal(rowsOf(got), []uint32{0, 1, 3, 2}) {
		t.Errorf("ranked %v", rowsOf(got))
	}
	f.vectors[topk.Row{Row: 0}] = vector.Dense{.1, 0, 0} // who lends nothing, and 1 is lent by 3 alone
	if got, _ := ranks(t, f, "near(text, dense, n=1)", vector.Documents, 10); !slices.Equal(rowsOf(got), []uint32{0, 1, 2, 3}) {
		t.Errorf("ranked %v beside a short vector", rowsOf(got))
	}
	delete(f.vectors, topk.Row{Row: 2})
	if got, _ := ranks(t, f, "near(text, dense)", vector.Documents, 10); !slices.Contains(rowsOf(got)[:3], 2) {
		t.Errorf("ranked %v, where nobody knows what 2 is like", rowsOf(got))
	}
	f.vectors = nil
	if got, _ := ranks(t, f, "near(text, dense)", vector.Documents, 10); !slices.Equal(rowsOf(got), []uint32{0, 1, 2, 3}) {
		t.Errorf("ranked %v without vectors", rowsOf(got))
	}
	for expr, want := range map[string]string{"near(text, text)": "no dense vectors", "near(text, rrf(text))": "a list such as dense", "near(text)": "1 lists"} {
		n, err := Parse(expr)
		if err == nil {
			_, err = (&Plan{Node: n, Source: f, Unit: vector.Documents}).Rank(t.Context(), 10)
		}
		if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", expr, err, want)
		}
	}
}

// TestBlind: a document that has no passage is not worse for it in a list of passages.
func TestBlind(t *testing.T) {
	f := &fake{documents: map[string][]topk.Hit{"text": hits(0, 5, 1, 4.8, 2, 1)}, passages: map[string][]topk.Hit{"dense": hits(0, .2, 6, .9, 9, .1)}, bare: 1}
	if got, _ := ranks(t, f, "linear(text, dense)", vector.Documents, 3); !slices.Equal(rowsOf(got), []uint32{1, 0, 2}) {
		t.Errorf("ranked %v", rowsOf(got))
	}
}
