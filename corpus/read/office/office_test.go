package office

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// packed packs parts: name, content, name, content …
func packed(t testing.TB, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		method := zip.Store // making a compressor takes longer than all else
		if len(parts[i+1]) > 1<<20 {
			method = zip.Deflate
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: parts[i], Method: method})
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func open(ctx context.Context, read format.Func, body string, o format.Options) (d corpus.Document, err error) {
	f := &format.File{Path: "/a", Name: "/a", Size: int64(len(body)), ReaderAt: format.Memory(body)}
	if o.MaxBytes == 0 {
		o.MaxBytes = 8 << 20
	}
	failed := read(ctx, f, &o, func(got corpus.Document, err2 error) bool {
		d, err = got, err2
		return true
	})
	if failed != nil {
		err = failed
	}
	return d, err
}

const wns = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"`

func rels(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `<Relationship Id="r%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>`, i/2+1, pairs[i], pairs[i+1])
	}
	return b.String() + "</Relationships>"
}

func wordFile(t testing.TB, body string) string {
	return packed(t, "_rels/.rels", rels("officeDocument", "word/document.xml"),
		"word/_rels/document.xml.rels", rels("styles", "styles.xml", "numbering", "numbering.xml", "footnotes", "footnotes.xml", "comments", "comments.xml"),
		"word/document.xml", `<w:document `+wns+`><w:body>`+body+`</w:body></w:document>`,
		"word/styles.xml", `<w:styles `+wns+`><w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style><w:style w:styleId="Mine"><w:name w:val="mine"/><w:basedOn w:val="H2"/></w:style><w:style w:styleId="Veil"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId="Veiled"><w:basedOn w:val="Veil"/></w:style></w:styles>`,
		"word/numbering.xml", `<w:numbering `+wns+`><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1)"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`,
		"word/footnotes.xml", `<w:footnotes `+wns+`><w:footnote w:id="7"><w:p><w:r><w:t>The note.</w:t></w:r></w:p></w:footnote></w:footnotes>`,
		"word/comments.xml", `<w:comments `+wns+`><w:comment><w:p><w:r><w:t>A comment.</w:t></w:r></w:p></w:comment></w:comments>`)
}

const wordBody = `<w:p><w:pPr><w:pStyle w:val="Mine"/></w:pPr><w:r><w:t>Head</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">One </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t xml:space="preserve"> </w:t></w:r><w:r><w:footnoteReference w:id="7"/></w:r><w:r><w:t>.</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>first</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>under</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>no</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>wide</w:t></w:r></w:p></w:tc><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>in</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>ner</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p/></w:tc></w:tr></w:tbl>
<w:p><w:pPr><w:pStyle w:val="Veiled"/></w:pPr><w:r><w:t>veiled</w:t></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/><w:t>Second page</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Frame</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`

const sns = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

func sheetFile(t testing.TB, data string) string {
	return packed(t, "_rels/.rels", rels("officeDocument", "xl/workbook.xml"), "xl/_rels/workbook.xml.rels", rels("worksheet", "worksheets/sheet1.xml", "worksheet", "worksheets/sheet2.xml", "styles", "styles.xml", "sharedStrings", "sharedStrings.xml"),
		"xl/worksheets/_rels/sheet1.xml.rels", rels("comments", "../comments1.xml"), "xl/comments1.xml", `<comments `+sns+`><commentList><comment ref="B2"><text><t>note</t></text></comment></commentList></comments>`,
		"xl/workbook.xml", `<workbook `+sns+`><sheets><sheet name="Prices" r:id="r1"/><sheet name="Secret" state="hidden" r:id="r2"/></sheets></workbook>`,
		"xl/styles.xml", `<styleSheet `+sns+`><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml", `<sst `+sns+`><si><t>Item</t></si><si><r><t>Two </t></r><r><t>runs</t></r><rPh><t>no</t></rPh></si></sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet `+sns+`><dimension ref="B2:D9"/><sheetData>`+data+`</sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml", `<worksheet `+sns+`><sheetData><row><c t="inlineStr"><is><t>hidden</t></is></c></row></sheetData></worksheet>`)
}

const sheetData = `<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="D2" t="inlineStr"><is><t>Zip
code</t></is></c></row><row r="3"><c r="B3" s="1"><f>TODAY()</f><v>44927</v></c><c r="D3" s="3"><v>42</v></c></row><row r="4" hidden="1"><c r="B4"><v>1</v></c></row>
<row r="6"><c r="C6" s="2"><v>0.125</v></c><c r="D6" t="b"><v>1</v></c></row>`

const pns = `xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

func slideShape(kind, text string) string {
	return `<p:sp><p:nvSpPr><p:nvPr><p:ph type="` + kind + `"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:txBody></p:sp>`
}

func slidesFile(t testing.TB, slide string) string {
	return packed(t, "_rels/.rels", rels("officeDocument", "ppt/presentation.xml"), "ppt/_rels/presentation.xml.rels", rels("slide", "slides/slide9.xml", "slide", "slides/slide1.xml"),
		"ppt/presentation.xml", `<p:presentation `+pns+`><p:sldIdLst><p:sldId r:id="r2"/><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>`,
		"ppt/slides/slide1.xml", `<p:sld `+pns+`><p:cSld><p:spTree>`+slide+`</p:spTree></p:cSld></p:sld>`, "ppt/slides/_rels/slide1.xml.rels", rels("notesSlide", "../notesSlides/n1.xml", "comments", "../comments/c1.xml"), "ppt/comments/c1.xml", `<p:cmLst `+pns+`><p:cm><p:text>comment</p:text></p:cm></p:cmLst>`,
		"ppt/notesSlides/n1.xml", `<p:notes `+pns+`>`+slideShape("body", "Say this.")+slideShape("sldNum", "1")+`</p:notes>`,
		"ppt/slides/slide9.xml", `<p:sld show="0" `+pns+`>`+slideShape("title", "Hidden")+`</p:sld>`)
}

const ons = `xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"`

func odFile(t testing.TB, kind, body string) string {
	return packed(t, "mimetype", "application/vnd.oasis.opendocument."+kind, "content.xml", `<office:document-content `+ons+`><office:automatic-styles><style:style style:name="hid" style:family="text"><style:text-properties text:display="none"/></style:style><text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/></text:list-style></office:automatic-styles><office:body>`+body+`</office:body></office:document-content>`)
}

const odText = `<office:text><text:tracked-changes><text:deletion><office:change-info><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Who</dc:creator></office:change-info><text:p>gone</text:p></text:deletion></text:tracked-changes><text:h text:outline-level="2">Head</text:h><text:p>a<text:s text:c="2"/>b
 c<text:span text:style-name="hid">secret</text:span><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note.</text:p></text:note-body></text:note>.<office:annotation><text:p>comment</text:p></office:annotation></text:p><text:list text:style-name="L"><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table></office:text>`

const odSheet = `<office:spreadsheet><table:table table:name="S"><table:table-row><table:table-cell/><table:table-cell office:value-type="string"><text:p>Name</text:p></table:table-cell><table:table-cell office:value-type="percentage" office:value="0.5"><text:p>50 %</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell/><table:table-cell office:value="7" office:value-type="float" table:number-columns-repeated="2"/></table:table-row><table:table-row table:number-rows-repeated="1048576"/></table:table></office:spreadsheet>`

func bookFile(t testing.TB, chapter string) string {
	return packed(t, "mimetype", "application/epub+zip", "META-INF/container.xml", `<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OPS/p.opf"/></rootfiles></container>`,
		"OPS/p.opf", `<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Book</dc:title><dc:creator>An Author</dc:creator><dc:language>en-GB</dc:language></metadata><manifest><item id="b" href="b%20.xhtml" media-type="application/xhtml+xml"/><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/><item id="n" href="n.xhtml" media-type="application/xhtml+xml" properties="nav"/></manifest><spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>`,
		"OPS/a.xhtml", `<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>`+chapter+`</body></html>`, "OPS/b .xhtml", `<html><body><h1>Two</h1><p>End.</p></body></html>`, "OPS/n.xhtml", `<html><body><nav>Contents</nav></body></html>`)
}

// TestRead: what is shown is read, in order, and placed; what is not is named.
func TestRead(t *testing.T) {
	for _, c := range []struct{ name, body, want, dropped, places string }{
		{"docx", wordFile(t, wordBody), "Head\n\nOne new ¹.\n\nc) first\nc.1 under\n\na\tb c\nwide\t\tin ner\n\nSecond page\n\nFrame\n\n¹ The note.", "gone hidden no veiled A comment.", "p1 p1 p1 p1 p1 p1 p2 p2 p1"},
		{"xlsx", sheetFile(t, sheetData), "Prices\n\nItem\tTwo runs\tZip code\n2023-01-01\t\t00042\n\n12.50%\tTRUE", "note 1 hidden", "Prices! Prices!B2 Prices!B3 Prices!C6"},
		{"pptx", slidesFile(t, slideShape("body", "point")+strings.Replace(slideShape("body", "veiled"), "<p:nvPr>", `<p:cNvPr hidden="1"/><p:nvPr>`, 1)+slideShape("ftr", "Foot")+slideShape("sldNum", "1")+slideShape("title", "Title")), "Title\n\npoint\n\nFoot\n\nSay this.", "comment veiled 1 Hidden", "s1 s1 s1 s1"},
		{"odt", odFile(t, "text", odText), "Head\n\na  b c¹.\n\n1. one\n2. two\n\nx\ty\n\n¹ The note.", "gone secret comment", ""},
		{"ods", odFile(t, "spreadsheet", odSheet), "S\n\nName\t50 %\n7\t7\n7\t7", "", "S! S!B1 S!B2 S!B3"},
		{"odp", odFile(t, "presentation", `<office:presentation><draw:page><draw:frame><draw:text-box><text:p>body</text:p></draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame><text:p>note</text:p></draw:frame></presentation:notes></draw:page></office:presentation>`), "Title\n\nbody\n\nnote", "", "s1 s1 s1"},
		{"epub", bookFile(t, `<h1>One</h1><p>Text &#8212; more.</p><div hidden="hidden">secret</div>`), "One\n\nText — more.\n\nTwo\n\nEnd.", "Contents secret", "OPS/a.xhtml! OPS/a.xhtml! OPS/b .xhtml! OPS/b .xhtml!"},
	} {
		d, err := open(t.Context(), Zip, c.body, format.Options{Explain: true})
		if err != nil || d.Source != c.want {
			t.Errorf("%s: %v\n%q, want\n%q", c.name, err, d.Source, c.want)
		}
		var dropped, places []string
		for _, x := range d.Dropped {
			dropped = append(dropped, strings.Fields(x.Text)...)
		}
		for _, b := range d.Blocks {
			switch p := d.PlaceOf(b.Start); {
			case p.Page > 0:
				places = append(places, fmt.Sprint("p", p.Page))
			case p.Sheet != "":
				places = append(places, p.Sheet+"!"+p.Cell)
			case p.Slide > 0:
				places = append(places, fmt.Sprint("s", p.Slide))
			}
		}
		if got := strings.Join(dropped, " "); got != c.dropped {
			t.Errorf("%s: dropped %q, want %q", c.name, got, c.dropped)
		}
		if got := strings.Join(places, " "); got != c.places {
			t.Errorf("%s: at %q, want %q", c.name, got, c.places)
		}
		if plain, err := open(t.Context(), Zip, c.body, format.Options{}); err != nil || plain.Source != d.Source || plain.Dropped != nil {
			t.Errorf("%s: %v, %q unless it explains", c.name, err, plain.Source)
		}
	}
}

// TestBad: bombs, cuts and lies cost one clear line.
func TestBad(t *testing.T) {
	bomb := strings.Repeat("<w:p><w:r><w:t>x</w:t></w:r></w:p>", 800_000)
	for _, c := range []struct{ name, body, want, status string }{
		{"ratio", wordFile(t, bomb), "times its size", ""},
		{"depth", wordFile(t, strings.Repeat("<w:p>", 5000)), "deep", format.Damaged},
		{"entity", wordFile(t, "<w:p>&x;</w:p>"), "none is looked up", format.Damaged},
		{"cut", wordFile(t, wordBody)[:900], "no whole ZIP", format.Damaged},
		{"repeated", odFile(t, "spreadsheet", strings.Replace(odSheet, `repeated="2"`, `repeated="1048576"`, 1)), "", ""},
		{"rows", odFile(t, "spreadsheet", "<table:table>"+strings.Repeat(`<table:table-row table:number-rows-repeated="99999999"><table:table-cell table:number-columns-repeated="99999999" office:value="1"/></table:table-row>`, 9)+"</table:table>"), "larger than the limit", ""},
		{"part", packed(t, "_rels/.rels", rels("officeDocument", "xl/workbook.xml"), "xl/workbook.xml", `<workbook `+sns+`><sheets><sheet name="a" r:id="r1"/></sheets></workbook>`, "xl/_rels/workbook.xml.rels", rels("worksheet", "no.xml")), "is missing", format.Damaged},
		{"empty", wordFile(t, ""), "no text", ""},
		{"locked", packed(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "x", "META-INF/manifest.xml", `<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>`), "not read", format.Encrypted},
	} {
		_, err := open(t.Context(), Zip, c.body, format.Options{})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var s *format.SkipError
		if !errors.As(err, &s) || !strings.Contains(s.Reason, c.want) || s.Status != c.status || strings.Contains(s.Reason, "\n") {
			t.Errorf("%s: %v (%+v)", c.name, err, s)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(ctx, Zip, wordFile(t, wordBody), format.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := open(t.Context(), Zip, sheetFile(t, strings.Repeat("<row><c><v>1</v></c></row>", 100_000)), format.Options{Memory: 1 << 20}); err == nil || !strings.Contains(err.Error(), "--memory") {
		t.Error(err)
	}
}

// whole checks what every document holds.
func whole(t *testing.T, d *corpus.Document, err error) {
	if err != nil {
		var s *format.SkipError
		if !errors.As(err, &s) {
			t.Fatalf("%v is no SkipError", err)
		}
		return
	}
	if !utf8.ValidString(d.Source) {
		t.Fatalf("%q is no UTF-8", d.Source)
	}
	at := 0
	for _, b := range d.Blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(d.Source) {
			t.Fatalf("block %+v after %d in %d bytes", b, at, len(d.Source))
		}
		at = b.End
	}
}

// FuzzParts: whatever stands in the part that holds the text, nothing panics.
func FuzzParts(f *testing.F) {
	for i, s := range []string{wordBody, sheetData, slideShape("title", "a") + slideShape("", "b"), odText, odSheet, `<office:presentation><draw:page><draw:frame presentation:class="title"><text:p>a</text:p></draw:frame></draw:page></office:presentation>`, `<p>a<table><tr><td>b`} {
		f.Add(byte(i), s)
	}
	f.Fuzz(func(t *testing.T, kind byte, s string) {
		var body string
		switch kind % 7 {
		case 0:
			body = wordFile(t, s)
		case 1:
			body = sheetFile(t, s)
		case 2:
			body = slidesFile(t, s)
		case 3:
			body = odFile(t, "text", s)
		case 4:
			body = odFile(t, "spreadsheet", s)
		case 5:
			body = odFile(t, "presentation", s)
		case 6:
			body = bookFile(t, s)
		}
		d, err := open(t.Context(), Zip, body, format.Options{Explain: len(s)%2 == 0, MaxBytes: 1 << 20, Memory: 64 << 20})
		whole(t, &d, err)
	})
}

// FuzzCut: an archive that is cut at any byte, with one byte changed.
func FuzzCut(f *testing.F) {
	for i := range 5 {
		f.Add(byte(i), 1000*i, 700*i, byte(i))
	}
	f.Fuzz(func(t *testing.T, kind byte, cut, at int, flip byte) {
		body := []byte([]string{wordFile(t, wordBody), sheetFile(t, sheetData), slidesFile(t, slideShape("title", "a")), odFile(t, "text", odText), bookFile(t, "<p>a")}[kind%5])
		if n := len(body) + 1; cut > 0 {
			body = body[:cut%n]
		}
		if len(body) > 0 {
			body[uint(at)%uint(len(body))] ^= flip
		}
		d, err := open(t.Context(), Zip, string(body), format.Options{MaxBytes: 1 << 20})
		whole(t, &d, err)
	})
}
