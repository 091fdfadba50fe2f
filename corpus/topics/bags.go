package topics

import (
	"math"

	"github.com/tamis-search/tamis/text"
)

// Bags are the units of a text (sentences, or turns of a conversation) as the
// words in them that carry meaning, in the order of the text.
type Bags struct {
	units  [][]int32 // term numbers
	places [][]int32 // for each term, how many words of the text stand before it
	starts []int32   // words before each unit, and one more: words of the text
	terms  []string  // by number: in the order in which the text brings them
}

// Analyse makes bags of units with an analyzer; words without content (see
// [text.Analyzer.EachContent]) are dropped, but count as words.
func Analyse(an *text.Analyzer, units []string) *Bags {
	n := len(units)
	b := &Bags{units: make([][]int32, n), places: make([][]int32, n), starts: make([]int32, n+1)}
	number := make(map[string]int32)
	for i, u := range units {
		words, at := b.starts[i], 0
		space := true
		count := func(end int) { // the words that begin before end
			for ; at < end; at++ {
				if u[at] <= ' ' {
					space = true
				} else if space {
					words++
					space = false
				}
			}
		}
		an.EachContent(u, func(term string, start, _ int) {
			t, ok := number[term]
			if !ok {
				t = int32(len(b.terms))
				number[term] = t
				b.terms = append(b.terms, term)
			}
			count(start + 1)
			// Scripts without spaces have a word at each term.
			words = max(words, b.starts[i]+int32(len(b.units[i]))+1)
			b.units[i] = append(b.units[i], t)
			b.places[i] = append(b.places[i], words-1)
		})
		count(len(u))
		b.starts[i+1] = words
	}
	return b
}

// Len is the number of units.
func (b *Bags) Len() int { return len(b.units) }

// counts are term frequencies in a table of the whole vocabulary that is
// emptied in the time it took to fill.
type counts struct {
	of   []float64
	seen []int32
}

func newCounts(terms int) *counts { return &counts{of: make([]float64, terms)} }

func (c *counts) add(terms []int32) {
	for _, t := range terms {
		if c.of[t] == 0 {
			c.seen = append(c.seen, t)
		}
		c.of[t]++
	}
}

func (c *counts) reset() {
	for _, t := range c.seen {
		c.of[t] = 0
	}
	c.seen = c.seen[:0]
}

// cosine is 0 when either side is empty.
func (c *counts) cosine(d *counts) float64 {
	var dot, cc, dd float64
	for _, t := range c.seen {
		dot += c.of[t] * d.of[t] // whole numbers: no rounding
		cc += c.of[t] * c.of[t]
	}
	for _, t := range d.seen {
		dd += d.of[t] * d.of[t]
	}
	if dot == 0 {
		return 0
	}
	return dot / math.Sqrt(cc*dd)
}
