package attention

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// Documents has a prompt in parts: what all share, documents, and a question behind them. A document
// reads what is shared and itself, at positions as if it were the only one; the question reads all, at
// positions behind the longest. So is BlockRank (Gupta et al. 2025, 2510.05396), whose first part is the
// instruction, and parallel context encoding with a shared prefix as sinks (Zhang et al. 2024,
// 2412.16545), whose question reads but the documents that its tokens attend to most. Below a share of 1
// so do questions here, head by head, and steps of decoding choose anew. What documents do not see of
// each other is not in their states: this is another computation than that of dense attention, even
// where a question reads all. BlockRank's models are trained for it.
type Documents struct {
	Ends  []int // of what is shared, and of each document, ascending
	Share float64
}

// InDocuments is a prompt of n tokens, of which the last are the question, cut into what is shared, a page, and
// documents of so many tokens: for prompts of which nobody says what their documents are.
func InDocuments(n, question int) Documents {
	const size = 16 * Page
	d := Documents{Ends: []int{min(Page, n)}}
	for at := Page; at < n-question; {
		at = min(at+size, n-question)
		d.Ends = append(d.Ends, at)
	}
	return d
}

// Part is where the part of a token begins and ends, and the position of its first token. The question
// has no end.
func (d Documents) Part(token int) (from, to, position int) {
	longest := 0
	for i, end := range d.Ends {
		if i > 0 {
			from, position = d.Ends[i-1], d.Ends[0]
			longest = max(longest, end-from)
		}
		if token < end {
			return from, end, position
		}
	}
	return d.Ends[len(d.Ends)-1], math.MaxInt, d.Ends[0] + longest
}

// Plan implements Planner.
func (d Documents) Plan(q *Queries, k *Keys, spans []Span) []Span {
	from, to, _ := d.Part(q.First)
	end := q.First + q.Rows
	shared := d.Ends[0]
	if to < math.MaxInt {
		return join(join(spans, Span{0, min(shared, end)}), Span{from, end})
	}
	spans = join(spans, Span{0, shared})
	if d.Share < 1 {
		left := int(math.Ceil(d.Share * float64(from-shared)))
		mass, chosen := d.Mass(q, k), make([]bool, len(d.Ends))
		for first := true; ; first = false {
			best := -1
			for i, m := range mass {
				if !chosen[i+1] && (best < 0 || m > mass[best]) {
					best = i
				}
			}
			if best < 0 || d.Ends[best+1]-d.Ends[best] > left && !first {
				break
			}
			chosen[best+1] = true
			left -= d.Ends[best+1] - d.Ends[best]
		}
		for i := 1; i < len(d.Ends); i++ {
			if chosen[i] {
				spans = join(spans, Span{d.Ends[i-1], d.Ends[i]})
			}
		}
		return join(spans, Span{from, end})
	}
	return join(spans, Span{shared, end})
}

// Mass is how much of the queries' attention each document has, in sum over queries and heads: what
// BlockRank ranks documents by.
func (d Documents) Mass(q *Queries, k *Keys) []float64 {
	columns := simd.Padded(q.First + q.Rows)
	scores := make([]float32, q.Heads*q.Rows*columns)
	q.products(scores, columns, 0, k.Packed, k.Size, q.First+q.Rows)
	mass := make([]float64, len(d.Ends)-1)
	for i := range q.Heads * q.Rows {
		whole := scores[i*columns:][:columns]
		row := whole[:q.First+i%q.Rows+1]
		factor := 1 / simd.Softmax(padded(row, whole), q.Scale)
		for j := range mass {
			for _, p := range row[d.Ends[j]:d.Ends[j+1]] {
				mass[j] += float64(p * factor)
			}
		}
	}
	return mass
}

// Valid says whether the ends ascend.
func (d Documents) Valid() bool {
	return len(d.Ends) > 0 && d.Ends[0] >= 0 && slices.IsSorted(d.Ends)
}
