package pdf

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// made writes a PDF file: pages are content streams, in points from the bottom left
// corner of a page of 600 by 800 points. F1 is Helvetica, F2 its bold, F3 Courier.
func made(more []string, pages ...string) []byte {
	objects := []string{"", "",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>"}
	first := len(objects) + len(more) + 1
	objects = append(objects, more...)
	var kids []string
	for i, content := range pages {
		n := first + 2*i
		kids = append(kids, fmt.Sprintf("%d 0 R", n))
		objects = append(objects,
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F1 3 0 R/F2 4 0 R/F3 5 0 R>>>>>>", n+1),
			fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(content), content))
	}
	objects[0] = "<</Type/Catalog/Pages 2 0 R>>"
	objects[1] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), strings.Join(kids, " "))
	return assemble(objects, "")
}

// assemble writes objects, numbered from 1, and their table.
func assemble(objects []string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, table)
	return b.Bytes()
}

// at shows a text in a font and size at a place.
func at(font string, size, x, y float64, text string) string {
	text = strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(text)
	return fmt.Sprintf("BT /%s %g Tf %g %g Td (%s) Tj ET\n", font, size, x, y, text)
}

// readWith reads a file with options.
func readWith(ctx context.Context, data []byte, o format.Options) (docs []corpus.Document, err error) {
	f := &format.File{Path: "a.pdf", Name: "a.pdf", Size: int64(len(data)), ReaderAt: format.Memory(data), Claim: func(string) bool { return true }}
	err = Read(ctx, f, &o, func(d corpus.Document, err error) bool {
		if err != nil {
			panic(err)
		}
		docs = append(docs, d)
		return true
	})
	return docs, err
}

func readOne(t *testing.T, data []byte) corpus.Document {
	t.Helper()
	docs, err := readWith(t.Context(), data, format.Options{Explain: true})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	return docs[0]
}

// shown is the blocks of a document, a line each: kind, page and text.
func shown(d corpus.Document) string {
	kinds := []string{"paragraph", "heading", "item", "row", "code", "turn", "quote", "term"}
	var b strings.Builder
	for _, bl := range d.Blocks {
		kind := kinds[bl.Kind]
		if bl.Level > 0 {
			kind += fmt.Sprint(bl.Level)
		}
		fmt.Fprintf(&b, "%s %d: %s\n", kind, bl.Place.Page, strings.ReplaceAll(d.Source[bl.Start:bl.End], "\n", "/"))
	}
	return strings.TrimSpace(b.String())
}

func expect(t *testing.T, d corpus.Document, want string) {
	t.Helper()
	if got, want := shown(d), strings.TrimSpace(want); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParagraphsAndPages(t *testing.T) {
	d := readOne(t, made(nil,
		at("F1", 10, 50, 700, "The first line of a paragraph is followed by an-")+
			at("F1", 10, 50, 688, "other one, which ends here.")+
			at("F1", 10, 50, 660, "A second paragraph."),
		at("F1", 10, 50, 700, "On the second page.")))
	expect(t, d, `
paragraph 1: The first line of a paragraph is followed by another one, which ends here.
paragraph 1: A second paragraph.
paragraph 2: On the second page.`)
	box := d.Blocks[1].Place.Box
	if box[0] < 49 || box[0] > 52 || box[1] < 125 || box[1] > 135 || box[3] < 139 || box[3] > 145 || box[2] < 120 || box[2] > 160 {
		t.Errorf("the second paragraph stands in %v", box)
	}
	if p := d.PlaceOf(strings.Index(d.Source, "second page")); p.Page != 2 {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(d.Source, "here.\n\nA second") {
		t.Errorf("%q", d.Source)
	}
}
