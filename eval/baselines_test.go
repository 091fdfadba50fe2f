package eval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
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
