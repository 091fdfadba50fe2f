// Package search finds the k rows of inverted unit spaces that score best under
// BM25, exactly.
//
// A row's score is the sum over the query's terms, in query order, of
//
//	weight · idf · tf / (tf + k1·(1 - b + b·length/average))
//	idf = ln(1 + (N - df + .5)/(df + .5))
//
// in float32, each product rounded by itself (Lucene's form, without the
// constant factor k1 + 1; Robertson and Zaragoza, "The Probabilistic Relevance
// Framework", 2009). Frequencies and lengths are the weighted sums over fields
// that package index stores, a length being what its one-byte code stands for.
// N, the average and df describe the whole visible snapshot, so the caller
// passes them as Stats.
//
// TopK prunes with stored score bounds, Exhaustive scores every posting; both
// return the same hits, bit for bit: a hit's Segment is the place of its source. Rows with equal scores go in order of
// source and row, which is the order of addition.
package search

import (
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/portable"
)

// Params are the parameters of BM25. K1 must be 0 or more, B from 0 to 1; both
// as they are, so the zero value means term presence only. Use DefaultParams.
type Params struct{ K1, B float32 }

// DefaultParams are k1 = 1.2, b = 0.75.
func DefaultParams() Params { return Params{K1: index.DefaultK1, B: index.DefaultB} }

// Source is one unit space to search.
type Source struct {
	Inverted *index.Inverted
	// Visible is the set of rows that can be hits: row 0 is the lowest bit of the
	// first word, rows behind the last word are not in it. Nil is all rows.
	Visible []uint64
}

func (s *Source) visible(row uint32) bool {
	return s.Visible == nil || int(row>>6) < len(s.Visible) && s.Visible[row>>6]>>(row&63)&1 != 0
}

// Term is one term of a query. A query's terms are unique. A term is ignored
// when Weight is not above 0, or so great or small (10^±30) that float32 sums
// would lose it.
type Term struct {
	Text   string
	Weight float32
	// Share is what of its own inverse document frequency a term has, where it is one of several forms of
	// a word; Weight has it already. 0 stands for 1.
	Share float32
}

// Stats describe the whole visible snapshot, of which the sources may be a part.
type Stats struct {
	Rows        int
	TotalLength uint64
	DF          []int // of each query term, in query order
}

// StatsOf sums up the statistics of sources, rows that are not visible included.
func StatsOf(sources []Source, terms []string) Stats {
	s := Stats{DF: make([]int, len(terms))}
	for _, src := range sources {
		s.Rows += src.Inverted.Rows()
		s.TotalLength += src.Inverted.TotalLength()
		for i, t := range terms {
			s.DF[i] += src.Inverted.DF(t)
		}
	}
	return s
}

// weights appends each term's factor, weight · idf; 0 for a term that adds
// nothing.
func weights(dst []float32, terms []Term, stats *Stats) []float32 {
	for i, t := range terms {
		w := float32(0)
		if t.Weight > 0 && i < len(stats.DF) && stats.DF[i] > 0 {
			w = float32(t.Weight * float32(IDF(stats.Rows, stats.DF[i])))
			if !(w > 1e-30 && w < 1e30) {
				w = 0
			}
		}
		dst = append(dst, w)
	}
	return dst
}

// IDF is the inverse document frequency of a term that df of rows rows hold:
// ln(1 + (N - df + .5)/(df + .5)), the same bits on every machine.
func IDF(rows, df int) float64 {
	n, d := float64(max(rows, df)), float64(df)
	return portable.Log(1 + (n-d+.5)/(d+.5))
}

// score is the contribution of one posting. TopK and Exhaustive share it, or
// compute the same operations in the same order.
func score(weight, tf, norm float32) float32 {
	return float32(weight * float32(tf/float32(tf+norm)))
}
