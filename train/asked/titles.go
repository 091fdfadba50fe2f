package asked

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/system"
)

const leastWords = 3 // of a title that is asked

// FromTitles asks by the titles of the documents of an index: its own passage that words find first answers, and those of
// other documents before and behind it do not. No passage has its title, and none begins with it. It is for indexes whose
// documents have neither headings nor tables, of which FromIndex makes few questions.
func FromTitles(ctx context.Context, ix engine.Index, most int, seed uint64) ([]Question, error) {
	type titled struct{ id, title string }
	var all []titled
	for d, err := range system.Documents(ctx, ix) {
		if err != nil {
			return nil, err
		}
		if title := strings.Join(strings.Fields(d.Title), " "); len(strings.Fields(title)) >= leastWords {
			all = append(all, titled{d.ID, title})
		}
	}
	slices.SortFunc(all, func(a, b titled) int {
		return cmp.Or(cmp.Compare(Drawn(a.id, seed), Drawn(b.id, seed)), cmp.Compare(a.id, b.id))
	})
	var made []Question
	for _, t := range all {
		if len(made) == most {
			break
		}
		q := Question{Text: t.title, From: t.id}
		r, err := ix.Search(ctx, tamis.Query{Text: t.title, K: looked})
		if errors.Is(err, tamis.ErrNoTerms) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the title %q: %w", t.title, err)
		}
		q.titled(r.Hits, seed)
		if right := slices.ContainsFunc(q.Passages, func(p Passage) bool { return p.Answers }); right && len(q.Passages) > 1 {
			made = append(made, q)
		}
	}
	return made, nil
}

// titled takes passages of what was found by a document's title.
func (q *Question) titled(hits []tamis.Hit, seed uint64) {
	wrong, right := 0, false
	for _, h := range hits {
		other := Question{From: h.Doc}
		own := h.Doc == q.From
		if own && right || !own && (wrong == Negatives || other.Held(seed) != q.Held(seed)) {
			continue
		}
		p := Passage{Text: untitled(h.Text, h.Title), Answers: own}
		if len(strings.Fields(p.Text)) < 2*leastWords {
			continue
		}
		p.Sentences = encode.Sentences(p.Text)
		q.Passages = append(q.Passages, p)
		if own {
			right = true
		} else {
			wrong++
		}
	}
}

// untitled is a text without the title that it begins with.
func untitled(text, title string) string {
	rest := strings.TrimLeft(text, " \n\t#")
	for _, w := range strings.Fields(title) {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, w); !ok {
			return text
		}
		rest = strings.TrimLeft(rest, " \n\t")
	}
	return rest
}
