package text

import (
	"errors"
	"testing"
)

// TestPool: what was put back is lent again, a loan gives the same analyzer for
// the same name and puts back all that it has.
func TestPool(t *testing.T) {
	var p Pool
	if _, err := p.Get("none"); !errors.Is(err, ErrUnknown) {
		t.Fatal(err)
	}
	get := func(from func(string) (*Analyzer, error), name string) *Analyzer {
		t.Helper()
		a, err := from(name)
		if err != nil || a.Name() != name {
			t.Fatal(a, err)
		}
		return a
	}
	a := get(p.Get, "english")
	if get(p.Get, "english") == a {
		t.Error("one analyzer is lent twice")
	}
	p.Put(a)
	l := p.Loan()
	for range 2 {
		if get(l.Get, "english") != a {
			t.Error("a loan does not keep to what was put back")
		}
	}
	code := get(l.Get, "code")
	l.Release()
	if get(p.Get, "code") != code || get(p.Get, "english") != a {
		t.Error("a released loan keeps analyzers")
	}
	if get(l.Get, "english") == a {
		t.Error("a released loan lends what it gave back")
	}
}
