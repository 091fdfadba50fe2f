// Package order finds an order of documents in which similar ones are near each other, by recursive graph bisection (Dhulipala et
// al., "Compressing graphs and indexes with recursive graph bisection", 2016). Engines whose speed hangs on the order of documents,
// BMP and PISA among them, are documented to want it; here it comes from us, since no registry offers a program for it.
package order

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
)

const (
	heaviest   = 40 // terms of a document that count, by weight
	iterations = 20
	least      = 16 // documents that are not split any more
)

// Bisect returns the rows of m in their new order.
func Bisect(m *csr.Matrix) []uint32 {
	n := m.Rows()
	b := &bisection{
		at: make([]int64, 1, n+1), rows: make([]uint32, n), gain: make([]float32, n),
		left: make([]int32, m.Columns), right: make([]int32, m.Columns),
		toRight: make([]float32, m.Columns), toLeft: make([]float32, m.Columns),
		log: make([]float32, n+2),
	}
	for i := range b.rows {
		b.rows[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(n, func(i, j int) { b.rows[i], b.rows[j] = b.rows[j], b.rows[i] })
	for i := 1; i < len(b.log); i++ {
		b.log[i] = float32(math.Log2(float64(i)))
	}
	var place []int
	for d := range n {
		terms, weights := m.Row(d)
		place = place[:0]
		for i := range terms {
			place = append(place, i)
		}
		if len(place) > heaviest {
			slices.SortFunc(place, func(i, j int) int { return cmp.Or(cmp.Compare(weights[j], weights[i]), cmp.Compare(i, j)) })
			place = place[:heaviest]
		}
		for _, i := range place {
			b.terms = append(b.terms, terms[i])
		}
		b.at = append(b.at, int64(len(b.terms)))
	}
	b.split(b.rows)
	return b.rows
}

type bisection struct {
	at              []int64
	terms           []uint32
	rows            []uint32
	gain            []float32 // of a row: bits saved by moving it to the other half
	left, right     []int32   // rows of each half that have a term; zero between uses
	toRight, toLeft []float32 // of a term: bits saved by moving one of its rows
	log             []float32
	touched         []uint32
}

func (b *bisection) of(row uint32) []uint32 { return b.terms[b.at[row]:b.at[row+1]] }

// cost is what a term's list of d rows takes in a half of n rows, in bits, when gaps are coded.
func (b *bisection) cost(d, n int32) float32 {
	return float32(d) * (b.log[n] - b.log[d+1])
}

// split brings rows into order.
func (b *bisection) split(rows []uint32) {
	if len(rows) <= least {
		return
	}
	half := len(rows) / 2
	l, r := rows[:half], rows[half:]
	for range iterations {
		if !b.exchange(l, r) {
			break
		}
	}
	b.split(l)
	b.split(r)
}

// exchange swaps the rows that gain most from it, and reports whether there were any.
func (b *bisection) exchange(l, r []uint32) bool {
	b.touched = b.touched[:0]
	count := func(rows []uint32, to []int32) {
		for _, row := range rows {
			for _, t := range b.of(row) {
				if b.left[t]+b.right[t] == 0 {
					b.touched = append(b.touched, t)
				}
				to[t]++
			}
		}
	}
	count(l, b.left)
	count(r, b.right)
	nl, nr := int32(len(l)), int32(len(r))
	for _, t := range b.touched {
		x, y := b.left[t], b.right[t]
		now := b.cost(x, nl) + b.cost(y, nr)
		b.toRight[t], b.toLeft[t] = 0, 0
		if x > 0 {
			b.toRight[t] = now - b.cost(x-1, nl) - b.cost(y+1, nr)
		}
		if y > 0 {
			b.toLeft[t] = now - b.cost(x+1, nl) - b.cost(y-1, nr)
		}
		b.left[t], b.right[t] = 0, 0
	}
	rank := func(rows []uint32, gains []float32) {
		for _, row := range rows {
			sum := float32(0)
			for _, t := range b.of(row) {
				sum += gains[t]
			}
			b.gain[row] = sum
		}
		slices.SortFunc(rows, func(x, y uint32) int {
			return cmp.Or(cmp.Compare(b.gain[y], b.gain[x]), cmp.Compare(x, y))
		})
	}
	rank(l, b.toRight)
	rank(r, b.toLeft)
	i := 0
	for ; i < len(l) && b.gain[l[i]]+b.gain[r[i]] > 0; i++ {
		l[i], r[i] = r[i], l[i]
	}
	return i > 0
}
