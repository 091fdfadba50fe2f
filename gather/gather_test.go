package gather

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// shelf is documents of ten passages each, of five bytes; a term that is a number
// finds that row.
type shelf struct {
	titled map[string][]topk.Row
	fail   error
}

const each = 10

func (s *shelf) best(terms []search.Term, k int) []topk.Hit {
	var hits []topk.Hit
	for _, t := range terms[:min(k, len(terms))] {
		var n uint32
		if _, err := fmt.Sscan(t.Text, &n); err == nil {
			hits = append(hits, topk.Hit{Row: topk.Row{Row: n}, Score: float32(100 - n)})
		}
	}
	return hits
}
func (s *shelf) BestPassages(terms []search.Term, k int) []topk.Hit  { return s.best(terms, k) }
func (s *shelf) BestDocuments(terms []search.Term, k int) []topk.Hit { return s.best(terms, k) }
func (s *shelf) Titled(terms []string) []topk.Row                    { return s.titled[strings.Join(terms, " ")] }
func (s *shelf) DocumentOf(p topk.Row) topk.Row                      { return topk.Row{Row: p.Row / each} }
func (s *shelf) PassageRows(doc topk.Row) (first, end uint32) {
	return doc.Row * each, doc.Row*each + each
}
func (s *shelf) Passage(r topk.Row) corpus.Passage {
	n := int(r.Row) % each
	return corpus.Passage{Start: 5 * n, End: 5*n + 5}
}
func (s *shelf) Header(doc topk.Row) (Header, error) {
	return Header{ID: fmt.Sprint("d", doc.Row), Analyzer: "english", Place: uint64(doc.Row)}, nil
}
func (s *shelf) Ahead([]topk.Row) {}
func (s *shelf) Err() error       { return nil }
func (s *shelf) Text(doc topk.Row, start, end int) (string, error) {
	return fmt.Sprintf("%-*d", each*5, doc.Row)[start:end], s.fail
}

func terms(s ...string) []search.Term {
	var out []search.Term
	for _, t := range s {
		out = append(out, search.Term{Text: t, Weight: 1})
	}
	return out
}

// rows are the passages that were gathered, by document and number.
func rows(t *testing.T, g *Gatherer) string {
	t.Helper()
	docs, err := g.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range docs {
		for _, p := range d.Passages {
			if len(p.Text) != p.End-p.Start || d.Analyzer == nil {
				t.Errorf("%s: %+v", d.ID, p)
			}
			out = append(out, fmt.Sprintf("%d.%d", d.Place, p.Start/5))
		}
	}
	return strings.Join(out, " ")
}

func look(t *testing.T, g *Gatherer, passages, documents int, of ...string) {
	t.Helper()
	q := Question{Text: strings.Join(of, " "), Terms: terms(of...), IDF: func(string) float64 { return 1 }}
	if err := g.Look(t.Context(), &q, passages, documents); err != nil {
		t.Fatal(err)
	}
}

func TestGather(t *testing.T) {
	s := &shelf{titled: map[string][]topk.Row{"ada": {{Row: 4}}}}
	var pool text.Pool
	words := pool.Loan()
	defer words.Release()
	g := New(s, words)
	g.Find(terms("13", "0", "99"), 2)
	if got, want := rows(t, g), "0.0 0.1 0.2 1.1 1.2 1.3 1.4 1.5"; got != want {
		t.Errorf("passages: %s, want %s", got, want)
	}
	look(t, g, 1, 1, "2")
	if got, want := rows(t, g), "0.0 0.1 0.2 0.3 0.4 2.0 2.1 2.2 2.3 2.4 2.5"; got != want {
		t.Errorf("a document: %s, want %s", got, want)
	}
	g.FindNamed([][]string{{"ada"}, {"7", "7"}})
	if got, want := rows(t, g), "4.0 4.1 4.2 4.3 4.4 4.5 7.0 7.1 7.2 7.3 7.4 7.5"; got != want {
		t.Errorf("by name: %s, want %s", got, want)
	}
	if got := rows(t, g); got != "" {
		t.Errorf("read twice: %s", got)
	}
	look(t, g, 1, 1, "1")
	s.fail = errors.New("disk on fire")
	if _, err := g.Read(t.Context()); !errors.Is(err, s.fail) {
		t.Error(err)
	}
	s.fail = nil
	look(t, g, 1, 1, "1")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Read(cancelled); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
