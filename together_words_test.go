package tamis_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// What a question has as a verb and its particle texts have as one word: "back" alone is no word to
// look for.
func TestVerbsAndTheirNouns(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	docs := []tamis.Document{
		{ID: "backup", Source: "A backup of each database is made at night by the dump program and copied to the other house."},
		{ID: "back", Source: "Go back to the list of each database by the arrow; back again leads to the data of the front page."},
		{ID: "login", Source: "The login needs a name and the number that stands on the letter."},
		{ID: "log", Source: "The log has a line for each request; a log is cut when it is long."},
	}
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]string{
		"how do I back up a database?":          "backup",
		"backing up a database":                 "backup",
		"who has backed up the database, when?": "backup",
		"go back to the list":                   "back",
		"how to log in":                         "login",
		"how long is the log":                   "log",
	} {
		r, err := ix.Search(t.Context(), tamis.Query{Text: question})
		if err != nil || len(r.Hits) == 0 || r.Hits[0].Doc != want {
			t.Errorf("%s: %+v, %v, want %s", question, r, err, want)
		}
		c, err := ix.Context(t.Context(), question, tamis.Budget{Tokens: 30})
		if err != nil || !slices.ContainsFunc(docs, func(d tamis.Document) bool { return d.ID == want && strings.Contains(c.Text, d.Source[:20]) }) {
			t.Errorf("%s: %v, %v", question, c, err)
		}
	}
}
