package vector

import (
	"fmt"
	"math"
	"slices"
)

// Sparse is a vector by its non-zero weights: Terms ascend strictly, each has
// the weight at its place in Weights, positive and finite. The zero Sparse is
// the empty vector.
type Sparse struct {
	Terms   []uint32
	Weights []float32
}

// New makes a Sparse of terms in any order. Weights of zero are dropped: they
// say the same as leaving the term out. A weight that is negative, infinite or
// not a number is an error that wraps ErrWeight, a term that comes twice one
// that wraps ErrRepeated. The slices are not kept.
func New(terms []uint32, weights []float32) (Sparse, error) {
	if len(terms) != len(weights) {
		return Sparse{}, fmt.Errorf("%w: %d terms with %d weights", ErrFormat, len(terms), len(weights))
	}
	order := make([]int, 0, len(terms))
	for i, w := range weights {
		if err := positive(terms[i], w); err != nil && w != 0 {
			return Sparse{}, err
		}
		if w != 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return int(int64(terms[a]) - int64(terms[b])) })
	s := Sparse{Terms: make([]uint32, len(order)), Weights: make([]float32, len(order))}
	for at, i := range order {
		s.Terms[at], s.Weights[at] = terms[i], weights[i]
		if at > 0 && s.Terms[at-1] == terms[i] {
			return Sparse{}, fmt.Errorf("%w: %d", ErrRepeated, terms[i])
		}
	}
	return s, nil
}

// Len is the number of non-zero weights.
func (s Sparse) Len() int { return len(s.Terms) }

// Validate says what keeps s from being a Sparse as its comment describes it.
func (s Sparse) Validate() error {
	if len(s.Terms) != len(s.Weights) {
		return fmt.Errorf("%w: %d terms with %d weights", ErrFormat, len(s.Terms), len(s.Weights))
	}
	for i, w := range s.Weights {
		if err := positive(s.Terms[i], w); err != nil {
			return err
		}
		if i > 0 && s.Terms[i] <= s.Terms[i-1] {
			if s.Terms[i] == s.Terms[i-1] {
				return fmt.Errorf("%w: %d", ErrRepeated, s.Terms[i])
			}
			return fmt.Errorf("%w: term %d comes after %d; vector.New sorts", ErrFormat, s.Terms[i], s.Terms[i-1])
		}
	}
	return nil
}

// Dot is the inner product, in float32: products in ascending order of terms,
// each rounded by itself before it is added.
func Dot(a, b Sparse) float32 {
	sum := float32(0)
	for i, j := 0, 0; i < len(a.Terms) && j < len(b.Terms); {
		switch x, y := a.Terms[i], b.Terms[j]; {
		case x < y:
			i++
		case x > y:
			j++
		default:
			sum += float32(a.Weights[i] * b.Weights[j])
			i++
			j++
		}
	}
	return sum
}

func positive(term uint32, w float32) error {
	if w > 0 && w <= math.MaxFloat32 {
		return nil
	}
	return fmt.Errorf("%w: term %d weighs %g", ErrWeight, term, w)
}
