package baselines

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// TestBaselineTable prints the baselines on all sets. It takes minutes:
// TAMIS_EVAL=1 runs it, TAMIS_BASELINES and TAMIS_SETS name some.
func TestBaselineTable(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("set TAMIS_EVAL=1 to run the baselines on all evidence sets")
	}
	list := "all"
	if l := os.Getenv("TAMIS_BASELINES"); l != "" {
		list = l
	}
	all, err := Named(list)
	if err != nil {
		t.Fatal(err)
	}
	names, sets, err := eval.LoadEvidenceSets(evaldata.Dir(t, "evidence"))
	if err != nil {
		t.Fatal(err)
	}
	only := os.Getenv("TAMIS_SETS")
	counter, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	budgets := []int{256, 512, 1000, 2000}
	sums := map[string][]float64{}
	asked := 0
	for i, s := range sets {
		name := names[i]
		if only != "" && !slices.Contains(strings.Split(only, ","), name) {
			continue
		}
		asked++
		for _, b := range all {
			f, err := b.On(s, counter)
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Run(t.Context(), f, budgets, counter, nil)
			if err != nil {
				t.Fatal(err)
			}
			if sums[b.Name] == nil {
				sums[b.Name] = make([]float64, len(budgets))
			}
			line := ""
			for i, x := range r.Budgets {
				sums[b.Name][i] += x.EvidenceRecall
				line += " " + figures.Percent(x.EvidenceRecall)
				if x.BudgetViolations+x.VerbatimViolations+x.TokenMismatch > 0 {
					t.Errorf("%s %s %d: %+v", name, b.Name, x.Budget, x)
				}
			}
			t.Logf("%-18s %-20s %s  tokens %.0f/%.0f  p50 %.2f ms", name, b.Name, line, r.Budgets[0].TokensMean, r.Budgets[2].TokensMean, r.Budgets[2].TookMSP50)
		}
	}
	for _, b := range all {
		line := ""
		for _, v := range sums[b.Name] {
			line += " " + figures.Percent(v/float64(asked))
		}
		t.Logf("%-18s %-20s %s", "mean", b.Name, line)
	}
}

// TestShells: gzip brings a chunk that repeats the question before others, the
// shell the sentence with its words; both hold the budget and are the same twice.
func TestShells(t *testing.T) {
	counter, err := tokens.New("words")
	if err != nil {
		t.Fatal(err)
	}
	s := owlSet(t)
	for _, name := range []string{"gzip", "longllmlingua-shell"} {
		b, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		ask, err := b[0].On(s, counter)
		if err != nil {
			t.Fatal(err)
		}
		q := &s.Questions[0]
		for budget := range 40 {
			c, err := ask(t.Context(), q, budget)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := ask(t.Context(), q, budget)
			c.Budget = budget
			if j := s.Judge(q, c, counter); j.OverBudget || j.Verbatim > 0 || j.TokensDiffer || again.Text != c.Text {
				t.Errorf("%s, budget %d: %+v of %q", name, budget, j, c.Text)
			} else if name != "gzip" && budget == 9 && j.EvidenceRecall == 0 {
				t.Errorf("%s, budget %d: no evidence in %q", name, budget, c.Text)
			}
		}
	}
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	var units []unit
	for i := range s.Documents {
		d := &s.Documents[i]
		units = append(units, unit{doc: d, extent: extent{0, len(d.Text)}})
	}
	// By hand: of 14 terms with titles, "seed" occurs once, in the second document.
	m := newLikelihood(an, units)
	if got := m.rank([]string{"seed"}); !slices.Equal(got, []int{1}) {
		t.Errorf("ranked %v", got)
	}
	if lo, hi := m.contrast("Voles dig holes.", []string{"seed"}), m.contrast("Mice eat seeds.", []string{"seed"}); lo != math.Log(.5) || hi <= lo {
		t.Errorf("contrast %v and %v", lo, hi)
	}
	q := &eval.Question{Text: s.Documents[1].Text}
	if got := byGzip(&pool{units: units}, q, []int{0, 1}); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("by gzip %v", got)
	}
	var z zipper
	if a, b := z.size("aaaaaaaaaaaaaaaa"), z.size("the quick brown f"); a >= b || z.size("aaaaaaaaaaaaaaaa") != a {
		t.Errorf("%d bytes and %d", a, b)
	}
}

// Every baseline keeps the budget and the bytes, for any budget.
func TestBaselines(t *testing.T) {
	long := strings.Repeat("The river Gamma flows north. Nobody knows é why it does. ", 60)
	docs := `{"id":"a","title":"Alpha","text":` + quote("Alpha beta gamma.\n\n"+long) + `}` + "\n" +
		`{"id":"b","title":"River","text":` + quote(strings.Repeat("x", 3000)+" gamma delta. Why not?") + `}` + "\n" + `{"id":"c","title":"Empty","text":""}`
	s, err := eval.ReadEvidence("d", strings.NewReader(docs), "q", strings.NewReader(`{"id":"1","question":"river gamma gamma","evidence":[{"doc":"a","start":0,"end":17}]}
{"id":"2","question":"why","evidence":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"words", "o200k_base"} {
		counter, err := tokens.New(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range All() {
			f, err := b.On(s, counter)
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Run(t.Context(), f, []int{0, 1, 3, 17, 100, 333, 5000}, counter, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range r.Budgets {
				if x.BudgetViolations+x.VerbatimViolations+x.TokenMismatch > 0 || x.TokensMax > x.Budget {
					t.Errorf("%s, %s, %d: %+v", name, b.Name, x.Budget, x)
				}
			}
			if last := r.Budgets[len(r.Budgets)-1]; last.EvidenceRecall == 0 {
				t.Errorf("%s finds nothing under %d", b.Name, last.Budget)
			}
		}
	}
	if _, err := Named("head,nope"); err == nil {
		t.Error("an unknown baseline is known")
	}
	if all, err := Named("all"); err != nil || len(all) != 9 {
		t.Error(all, err)
	}
	if two, err := Named("head,recursive"); err != nil || len(two) != 2 {
		t.Error(two, err)
	}
}

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

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

func TestChunks(t *testing.T) {
	words, _ := tokens.New("words")
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("ab c\n é\u2003漢."))).Draw(t, "text")
		size := rapid.IntRange(1, 12).Draw(t, "size")
		over := rapid.IntRange(0, size-1).Draw(t, "overlap")
		for name, chunks := range map[string][]extent{"fixed": fixedChunks(s, size, over, words), "recursive": recursiveChunks(s, size, over)} {
			covered := make([]bool, len(s))
			for i, x := range chunks {
				if x.start >= x.end || !utf8.ValidString(s[x.start:x.end]) {
					t.Fatalf("%s: chunk %v of %q", name, x, s)
				}
				if i > 0 && (x.start < chunks[i-1].start || x.end < chunks[i-1].end) {
					t.Fatalf("%s: chunks %v then %v", name, chunks[i-1], x)
				}
				if name == "recursive" && utf8.RuneCountInString(s[x.start:x.end]) > size {
					t.Fatalf("chunk %q is longer than %d", s[x.start:x.end], size)
				}
				for k := x.start; k < x.end; k++ {
					covered[k] = true
				}
			}
			for i, ok := range covered {
				if !ok && strings.TrimSpace(s[i:i+1]) != "" && s[i] < utf8.RuneSelf {
					t.Fatalf("%s: byte %d of %q is in no chunk %v", name, i, s, chunks)
				}
			}
		}
	})
	// What LangChain's splitter gives for these, by its own rules.
	s := "One two three.\n\nFour five six seven eight nine.\nTen."
	var got []string
	for _, x := range recursiveChunks(s, 20, 6) {
		got = append(got, s[x.start:x.end])
	}
	if want := []string{"One two three.", "Four five six seven", "seven eight nine.", "Ten."}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
