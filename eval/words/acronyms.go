// Package words measures what is understood of words: what acronyms stand for, and which
// phrases say what a text is about, beside simpler ways and the judgment of people.
package words

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/text"
)

// Mention is a sentence with an acronym of which people have said what it stands for.
type Mention struct {
	ID        string   `json:"id"`
	Tokens    []string `json:"tokens"`
	Index     int      `json:"index"`
	Acronym   string   `json:"acronym"`
	Expansion string   `json:"expansion"`
}

// ReadMentions reads JSON Lines of mentions.
func ReadMentions(name string, r io.Reader) ([]Mention, error) {
	return readLines(name, r, func(m *Mention) error {
		if m.Acronym == "" || m.Expansion == "" || len(m.Tokens) == 0 {
			return fmt.Errorf("the record lacks one of acronym, expansion, tokens")
		}
		return nil
	})
}

// ReadDictionary reads the senses that acronyms may have: {acronym: [expansions]}.
func ReadDictionary(name string, r io.Reader) (d map[string][]string, err error) {
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return nil, fmt.Errorf("%s: not an object of acronyms with lists of expansions: %w", name, err)
	}
	return d, nil
}

// AcronymReport compares ways to say what an acronym stands for.
type AcronymReport struct {
	Learned  int                   `json:"learned"` // mentions whose sense was known
	Mentions int                   `json:"mentions"`
	Ways     map[string]Understood `json:"ways"`
}

// Understood is the share of the mentions that were right, and the F1 of the mean
// precision and recall over senses.
type Understood struct {
	Accuracy float64 `json:"accuracy"`
	MacroF1  float64 `json:"macro_f1"`
}

// The ways.
const (
	ByContext   = "context" // tamis
	ByMeaning   = "context, and a model"
	Untaught    = "context, nothing learned"
	MostCommon  = "most common" // among what was learned, else the first
	FirstListed = "first listed"
)

// Acronyms learns from every other mention, and is asked about the rest. near, which may be
// nil, says how near two texts are in meaning.
func Acronyms(mentions []Mention, candidates map[string][]string, near func(a, b string) float64) (*AcronymReport, error) {
	a, err := text.NewAnalyzer("english")
	if err != nil {
		return nil, err
	}
	taught, untaught := acronym.NewDictionary(a), acronym.NewDictionary(a.Clone())
	for _, m := range mentions {
		for _, long := range candidates[m.Acronym] {
			taught.Declare(m.Acronym, long)
			untaught.Declare(m.Acronym, long)
		}
	}
	seen := map[string]map[string]int{}
	var asked []Mention
	for i, m := range mentions {
		if i%2 == 1 {
			asked = append(asked, m)
			continue
		}
		taught.Learn(m.Acronym, m.Expansion, m.Sentence())
		if seen[m.Acronym] == nil {
			seen[m.Acronym] = map[string]int{}
		}
		seen[m.Acronym][m.Expansion]++
	}
	ways := map[string]func(m Mention) string{
		ByContext:   func(m Mention) string { return first(taught.Resolve(m.Acronym, acronym.Context{Text: m.Sentence()})) },
		Untaught:    func(m Mention) string { return first(untaught.Resolve(m.Acronym, acronym.Context{Text: m.Sentence()})) },
		FirstListed: func(m Mention) string { return candidates[m.Acronym][0] },
		MostCommon: func(m Mention) string {
			best := candidates[m.Acronym][0]
			for _, long := range candidates[m.Acronym] {
				if seen[m.Acronym][long] > seen[m.Acronym][best] {
					best = long
				}
			}
			return best
		},
	}
	if near != nil {
		ways[ByMeaning] = func(m Mention) string {
			s := m.Sentence()
			return first(taught.Resolve(m.Acronym, acronym.Context{Text: s, Near: func(long string) float64 { return near(s, long) }}))
		}
	}
	r := &AcronymReport{Learned: len(mentions) - len(asked), Mentions: len(asked), Ways: map[string]Understood{}}
	for name, way := range ways {
		said := make([]string, len(asked))
		for i, m := range asked {
			if len(candidates[m.Acronym]) > 0 {
				said[i] = way(m)
			}
		}
		r.Ways[name] = understood(asked, said)
	}
	return r, nil
}

func first(senses []acronym.Sense) string {
	if len(senses) == 0 {
		return ""
	}
	return senses[0].Long
}

// Sentence is the text of a mention.
func (m *Mention) Sentence() string { return strings.Join(m.Tokens, " ") }

func understood(asked []Mention, said []string) Understood {
	type count struct{ right, said, gold int }
	counts := map[string]*count{}
	of := func(long string) *count {
		if counts[long] == nil {
			counts[long] = &count{}
		}
		return counts[long]
	}
	right := 0
	for i, m := range asked {
		of(m.Expansion).gold++
		of(said[i]).said++
		if said[i] == m.Expansion {
			right++
			of(m.Expansion).right++
		}
	}
	precision, recall, n := 0.0, 0.0, 0.0
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := counts[name]
		if c.gold == 0 {
			continue
		}
		n++
		recall += float64(c.right) / float64(c.gold)
		if c.said > 0 {
			precision += float64(c.right) / float64(c.said)
		}
	}
	u := Understood{Accuracy: figures.Round(float64(right)/float64(max(len(asked), 1)), 4)}
	if right > 0 {
		u.MacroF1 = figures.Round(2*precision/n*recall/n/(precision/n+recall/n), 4)
	}
	return u
}

// WriteTable writes the report for people.
func (r *AcronymReport) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%d mentions, %d others learned\n%-26s accuracy  macro F1\n", r.Mentions, r.Learned, "")
	for _, way := range []string{ByMeaning, ByContext, Untaught, MostCommon, FirstListed} {
		u, ok := r.Ways[way]
		if !ok {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-26s %8.4f  %8.4f\n", way, u.Accuracy, u.MacroF1); err != nil {
			return err
		}
	}
	return nil
}
