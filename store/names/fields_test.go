package names

import (
	"errors"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// TestNewFields: a stored field that this program does not read is named, and one
// that was made otherwise than is asked is refused.
func TestNewFields(t *testing.T) {
	for _, c := range []struct {
		stored, wanted vector.Field
		err            error
		says           string
	}{
		{vector.Field{Bits: 8, Max: 4}, vector.Field{}, nil, ""},
		{vector.Field{Bits: 8, Max: 4}, vector.Field{Bits: 16}, record.ErrConfig, "8 bits"},
		{vector.Field{Bits: 32}, vector.Field{Unit: vector.Passages}, record.ErrConfig, "unit document"},
		{vector.Field{Bits: 32, Unit: vector.Passages}, vector.Field{Unit: vector.Passages}, nil, ""},
		{vector.Field{Bits: 32, Unit: vector.Passages}, vector.Field{}, nil, ""},
		{vector.Field{Bits: 32, Kind: 9}, vector.Field{}, record.ErrNewer, "number 9"},
		{vector.Field{Bits: 8, Kind: vector.KindDense, Dims: 4}, vector.Field{}, nil, ""},
		{vector.Field{Bits: 32, Kind: vector.KindDense, Dims: 4}, vector.Field{Kind: vector.KindDense, Dims: 5}, record.ErrConfig, "4 numbers"},
		{vector.Field{Bits: 32, Kind: vector.KindDense, Dims: 4}, vector.Field{Kind: vector.KindDense, Similarity: vector.Cosine}, record.ErrConfig, "compared by dot"},
		{vector.Field{Bits: 32}, vector.Field{Kind: vector.KindDense}, record.ErrConfig, "sparse vectors"},
		{vector.Field{Bits: 4}, vector.Field{}, record.ErrNewer, "4 bits"},
	} {
		x, err := NewFields("ix", map[string]vector.Field{"v": c.stored}, map[string]vector.Field{"v": c.wanted})
		if !errors.Is(err, c.err) || err != nil && (!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `"v"`)) {
			t.Errorf("stored %+v, wanted %+v: %v", c.stored, c.wanted, err)
		}
		if err == nil && x.Field("v").Unit != c.stored.Unit {
			t.Errorf("stored %+v: the unit is %s", c.stored, x.Field("v").Unit)
		}
	}
}
