package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// TestOpenFields: a stored field that this program does not read is named, and one
// that was made otherwise than is asked is refused.
func TestOpenFields(t *testing.T) {
	for _, c := range []struct {
		stored, wanted VectorField
		err            error
		says           string
	}{
		{VectorField{Bits: 8, Max: 4}, VectorField{}, nil, ""},
		{VectorField{Bits: 8, Max: 4}, VectorField{Bits: 16}, ErrConfig, "8 bits"},
		{VectorField{Bits: 32}, VectorField{Unit: vector.Passages}, ErrConfig, "unit document"},
		{VectorField{Bits: 32, Unit: vector.Passages}, VectorField{Unit: vector.Passages}, nil, ""},
		{VectorField{Bits: 32, Unit: vector.Passages}, VectorField{}, nil, ""},
		{VectorField{Bits: 32, Kind: vector.KindMulti}, VectorField{}, ErrNewer, "multi"},
		{VectorField{Bits: 4}, VectorField{}, ErrNewer, "4 bits"},
	} {
		s := &Store{}
		err := s.openFields(map[string]VectorField{"v": c.stored}, map[string]VectorField{"v": c.wanted})
		if !errors.Is(err, c.err) || err != nil && (!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `"v"`)) {
			t.Errorf("stored %+v, wanted %+v: %v", c.stored, c.wanted, err)
		}
		if err == nil && s.FieldUnit("v") != c.stored.Unit {
			t.Errorf("stored %+v: the unit is %s", c.stored, s.FieldUnit("v"))
		}
	}
}
