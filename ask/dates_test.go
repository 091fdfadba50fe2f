package ask_test

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
)

// TestDates: the model is told which days words of the sources mean, beside the sources.
func TestDates(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{Dates: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "note", Lang: "en", Source: "The pump broke yesterday.", Metadata: map[string]any{"date": "2024-03-05"}}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	m := &model{replies: [][]string{{"On 4 March [1]."}}}
	reply, err := ask.Answer(t.Context(), ix, "When did the pump break?", ask.Options{Budget: tamis.Budget{Tokens: 100}, Model: m})
	if err != nil {
		t.Fatal(err)
	}
	last := m.asked[0][len(m.asked[0])-1].Content
	if !strings.Contains(last, "\n\nDays that words of the sources mean:\n[1] yesterday = 2024-03-04\n\nQuestion: ") || strings.Contains(reply.Context.Text, "2024") {
		t.Errorf("the model was asked %q", last)
	}
}
