package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
)

// figure is one by which generated documents are judged, with the range that real ones have.
type figure struct {
	name             string
	value, low, high float64
}

func (f figure) String() string {
	s := fmt.Sprintf("%-46s %8.4f   real %.4g to %.4g", f.name, f.value, f.low, f.high)
	if f.value < f.low || f.value > f.high {
		s += "   MISSED"
	}
	return s
}

// accept measures generated documents. The ranges are those of real ones; where they were made of one collection only, somewhat wider.
func accept(m, queries *csr.Matrix, rng *rand.Rand) (all []figure) {
	put := func(name string, value, low, high float64) { all = append(all, figure{name, value, low, high}) }
	n := m.Rows()
	mean, square := 0., 0.
	for d := range n {
		x := float64(m.At[d+1] - m.At[d])
		mean, square = mean+x/float64(n), square+x*x/float64(n)
	}
	put("non-zeros a document", mean, 110, 130)
	put("their standard deviation", math.Sqrt(square-mean*mean), 25, 35)
	count, sum, squares := make([]float64, m.Columns), make([]float64, m.Columns), make([]float64, m.Columns)
	for i, t := range m.Terms {
		x := float64(m.Weights[i])
		count[t]++
		sum[t] += x
		squares[t] += x * x
	}
	df := slices.Clone(count)
	slices.SortFunc(df, func(a, b float64) int { return cmp.Compare(b, a) })
	for _, r := range []int{1, 10, 100, 1000, 5000} {
		put(fmt.Sprintf("share of documents with the term of rank %d", r), df[r-1]/float64(n), .85*targetAt(r), 1.15*targetAt(r))
	}
	var x, y []float64
	cv := 0.
	for t, c := range count {
		if c >= 50 {
			mean := sum[t] / c
			x, y = append(x, math.Log(c)), append(y, mean)
			cv += math.Sqrt(max(0, squares[t]/c-mean*mean)) / mean
		}
	}
	put("variation of weights within a term", cv/float64(len(x)), .7, 1.1)
	put("correlation of log frequency and mean weight", correlation(x, y), -.1, .1)
	put("share of the top 50 in a document's sum", share(m, 50), .65, .75)
	put("share of the top 10 in a query's sum", share(queries, 10), .65, .81)
	s := pick(m, rng.Perm(n)[:min(7000, n)])
	real, mixed := neighbourhood(s, rng), neighbourhood(shuffled(s, rng), rng)
	put("cosine with the nearest of 7,000", real.first, .4, .48)
	put("the same, terms dealt out at random", mixed.first, .1, .25)
	put("cosine with the 10th nearest", real.tenth, .22, .3)
	put("terms shared with the nearest over at random", real.nearShared/real.randomShared, 5.6, 16)
	put("share of documents with a term in common", real.overlap, .4, .99)
	return all
}

func correlation(x, y []float64) float64 {
	n, sx, sy, xx, yy, xy := float64(len(x)), 0., 0., 0., 0., 0.
	for i := range x {
		sx, sy, xx, yy, xy = sx+x[i], sy+y[i], xx+x[i]*x[i], yy+y[i]*y[i], xy+x[i]*y[i]
	}
	return (xy - sx*sy/n) / math.Sqrt((xx-sx*sx/n)*(yy-sy*sy/n))
}

// share is the mean share of a vector's sum that its k highest weights have.
func share(m *csr.Matrix, k int) float64 {
	total, n := 0., min(m.Rows(), 2000)
	for d := range n {
		_, weights := m.Row(d)
		s := slices.Clone(weights)
		slices.SortFunc(s, func(a, b float32) int { return cmp.Compare(b, a) })
		top, all := float32(0), float32(0)
		for i, x := range s {
			if all += x; i < k {
				top += x
			}
		}
		total += float64(top / all)
	}
	return total / float64(n)
}

func pick(m *csr.Matrix, rows []int) *csr.Matrix {
	out := &csr.Matrix{Columns: m.Columns, At: []int64{0}}
	for _, d := range rows {
		terms, weights := m.Row(d)
		out.Terms, out.Weights = append(out.Terms, terms...), append(out.Weights, weights...)
		out.At = append(out.At, int64(len(out.Terms)))
	}
	return out
}

// shuffled gives every term's weights to random documents: the same marginals without topics.
func shuffled(m *csr.Matrix, rng *rand.Rand) *csr.Matrix {
	t := m.Transpose()
	for i := range t.Rows() {
		docs, _ := t.Row(i)
		seen := map[uint32]bool{}
		for j := range docs {
			d := uint32(rng.IntN(m.Rows()))
			for seen[d] {
				d = uint32(rng.IntN(m.Rows()))
			}
			seen[d] = true
			docs[j] = d
		}
	}
	return t.Transpose()
}

// neighbours are the nearest rows by cosine of some rows, of all where rows is nil.
func neighbours(m *csr.Matrix, k int, rows []int) [][]int32 {
	found := make([][]int32, 0, m.Rows())
	each(m, rows, func(q int, cosine []float32, _ []uint16) {
		best := make([]int32, 0, k+1) // nearest first, the earlier of two that are as near
		for d, c := range cosine {
			if d == q || len(best) == k && c <= cosine[best[k-1]] {
				continue
			}
			i := len(best)
			for i > 0 && c > cosine[best[i-1]] {
				i--
			}
			best = slices.Insert(best, i, int32(d))[:min(k, len(best)+1)]
		}
		found = append(found, best)
	})
	return found
}

// each calls f with the cosines of a row with every row, and how many terms they share.
func each(m *csr.Matrix, rows []int, f func(q int, cosine []float32, shared []uint16)) {
	norm := make([]float32, m.Rows())
	for d := range norm {
		_, weights := m.Row(d)
		for _, x := range weights {
			norm[d] += x * x
		}
		norm[d] = float32(math.Sqrt(float64(norm[d])))
	}
	lists := m.Transpose()
	if rows == nil {
		for d := range m.Rows() {
			rows = append(rows, d)
		}
	}
	cosine, shared := make([]float32, m.Rows()), make([]uint16, m.Rows())
	for _, q := range rows {
		clear(cosine)
		clear(shared)
		terms, weights := m.Row(q)
		for i, t := range terms {
			docs, ws := lists.Row(int(t))
			for j, d := range docs {
				cosine[d] += weights[i] * ws[j]
				shared[d]++
			}
		}
		for d := range cosine {
			if norm[d] > 0 {
				cosine[d] /= norm[d] * norm[q]
			}
		}
		f(q, cosine, shared)
	}
}

// near says how documents lie to each other: means over some of them.
type near struct {
	first, tenth             float64 // cosines with the nearest and the 10th nearest
	nearShared, randomShared float64 // terms shared with the nearest, and with any
	overlap                  float64 // share of others with a term in common
}

func neighbourhood(m *csr.Matrix, rng *rand.Rand) (sum near) {
	rows := rng.Perm(m.Rows())[:min(500, m.Rows())]
	n := float64(len(rows))
	each(m, rows, func(q int, cosine []float32, shared []uint16) {
		order, others := make([]int, 0, len(cosine)), float64(len(cosine)-1)
		for d := range cosine {
			if d == q {
				continue
			}
			order = append(order, d)
			sum.randomShared += float64(shared[d]) / others / n
			if shared[d] > 0 {
				sum.overlap += 1 / others / n
			}
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(cosine[b], cosine[a]) })
		sum.first += float64(cosine[order[0]]) / n
		sum.tenth += float64(cosine[order[min(9, len(order)-1)]]) / n
		sum.nearShared += float64(shared[order[0]]) / n
	})
	return sum
}
