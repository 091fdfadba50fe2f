package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// column shows lines from a height on down, in a size.
func column(size, x, y float64, lines ...string) (s string) {
	for i, l := range lines {
		s += at("F1", size, x, y-1.2*size*float64(i), l)
	}
	return
}

// cells shows a row.
func cells(y float64, texts ...string) (s string) {
	for i, c := range texts {
		s += at("F1", 10, 50+120*float64(i), y, c)
	}
	return
}

// pagesOf are the pages on which a block stands, with the words that begin there.
func pagesOf(d corpus.Document, b corpus.Block) string {
	s := fmt.Sprint(b.Place.Page)
	for o := b.Onward; o != nil; o = o.Onward {
		word, _, _ := strings.Cut(d.Source[o.Start:], " ")
		s += fmt.Sprint(" ", o.Place.Page, ":", word)
	}
	return s
}

func TestParagraphsOverPages(t *testing.T) {
	first := []string{"A paragraph begins on the first of these pages and goes on for so long that", "it does not end there but, since its last word is cut in two parts by a hy-"}
	for _, c := range []struct {
		name, over string
		first      []string
		second     string
		joined     bool
		pages      string
	}{
		{"a word in two parts", "hyphen, goes on here. The", first, column(10, 50, 740, "phen, goes on here. The second page has another sentence of the paragraph,", "and some more."), true, "1 2:goes"},
		{"a heading", "cut in\n\nA heading", []string{first[0], "it does not end there but, since its last word is cut in"}, at("F2", 16, 50, 740, "A heading") + column(10, 50, 700, "phen"), false, "1"},
		{"an item", "cut in\n\n\u2022 an item", []string{first[0], "it does not end there but, since its last word is cut in"}, column(10, 50, 740, "\x95 an item of a list"), false, "1"},
		{"a row", "cut in\n\nname\tvalue", []string{first[0], "it does not end there but, since its last word is cut in"},
			cells(740, "name", "value", "unit") + cells(728, "one", "1", "m") + cells(716, "two", "2", "s") + cells(704, "three", "3", "kg"), false, "1"},
		{"a capital after a full stop", "it ends.\n\nAnother", []string{first[0], "it does not go on on the next page: rather in the middle of this line it ends."}, column(10, 50, 740, "Another paragraph begins on the second page, which has nothing to do with it,", "and ends."), false, "1"},
		{"a name", "the first Lady of", []string{first[0], "it does not end there, since it speaks of somebody who is told to be the first"}, column(10, 50, 740, "Lady of the house, of whom the second page has some more to say than the first,", "and ends."), true, "1 2:Lady"},
	} {
		d := readOne(t, made(nil, column(10, 50, 300, c.first...), c.second))
		if !strings.Contains(d.Source, c.over) {
			t.Errorf("%s: %q is not in %q", c.name, c.over, d.Source)
		}
		if got := pagesOf(d, d.Blocks[0]); got != c.pages || (len(d.Blocks) == 1) != c.joined {
			t.Errorf("%s: pages %q, want %q; %d blocks", c.name, got, c.pages, len(d.Blocks))
		}
	}
	// A sentence that crosses stands where it begins; its box is on that page.
	d := readOne(t, made(nil, column(10, 50, 300, first...), column(10, 50, 740, "phen, goes on here. The second page has another sentence of the paragraph,", "and some more.")))
	for text, page := range map[string]int{"A paragraph": 1, "a hyphen": 1, "goes on here": 2, "The second": 2, "some more": 2} {
		p := d.PlaceOf(strings.Index(d.Source, text))
		if p.Page != page || page == 1 && p.Box[1] < 480 || page == 2 && p.Box[3] > 80 {
			t.Errorf("%q stands at %+v", text, p)
		}
	}
}

// TestIndents: where paragraphs begin with an indent, one without goes on after a full stop.
func TestIndents(t *testing.T) {
	paragraph := func(y float64) string {
		return at("F1", 10, 62, y, "An indented paragraph of three lines says that in this file all of them are") +
			column(10, 50, y-12, "so, whatever it is that they speak of: the mill, the river that it stands at and", "its miller.")
	}
	last := at("F1", 10, 62, 300, "The last paragraph of the page has a line that is as full as any line can be") +
		column(10, 50, 288, "and is the last on the page, and so is its sentence, the end of which stands here.")
	d := readOne(t, made(nil, paragraph(700)+paragraph(650)+last, column(10, 50, 740, "The page after it goes on with this sentence, which is one of its paragraph and", "ends.")+paragraph(680)))
	if got := pagesOf(d, d.Blocks[2]); got != "1 2:The" {
		t.Errorf("pages %q of %q", got, d.Source)
	}
	d = readOne(t, made(nil, paragraph(700)+paragraph(650)+last, paragraph(740)))
	if got := pagesOf(d, d.Blocks[2]); got != "1" {
		t.Errorf("pages %q of %q", got, d.Source)
	}
}

// TestFootnotes: a footnote is a block behind the paragraph that it interrupts; what is
// small, but has no mark in the text or does not stand at the foot, stays where it is.
func TestFootnotes(t *testing.T) {
	body := column(10, 50, 300, "The mill at the river was built long ago by people whom nobody remembers1 and", "it has ground the corn of the whole valley in each of the years that came after")
	note := column(7, 50, 100, "1 But for their names, which stand on a stone at the gate of the mill, and in one of", "the books of the church.")
	second := column(10, 50, 740, "the great flood, of which the old miller told us.", "He died a year later.")
	paragraph := "The mill at the river was built long ago by people whom nobody remembers1 and it has ground the corn of the whole valley in each of the years that came after the great flood, of which the old miller told us. He died a year later."
	d := readOne(t, made(nil, body+note, second))
	expect(t, d, "paragraph 1: "+paragraph+"\nparagraph 1: 1 But for their names, which stand on a stone at the gate of the mill, and in one of the books of the church.")
	d = readOne(t, made(nil, body+at("F1", 10, 300, 40, "1")+note, second+at("F1", 10, 300, 40, "2"))) // with the number of the page
	if !strings.HasPrefix(d.Source, paragraph) {
		t.Errorf("%q", d.Source)
	}
	d = readOne(t, made(nil, body+strings.ReplaceAll(note, "1 But", "7 But"), second)) // of another page, or a caption
	if len(d.Blocks) != 3 || d.Blocks[0].Onward != nil {
		t.Errorf("%q", d.Source)
	}
}

// TestColumnsOfSigns: what is set downwards is read column by column, from the right.
func TestColumnsOfSigns(t *testing.T) {
	p := &page{number: 1, width: 600, height: 800}
	s := &style{font: &font{}, size: 20, mark: -1}
	for i, column := range []string{"水車小屋は川のほと", "りにあります。昔か", "ら粉をひく。"} {
		x, y := float32(500-40*i), float32(100)
		for _, r := range column {
			p.glyphs = append(p.glyphs, glyph{r: r, box: box{x, y, x + 20, y + 18}, style: s})
			y += 24
		}
	}
	p.glyphs = append(p.glyphs, glyph{r: '図', box: box{100, 500, 120, 518}, style: s}, glyph{r: '一', box: box{124, 500, 144, 518}, style: s})
	p.stand()
	p.straighten()
	lines, _ := p.lines()
	var got []string
	for _, b := range paragraphs(1, lines) {
		got = append(got, b.text(nil))
	}
	if s := strings.Join(got, "|"); s != "水車小屋は川のほとりにあります。昔から粉をひく。|図一" {
		t.Errorf("%q", s)
	}
	if b := lines[0].page; b != (box{500, 100, 520, 310}) {
		t.Errorf("the first column stands in %v", b)
	}
}

// TestTurnedPage: a page most of whose text is turned is read as others are, with its table,
// and what is read has the place that it has on the page.
func TestTurnedPage(t *testing.T) {
	upwards := func(x, y float64, s string) string {
		return fmt.Sprintf("BT /F1 10 Tf 0 1 -1 0 %g %g Tm (%s) Tj ET\n", x, y, s)
	}
	var content string
	for i, row := range [][]string{{"City", "People", "Rain"}, {"Graz", "292,000", "830"}, {"Linz", "205,000", "820"}, {"Wels", "64,000", "790"}} {
		for c, cell := range row {
			content += upwards(100+14*float64(i), 50+120*float64(c), cell)
		}
	}
	d := readOne(t, made(nil, upwards(60, 50, "A table that is broader than the page.")+content+at("F1", 8, 20, 20, "margin")))
	expect(t, d, "paragraph 1: A table that is broader than the page.\nrow 1: City\tPeople\tRain\nrow 1: Graz\t292,000\t830\nrow 1: Linz\t205,000\t820\nrow 1: Wels\t64,000\t790\nparagraph 1: margin")
	for i, want := range []corpus.Box{{51, 585, 62, 750}, {91, 489, 102, 750}} {
		for k, v := range d.Blocks[i].Place.Box {
			if v < want[k]-3 || v > want[k]+3 {
				t.Errorf("block %d stands in %v, not about %v", i, d.Blocks[i].Place.Box, want)
				break
			}
		}
	}
}
