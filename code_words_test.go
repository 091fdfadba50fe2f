package tamis_test

import (
	"fmt"
	"testing"

	"github.com/tamis-search/tamis"
)

// TestCodeBesideProse: where most texts are prose, a word that a little code has too is no rarer there:
// what has all words of a question stands before code that has one of them. In code the word itself still
// counts beside its stem.
func TestCodeBesideProse(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		docs := []tamis.Document{
			{ID: "answer", Lang: "en", Source: "Repositories of packages are configured in a list of sources, one line for each."},
			{ID: "code", Type: "code", Source: "function normalizePackage(packageName) { return packageName; }\n"},
			{ID: "stem", Type: "code", Source: "function normalizePackages(packagesNames) { return packagesNames; }\n"},
		}
		for i := range 60 {
			docs = append(docs, tamis.Document{ID: fmt.Sprint("prose", i), Lang: "en", Source: fmt.Sprintf("The package number %d is installed and removed as every package is.", i)})
			docs = append(docs, tamis.Document{ID: fmt.Sprint("else", i), Lang: "en", Source: fmt.Sprintf("Weather is fine on day %d, and no more is said of it.", i)})
		}
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	brought := func(question string) map[string]float32 {
		r, err := ix.Search(t.Context(), tamis.Query{Text: question, K: 200, Explain: true})
		if err != nil || len(r.Hits) == 0 {
			t.Fatal(err)
		}
		out := map[string]float32{}
		for _, h := range r.Hits {
			for _, w := range h.Terms {
				if w.Word == "package" {
					out[h.Doc] = w.Score
				}
			}
		}
		if r.Hits[0].Doc != "answer" && question != "package" {
			t.Errorf("%s: %s is first", question, r.Hits[0].Doc)
		}
		return out
	}
	of := brought("where are package repositories configured?")
	if most := 1.6 * of["prose1"]; of["prose1"] == 0 || of["code"] > most {
		t.Errorf("package brings code %g, prose %g", of["code"], of["prose1"])
	}
	if of := brought("package"); of["code"] <= of["stem"] || of["stem"] == 0 {
		t.Errorf("package brings %g to code that has it, %g to code with another form", of["code"], of["stem"])
	}
}
