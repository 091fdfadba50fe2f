package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus/read/format"
)

func TestHeadingsItemsCode(t *testing.T) {
	d := readOne(t, made(nil,
		at("F1", 20, 50, 740, "A Title")+
			at("F1", 10, 50, 710, "Some words of the body, which are of the size that most words have, in a line.")+
			at("F2", 14, 50, 680, "1 A section with a heading so long that it takes")+
			at("F2", 14, 50, 664, "two lines")+
			at("F1", 10, 50, 640, "The body of the section is of the same size as the body that stands above it.")+
			at("F1", 10, 50, 620, "\x95 an item")+
			at("F1", 10, 50, 608, "\x95 another item that has a second")+
			at("F1", 10, 58, 596, "line")+
			at("F2", 10, 50, 570, "In bold")+
			at("F3", 9, 50, 550, "for i := range n {")+
			at("F3", 9, 50, 539, "    work(i)")+
			at("F3", 9, 50, 528, "}")+
			at("F1", 10, 50, 500, "And a last sentence of the body.")))
	expect(t, d, `
heading1 1: A Title
paragraph 1: Some words of the body, which are of the size that most words have, in a line.
heading2 1: 1 A section with a heading so long that it takes two lines
paragraph 1: The body of the section is of the same size as the body that stands above it.
item 1: • an item
item 1: • another item that has a second line
heading3 1: In bold
code 1: for i := range n {/    work(i)/}
paragraph 1: And a last sentence of the body.`)
}

// TestAsides: what notes are called heads no section; what they say begins with it. At the end of a page
// it stays what it looks like.
func TestAsides(t *testing.T) {
	d := readOne(t, made(nil,
		at("F1", 10, 50, 720, "Some words of the body, which are of the size that most words have, in a line.")+
			at("F2", 10, 50, 690, "Caution")+
			at("F1", 10, 50, 670, "Ownership that was changed by hand is reset by the next upgrade of the package.")+
			at("F1", 10, 50, 640, "The body goes on, and is of the same size as the body that stands above the note.")+
			at("F2", 10, 50, 610, "Note")))
	expect(t, d, `
paragraph 1: Some words of the body, which are of the size that most words have, in a line.
paragraph 1: Caution/Ownership that was changed by hand is reset by the next upgrade of the package.
paragraph 1: The body goes on, and is of the same size as the body that stands above the note.
heading1 1: Note`)
}

// TestColumns: in the order of the page's content, a paragraph goes on in the next column.
func TestColumns(t *testing.T) {
	column := func(x float64, words ...string) (s string) {
		for i, w := range words {
			s += at("F1", 10, x, 700-12*float64(i), w)
		}
		return
	}
	d := readOne(t, made(nil,
		column(50, "The left column is read first, from", "its top to its bottom, and the last", "of its sentences does not end before")+
			column(320, "the right column, where the rest of", "it stands. Then comes another one.")))
	expect(t, d, `
paragraph 1: The left column is read first, from its top to its bottom, and the last of its sentences does not end before the right column, where the rest of it stands. Then comes another one.`)
}

func line2(x0, y0, x1, y1 float64) string {
	return fmt.Sprintf("%g %g m %g %g l S\n", x0, y0, x1, y1)
}

func TestRuledTable(t *testing.T) {
	var s strings.Builder
	for _, y := range []float64{700, 680, 650, 630} {
		s.WriteString(line2(50, y, 350, y))
	}
	for _, x := range []float64{50, 150, 250, 350} {
		s.WriteString(line2(x, 630, x, 700))
	}
	s.WriteString(at("F1", 10, 55, 686, "Name") + at("F1", 10, 155, 686, "Colour") + at("F1", 10, 255, 686, "Price"))
	s.WriteString(at("F1", 10, 55, 668, "A long") + at("F1", 10, 55, 656, "name") + at("F1", 10, 155, 668, "red") + at("F1", 10, 255, 668, "12.50"))
	s.WriteString(at("F1", 10, 55, 636, "Short") + at("F1", 10, 255, 636, "3.00"))
	d := readOne(t, made(nil, at("F1", 10, 50, 720, "Before.")+s.String()+at("F1", 10, 50, 600, "After.")))
	expect(t, d, "paragraph 1: Before.\nrow 1: Name\tColour\tPrice\nrow 1: A long name\tred\t12.50\nrow 1: Short\t\t3.00\nparagraph 1: After.")
	if !strings.Contains(d.Source, "Price\nA long") {
		t.Errorf("rows of a table stand on lines that follow each other: %q", d.Source)
	}
}

func TestUnruledTable(t *testing.T) {
	row := func(y float64, cells ...string) (s string) {
		for i, c := range cells {
			if c != "" {
				s += at("F1", 10, 50+120*float64(i), y, c)
			}
		}
		return
	}
	d := readOne(t, made(nil, at("F1", 10, 50, 740, "What follows is a table without any rules.")+
		row(700, "City", "People", "Rain")+row(686, "Graz", "292,000", "830")+row(672, "Linz", "", "820")+row(658, "Wels", "64,000", "790")+
		at("F1", 10, 50, 600, "It ends here.")))
	expect(t, d, "paragraph 1: What follows is a table without any rules.\nrow 1: City\tPeople\tRain\nrow 1: Graz\t292,000\t830\nrow 1: Linz\t\t820\nrow 1: Wels\t64,000\t790\nparagraph 1: It ends here.")
}

// TestTagged: what the structure tree says goes before what is guessed.
func TestTagged(t *testing.T) {
	marked := func(tag string, id int, content string) string {
		return fmt.Sprintf("/%s <</MCID %d>> BDC\n%sEMC\n", tag, id, content)
	}
	content := marked("H2", 0, at("F1", 10, 50, 700, "No larger than the body")) +
		marked("P", 1, at("F1", 10, 50, 680, "A paragraph,")) +
		marked("TD", 2, at("F1", 10, 50, 650, "left")) + marked("TD", 3, at("F1", 10, 90, 650, "right")) +
		marked("TD", 4, at("F1", 10, 50, 630, "below"))
	element := func(tag string, parent int, kids string) string {
		return fmt.Sprintf("<</Type/StructElem/Pg 4 0 R/S/%s/P %d 0 R/K[%s]>>", tag, parent, kids)
	}
	d := readOne(t, assemble([]string{
		"<</Type/Catalog/Pages 2 0 R/MarkInfo<</Marked true>>/StructTreeRoot 6 0 R>>",
		"<</Type/Pages/Count 1/Kids[4 0 R]>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/StructParents 0/Resources<</Font<</F1 3 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(content), content),
		"<</Type/StructTreeRoot/K[7 0 R 8 0 R 9 0 R]/ParentTree<</Nums[0[7 0 R 8 0 R 11 0 R 12 0 R 14 0 R]]>>>>",
		element("H2", 6, "0"), element("P", 6, "1"), element("Table", 6, "10 0 R 13 0 R"),
		element("TR", 9, "11 0 R 12 0 R"), element("TD", 10, "2"), element("TD", 10, "3"),
		element("TR", 9, "14 0 R"), element("TD", 13, "4"),
	}, ""))
	expect(t, d, "heading2 1: No larger than the body\nparagraph 1: A paragraph,\nrow 1: left\tright\nrow 1: below")
}

// TestRepeats: running heads stay once, numbers of pages never; what differs stays.
func TestRepeats(t *testing.T) {
	var pages []string
	for i := range 4 {
		pages = append(pages, at("F1", 10, 50, 780, "The running head")+
			at("F1", 10, 50, 400, "Text of page "+[]string{"one", "two", "three", "four"}[i]+".")+
			at("F1", 10, 50, 60, fmt.Sprintf("Value = %d", 7*i*i))+
			at("F1", 10, 300, 20, fmt.Sprint(i+11)))
	}
	d := readOne(t, made(nil, pages...))
	expect(t, d, `
paragraph 1: The running head
paragraph 1: Text of page one.
paragraph 1: Value = 0
paragraph 2: Text of page two.
paragraph 2: Value = 7
paragraph 3: Text of page three.
paragraph 3: Value = 28
paragraph 4: Text of page four.
paragraph 4: Value = 63`)
	if len(d.Dropped) != 7 || d.Dropped[0].Text != "11" || d.Dropped[0].Reason != "running head or foot" {
		t.Errorf("dropped %q", d.Dropped)
	}
}

// TestUnseen: what nobody sees is not read, and said to be left out: without ink, white
// on white, off the page, next to nothing in size. White on a dark box is seen.
func TestUnseen(t *testing.T) {
	d := readOne(t, made(nil,
		at("F1", 10, 50, 700, "Seen.")+
			"3 Tr\n"+at("F1", 10, 50, 680, "No ink.")+"0 Tr\n"+
			"1 g\n"+at("F1", 10, 50, 660, "White.")+"0 g\n"+
			at("F1", 10, 50, 900, "Off the page.")+
			at("F1", 0.5, 50, 640, "Tiny.")+
			"0 0 0.5 rg 40 600 200 30 re f\n1 g\n"+at("F1", 10, 50, 610, "White on blue.")))
	expect(t, d, "paragraph 1: Seen.\nparagraph 1: White on blue.")
	if len(d.Dropped) != 1 {
		t.Fatalf("dropped %q", d.Dropped)
	}
	for _, text := range []string{"ink", "White.", "Tiny"} {
		if !strings.Contains(d.Dropped[0].Text, text) {
			t.Errorf("%q is not among what was dropped: %q", text, d.Dropped[0].Text)
		}
	}
	docs, err := readWith(t.Context(), made(nil, at("F1", 10, 50, 700, "Seen.")+at("F1", 0.5, 50, 640, "Tiny.")), format.Options{})
	if err != nil || docs[0].Dropped != nil {
		t.Errorf("nobody asked for what is dropped: %v, %v", docs[0].Dropped, err)
	}
}

// TestTurned: text is read along its own direction, and a page as it is shown.
func TestTurned(t *testing.T) {
	content := "BT /F1 10 Tf 0 1 -1 0 100 300 Tm (Upwards it goes.) Tj ET\n" + "BT /F1 10 Tf -1 0 0 -1 400 300 Tm (Upside down.) Tj ET\n"
	d := readOne(t, made(nil, content))
	expect(t, d, "paragraph 1: Upwards it goes.\nparagraph 1: Upside down.")
	turned := strings.Replace(string(made(nil, at("F1", 10, 50, 700, "On a page that is turned."))), "/MediaBox", "/Rotate 90/MediaBox", 1)
	d = readOne(t, []byte(turned))
	expect(t, d, "paragraph 1: On a page that is turned.")
	if box := d.Blocks[0].Place.Box; box[0] < 690 || box[3] > 200 || box[1] < 40 {
		t.Errorf("as it is shown it stands in %v", box)
	}
}

func TestDescribed(t *testing.T) {
	data := made([]string{
		`<</Title(A fine sieve)/Author(Ada)/CreationDate(D:20260102030405+01'00')/ModDate(D:20260203)/Keywords(sieve, cook)>>`,
		"<</Type/Outlines/First 8 0 R/Last 8 0 R/Count 1>>",
		"<</Title(Bookmarked)/Parent 7 0 R/Dest[9 0 R/Fit]>>",
	}, at("F1", 10, 50, 700, "Bookmarked")+at("F1", 10, 50, 660, "Text."))
	s := strings.Replace(string(data), "/Root 1 0 R", "/Root 1 0 R/Info 6 0 R", 1)
	d := readOne(t, []byte(strings.Replace(s, "/Catalog", "/Catalog/Outlines 7 0 R", 1)))
	if d.Title != "A fine sieve" || d.Metadata["author"] != "Ada" || d.Metadata["created"] != "2026-01-02T03:04:05+01:00" ||
		d.Metadata["modified"] != "2026-02-03" || d.Metadata["keywords"] != "sieve, cook" || d.Metadata["pages"] != 1.0 || d.Type != "pdf" {
		t.Errorf("%q %v", d.Title, d.Metadata)
	}
	expect(t, d, "heading1 1: Bookmarked\nparagraph 1: Text.")
	for in, want := range map[string]string{"Microsoft Word - Report": "Report", "report.docx": "", "untitled": "", " A\x00 b ": "A b"} {
		if got := title(in); got != want {
			t.Errorf("title %q: %q, want %q", in, got, want)
		}
	}
}
