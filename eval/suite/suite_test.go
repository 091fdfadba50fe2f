package suite

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// owlSet has one question of two documents.
func owlSet(t *testing.T) *eval.EvidenceSet {
	t.Helper()
	s, err := eval.ReadEvidence("d", strings.NewReader(`{"id":"a","title":"Owls","text":"Owls hunt at night. Mice sleep by day. Owls eat mice and voles."}
{"id":"b","title":"Mice","text":"Mice eat seeds. Owls are rare here. Voles dig holes."}
`), "q", strings.NewReader(`{"id":"1","question":"What do owls eat?","answers":[],"evidence":[{"doc":"a","start":39,"end":63}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// twoSets share ids: of documents, of questions and of a group.
func twoSets(t *testing.T) ([]string, []*eval.EvidenceSet) {
	t.Helper()
	grouped, err := eval.ReadEvidence("d", strings.NewReader(`{"id":"a","title":"Kites","text":"Kites fly in the wind. Children hold the string.","group":"x"}
{"id":"b","title":"Boats","text":"Boats sail before the wind. Owls never sail.","group":"y"}
`), "q", strings.NewReader(`{"id":"1","question":"Who holds the string?","answers":["Children"],"evidence":[{"doc":"a","start":23,"end":48}],"group":"x"}
{"id":"2","question":"What sails before the wind?","answers":["Boats"],"evidence":[{"doc":"b","start":0,"end":27}],"group":"y"}
`))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"owls", "wind"}, []*eval.EvidenceSet{owlSet(t), grouped}
}

func newSuite(t *testing.T, names []string, sets []*eval.EvidenceSet, named string) *Suite {
	t.Helper()
	counter, err := tokens.New("words")
	if err != nil {
		t.Fatal(err)
	}
	b, err := baselines.Named(named)
	if err != nil {
		t.Fatal(err)
	}
	s := &Suite{Names: names, Sets: sets, Budgets: []int{6, 12, 48}, Counter: counter, Baselines: b}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSuite: the suite says what single runs say, alone and pooled, and its
// means and gaps are theirs.
func TestSuite(t *testing.T) {
	names, sets := twoSets(t)
	pooled, err := eval.Pool(names, sets)
	if err != nil {
		t.Fatal(err)
	}
	if !oneCorpus(pooled[0], pooled[1]) || oneCorpus(sets[0], sets[1]) {
		t.Error("the pooled sets are one corpus, the others are not")
	}
	for _, use := range [][]*eval.EvidenceSet{sets, pooled} {
		s := newSuite(t, names, use, "all")
		s.Candidates = true
		r, err := s.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for k := range s.Budgets {
			sum := 0.0
			for i, x := range r.Sets {
				c, err := system.NewContexts(t.Context(), use[i], nil)
				if err != nil {
					t.Fatal(err)
				}
				one, err := use[i].Run(t.Context(), c.Ask("words"), s.Budgets, s.Counter, nil)
				if err = errors.Join(err, c.Close()); err != nil {
					t.Fatal(err)
				}
				if x.Budgets[k].EvidenceRecall != one.Budgets[k].EvidenceRecall {
					t.Errorf("%s at %d: %v, alone %v", x.Name, s.Budgets[k], x.Budgets[k].EvidenceRecall, one.Budgets[k].EvidenceRecall)
				}
				sum += one.Budgets[k].EvidenceRecall
				best := 0.0
				for _, b := range x.Baselines {
					f := b.Budgets[k]
					best = max(best, f.EvidenceRecall)
					if f.BudgetViolations+f.VerbatimViolations+f.TokenMismatch > 0 {
						t.Errorf("%+v", f)
					}
				}
				if g := x.Gaps[k]; g.Recall != best || math.Abs(g.Mean-(x.Budgets[k].EvidenceRecall-best)) > 1e-4 {
					t.Errorf("gap %+v, best %v, tamis %v", g, best, x.Budgets[k].EvidenceRecall)
				}
				if found := *x.Budgets[k].CandidateRecall; found < x.Budgets[k].EvidenceRecall || found > 1 {
					t.Errorf("%s: %v among the scored, %v kept", x.Name, found, x.Budgets[k].EvidenceRecall)
				}
			}
			if m := r.Mean[0]; m.System != "tamis" || math.Abs(m.Recall[k]-sum/2) > 1e-9 {
				t.Errorf("mean %+v, want %v", m, sum/2)
			}
		}
		if len(r.Mean) != 1+len(baselines.All()) {
			t.Errorf("%d means", len(r.Mean))
		}
		var b strings.Builder
		if err := r.WriteTable(&b); err != nil || strings.Count(b.String(), "\n") != 2+len(sets)+1+2+len(r.Mean) {
			t.Errorf("%v\n%s", err, b.String())
		}
	}
}

func TestTokensTo(t *testing.T) {
	budgets, curve := []int{100, 400, 1600}, []float64{.5, .7, .9}
	for recall, want := range map[float64]float64{.4: 100, .5: 100, .6: 200, .7: 400, .8: 800, .9: 1600, .95: 0} {
		if got := tokensTo(recall, budgets, curve); math.Abs(got-want) > 1e-6 {
			t.Errorf("%v: %v, want %v", recall, got, want)
		}
	}
}

// TestAblate: what no weight is given to cannot be missed, and without any the
// contexts are no better.
func TestAblate(t *testing.T) {
	names, sets := twoSets(t)
	s := newSuite(t, names, sets, "none")
	w := score.DefaultWeights()
	w[score.Chapter] = 0
	s.Weights = []*score.Weights{&w, &w}
	full, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Ablate(t.Context(), full)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(ingredients()) || w[score.Sentence] != score.DefaultWeights()[score.Sentence] {
		t.Errorf("%d ablations; weights are now %v", len(all), w)
	}
	for _, a := range all {
		if len(a.Change) != len(s.Budgets) || a.Worst.Change > 0 || a.Best.Change < 0 {
			t.Errorf("%+v", a)
		}
		if a.Without == "chapter" && (slices.Max(a.Change) != 0 || slices.Min(a.Change) != 0) {
			t.Errorf("%+v", a)
		}
	}
	var b strings.Builder
	if err := WriteAblations(&b, s.Budgets, all); err != nil || strings.Count(b.String(), "\n") != 2+len(all) {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestPlot: the image is well-formed, has a curve and a name for each system,
// inside its frame and no two names on each other.
func TestPlot(t *testing.T) {
	r := &Report{Budgets: []int{64, 100, 256, 1000}, Mean: []SystemMean{
		{"tamis", []float64{.3, .5, .8, .9}, 256}, {"a<b", []float64{0, .5, .79, .9}, 0}, {"c", []float64{0, 0, 0, 1}, 999},
	}}
	var b bytes.Buffer
	if err := r.WritePlot(&b, "Title & more"); err != nil {
		t.Fatal(err)
	}
	curves, words := 0, ""
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if x.Name.Local == "polyline" {
				curves++
			}
		case xml.CharData:
			words += string(x)
		}
	}
	if curves != 3 {
		t.Errorf("%d curves", curves)
	}
	for _, w := range []string{"Title & more", "tamis (80 %: 256)", "a<b", "c (80 %: 999)", "80 %", "1000"} {
		if !strings.Contains(words, w) {
			t.Errorf("no %q in %s", w, words)
		}
	}
	if err := (&Report{Budgets: []int{5}}).WritePlot(io.Discard, ""); err == nil {
		t.Error("a curve of one point")
	}
}

// TestPooled holds roughly what docs/benchmarks.md says of one corpus, on a
// sample. TAMIS_PEERS runs it: the corpus takes seconds to index.
func TestPooled(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to ask a sample of one corpus of all sets")
	}
	names, sets, err := eval.LoadEvidenceSets(evaldata.Dir(t, "evidence"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sets {
		n := len(s.Questions)
		sample := make([]eval.Question, 0, 25)
		for k := range 25 {
			sample = append(sample, s.Questions[k*n/25])
		}
		s.Questions = sample
	}
	pooled, err := eval.Pool(names, sets)
	if err != nil {
		t.Fatal(err)
	}
	s := newSuite(t, names, pooled, "fixed-chunks-title")
	s.Budgets = []int{512}
	if s.Counter, err = tokens.New("o200k_base"); err != nil {
		t.Fatal(err)
	}
	r, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d documents\n%s", len(pooled[0].Documents), b.String())
	if m := r.Mean; len(pooled[0].Documents) != 8298 || m[0].Recall[0] < m[1].Recall[0]+.04 {
		t.Errorf("%d documents, %+v", len(pooled[0].Documents), m)
	}
}
