package eval

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// evidenceSets are the sets under evidence/, with which the table below agrees.
var evidenceSets = []string{"anthropic-docs", "chunking-eval", "hotpotqa", "locomo", "nq-oracle", "qmsum", "scifact-sentences", "squad-xquad-en"}

func loadSet(t testing.TB, name string) *EvidenceSet {
	t.Helper()
	dir := evaldata.Dir(t, "evidence/"+name)
	s, err := LoadEvidence(filepath.Join(dir, "documents.jsonl.gz"), filepath.Join(dir, "questions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

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
	baselines, err := BaselinesNamed(list)
	if err != nil {
		t.Fatal(err)
	}
	sets := evidenceSets
	if l := os.Getenv("TAMIS_SETS"); l != "" {
		sets = strings.Split(l, ",")
	}
	counter, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	budgets := []int{256, 512, 1000, 2000}
	sums := map[string][]float64{}
	for _, name := range sets {
		s := loadSet(t, name)
		for _, b := range baselines {
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
				line += " " + percent(x.EvidenceRecall)
				if x.BudgetViolations+x.VerbatimViolations+x.TokenMismatch > 0 {
					t.Errorf("%s %s %d: %+v", name, b.Name, x.Budget, x)
				}
			}
			t.Logf("%-18s %-20s %s  tokens %.0f/%.0f  p50 %.2f ms", name, b.Name, line, r.Budgets[0].TokensMean, r.Budgets[2].TokensMean, r.Budgets[2].TookMSP50)
		}
	}
	for _, b := range baselines {
		line := ""
		for _, v := range sums[b.Name] {
			line += " " + percent(v/float64(len(sets)))
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
	s := tuneSet(t)
	for _, name := range []string{"gzip", "longllmlingua-shell"} {
		b, err := BaselinesNamed(name)
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
	q := &Question{Text: s.Documents[1].Text}
	if got := byGzip(&pool{units: units}, q, []int{0, 1}); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("by gzip %v", got)
	}
	var z zipper
	if a, b := z.size("aaaaaaaaaaaaaaaa"), z.size("the quick brown f"); a >= b || z.size("aaaaaaaaaaaaaaaa") != a {
		t.Errorf("%d bytes and %d", a, b)
	}
}
