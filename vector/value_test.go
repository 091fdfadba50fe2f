package vector_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

func TestValues(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		value vector.Value
		kind  vector.Kind
		want  error
	}{
		{vector.Sparse{Terms: []uint32{1}, Weights: []float32{2}}, vector.KindSparse, nil},
		{vector.Named{"a": 1}, vector.KindSparse, nil},
		{vector.Named{"a": -1}, vector.KindSparse, vector.ErrWeight},
		{vector.Dense{0, -1}, vector.KindDense, nil},
		{vector.Dense{}, vector.KindDense, vector.ErrEmpty},
		{vector.Dense{1, nan}, vector.KindDense, vector.ErrFormat},
		{vector.Dense{3e38, 3e38}, vector.KindDense, vector.ErrFormat},
		{make(vector.Dense, vector.MaxDims+1), vector.KindDense, vector.ErrFormat},
		{vector.Parts{{Start: 0, End: 4, Vector: vector.Dense{1}}, {Start: 4, End: 9, Vector: vector.Dense{2}}}, vector.KindDense, nil},
		{vector.Parts{{Start: 0, End: 4, Vector: vector.Dense{1}}, {Start: 3, End: 9, Vector: vector.Dense{2}}}, vector.KindDense, vector.ErrFormat},
		{vector.Parts{{Start: 0, End: 4, Vector: vector.Dense{1}}, {Start: 4, End: 9, Vector: vector.Dense{2, 1}}}, vector.KindDense, vector.ErrFormat},
		{vector.Parts{{Start: 0, End: 4, Vector: vector.Parts{}}}, vector.KindSparse, vector.ErrFormat},
		{vector.Multi{{1, 2}, {3, 4}}, vector.KindMulti, nil},
		{vector.Multi{}, vector.KindMulti, vector.ErrEmpty},
		{vector.Multi{{1}, {}}, vector.KindMulti, vector.ErrEmpty},
		{vector.Multi{{1, 2}, {3}}, vector.KindMulti, vector.ErrFormat},
	} {
		if err := c.value.Validate(); c.value.Kind() != c.kind || !errors.Is(err, c.want) {
			t.Errorf("%v: %s, %v, want %s, %v", c.value, c.value.Kind(), err, c.kind, c.want)
		}
	}
}

// TestFieldJSON: what was stored before fields had a kind and a unit reads as it
// was meant, and is written as it was.
func TestFieldJSON(t *testing.T) {
	for in, want := range map[string]vector.Field{
		`{"bits":8,"max":4}`:           {Bits: 8, Max: 4},
		`{"bits":32}`:                  {Bits: 32},
		`{"unit":"passage","bits":32}`: {Unit: vector.Passages, Bits: 32},
		`{"kind":"multi","bits":0}`:    {Kind: vector.KindMulti},
		`{"kind":"dense","bits":16}`:   {Kind: vector.KindDense, Bits: 16},
	} {
		var f vector.Field
		if err := json.Unmarshal([]byte(in), &f); err != nil || f != want {
			t.Errorf("%s: %+v, %v", in, f, err)
		}
		if out, err := json.Marshal(f); err != nil || string(out) != in {
			t.Errorf("%s became %s, %v", in, out, err)
		}
	}
	for _, in := range []string{`{"kind":"round"}`, `{"unit":"book"}`} {
		if err := json.Unmarshal([]byte(in), new(vector.Field)); err == nil {
			t.Errorf("%s is read", in)
		}
	}
}

func TestFieldComplete(t *testing.T) {
	f := vector.Field{}
	if err := f.Complete("v"); err != nil || f != (vector.Field{Bits: 32}) {
		t.Errorf("%+v, %v", f, err)
	}
	for want, f := range map[string]vector.Field{
		"number 8 vectors are not stored":  {Kind: 8},
		"greatest weight":                  {Kind: vector.KindDense, Max: 1},
		"no number of numbers":             {Dims: 4},
		"up to 65536":                      {Kind: vector.KindDense, Dims: 1 << 20},
		"unknown similarity":               {Kind: vector.KindDense, Similarity: 7},
		"number 7 vectors":                 {Kind: 7},
		"unknown unit of vectors number 2": {Unit: 2},
		"12 bits":                          {Bits: 12},
		"cannot be -1":                     {Bits: 8, Max: -1},
		"cannot be 1e-44":                  {Bits: 16, Max: 1e-44},
	} {
		if err := f.Complete("v"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", f, err, want)
		}
	}
}
