package trec

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReadErrors(t *testing.T) {
	for in, want := range map[string]string{
		"1 0 a":                      "q:1: ",
		"1 0 a 1\n\n# c\n1 0 b x\n":  "q:4: ",
		"1 0 a 1\n1 0 a 0\n":         "q:2: ",
		"1 0 a 1.5":                  "q:1: ",
		"1 0 a 128":                  "q:1: ",
		"":                           "q: ",
		"# only a comment\n":         "q: ",
		"1 0 a 1\n1 0 a 1 surplus\n": "q:2: ",
	} {
		if _, err := ReadQrels("q", strings.NewReader(in)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("qrels %q: %v", in, err)
		}
	}
	for in, want := range map[string]string{
		"1 Q0 a 1 2":                        "r:1: ",
		"1 Q0 a 1 two t":                    "r:1: ",
		"1 Q0 a 1 nan t":                    "r:1: ",
		"1 Q0 a 1 2 t\n1 Q0 a 2 1 t\n":      "r:2: ",
		"":                                  "r: ",
		strings.Repeat("x", maxTRECLine+10): "r:1: ",
	} {
		_, err := ReadRun("r", strings.NewReader(in))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("run %.40q: %v", in, err)
		}
		if in != "" && !errors.Is(err, ErrFormat) {
			t.Errorf("run %.40q: %v is no ErrFormat", in, err)
		}
	}
}

func TestReadTolerates(t *testing.T) {
	q, err := ReadQrels("q", strings.NewReader("\ufeff# c\r\n\n  1\t0  a   +1 \r\n1 0 b -1"))
	if err != nil || !reflect.DeepEqual(q, Qrels{"1": {"a": 1, "b": -1}}) {
		t.Errorf("%v %v", q, err)
	}
	r, err := ReadRun("r", strings.NewReader("# c\n 1 Q0 a x 1e400 tag and more\r\n1 Q0 \u00a0b 1 -inf tag"))
	if err != nil || !reflect.DeepEqual(r.Queries, map[string][]Scored{"1": {{"a", math.Inf(1)}, {"\u00a0b", math.Inf(-1)}}}) {
		t.Errorf("%v %v", r, err)
	}
}

func TestWriteRun(t *testing.T) {
	r := &Run{Tag: "x", Queries: map[string][]Scored{"2": {{"b", 1}, {"a", 2}, {"c", 1}}, "1": {{"z", .5}}}}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "1 Q0 z 1 0.5 x\n2 Q0 a 1 2 x\n2 Q0 c 2 1 x\n2 Q0 b 3 1 x\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	for _, bad := range []*Run{
		{Queries: map[string][]Scored{"1": {{"", 1}}}},
		{Queries: map[string][]Scored{"1": {{"a b", 1}}}},
		{Queries: map[string][]Scored{"#1": {{"a", 1}}}},
		{Queries: map[string][]Scored{"": {{"a", 1}}}},
	} {
		if err := bad.Write(&b); !errors.Is(err, errID) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestMeasureNames(t *testing.T) {
	DefaultMeasures()
	for _, bad := range []string{"", "ndcg@", "ndcg@0", "ndcg@-1", "x@5", "P_0", "map@1e3", "_5", "iprec_at_recall_x"} {
		if _, err := ParseMeasures(bad); err == nil {
			t.Errorf("%q is known", bad)
		}
	}
}

func TestEvaluateSmall(t *testing.T) {
	qrels := Qrels{"1": {"a": 2, "b": 1, "c": 0}, "2": {"x": 1}, "3": {"y": 0}}
	run := &Run{Queries: map[string][]Scored{"1": {{"c", 9}, {"a", 8}, {"n", 7}, {"b", 6}}, "9": {{"x", 1}}}}
	m, err := ParseMeasures("ndcg@10", "mrr@1", "mrr@2", "recall@2", "p@2", "map", "num_rel")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Evaluate(qrels, run, m, Options{})
	if err != nil || len(s.Queries) != 1 {
		t.Fatal(s, err)
	}
	want := []float64{(2/math.Log2(3) + 1/math.Log2(5)) / (2 + 1/math.Log2(3)), 0, .5, .5, .5, (1./2 + 2./4) / 2, 2}
	for i, v := range want {
		if math.Abs(s.Mean[i]-v) > 1e-12 {
			t.Errorf("%s: %v, want %v", m[i].Name(), s.Mean[i], v)
		}
	}
	if s, err = Evaluate(qrels, run, m, Options{Complete: true}); err != nil || len(s.Queries) != 3 || math.Abs(s.Mean[2]-.5/3) > 1e-12 {
		t.Error(s, err)
	}
	if _, err = Evaluate(qrels, &Run{Queries: map[string][]Scored{"7": nil}}, m, Options{}); !errors.Is(err, ErrNoQueries) {
		t.Error(err)
	}
}

// TestTies: what pytrec_eval, which is trec_eval, says of two documents of which a is
// relevant. Scores that differ in double precision alone are equal, the larger id is first.
func TestTies(t *testing.T) {
	m, err := ParseMeasures("recip_rank")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ a, b, want float64 }{
		{1, 1.00000001, .5}, {1.00000001, 1, .5}, {1, 1, .5}, {1, 1.000001, .5}, {1.000001, 1, 1}, {16777217, 16777216, .5}, {math.Inf(1), 1e300, .5},
	} {
		run := &Run{Queries: map[string][]Scored{"1": {{"a", x.a}, {"b", x.b}}}}
		s, err := Evaluate(Qrels{"1": {"a": 1, "b": 0}}, run, m, Options{})
		if err != nil || s.Mean[0] != x.want {
			t.Errorf("%v and %v: %v, want %v (%v)", x.a, x.b, s.Mean, x.want, err)
		}
	}
}

// TestUnknown: documents that nobody judged are not relevant, queries that nobody judged
// are left out, and judged queries without results too, or count 0.
func TestUnknown(t *testing.T) {
	m, err := ParseMeasures("map", "num_ret", "unj@2", "p@2")
	if err != nil {
		t.Fatal(err)
	}
	qrels := Qrels{"1": {"a": 1}, "2": {"a": 1}}
	run := &Run{Queries: map[string][]Scored{"1": {{"who", 2}, {"a", 1}}, "strange": {{"a", 1}}}}
	for complete, want := range map[bool][]float64{false: {.5, 2, .5, .5}, true: {.25, 2, .25, .25}} {
		s, err := Evaluate(qrels, run, m, Options{Complete: complete})
		if err != nil || !reflect.DeepEqual(s.Mean, want) {
			t.Errorf("complete %v: %v, want %v (%v)", complete, s.Mean, want, err)
		}
	}
}

// Every mean of shares lies between 0 and 1 for any judgments and ranking, an
// ideal ranking has nDCG 1, and a run read back from its file scores the same.
func TestMeasureBounds(t *testing.T) {
	names := []string{"ndcg", "ndcg@3", "map", "map@3", "mrr", "p@3", "recall@3", "rprec", "bpref", "success@3", "infAP", "binG", "G", "ndcg_rel",
		"set_F", "iprec_at_recall_0.3", "11pt_avg"}
	measures, err := ParseMeasures(names...)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		doc := rapid.StringMatching(`[a-e][0-9]?`)
		judged := rapid.MapOfN(doc, rapid.IntRange(-1, 3), 1, 12).Draw(t, "judged")
		docs := rapid.SliceOfNDistinct(doc, 0, 20, rapid.ID).Draw(t, "docs")
		run := &Run{Queries: map[string][]Scored{"q": {}}}
		for _, d := range docs {
			run.Queries["q"] = append(run.Queries["q"], Scored{d, float64(rapid.IntRange(0, 5).Draw(t, "score"))})
		}
		qrels := Qrels{"q": judged}
		s, err := Evaluate(qrels, run, measures, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range s.Mean {
			if !(v >= 0 && v <= 1+1e-12) {
				t.Fatalf("%s = %v", names[i], v)
			}
		}
		if len(docs) > 0 {
			var b bytes.Buffer
			if err := run.Write(&b); err != nil {
				t.Fatal(err)
			}
			again, err := ReadRun("", &b)
			if err != nil {
				t.Fatal(err)
			}
			if s2, err := Evaluate(qrels, again, measures, Options{}); err != nil || !reflect.DeepEqual(s.Mean, s2.Mean) {
				t.Fatal(s2, err)
			}
		}
		ideal := &Run{Queries: map[string][]Scored{"q": {}}}
		positive := 0
		for d, g := range judged {
			ideal.Queries["q"] = append(ideal.Queries["q"], Scored{d, float64(g)})
			if g > 0 {
				positive++
			}
		}
		s, _ = Evaluate(qrels, ideal, measures[:1], Options{})
		if positive > 0 && math.Abs(s.Mean[0]-1) > 1e-12 {
			t.Fatalf("the ideal ranking has nDCG %v", s.Mean[0])
		}
	})
}

func FuzzReadTREC(f *testing.F) {
	f.Add("1 Q0 a 1 2 t\n# c\n2 Q0 b 1 1e-3 t x\n")
	f.Add("1 0 a 1\n")
	f.Add("0 0 # 0 0 0")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = ReadQrels("q", strings.NewReader(s))
		r, err := ReadRun("r", strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := ReadRun("again", bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		for q, docs := range r.Queries {
			if !reflect.DeepEqual(ranked(docs), ranked(again.Queries[q])) {
				t.Fatalf("%s: %v became %v", q, docs, again.Queries[q])
			}
		}
	})
}
