package pack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
)

// mail adds a mail whose paragraphs are given; those that begin with ">" are quotations.
func (l *library) mail(id, from string, paragraphs ...string) {
	doc := corpus.Document{ID: id}
	add := func(kind corpus.BlockKind, s, gap string) {
		at := len(doc.Source)
		doc.Source += s + gap
		doc.Blocks = append(doc.Blocks, corpus.Block{Kind: kind, Start: at, End: at + len(s)})
	}
	add(corpus.Heading, "Paint", "\n\n")
	add(corpus.Paragraph, "From: "+from, "\n")
	add(corpus.Paragraph, "Date: Monday", "\n\n")
	for _, p := range paragraphs {
		kind := corpus.Paragraph
		if strings.HasPrefix(p, ">") {
			kind = corpus.Quote
		}
		add(kind, p, "\n\n")
	}
	l.sources[id] = doc.Source
	d := gather.Document{ID: id, Path: id + ".eml", Type: "mail", Analyzer: l.a, Score: 1}
	for _, p := range split.Split(&doc, split.Options{}) {
		d.Passages = append(d.Passages, gather.Passage{Passage: p, Text: doc.Source[p.Start:p.End]})
	}
	l.docs = append(l.docs, d)
}

// TestQuotations: of what a mail says and another quotes, the text has one: the original,
// with who wrote it, where it fits, else the quotation. A quotation of what is not there is
// kept, and without the guard of letters no more is made of it than of any text that is
// there twice.
func TestQuotations(t *testing.T) {
	said := "The lock gates are painted green on the second Thursday of October, weather permitting."
	// The mail that quotes comes first and scores more.
	quoting := []string{"> " + said, "Which lock gates are painted green in October? Fine with me."}
	other := strings.Repeat("Nothing else of note was decided about boats or the kettle in the shed. ", 30)
	ask := func(l *library, o Options) string {
		t.Helper()
		o.Counter = counter(t, "o200k_base")
		c, err := Select(t.Context(), l.question("lock gates painted green October"), l.docs, o)
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, c, o)
		return c.Text
	}
	l := newLibrary(t)
	l.mail("b", "Bob", quoting...)
	l.mail("a", "Ann", other, said)
	if got := ask(l, Options{Budget: 90}); strings.Count(got, said) != 1 || strings.Contains(got, "> The lock") || !strings.Contains(got, "From: Ann") {
		t.Errorf("the original is not what is kept:\n%s", got)
	}
	for budget := 45; budget < 90; budget++ {
		for _, o := range []Options{{}, {Guards: []string{}}, {Cut: CutGap}, {Cut: Sufficient90}} {
			if o.Budget = budget; strings.Count(ask(l, o), said) != 1 {
				t.Errorf("%d tokens, %+v: not once:\n%s", budget, o, ask(l, o))
			}
		}
	}
	// Without guards the better of two equals stays, as everywhere.
	if got := ask(l, Options{Budget: 90, Guards: []string{}}); strings.Contains(got, "From: Ann") {
		t.Errorf("guards none:\n%s", got)
	}
	l = newLibrary(t)
	l.mail("b", "Bob", quoting...)
	l.mail("a", "Ann", other)
	if got := ask(l, Options{Budget: 90}); !strings.Contains(got, "> "+said) {
		t.Errorf("a quotation of nothing that is there is missing:\n%s", got)
	}
}

// TestPiecesHoldTheBudget: documents that come in pieces, what is needed from far above
// before what it stands in, under random budgets and guards.
func TestPiecesHoldTheBudget(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261128, 1))
	pieces := []string{"# Owls\n", "Owls hunt mice at night.\n\n", "| owl | mice |\n", "| barn | 7 |\n", "| tawny | 9 |\n", "- owls\n", "Birds that hunt mice:\n", "```\nfunc owls() {\n\treturn mice\n}\n```\n", "They hunt.\n\n"}
	far := 0
	for i := range 400 {
		l := newLibrary(t)
		for d := range 1 + rng.IntN(3) {
			var b strings.Builder
			for range 20 + rng.IntN(60) {
				b.WriteString(strings.Repeat(pieces[rng.IntN(len(pieces))], 1+rng.IntN(4)))
			}
			if id := fmt.Sprint("d", d); rng.IntN(3) == 0 {
				l.mail(id, "Ann <ann@example.org>", strings.Split(b.String(), "\n\n")...)
			} else {
				l.structured(id, b.String())
			}
			l.docs[d].Type = []string{"mail", "data", "text"}[rng.IntN(3)]
		}
		o := Options{Budget: 1 + rng.IntN(120), Counter: counter(t, []string{"o200k_base", "words", "bytes"}[i%3]), Render: render.Renderings()[rng.IntN(len(render.Renderings()))]}
		p, err := New(l.question("owls hunt mice"), o)
		if err != nil {
			t.Fatal(err)
		}
		o = p.o
		for range 3 {
			for _, d := range l.docs {
				part := d
				part.Passages = nil
				for _, q := range d.Passages {
					switch rng.IntN(4) {
					case 0:
						part.Passages = append(part.Passages, q)
					case 1: // a sentence of it alone
						s := q.Sentences[rng.IntN(len(q.Sentences))]
						part.Passages = append(part.Passages, gather.Passage{Passage: corpus.Passage{Start: s.Start, End: s.End, Headings: q.Headings, Sentences: []corpus.Sentence{s}}, Text: q.Text[s.Start-q.Start : s.End-q.Start]})
					}
				}
				if err := p.Add(part); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := p.Add(l.docs...); err != nil { // and the rest
			t.Fatal(err)
		}
		for u := range p.units.Units {
			for _, n := range p.units.Needs(u, unit.Guards()) {
				if n.Unit > u || u-n.Unit > 20 {
					far++
				}
			}
		}
		c, err := p.Fill(t.Context())
		if errors.Is(err, ErrBudget) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, c, o)
	}
	if far < 100 {
		t.Errorf("only %d needs were far", far)
	}
}
