package words

import (
	"fmt"
	"io"
	"strings"

	"github.com/tamis-search/tamis/corpus/keyphrase"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
)

// Keyed is a text with the phrases that people found in it, or gave it.
type Keyed struct {
	ID         string   `json:"id"`
	Text       string   `json:"text"`
	Keyphrases []string `json:"keyphrases"`
}

// ReadKeyed reads JSON Lines of texts with their phrases.
func ReadKeyed(name string, r io.Reader) ([]Keyed, error) {
	return readLines(name, r, func(k *Keyed) error {
		if len(k.Keyphrases) == 0 {
			return fmt.Errorf("the record has no keyphrases")
		}
		return nil
	})
}

// PhraseReport compares ways to find keyphrases.
type PhraseReport struct {
	Documents int                  `json:"documents"`
	Ways      map[string]PhraseF1s `json:"ways"`
}

// PhraseF1s are means over documents of F1 among the first so many phrases, after stemming,
// against all that people gave, those too that do not stand in the text.
type PhraseF1s struct {
	At5  float64 `json:"f1@5"`
	At10 float64 `json:"f1@10"`
}

// Ways to find phrases.
const (
	Ours       = "tamis"
	OursCorpus = "tamis, with the corpus"
	YAKE       = "YAKE"
	TextRank   = "TextRank"
	TFIDF      = "TF-IDF"
)

// Keyphrases compares the ways over documents; part is 0 for all, 1 for those in odd places
// and 2 for the others.
func Keyphrases(docs []Keyed, part int) (*PhraseReport, error) {
	a, err := text.NewAnalyzer("english")
	if err != nil {
		return nil, err
	}
	idf := idfOf(a, docs)
	ways := map[string]func(s string) []string{
		Ours:       func(s string) []string { return texts(keyphrase.Extract(a, s, 10, nil)) },
		OursCorpus: func(s string) []string { return texts(keyphrase.Extract(a, s, 10, idf)) },
	}
	for name, way := range baselines(a, idf) {
		ways[name] = way
	}
	r := &PhraseReport{Ways: map[string]PhraseF1s{}}
	for name, way := range ways {
		var at5, at10 float64
		n := 0
		for i, d := range docs {
			if part > 0 && i%2 != part%2 {
				continue
			}
			n++
			found := way(d.Text)
			at5 += f1(a, found, d.Keyphrases, 5)
			at10 += f1(a, found, d.Keyphrases, 10)
		}
		r.Documents = n
		r.Ways[name] = PhraseF1s{figures.Round(at5/float64(max(n, 1)), 4), figures.Round(at10/float64(max(n, 1)), 4)}
	}
	return r, nil
}

func texts(phrases []keyphrase.Phrase) (all []string) {
	for _, p := range phrases {
		all = append(all, p.Text)
	}
	return all
}

// idfOf is the inverse document frequency of terms in documents.
func idfOf(a *text.Analyzer, docs []Keyed) func(term string) float64 {
	df := map[string]int{}
	for _, d := range docs {
		seen := map[string]bool{}
		a.Each(d.Text, func(term string, _, _ int) {
			if !seen[term] {
				term = strings.Clone(term)
				seen[term] = true
				df[term]++
			}
		})
	}
	return func(term string) float64 { return portable.Log(1 + float64(len(docs))/float64(1+df[term])) }
}

func stemmed(a *text.Analyzer, s string) string { return strings.Join(a.Terms(nil, s), " ") }

// f1 is that of the first k of found.
func f1(a *text.Analyzer, found, gold []string, k int) float64 {
	want := map[string]bool{}
	for _, g := range gold {
		want[stemmed(a, g)] = true
	}
	total, right, said := len(want), 0, 0
	seen := map[string]bool{}
	for _, f := range found {
		s := stemmed(a, f)
		if seen[s] || said == k {
			continue
		}
		seen[s] = true
		said++
		if want[s] {
			right++
		}
	}
	if right == 0 {
		return 0
	}
	return 2 * float64(right) / float64(k+total)
}

// WriteTable writes the report for people.
func (r *PhraseReport) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%d documents\n%-26s   F1@5   F1@10\n", r.Documents, "")
	for _, way := range []string{OursCorpus, Ours, YAKE, TextRank, TFIDF} {
		f := r.Ways[way]
		if _, err := fmt.Fprintf(w, "%-26s %.4f  %.4f\n", way, f.At5, f.At10); err != nil {
			return err
		}
	}
	return nil
}
