package text

import (
	"math"
	"unicode/utf8"
)

// Compounds are written as one word in German and Dutch, and a text may have the
// parts apart, or in other compounds. They are split in questions, by the words
// that an index holds: an index needs no dictionary of a language for it, and its
// terms are what they were.

// linking are the letters that a compound may have behind a part, by analyzer.
var linking = map[string][]string{
	"german": {"", "s", "es", "n", "en", "e", "er", "ens", "ns"},
	"dutch":  {"", "s", "e", "en", "n", "er"},
}

const (
	minCompound = 8 // letters of a word that may be a compound
	maxCompound = 48
	minPart     = 4
	maxParts    = 4
)

// Compound is a word of a question that may be one.
type Compound struct {
	Term  string // of the whole word
	Terms []string

	parts []part
	n     int // letters
}

// A part is letters [from, to) of the word, linking letters included.
type part struct {
	from, to int
	term     int // in Terms
}

// Compounds are the words of a question that may be compounds, each with the terms
// of all that it may be made of; none where the language knows no compounds.
func (a *Analyzer) Compounds(q string) []Compound {
	links := linking[a.name]
	p, ok := a.expand.(prose)
	if links == nil || !ok {
		return nil
	}
	var out []Compound
	for i := 0; ; {
		start, end, k := a.style.next(q, i)
		if k == kindNone {
			return out
		}
		i = end
		if k != kindWord {
			continue
		}
		w := p.fold(q[start:end])
		whole := p.expand(nil, w, true)
		if n := utf8.RuneCountInString(w); n < minCompound || n > maxCompound || len(whole) != 1 {
			continue
		}
		out = append(out, compound(p, []rune(w), whole[0], links))
	}
}

func compound(p prose, w []rune, whole string, links []string) Compound {
	c := Compound{Term: whole, n: len(w)}
	known := map[string]int{}
	for from := 0; from+minPart <= len(w); from++ {
		if from > 0 && from < minPart {
			continue
		}
		for to := from + minPart; to <= len(w); to++ {
			if from == 0 && to == len(w) || to < len(w) && len(w)-to < minPart {
				continue
			}
			for _, link := range links {
				at := to - len(link)
				if at-from < minPart || string(w[at:to]) != link || to == len(w) && link != "" {
					continue
				}
				terms := p.expand(nil, string(w[from:at]), true)
				if len(terms) != 1 {
					continue
				}
				i, ok := known[terms[0]]
				if !ok {
					i = len(c.Terms)
					known[terms[0]] = i
					c.Terms = append(c.Terms, terms[0])
				}
				c.parts = append(c.parts, part{from, to, i})
			}
		}
	}
	return c
}

// Split is what the compound is most likely made of, where all of it is in an
// index that has each of Terms in so many documents: the fewest parts, and of
// these the most common ones (Koehn and Knight, Empirical Methods for Compound
// Splitting, 2003). Nil is none, or a word more common than its parts.
func (c *Compound) Split(df []int) []string {
	type way struct {
		parts int
		score float64 // sum of logarithms
		last  part
	}
	best := make([]way, c.n+1) // by letters covered
	for from := 0; from < c.n; from++ {
		if from > 0 && best[from].parts == 0 || best[from].parts == maxParts {
			continue
		}
		for _, p := range c.parts {
			if p.from != from || df[p.term] == 0 {
				continue
			}
			w := way{best[from].parts + 1, best[from].score + math.Log(float64(df[p.term])), p}
			if b := &best[p.to]; b.parts == 0 || w.parts < b.parts || w.parts == b.parts && w.score > b.score {
				*b = w
			}
		}
	}
	var out []string
	for at := c.n; at > 0; at = best[at].last.from {
		if best[at].parts == 0 {
			return nil
		}
		out = append(out, c.Terms[best[at].last.term])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}
