package words

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/text"
)

// TestAcronymsInQueries says what questions gain by the senses of acronyms that their corpus
// defines: nothing that would be worth it, see docs/benchmarks.md.
func TestAcronymsInQueries(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("set TAMIS_EVAL=1 to measure")
	}
	for _, set := range []string{"scifact", "nfcorpus"} {
		dir := evaldata.Dir(t, "retrieval/"+set)
		ix, err := tamis.Open("", tamis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ix.AddFiles(t.Context(), []string{dir + "/corpus.jsonl.gz"}, tamis.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		a, err := text.NewAnalyzer("english")
		if err != nil {
			t.Fatal(err)
		}
		d := acronym.NewDictionary(a)
		defined := 0
		for doc, err := range system.Documents(t.Context(), ix) {
			if err != nil {
				t.Fatal(err)
			}
			defined += len(d.LearnText(doc.Source))
		}
		qs, err := files.Read(dir+"/queries.jsonl", trec.ReadQueries)
		if err != nil {
			t.Fatal(err)
		}
		judged, err := files.Read(dir+"/qrels.txt", trec.ReadQrels)
		if err != nil {
			t.Fatal(err)
		}
		var changed []trec.Query
		for _, q := range qs {
			if with := d.Expand(q.Text); with != q.Text {
				changed = append(changed, q)
			}
		}
		t.Logf("%s: %d definitions, %d of %d queries change", set, defined, len(changed), len(qs))
		search := system.SearchDocuments(ix, tamis.Query{}, nil)
		for _, by := range []float64{0, .1, .3, 1} {
			if len(changed) == 0 {
				continue
			}
			// The added words count by so much of their scores.
			_, _, r, err := trec.Retrieval(t.Context(), changed, judged, func(ctx context.Context, q string, k int) ([]trec.Scored, error) {
				hits, err := search(ctx, q, k)
				if err != nil || by == 0 {
					return hits, err
				}
				more, err := search(ctx, strings.TrimPrefix(d.Expand(q), q), 1000)
				at := map[string]int{}
				for i, h := range hits {
					at[h.Doc] = i
				}
				for _, h := range more {
					if i, ok := at[h.Doc]; ok {
						hits[i].Score += by * h.Score
					} else {
						hits = append(hits, trec.Scored{Doc: h.Doc, Score: by * h.Score})
					}
				}
				slices.SortStableFunc(hits, func(a, b trec.Scored) int { return cmp.Compare(b.Score, a.Score) })
				return hits[:min(k, len(hits))], err
			}, 1000, trec.DefaultMeasures())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, added words by %.1f: ndcg@10 %.4f recall@100 %.4f", set, by, r.Metrics["ndcg@10"], r.Metrics["recall@100"])
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
