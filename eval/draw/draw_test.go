package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// wellFormed reads s as XML to its end.
func wellFormed(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, s)
		}
	}
}

func TestHeatMap(t *testing.T) {
	h := HeatMap{Title: "a < b", XLabel: "length", YLabel: "depth", Columns: []string{"4k", "8k"}, Rows: []string{"0 %", "100 %"}, Values: [][]float64{{0, 1}, {.5, math.NaN()}}}
	var b bytes.Buffer
	if err := h.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	for _, want := range []string{"a &lt; b", ">100<", ">50<", ">4k<", "#b2182b", "#2166ac", "#f7f7f7"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("NaN is drawn")
	}
	if err := h.WriteSVG(broken{}); err == nil {
		t.Error("a writer that fails is no error")
	}
}

func TestCurves(t *testing.T) {
	c := Curves{Title: "t", XLabel: "place", X: []string{"0", "1", "2", "3"}, Lines: []Line{{"tamis", []float64{1, math.NaN(), .5, 1}}, {"x&y", []float64{0, 0, 0, 0}}}}
	var b bytes.Buffer
	if err := c.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	if n := strings.Count(b.String(), "<polyline"); n != 3 {
		t.Errorf("%d lines, want 3: a gap divides one", n)
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("NaN is drawn")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }
