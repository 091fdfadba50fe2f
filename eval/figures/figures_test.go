package figures

import (
	"math"
	"testing"
)

func TestCompare(t *testing.T) {
	a, b := make([]float64, 50), make([]float64, 50)
	for i := range a {
		a[i], b[i] = float64(i%5), float64(i%5)+.1*float64(i%3)
	}
	compare := func(a, b []float64) Difference {
		t.Helper()
		d, err := Compare(a, b)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := compare(a, b)
	if math.Abs(d.Mean-.098) > 1e-9 || d.P > .001 || d.Low <= 0 || d.High <= d.Low || d.Better != 33 || d.Worse != 0 {
		t.Errorf("%+v", d)
	}
	if d != compare(a, b) {
		t.Error("not deterministic")
	}
	if d = compare(a, a); d.P != 1 || d.Mean != 0 {
		t.Errorf("%+v", d)
	}
	if d = compare(nil, nil); d.P != 1 {
		t.Errorf("%+v", d)
	}
	// Exact for three pairs: 2 of the 8 sign patterns are as far from 0.
	if d = compare([]float64{0, 0, 0}, []float64{1, 2, 3}); math.Abs(d.P-.25) > .02 {
		t.Errorf("%+v", d)
	}
	if _, err := Compare(a, b[1:]); err == nil {
		t.Error("unequal numbers of queries are compared")
	}
}
