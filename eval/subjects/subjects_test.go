package subjects

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/about"
	"github.com/tamis-search/tamis/eval/trec"
)

// uses of five documents with topics 1, 1, 2, 2 and none.
func five() *uses {
	return &uses{
		of: map[string]int{"a": 1, "b": 1, "c": 2, "d": 2}, topics: 3, ids: map[string]string{"q": "1"}, qrels: trec.Qrels{"1": {"c": 1, "d": 2, "a": 1, "e": 0}},
		lists: map[string][]trec.Scored{"q": {{Doc: "a", Score: 9}, {Doc: "c", Score: 8}, {Doc: "b", Score: 7.9}, {Doc: "e", Score: 7}, {Doc: "d", Score: 1}}},
	}
}

func ids(list []trec.Scored) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(d.Doc)
	}
	return b.String()
}

func TestUses(t *testing.T) {
	u := five()
	if got := fmt.Sprint(u.shares("q")); got != "[0.2 0.4 0.4]" {
		t.Error(got)
	}
	if got := ids(u.filtered("q")); got != "ab" {
		t.Errorf("filtered: %s", got)
	}
	if got := ids(u.known("q")); got != "cd" {
		t.Errorf("with the topic known: %s", got)
	}
	u.of["e"] = 1 // three fifths of the first are of its topic now
	if got := ids(u.boosted("q", .2)); got != "abced" {
		t.Errorf("boosted: %s", got)
	}
	if got := ids(u.boosted("q", 0)); got != "acbed" {
		t.Errorf("boosted by nothing: %s", got)
	}
	if u.lists["q"][0].Score != 9 {
		t.Error("the list changed")
	}
}

// TestReport: two subjects that share no word are told apart, and a filter by topic does not lose what
// is asked for.
func TestReport(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	word := func(subject, i int) string { // of 40 of its own
		return []string{"water", "cloth"}[subject][:3] + string([]byte{'a' + byte(i%40/8), 'k' + byte(i%8)}) + "o"
	}
	var queries []trec.Query
	qrels := trec.Qrels{}
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for i := range 60 {
			var b strings.Builder
			for j := range 12 {
				fmt.Fprintf(&b, "%s %s. ", word(i%2, i+j), word(i%2, i*3+j*7))
			}
			id := fmt.Sprintf("d%02d", i)
			if i < 10 {
				queries = append(queries, trec.Query{ID: id, Text: word(i%2, i) + " " + word(i%2, i+3)})
				qrels[id] = map[string]int{id: 1}
			}
			if !yield(tamis.Document{ID: id, Source: b.String()}, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	r, err := Coherence(t.Context(), ix, 2)
	if err != nil {
		t.Fatal(err)
	}
	if r.Documents != 60 || len(r.Ways) != len(about.Methods) {
		t.Errorf("%+v", r)
	}
	if err := r.Search(t.Context(), ix, queries, qrels, 2); err != nil {
		t.Fatal(err)
	}
	if len(r.Searches) != 3+len(Boosts) || r.Searches[0].Diff != nil || r.Searches[1].Diff == nil || r.Searches[0].Recall100 < r.Searches[1].Recall100 {
		t.Errorf("%+v", r.Searches)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "filter by topic") || !strings.Contains(b.String(), "60 documents") {
		t.Errorf("%v\n%s", err, &b)
	}
}
