package review

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/text"
)

// TestStances prints how often the side that words take is the one that people gave, on the
// evidence sentences of claims: TAMIS_EVAL=1 turns it on.
func TestStances(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("TAMIS_EVAL is not set")
	}
	dir := evaldata.Dir(t, "evidence/scifact-sentences")
	texts := map[string]string{}
	f, err := os.Open(filepath.Join(dir, "documents.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(z); d.More(); {
		var doc struct{ ID, Text string }
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		texts[doc.ID] = doc.Text
	}
	q, err := os.Open(filepath.Join(dir, "questions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for d := json.NewDecoder(q); d.More(); {
		var claim struct {
			Question string
			Labels   map[string]string
			Evidence []struct {
				Doc        string
				Start, End int
			}
		}
		if err := d.Decode(&claim); err != nil {
			t.Fatal(err)
		}
		c := stanceOf(an, claim.Question)
		for _, e := range claim.Evidence {
			count[claim.Labels[e.Doc]+" "+stanceTo(c, stanceOf(an, texts[e.Doc][e.Start:e.End]))]++
		}
	}
	right, wrong := count["SUPPORT for"]+count["CONTRADICT against"], count["SUPPORT against"]+count["CONTRADICT for"]
	t.Logf("%v: of %d sentences with a side %d are right", count, right+wrong, right)
	if right+wrong == 0 || float64(right) < .7*float64(right+wrong) {
		t.Error("less than 70 % of the sides are right")
	}
}
