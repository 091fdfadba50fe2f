package gather

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// page is a document of one passage.
type page struct {
	role, path, title, heading, text string
	score                            float32
	lang                             string // "" for English
}

// pages are found as they stand.
type pages []page

func (s pages) BestPassages(_ []search.Term, k int) []topk.Hit {
	var hits []topk.Hit
	for i := range s[:min(k, len(s))] {
		hits = append(hits, topk.Hit{Row: topk.Row{Row: uint32(i)}, Score: s[i].score})
	}
	return hits
}
func (s pages) BestDocuments([]search.Term, int) []topk.Hit  { return nil }
func (s pages) Titled([]string) []topk.Row                   { return nil }
func (s pages) DocumentOf(p topk.Row) topk.Row               { return p }
func (s pages) PassageRows(doc topk.Row) (first, end uint32) { return doc.Row, doc.Row + 1 }
func (s pages) Ahead([]topk.Row)                             {}
func (s pages) Err() error                                   { return nil }
func (s pages) Text(doc topk.Row, start, end int) (string, error) {
	return s[doc.Row].text[start:end], nil
}
func (s pages) Passage(r topk.Row) corpus.Passage {
	return corpus.Passage{End: len(s[r.Row].text), Headings: []string{s[r.Row].heading}}
}
func (s pages) Header(doc topk.Row) (Header, error) {
	p := s[doc.Row]
	return Header{ID: fmt.Sprint(doc.Row), Path: p.path, Title: p.title, Role: p.role, Analyzer: text.AnalyzerName("", p.lang)}, nil
}

func TestSecondLook(t *testing.T) {
	const rule = "The wheel of the northern gate is turned slowly before noon by two people."
	for _, c := range []struct {
		name, question string
		pages          pages
		want           string // their numbers, best first
	}{
		{"all words beat one word often", "wheel gate noon", pages{{text: strings.Repeat("wheel ", 20), score: 3}, {text: rule, score: 2}}, "1 0"},
		{"headings, titles and paths count", "wheel gate noon",
			pages{{text: "It is turned slowly.", score: 1}, {text: "It is turned slowly now.", score: .9, heading: "Wheel of a gate"}, {text: "It is turned.", score: .8, path: "/x/gate/wheel-noon.md", title: "Of boats"}}, "2 1 0"},
		{"documentation before tests and bundles", "wheel gate",
			pages{{text: rule, role: role.Test, score: 1}, {text: "A wheel and a gate in a bundle.", role: role.Generated, score: 1}, {text: "A gate has a wheel of its own.", role: role.Documentation, score: .8}}, "2 1 0"},
		{"a question for a test wants it", "which test turns the wheel of the gate",
			pages{{text: rule, role: role.Test, score: 1}, {text: "A gate has a wheel of its own.", role: role.Documentation, score: .8}}, "0 1"},
		{"a twin goes back", "wheel gate noon",
			pages{{text: rule, score: 1}, {text: rule, score: .99}, {text: "At noon the gate has no wheel.", score: .8}}, "0 2 1"},
		{"an index stands behind what it leads to", "wheel gate noon",
			pages{{text: "gate\t12\nhour\t3\nnoon\t4, 7\nwheel\t9\nwheel of a gate at noon\t9\n", heading: "Index", score: 1}, {text: "A wheel is turned.", score: .6}}, "1 0"},
		{"a table does not", "wheel gate noon",
			pages{{text: "gate\t12\nhour\t3\nnoon\t4, 7\nwheel\t9\nwheel of a gate at noon\t9\n", heading: "Prices", score: 1}, {text: "A wheel is turned.", score: .6}}, "0 1"},
		{"a translation goes behind", "where is the gate of the harbour",
			pages{{text: "La gate du harbour, la gate, est au nord de la gate.", lang: "fr", score: 1}, {text: "The gate is in the north.", score: .5}}, "1 0"},
		{"and the original of a translation", "où est la porte du port dans la ville",
			pages{{text: "The port, a port and a porte.", score: 1}, {text: "La porte est au nord.", lang: "fr", score: .5}}, "1 0"},
		{"a few words are of the language that has them", "harbour certificate",
			pages{{text: "harbour certificat, certification, certificat", lang: "fr", score: 1}, {text: "A certificate of the harbour.", score: .5}}, "1 0"},
		{"or of none", "harbour",
			pages{{text: "Le harbour, le harbour.", lang: "fr", score: 1}, {text: "A harbour.", score: .5}}, "0 1"},
		{"the only texts there are stay", "where is the gate of the harbour",
			pages{{text: "La gate du harbour, la gate, est au nord.", lang: "fr", score: 1}, {text: "Das gate.", lang: "de", score: .5}}, "0 1"},
		{"a number where one is asked for", "how many wheels has the gate",
			pages{{text: "The gate has wheels of oak.", score: 1}, {text: "Of the gate: wheels = 4 in all.", score: .95}}, "1 0"},
	} {
		var pool text.Pool
		words := pool.Loan()
		an, err := words.Get("english")
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]bool{}
		q := &Question{Text: c.question, Terms: terms(an.QueryTerms(nil, c.question)...), Ahead: func(terms []string) {
			for _, x := range terms {
				told[x] = true
			}
		}}
		for _, x := range q.Terms {
			told[x.Text] = true // these are looked up first
		}
		q.IDF = func(term string) float64 {
			if !told[term] { // over a cluster that is a request of its own
				t.Errorf("%s: nobody was told that %q will be asked for", c.name, term)
			}
			return 2
		}
		g := New(c.pages, words)
		g.asked = askedFor(q.Text)
		found, err := g.look(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range found {
			got = append(got, fmt.Sprint(p.row.Row))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s (%+v)", c.name, s, c.want, found)
		}
		words.Release()
	}
}

// TestLookTakesManyTerms: a question of more words than a set holds is looked at by
// those that are rarest.
func TestLookTakesManyTerms(t *testing.T) {
	l := &looker{idf: func(t string) float64 { return float64(len(t)) }}
	var many []string
	for i := range 100 {
		many = append(many, strings.Repeat("x", i+1))
	}
	l.weigh(terms(many...))
	if l.of(many[99]) == 0 || l.of(many[0]) != 0 || len(l.weight) != 64 {
		t.Errorf("%d terms", len(l.weight))
	}
	if got := l.share(^set(0)); got < .999 || got > 1.001 {
		t.Errorf("all of them are %v of the question", got)
	}
}
