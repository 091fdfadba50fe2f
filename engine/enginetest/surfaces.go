package enginetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

// surfaces is what servers and the command line ask beside answers.
func surfaces(t *testing.T, p *pair) {
	p.same("a hint about nothing", func(ix engine.Index) (any, error) {
		return ix.LanguageHint("Wie mahlt man das Getreide in der Mühle?", tamis.Scope{})
	})
	docs := short(60, 21)
	for i := range docs {
		if i%4 == 1 {
			docs[i].Metadata = map[string]any{"groups": []string{"staff", "board"}[i/4%2 : i/4%2+1]}
		}
	}
	book := chapters(5)
	german := tamis.Document{ID: "mühle", Source: "Die Mühle mahlt das Korn zu Mehl.", Lang: "de", Metadata: map[string]any{"groups": "board"}}
	p.add(append(docs, book, german)...)
	scopes := []tamis.Scope{{}, {Groups: []string{}}, {Groups: []string{"staff"}}, {Groups: []string{"board"}}, {Filter: `lang = "de"`}, {Filter: "nosuch = 1"}, {Filter: "("}}
	for _, s := range scopes {
		for _, id := range []string{"doc000", "doc001", "doc005", "book", "mühle", "none"} {
			p.same(fmt.Sprintf("hides %s from %+v", id, s), func(ix engine.Index) (any, error) { return ix.Hides(id, s) })
		}
		for _, q := range []string{"Wie mahlt man das Getreide in der Mühle, und wer bezahlt das?", "how is the grain ground in the mill, and who pays for it?", "mill", ""} {
			p.same(fmt.Sprintf("hint of %q to %+v", q, s), func(ix engine.Index) (any, error) { return ix.LanguageHint(q, s) })
		}
		for _, id := range []string{"book", "doc001"} {
			p.same(fmt.Sprintf("placed %s for %+v", id, s), func(ix engine.Index) (any, error) { return ix.Placed(t.Context(), id, s) })
		}
	}
	for _, q := range []string{"The mills and the stone", "Wheels of bread", "unheard", ""} {
		p.same("meets "+q, func(ix engine.Index) (any, error) {
			met, err := ix.Meets(q)
			if err != nil {
				return nil, err
			}
			return []any{met(docs[3].Source), met(book.Source), met("a mill, mills and milling")}, nil
		})
	}
	p.same("hidden and put anew", func(ix engine.Index) (any, error) {
		if _, err := ix.Delete(t.Context(), "doc001"); err != nil {
			return nil, err
		}
		return ix.Hides("doc001", tamis.Scope{Groups: []string{}})
	})
	if !engine.Has(p.subject, engine.Files) {
		if _, err := p.subject.Origin("book", tamis.Scope{}); !errors.Is(err, engine.ErrLacks) {
			t.Errorf("the file of a document: %v", err)
		}
	}
}
