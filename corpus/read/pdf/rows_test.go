package pdf

import (
	"strings"
	"testing"
)

func cellsAt(size, y float64, cells map[float64]string) (s string) {
	for _, x := range []float64{50, 100, 150, 200, 300, 400} {
		if c := cells[x]; c != "" {
			s += at("F1", size, x, y, c)
		}
	}
	return s
}

// TestLeaders: an entry and the number that dots lead to are one line without the dots;
// dots of a sentence stay.
func TestLeaders(t *testing.T) {
	d := readOne(t, made(nil, at("F1", 10, 50, 740, "Contents")+
		at("F1", 10, 50, 720, "Introduction . . . . . . . . . . . . . . . . . 3")+
		at("F1", 10, 50, 708, "(2) Method with a long name that takes")+
		at("F1", 10, 62, 696, "two lines............................... 14")+
		at("F1", 10, 50, 684, "Preface ......................... ix")+
		at("F1", 10, 50, 640, "He stopped .... and went on, then ended...")))
	expect(t, d, `
paragraph 1: Contents
paragraph 1: Introduction	3
item 1: (2) Method with a long name that takes two lines	14
paragraph 1: Preface	ix
paragraph 1: He stopped .... and went on, then ended...`)
}

// TestTablesBelowEachOther: what stands under each other at one margin is tables of their own
// columns; lines that run over columns are no reason to see none.
func TestTablesBelowEachOther(t *testing.T) {
	d := readOne(t, made(nil,
		cellsAt(10, 740, map[float64]string{50: "Start", 150: "End", 300: "Gross", 400: "Net"})+
			cellsAt(10, 728, map[float64]string{50: "May", 150: "June", 300: "$12", 400: "$11"})+
			at("F2", 12, 50, 706, "Sums of all that was sold")+
			cellsAt(10, 690, map[float64]string{50: "Item", 100: "Size", 200: "Price"})+
			cellsAt(10, 678, map[float64]string{50: "Pen", 100: "L", 200: "3"})+
			cellsAt(10, 666, map[float64]string{100: "(refill)"})+
			cellsAt(10, 654, map[float64]string{50: "Ink", 100: "S", 200: "4"})+
			cellsAt(10, 642, map[float64]string{50: "Cap", 100: "S", 200: "1"})+
			cellsAt(10, 630, map[float64]string{50: "All of them:", 200: "8"})+
			at("F1", 10, 50, 560, "And what follows is the text that says what all of this may mean to those who read it.")))
	expect(t, d, `
row 1: Start	End	Gross	Net
row 1: May	June	$12	$11
heading1 1: Sums of all that was sold
row 1: Item	Size	Price
row 1: Pen	L (refill)	3
row 1: Ink	S	4
row 1: Cap	S	1
row 1: All of them:		8
paragraph 1: And what follows is the text that says what all of this may mean to those who read it.`)
}

// TestNarrowCells: text that runs over into the next column begins where its column does; a
// table without a rule below goes on to the end, and on the next page without its header.
func TestNarrowCells(t *testing.T) {
	page := func(rows ...[]string) string {
		s := line2(50, 720, 550, 720) + line2(50, 700, 550, 700) +
			at("F1", 10, 50, 706, "Option name") + at("F1", 10, 95, 706, "Meaning of it") + at("F1", 10, 300, 706, "Default")
		y := 686.0
		for _, row := range rows {
			s += at("F1", 10, 50, y, row[0])
			for i, text := range strings.Split(row[1], "/") {
				s += at("F1", 10, 95, y-12*float64(i), text)
			}
			s += at("F1", 10, 300, y, row[2])
			y -= 12 * float64(1+strings.Count(row[1], "/"))
		}
		return s
	}
	d := readOne(t, made(nil,
		page([]string{"--verbose-output", "says more of what/is done", "off"}, []string{"-q", "says nothing", "off"}),
		page([]string{"--colour-of-text", "which it/has", "red"}, []string{"-x", "ends", "on"})))
	expect(t, d, `
row 1: Option name	Meaning of it	Default
row 1: --verbose-output	says more of what is done	off
row 1: -q	says nothing	off
row 2: --colour-of-text	which it has	red
row 2: -x	ends	on`)
	if strings.Contains(d.Source, "\n\n") {
		t.Errorf("one table: %q", d.Source)
	}
	if len(d.Dropped) != 1 || !strings.Contains(d.Dropped[0].Reason, "header") {
		t.Errorf("%v", d.Dropped)
	}
}

// TestLabelOfTwoLines: the first line of a label has no values beside it.
func TestLabelOfTwoLines(t *testing.T) {
	row := func(y float64, label string, more ...string) string {
		s := at("F1", 10, 50, y, label)
		for i, v := range more {
			s += at("F1", 10, 300+100*float64(i), y, v)
		}
		return s
	}
	d := readOne(t, made(nil, row(740, "Year", "2020", "2021")+row(728, "Changes in the value of")+row(716, "assets held", "12", "15")+row(704, "Sum", "12", "15")))
	expect(t, d, "row 1: Year\t2020\t2021\nrow 1: Changes in the value of assets held\t12\t15\nrow 1: Sum\t12\t15")
}
