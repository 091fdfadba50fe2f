package review_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/review"
)

// TestAbstracts reviews 40 questions over the 3,633 abstracts of nfcorpus, the first by their
// ids that have five words and ten relevant documents at least, and prints what of these is
// found, read, has a claim, and is in the report: TAMIS_EVAL=1 turns it on.
func TestAbstracts(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("TAMIS_EVAL is not set")
	}
	dir := evaldata.Dir(t, "retrieval/nfcorpus")
	qrels, err := files.Read(filepath.Join(dir, "qrels.txt"), trec.ReadQrels)
	if err != nil {
		t.Fatal(err)
	}
	queries, err := files.Read(filepath.Join(dir, "queries.jsonl"), trec.ReadQueries)
	if err != nil {
		t.Fatal(err)
	}
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.AddFiles(t.Context(), []string{filepath.Join(dir, "corpus.jsonl.gz")}, tamis.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(queries, func(a, b trec.Query) int { return strings.Compare(a.ID, b.ID) })
	names := []string{"found", "read", "with a claim", "in the report"}
	var sums [4]float64
	var n, tokens, replayed, relevant, shown int
	begin := time.Now()
	for _, q := range queries {
		of := map[string]bool{}
		for doc, grade := range qrels[q.ID] {
			if grade > 0 {
				of[doc] = true
			}
		}
		if len(of) < 10 || len(strings.Fields(q.Text)) < 5 || n == 40 {
			continue
		}
		rep, err := review.Run(t.Context(), ix, review.Options{Question: q.Text})
		if err != nil {
			t.Fatal(err)
		}
		var sets [4]map[string]bool
		for i := range sets {
			sets[i] = map[string]bool{}
		}
		for _, s := range rep.Searches {
			for _, h := range s.Hits {
				sets[0][h.Doc] = true
			}
		}
		for _, r := range rep.Read {
			sets[1][r.Doc] = true
		}
		for i, c := range rep.Claims {
			for _, e := range c.Evidence {
				sets[2][e.Doc] = true
				if slices.Contains(rep.Kept, i) {
					sets[3][e.Doc] = true
				}
			}
		}
		var hits [4]int
		for i, s := range sets {
			for doc := range s {
				if of[doc] {
					hits[i]++
				}
			}
			sums[i] += float64(hits[i]) / float64(len(of))
		}
		n++
		tokens, replayed, relevant, shown = tokens+rep.Tokens, replayed+rep.Replayed, relevant+hits[3], shown+len(sets[3])
		if q.ID == "PLAIN-2" {
			t.Logf("%s: of %d relevant documents %v are %v; %d documents in the report", q.Text, len(of), hits, names, len(sets[3]))
		}
	}
	for i, name := range names {
		t.Logf("relevant documents %s: %.3f", name, sums[i]/float64(n))
	}
	t.Logf("%d questions: %.0f tokens read and %.0f ms a question; %d ranges replayed; of the documents in reports %.3f are relevant", n,
		float64(tokens)/float64(n), float64(time.Since(begin).Milliseconds())/float64(n), replayed, float64(relevant)/float64(shown))
}
