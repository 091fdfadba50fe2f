package eval_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/text/tokens"
)

// lucene is Lucene 10.6's nDCG@10 with k1 1.2, b .75 on title and text as one
// field; bench/parity prints it again.
var lucene = map[string]float64{"scifact": .6826, "nfcorpus": .3222, "cranfield": .3675, "cacm": .4942, "vaswani": .4326}

// TestRankingQuality holds what the README claims: tamis as it is out of the
// box against Lucene, and its Lucene form equal to Lucene.
func TestRankingQuality(t *testing.T) {
	for _, c := range []struct {
		similarity          tamis.Similarity
		worst, best, atMean float64 // differences from Lucene
	}{
		{tamis.Lucene, -.0005, .0005, -.0005},
		{tamis.BM25F, -.003, 1, .012},
	} {
		sum := 0.0
		for set, want := range lucene {
			got := ndcg10(t, set, c.similarity)
			if d := got - want; d < c.worst || d > c.best {
				t.Errorf("%s, %s: nDCG@10 %.4f, Lucene %.4f", set, c.similarity, got, want)
			}
			sum += got - want
		}
		t.Logf("%s: %+.4f nDCG@10 against Lucene on average", c.similarity, sum/float64(len(lucene)))
		if sum/float64(len(lucene)) < c.atMean {
			t.Errorf("%s: %+.4f nDCG@10 against Lucene on average, want at least %+.4f", c.similarity, sum/float64(len(lucene)), c.atMean)
		}
	}
}

func ndcg10(t *testing.T, set string, similarity tamis.Similarity) float64 {
	t.Helper()
	dir := evaldata.Dir(t, "retrieval/"+set)
	ix, err := tamis.Open("", tamis.Options{Similarity: similarity})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	r := read.New(read.Options{})
	for f, err := range r.Files(filepath.Join(dir, "corpus.jsonl.gz")) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ix.Add(t.Context(), r.Documents(t.Context(), f)); err != nil {
			t.Fatal(err)
		}
	}
	queries, err := files.Read(filepath.Join(dir, "queries.jsonl"), trec.ReadQueries)
	if err != nil {
		t.Fatal(err)
	}
	qrels, err := files.Read(filepath.Join(dir, "qrels.txt"), trec.ReadQrels)
	if err != nil {
		t.Fatal(err)
	}
	measures, err := trec.ParseMeasures("ndcg@10")
	if err != nil {
		t.Fatal(err)
	}
	_, _, report, err := trec.Retrieval(t.Context(), queries, qrels, system.SearchDocuments(ix, tamis.Query{}, nil), 100, measures)
	if err != nil {
		t.Fatal(err)
	}
	return report.Metrics["ndcg@10"]
}

// TestContextQuality asks tamis all questions of the eight evidence sets, holds
// the mean recall that the README claims, and lets the independent judge score
// the same contexts: same figures, no budget and no verbatim violation. It
// takes minutes: TAMIS_EVAL=1 runs it.
func TestContextQuality(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("set TAMIS_EVAL=1 to ask all questions of the evidence sets (minutes)")
	}
	counter, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	budgets := []int{256, 512, 1000, 2000}
	floors := []float64{.66, .735, .795, .84}
	means := make([]float64, len(budgets))
	dir := t.TempDir()
	for _, set := range evidenceSets {
		s := loadSet(t, set)
		own, err := system.NewContexts(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, set+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		w := eval.NewRunWriter(f)
		r, err := s.Run(t.Context(), own.Ask("o200k_base"), budgets, counter, w.Write)
		if err != nil || w.Flush() != nil || f.Close() != nil || own.Close() != nil {
			t.Fatal(err)
		}
		for i, b := range r.Budgets {
			means[i] += b.EvidenceRecall / float64(len(evidenceSets))
			if b.BudgetViolations+b.VerbatimViolations+b.TokenMismatch > 0 {
				t.Errorf("%s at %d: %+v", set, b.Budget, b)
			}
			t.Logf("%-18s %4d  recall %.4f  covered %.4f  %.2f ms", set, b.Budget, b.EvidenceRecall, b.FullCoverage, b.TookMSP50)
		}
	}
	for i, m := range means {
		t.Logf("mean at %d: %.4f", budgets[i], m)
		if m < floors[i] {
			t.Errorf("mean evidence recall at %d tokens is %.4f, below %.4f", budgets[i], m, floors[i])
		}
	}
	if os.Getenv("TAMIS_PEERS") == "" {
		return
	}
	data := evaldata.Dir(t, "evidence")
	out, err := exec.Command("python3", filepath.Join(data, "..", "..", "tools", "evalctx.py"), "eval", "--data", data, "--pred", dir).Output()
	if err != nil {
		t.Fatalf("evalctx.py: %v", err)
	}
	var judged struct {
		Mean map[string]struct {
			Recall   float64 `json:"evidence_recall"`
			Budget   int     `json:"budget_violations"`
			Tokens   int     `json:"token_mismatch"`
			Verbatim int     `json:"verbatim_violations"`
			Missing  int     `json:"missing"`
		} `json:"mean"`
	}
	if err := json.Unmarshal(out, &judged); err != nil {
		t.Fatal(err)
	}
	for i, key := range []string{"256", "512", "1000", "2000"} {
		j := judged.Mean[key]
		if d := j.Recall - means[i]; d > 1e-4 || d < -1e-4 || j.Budget+j.Tokens+j.Verbatim+j.Missing > 0 {
			t.Errorf("at %s tokens the judge says %+v, we say %.5f", key, j, means[i])
		}
	}
	if !slices.IsSorted(means) {
		t.Errorf("recall falls with the budget: %v", means)
	}
}
