package vector

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestNew(t *testing.T) {
	s, err := New([]uint32{7, 1, 1 << 31, 3}, []float32{2, 1, 4, 0})
	if err != nil || !slices.Equal(s.Terms, []uint32{1, 7, 1 << 31}) || !slices.Equal(s.Weights, []float32{1, 2, 4}) {
		t.Fatalf("%v, %v", s, err)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if s, err := New(nil, nil); err != nil || s.Len() != 0 || s.Validate() != nil {
		t.Fatalf("empty: %v, %v", s, err)
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		terms   []uint32
		weights []float32
		want    error
	}{
		{[]uint32{1}, []float32{-1}, ErrWeight},
		{[]uint32{1}, []float32{inf}, ErrWeight},
		{[]uint32{1}, []float32{nan}, ErrWeight},
		{[]uint32{1, 2, 1}, []float32{1, 1, 1}, ErrRepeated},
		{[]uint32{1, 2}, []float32{1}, ErrFormat},
	} {
		if _, err := New(c.terms, c.weights); !errors.Is(err, c.want) {
			t.Errorf("New(%v, %v): %v, not %v", c.terms, c.weights, err, c.want)
		}
		if err := (Sparse{c.terms, c.weights}).Validate(); err == nil {
			t.Errorf("%v, %v is valid", c.terms, c.weights)
		}
	}
	for _, s := range []Sparse{{[]uint32{2, 1}, []float32{1, 1}}, {[]uint32{1}, []float32{0}}} {
		if s.Validate() == nil {
			t.Errorf("%v is valid", s)
		}
	}
}

func TestDot(t *testing.T) {
	a := Sparse{[]uint32{1, 5, 9}, []float32{1, 2, 3}}
	b := Sparse{[]uint32{0, 5, 9, 10}, []float32{7, .5, 2, 1}}
	if got := Dot(a, b); got != 7 {
		t.Fatalf("%g", got)
	}
	if Dot(a, Sparse{}) != 0 || Dot(Sparse{}, a) != 0 {
		t.Fatal("the empty vector")
	}
}
