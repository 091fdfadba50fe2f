package vector

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Named is a vector by the names of its terms, as programs and JSON hold it.
// Weights are positive and finite; a term of weight zero is left out.
type Named map[string]float32

// ParseNamed reads a JSON object of term: weight. The error wraps ErrKind for a
// dense or a multi-vector.
func ParseNamed(object []byte) (Named, error) {
	if !json.Valid(object) {
		return nil, jsonError(object, json.Unmarshal(object, new(any)))
	}
	n := Named{}
	err := eachWeight(object, func(term []byte, weight float32) error {
		if _, ok := n[string(term)]; ok {
			return fmt.Errorf("%w: %q", ErrRepeated, term)
		}
		n[string(term)] = weight
		return nil
	})
	if err == nil && len(n) == 0 {
		err = ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Validate says what keeps n from being a vector: a weight that is none, of the
// first such term by name, or that it is empty.
func (n Named) Validate() error {
	if len(n) == 0 {
		return ErrEmpty
	}
	var bad []string
	for term, w := range n {
		if checkWeight(term, float64(w)) != nil {
			bad = append(bad, term)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	return checkWeight(bad[0], float64(n[bad[0]]))
}
