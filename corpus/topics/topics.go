// Package topics finds where a long text changes its subject, so that
// a transcript, a lecture or a book without headings has chapters.
//
// [Segment] is what tamis uses. It looks for the division of a text into
// segments under which its words are most likely, when the words of each segment
// are drawn from a distribution of its own (Utiyama and Isahara 2001; Eisenstein
// and Barzilay 2008), and pays a fixed price for each segment, so that their
// number need not be given. Dynamic programming finds the best division exactly.
// [TextTiling] and [C99] stand beside it to be compared with.
//
// [Outline] divides a document into chapters, at its headings where it has any,
// else by Segment, and names each by words of its own.
//
// All are deterministic, on every machine alike.
package topics

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
)

// The two numbers of Segment: of those that were tried on qmsum-topics and on
// every other chapter of clinical, which find at least four fifths as many
// segments there as people did, the pair with the least Pk.
const (
	concentration = 0.75 // pseudo-occurrences of a term in each segment, on average
	price         = 40   // of a segment, in nats
)

// maxSegment is the most units of a segment; it makes Segment linear.
const maxSegment = 1000

// Segment returns the boundaries of the topical segments of a text: ascending,
// each the index of a unit, never 0, that begins a new one. A text of one
// topic has none. Time grows with the words times the largest segment, of
// 1,000 units.
func Segment(b *Bags) []int {
	m := newModel(b)
	n := b.Len()
	best := make([]float64, n+1) // log likelihood of the units before
	from := make([]int, n+1)     // where the last segment before begins
	have := make([]int32, len(b.terms))
	for end := 1; end <= n; end++ {
		best[end] = math.Inf(-1)
		first := max(0, end-maxSegment)
		// The segment grows backwards, each term costing what it does after
		// those that it has already: the order does not matter for the whole.
		sum, size := 0.0, 0
		for i := end - 1; i >= first; i-- {
			for _, t := range m.units[i] {
				sum += m.term[t][have[t]] - m.norm[size]
				have[t]++
				size++
			}
			if v := best[i] + sum - price; v > best[end] {
				best[end], from[end] = v, i
			}
		}
		for i := first; i < end; i++ {
			for _, t := range m.units[i] {
				have[t] = 0
			}
		}
	}
	var found []int
	for at := n; at > 0 && from[at] > 0; at = from[at] {
		found = append(found, from[at])
	}
	slices.Reverse(found)
	return found
}

// model holds the logarithms of the probability of a term in a segment: after c
// occurrences among n terms it is (c + prior) / (n + sum of the priors), the
// Pólya urn whose product over a segment is the likelihood of its words with
// their distribution integrated out.
type model struct {
	units [][]int32
	term  [][]float64 // term[t][c] is log(c + prior of t)
	norm  []float64   // norm[n] is log(n + sum of the priors)
}

// newModel drops terms that occur once: they join nothing. A term's prior grows
// with the square root of its frequency, so that common words decide less.
func newModel(b *Bags) *model {
	tf := make([]int, len(b.terms))
	for _, u := range b.units {
		for _, t := range u {
			tf[t]++
		}
	}
	m := &model{units: make([][]int32, b.Len()), term: make([][]float64, len(tf))}
	roots, vocabulary, size := 0.0, 0, 0
	for _, f := range tf {
		if f > 1 {
			roots += math.Sqrt(float64(f))
			vocabulary++
			size += f
		}
	}
	all := make([]int32, 0, size)
	for i, u := range b.units {
		start := len(all)
		for _, t := range u {
			if tf[t] > 1 {
				all = append(all, t)
			}
		}
		m.units[i] = all[start:len(all):len(all)]
	}
	priors := concentration * float64(vocabulary)
	logs := make([]float64, size)
	for t, f := range tf {
		if f < 2 {
			continue
		}
		prior := priors * math.Sqrt(float64(f)) / roots
		m.term[t], logs = logs[:f:f], logs[f:]
		for c := range m.term[t] {
			m.term[t][c] = portable.Log(float64(c) + prior)
		}
	}
	m.norm = make([]float64, size)
	for n := range m.norm {
		m.norm[n] = portable.Log(float64(n) + priors)
	}
	return m
}
