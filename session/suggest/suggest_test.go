package suggest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/session/entities"
	"github.com/tamis-search/tamis/session/suggest"
)

// markdown is a document of sections, each with its heading.
func markdown(id, title string, sections ...[2]string) tamis.Document {
	d := tamis.Document{ID: id, Title: title}
	for _, s := range sections {
		start := len(d.Source)
		d.Source += "## " + s[0] + "\n"
		d.Blocks = append(d.Blocks, corpus.Block{Kind: corpus.Heading, Level: 2, Start: start, End: len(d.Source) - 1, Label: s[0]})
		start = len(d.Source)
		d.Source += s[1] + "\n\n"
		d.Blocks = append(d.Blocks, corpus.Block{Kind: corpus.Paragraph, Start: start, End: len(d.Source) - 2})
	}
	return d
}

func TestNext(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	docs := []tamis.Document{
		markdown("kettle", "The kettle", [2]string{"Boiling water in the kettle", "Water boils in the kettle at a hundred degrees when the lid is shut and the switch is down."},
			[2]string{"Descaling the kettle", "Vinegar takes the scale away. Which vinegar is best?\nHow often must the kettle be descaled?"},
			[2]string{"The gasket", "A gasket keeps the steam inside."}),
		markdown("oven", "The oven", [2]string{"Baking bread", "Bread bakes in the oven for an hour."}),
		markdown("pot", "Pots", [2]string{"Boiling water in pots", "Water boils in pots too, as it does in a kettle, when it is hot enough."}),
		markdown("secret", "Secrets", [2]string{"Boiling secrets", "Water boils in the secret kettle."}),
	}
	docs[3].Metadata = map[string]any{corpus.GroupsKey: []string{"cooks"}}
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	s, err := session.New(ix, session.Options{Tokens: 400, Turn: 36})
	if err != nil {
		t.Fatal(err)
	}
	all := tamis.Scope{Groups: []string{}}
	if list, err := suggest.Next(t.Context(), ix, s, nil, all, 5); err != nil || len(list) != 0 {
		t.Errorf("of an empty session: %+v %v", list, err)
	}
	if _, err := s.Context(t.Context(), "When does water boil in the kettle?", tamis.Budget{}, all); err != nil {
		t.Fatal(err)
	}
	list, err := suggest.Next(t.Context(), ix, s, nil, all, 5)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, l := range list {
		texts = append(texts, l.Text)
		for _, d := range docs {
			if d.ID == l.Doc && l.Why == "question" && d.Source[l.Start:l.End] != l.Text {
				t.Errorf("%q is not what stands at %d of %s", l.Text, l.Start, l.Doc)
			}
		}
		if l.Doc == "secret" || l.Text == "Boiling water in the kettle" || l.Doc == "oven" {
			t.Errorf("%+v", l)
		}
	}
	if !slices.Contains(texts, "The gasket") || !slices.Contains(texts, "How often must the kettle be descaled?") {
		t.Errorf("%q", texts)
	}
	if again, err := suggest.Next(t.Context(), ix, s, nil, all, 5); err != nil || !slices.Equal(again, list) {
		t.Errorf("again %+v %v", again, err)
	}
	known := &entities.Store{Entities: []entities.Entity{{Name: "Gasket", Count: 3}}}
	list, err = suggest.Next(t.Context(), ix, s, known, all, 5)
	if err != nil || len(list) == 0 || !strings.Contains(list[0].Text, "gasket") {
		t.Errorf("with an entity: %+v %v", list, err)
	}
}
