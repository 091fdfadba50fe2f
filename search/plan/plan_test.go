package plan

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/vector"
)

// fake is a source of lists by name. Documents have three passages each.
type fake struct {
	documents, passages map[string][]topk.Hit
	scores              map[string]map[topk.Row]float32 // of lists that only score
	feedback            int                             // how often it was asked for
	vectors             map[topk.Row]vector.Dense       // of the list dense
	bare                uint32                          // a document without passages, where not 0
}

type fixed []topk.Hit

func (f fixed) Rank(_ context.Context, k int) (topk.Ranking, error) {
	return topk.Ranking{Hits: slices.Clone(f[:min(k, len(f))]), Exact: true, Recall: 1}, nil
}

var errNone = errors.New("no such list")

func (f *fake) List(_ context.Context, name string, unit vector.Unit) (*List, error) {
	l := &List{Unit: unit}
	if s, ok := f.scores[name]; ok {
		l.Score = func(_ context.Context, rows []topk.Row) ([]float32, error) {
			out := make([]float32, len(rows))
			for i, r := range rows {
				x, ok := s[r]
				if !ok {
					x = float32(math.NaN())
				}
				out[i] = x
			}
			return out, nil
		}
		return l, nil
	}
	hits, ok := f.documents[name]
	if p, has := f.passages[name]; has && (unit == vector.Passages || !ok) {
		hits, ok, l.Unit = p, true, vector.Passages
	} else {
		l.Unit = vector.Documents
	}
	if !ok {
		return nil, errNone
	}
	l.Ranker = fixed(hits)
	if name == "dense" {
		l.Vectors = func(rows []topk.Row) (all []vector.Dense, err error) {
			for _, row := range rows {
				all = append(all, f.vectors[row])
			}
			return all, nil
		}
	}
	l.Feedback = func(_ context.Context, found []topk.Hit, fb Feedback) (search.Ranker, error) {
		f.feedback++
		return fixed(hits), nil
	}
	return l, nil
}

func (f *fake) DocumentOf(row topk.Row) topk.Row {
	return topk.Row{Segment: row.Segment, Row: row.Row / 3}
}
func (f *fake) PassageRows(doc topk.Row) (uint32, uint32) {
	if f.bare != 0 && doc.Row == f.bare {
		return 3 * doc.Row, 3 * doc.Row
	}
	return 3 * doc.Row, 3*doc.Row + 3
}
func (f *fake) Match(s string) (func(topk.Row) (bool, error), error) {
	if s != "even" {
		return nil, errNone
	}
	return func(doc topk.Row) (bool, error) { return doc.Row%2 == 0, nil }, nil
}
func (f *fake) Modified(doc topk.Row) (time.Time, error) {
	if doc.Row == 3 {
		return time.Time{}, nil
	}
	return time.Unix(int64(doc.Row)*86400*100, 0), nil
}

func hits(pairs ...float32) (all []topk.Hit) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, topk.Hit{Row: topk.Row{Row: uint32(pairs[i])}, Score: pairs[i+1]})
	}
	slices.SortFunc(all, topk.Compare)
	return all
}

// ranks asks a plan, and fails on its error.
func ranks(t *testing.T, f *fake, expr string, unit vector.Unit, k int) (topk.Ranking, *Plan) {
	t.Helper()
	n, err := Parse(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	p := &Plan{Node: n, Source: f, Unit: unit}
	r, err := p.Rank(t.Context(), k)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return r, p
}

func rowsOf(r topk.Ranking) (rows []uint32) {
	for _, h := range r.Hits {
		rows = append(rows, h.Row.Row)
	}
	return rows
}

func random(rng *rand.Rand, rows, n int) []topk.Hit {
	var all []topk.Hit
	for _, row := range rng.Perm(rows)[:n] {
		// Few scores, so that there are ties; a cosine may be negative.
		all = append(all, topk.Hit{Row: topk.Row{Segment: row % 2, Row: uint32(row / 2)}, Score: float32(rng.IntN(12)-3) / 7})
	}
	slices.SortFunc(all, topk.Compare)
	return all
}

// slowly is fusion as it is written in the papers: for each row anew, list after list.
func slowly(lists [][]topk.Hit, by []float64, rrf bool, norm string, k float64, depth, deep int) []topk.Hit {
	all := map[topk.Row]bool{}
	for i := range lists {
		lists[i] = lists[i][:min(deep, len(lists[i]))]
		for _, h := range lists[i] {
			if by[i] > 0 {
				all[h.Row] = true
			}
		}
	}
	var out []topk.Hit
	for row := range all {
		var add []float64
		for i, l := range lists {
			if by[i] == 0 || len(l) == 0 {
				continue
			}
			at := slices.IndexFunc(l, func(h topk.Hit) bool { return h.Row == row })
			switch {
			case rrf && at >= 0:
				add = append(add, by[i]/(k+float64(at+1)))
			case rrf:
			case at >= 0:
				add = append(add, by[i]*slowNorm(l, norm, float64(l[at].Score), depth))
			case norm == "none" || l[0].Score == l[min(len(l), depth)-1].Score:
				add = append(add, by[i]*min(0, slowNorm(l, norm, float64(l[len(l)-1].Score), depth)))
			default:
				add = append(add, by[i]*slowNorm(l, norm, float64(l[len(l)-1].Score), depth))
			}
		}
		slices.Sort(add)
		slices.Reverse(add)
		s := 0.0
		for _, x := range add {
			s += x
		}
		out = append(out, topk.Hit{Row: row, Score: float32(s)})
	}
	slices.SortFunc(out, topk.Compare)
	return out
}

func slowNorm(l []topk.Hit, norm string, x float64, depth int) float64 {
	l = l[:min(depth, len(l))]
	best, least := float64(l[0].Score), float64(l[len(l)-1].Score)
	switch norm {
	case "minmax":
		if best > least {
			return (x - least) / (best - least)
		}
	case "median":
		if median := float64(l[len(l)/2].Score); best > median {
			return max(0, (x-median)/(best-median))
		}
	case "best":
		if best > least && best > 0 {
			return x / best
		}
		if best > least {
			return (x - least) / (best - least)
		}
	case "z":
		mean, square := 0.0, 0.0
		for _, h := range l {
			mean += float64(h.Score) / float64(len(l))
		}
		for _, h := range l {
			square += math.Pow(float64(h.Score)-mean, 2) / float64(len(l))
		}
		if best > least {
			return (x - mean) / math.Sqrt(square)
		}
	default:
		return x
	}
	if x < best {
		return 0
	}
	return 1
}

func TestFusionIsAsWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 5))
	for range 300 {
		f := &fake{documents: map[string][]topk.Hit{}}
		names := []string{"a", "b", "c"}
		var lists [][]topk.Hit
		by := []float64{1, float64(rng.IntN(4)) / 2, .25}
		for _, name := range names {
			l := random(rng, 40, rng.IntN(30))
			f.documents[name] = l
			lists = append(lists, slices.Clone(l))
		}
		depth := 1 + rng.IntN(30)
		k := depth + rng.IntN(2)*rng.IntN(20)
		for _, how := range []string{"rrf", "minmax", "z", "median", "best", "none"} {
			n := &Node{step: stepOf("linear"), norm: how, by: by, set: map[string]float64{"depth": float64(depth)}}
			if how == "rrf" {
				n.step, n.norm, n.set["k"] = stepOf("rrf"), "", 10
			}
			for _, name := range names {
				n.of = append(n.of, &Node{name: name})
			}
			again, err := Parse(n.String())
			if err != nil || again.String() != n.String() {
				t.Fatalf("%s is read as %v (%v)", n, again, err)
			}
			got, _ := ranks(t, f, n.String(), vector.Documents, k)
			want := slowly(slices.Clone(lists), by, how == "rrf", how, 10, depth, k)
			if !slices.EqualFunc(got.Hits, want[:min(k, len(want))], near) {
				t.Fatalf("%s:\n%v, want\n%v", n, got.Hits, want)
			}
			// The order of lists changes nothing, not even the last bit.
			other := *n
			other.of, other.by = slices.Clone(n.of), slices.Clone(n.by)
			slices.Reverse(other.of)
			slices.Reverse(other.by)
			if turned, _ := ranks(t, f, other.String(), vector.Documents, k); !slices.Equal(turned.Hits, got.Hits) {
				t.Fatalf("%s and %s differ", n, &other)
			}
			// A list of weight 0 is none.
			if by[1] == 0 {
				other.of, other.by = []*Node{n.of[0], n.of[2]}, []float64{by[0], by[2]}
				if less, _ := ranks(t, f, other.String(), vector.Documents, k); !slices.Equal(less.Hits, got.Hits) {
					t.Fatalf("%s and %s differ", n, &other)
				}
			}
		}
	}
}

func near(a, b topk.Hit) bool {
	return a.Row == b.Row && math.Abs(float64(a.Score-b.Score)) <= 1e-6
}

func TestAggregation(t *testing.T) {
	// Document 0 has passages 0 to 2, document 1 has 3 to 5, document 2 has 6 to 8.
	f := &fake{passages: map[string][]topk.Hit{"dense": hits(0, .2, 1, .9, 3, .8, 4, .7, 6, .3)}}
	for expr, want := range map[string][]uint32{
		"dense":        {0, 1, 2}, // the best passage
		"max(dense)":   {0, 1, 2},
		"sum(dense)":   {1, 0, 2},
		"first(dense)": {1, 2, 0},
	} {
		got, _ := ranks(t, f, expr, vector.Documents, 10)
		if !slices.Equal(rowsOf(got), want) {
			t.Errorf("%s ranks %v, want %v", expr, rowsOf(got), want)
		}
		if one, _ := ranks(t, f, expr, vector.Documents, 1); len(one.Hits) != 1 || one.Hits[0].Row.Row != want[0] && expr != "sum(dense)" {
			t.Errorf("%s: the best is %v, want %d", expr, one.Hits, want[0])
		}
	}
	// Passages of a document have its score, beside those of a list of passages.
	f.documents = map[string][]topk.Hit{"docs": hits(2, 5, 0, 1)}
	got, p := ranks(t, f, "rrf(dense, docs/document, k=1)", vector.Passages, 20)
	if len(got.Hits) != 8 || got.Hits[0].Row.Row != 1 {
		t.Fatalf("passages %v", got.Hits)
	}
	if places := p.Places()(topk.Row{Row: 7}); len(places) != 1 || places[0] != (Place{"docs/document", 1, 5}) {
		t.Errorf("passage 7 stands at %v", places)
	}
}

func TestChanges(t *testing.T) {
	f := &fake{
		documents: map[string][]topk.Hit{"text": hits(0, 5, 1, 4, 2, 3, 3, 2, 4, -1), "other": hits(3, 9, 2, 8, 7, 7)},
		passages:  map[string][]topk.Hit{"dense": hits(0, 1, 1, .1, 2, .9, 4, .95)},
		scores:    map[string]map[topk.Row]float32{"cross": {{Row: 1}: 3, {Row: 2}: 4}},
	}
	for _, c := range []struct {
		expr string
		unit vector.Unit
		want []uint32
	}{
		{"rerank(text, other, n=3)", vector.Documents, []uint32{2, 0, 1, 3, 4}}, // 3 is not among the best 3
		{"rerank(text, other)", vector.Documents, []uint32{3, 2, 0, 1, 4}},
		{"rerank(text, cross)", vector.Documents, []uint32{2, 1, 0, 3, 4}},
		{"rerank(text, cross, n=1)", vector.Documents, []uint32{0, 1, 2, 3, 4}}, // it has no score for 0
		{"boost(text, 'even', by=0.1)", vector.Documents, []uint32{1, 3, 0, 2, 4}},
		{"boost(text, 'even', by=2)", vector.Documents, []uint32{0, 2, 1, 3, 4}},
		// Document 4 is the newest, 3 has no date, 0 is 400 days older.
		{"recent(text, by=1, days=10)", vector.Documents, []uint32{2, 1, 0, 3, 4}},
		{"smooth(dense, by=0.5)", vector.Passages, []uint32{0, 1, 2, 4}},
	} {
		got, _ := ranks(t, f, c.expr, c.unit, 10)
		if !slices.Equal(rowsOf(got), c.want) {
			t.Errorf("%s ranks %v, want %v", c.expr, rowsOf(got), c.want)
		}
		if !slices.IsSortedFunc(got.Hits, topk.Compare) {
			t.Errorf("%s: the scores do not have the order of the hits: %v", c.expr, got.Hits)
		}
	}
	// Feedback is for lists that stand out.
	for gate, want := range map[string]int{"0": 1, "0.99": 0} {
		f.feedback = 0
		ranks(t, f, "feedback(text, docs=2, gate="+gate+")", vector.Documents, 10)
		if f.feedback != want {
			t.Errorf("gate %s: asked for feedback %d times, want %d", gate, f.feedback, want)
		}
	}
}

func TestPlanErrors(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{"", "a list such as text"},
		{"rrf", "rrf needs lists"},
		{"rrf()", "0 lists"},
		{"rrf(text", "a comma or )"},
		{"fuse(text)", `no step "fuse"; there are rrf, linear`},
		{"rrf(text, k=x)", "k is \"x\": use a number"},
		{"rrf(text, k=-1)", "k is \"-1\""},
		{"rrf(text, n=3)", `no setting "n"`},
		{"rrf(-1*text)", "no weight"},
		{"rrf(NaN*text)", "no weight"},
		{"rerank(2*text, dense)", "no weight"},
		{"rerank(text)", "1 lists: it takes 2"},
		{"linear(text, norm=log)", "use minmax, z, median, best, none"},
		{"boost(text)", "needs a filter"},
		{"boost(text, 'a)", "' and '"},
		{"text text", "left over"},
		{strings.Repeat("max(", 100) + "text" + strings.Repeat(")", 100), "too deep"},
		{"rrf(" + strings.Repeat("text,", 2000) + "text)", "bytes, more than"},
		{"rrf(" + strings.Repeat("a,", 1000) + "a)", "too long"},
	} {
		if _, err := Parse(c.expr); !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: error %v, want %q", c.expr, err, c.want)
		}
	}
	f := &fake{documents: map[string][]topk.Hit{"text": hits(0, 1)}, scores: map[string]map[topk.Row]float32{"cross": {}}}
	for expr, want := range map[string]error{
		"rrf(text, dense)":            errNone,
		"cross":                       ErrSyntax,
		"boost(text, 'odd')":          errNone,
		"feedback(rrf(text))":         ErrSyntax,
		"rrf(text, rrf(text, cross))": ErrSyntax,
	} {
		n, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (&Plan{Node: n, Source: f}).Rank(t.Context(), 3); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", expr, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n, _ := Parse("text")
	if _, err := (&Plan{Node: n, Source: f}).Rank(ctx, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled plan gives %v", err)
	}
}

// TestWhere: every filter of a plan is changed, wherever it stands, the plan itself not; what
// would end a filter is written otherwise.
func TestWhere(t *testing.T) {
	n, err := Parse(`rrf(0.5*boost(text, 'a = "x"', by=2), max(boost(boost(dense, 'b'), 'c')), k=3)`)
	if err != nil {
		t.Fatal(err)
	}
	before := n.String()
	changed, err := n.Where(func(s string) (string, error) { return s + ` = "it's"`, nil })
	want := `rrf(0.5*boost(text, 'a = "x" = "it\u0027s"', by=2), max(boost(boost(dense, 'b = "it\u0027s"'), 'c = "it\u0027s"')), k=3)`
	if err != nil || changed.String() != want || n.String() != before {
		t.Errorf("%s, %s (%v), want %s", n, changed, err, want)
	}
	if again, err := Parse(want); err != nil || again.String() != want {
		t.Error(again, err)
	}
	if _, err := n.Where(func(s string) (string, error) { return "", errNone }); !errors.Is(err, errNone) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"text", "rrf(text, 0.5*dense:a/passage, k=10)", "linear(text, dense, norm=z, depth=7)", "boost(max(a), 'x = \"y\"', by=3)", "feedback(text, rrf(a,b), docs=3)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(n.String())
		if err != nil || again.String() != n.String() || cmp.Compare(len(n.Lists()), 1) < 0 {
			t.Fatalf("%q is %q, which is read as %v (%v)", s, n, again, err)
		}
	})
}
