package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
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
	c := Curves{Title: "t", XLabel: "place", X: []string{"0", "1", "2", "3"}, Lines: []Line{{Name: "tamis", Y: []float64{1, math.NaN(), .5, 1}}, {Name: "x&y", Y: []float64{0, 0, 0, 0}, Bold: true}}, Mark: .8}
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

// TestApart: names of lines that end at the same place do not stand on each other, and all
// stand in the picture.
func TestApart(t *testing.T) {
	for _, end := range []float64{0, .5, 1} {
		c := Curves{X: []string{"64", "70", "1000"}, At: []float64{math.Log(64), math.Log(70), math.Log(1000)}}
		for i := range 12 {
			c.Lines = append(c.Lines, Line{Name: fmt.Sprintf("line%d", i), Y: []float64{0, .1, end}})
		}
		var b bytes.Buffer
		if err := c.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
		var high int
		if _, err := fmt.Sscanf(b.String()[strings.Index(b.String(), "viewBox"):], `viewBox="0 0 886 %d"`, &high); err != nil {
			t.Fatal(err)
		}
		last := 0.
		for _, m := range regexp.MustCompile(`y="([\d.]+)" text-anchor="start" fill="#\w+">line`).FindAllStringSubmatch(b.String(), -1) {
			y, _ := strconv.ParseFloat(m[1], 64)
			if last > 0 && y-last < nameHigh-.1 || y > float64(high) {
				t.Errorf("end %g: a name at %g after one at %g, in a picture of %d", end, y, last, high)
			}
			last = y
		}
		if last == 0 {
			t.Error("no name is found")
		}
		if strings.Contains(b.String(), ">70<") {
			t.Error("names of places run into each other")
		}
	}
}

func TestBarsAndStrips(t *testing.T) {
	bars := Bars{Title: "a & b", Systems: []string{"tamis", "<other>"}, Groups: []Group{{"tables", 7, []Interval{{.5, .25, .75}, {1, 1, 1}}}}}
	strips := Strips{Title: "maps", Rows: []Strip{{"doc", `"doc", 90 bytes`, 90, []Mark{{0, 30, On, "kept"}, {10, 12, Above, "found"}, {80, 90, Below, "lost"}}}, {Name: "empty"}}}
	for _, x := range []struct {
		draw interface{ WriteSVG(io.Writer) error }
		want []string
	}{
		{&bars, []string{"a &amp; b", "tables (7)", "tables, tamis: 50.0 % [25.0, 75.0]", "&lt;other&gt;", ">100.0<"}},
		{&strips, []string{"<title>kept</title>", "<title>found</title>", "<title>lost</title>", "&#34;doc&#34;, 90 bytes"}},
	} {
		var b bytes.Buffer
		if err := x.draw.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
		for _, want := range x.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %s in %s", want, b.String())
			}
		}
		if err := x.draw.WriteSVG(broken{}); err == nil {
			t.Error("a writer that fails is no error")
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestDotsAndRanks(t *testing.T) {
	dots := Dots{Title: "a & b", Points: []Dot{{X: -1, Y: 2, Size: 1, Name: "<one>", Title: "first"}, {X: 3, Y: 0}}}
	ranks := Ranks{Title: "ranks", XLabel: "x", Values: []float64{3, 1, 0}, Titles: []string{"<most>"}, Format: "%.1f %%"}
	for _, x := range []struct {
		draw interface{ WriteSVG(io.Writer) error }
		want []string
	}{
		{&dots, []string{"a &amp; b", "&lt;one&gt;", "<title>first</title>", `cx="50.0"`, `cx="850.0"`}},
		{&ranks, []string{"&lt;most&gt;", ">3.0 %<", ">0.0 %<"}},
		{&Dots{Points: []Dot{{X: 1, Y: 1}}}, []string{`cx="450.0"`}}, {&Dots{}, nil}, {&Ranks{Format: "%g"}, nil},
	} {
		var b bytes.Buffer
		if err := x.draw.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
		for _, want := range append(x.want, "</svg>") {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %s in %s", want, b.String())
			}
		}
		if strings.Contains(b.String(), "NaN") {
			t.Error("NaN is drawn")
		}
		if err := x.draw.WriteSVG(broken{}); err == nil {
			t.Error("a writer that fails is no error")
		}
	}
}
