package legacy

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

type reader func(*format.File, map[string][]byte, *parts.Text) error

func run1(r reader, streams map[string][]byte) (d corpus.Document, err error) {
	f := &format.File{Path: "/a", Name: "/a"}
	t := parts.NewText(f, &format.Options{MaxBytes: 1 << 20, Memory: 64 << 20, Explain: true})
	if err := r(f, streams, t); err != nil {
		return d, err
	}
	err2 := t.Yield("x", "", nil, func(got corpus.Document, _ error) bool { d = got; return true })
	return d, err2
}

func u16(n int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, u16(int(u))...)
	}
	return b
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// wordStreams makes a document of two pieces, one of bytes and one of Unicode, with
// paragraph properties for all of it: the second paragraph is a heading.
func wordStreams() map[string][]byte {
	one, two := "Plain \x93text\x94 \x13 HYPERLINK x \x14link\x15.\r", "Überschrift\rnote\r"
	main := make([]byte, 2048)
	copy(main, u16(0xA5EC))
	copy(main[2:], u16(0xC1))
	copy(main[fibFlags:], u16(0x200))
	copy(main[fibCounts:], u32(len(one)+12))
	copy(main[fibCounts+4:], u32(5))
	copy(main[1024:], one)
	w := wide(two)
	copy(main[1200:], w)
	// A page of paragraph properties at 512: the bytes of the second piece have style 1.
	page := main[512:1024]
	copy(page, join(u32(1024), u32(1200), u32(1200+24), u32(1200+34)))
	page[511] = 3
	page[16+13] = 200 // half of where the properties of the second run stand
	copy(page[400:], []byte{2, 1, 0, 0})
	table := join([]byte{2}, u32(4*3+8*2), u32(0), u32(len(one)), u32(len(one)+17), u16(0), u32(1024*2|1<<30), u16(0), u16(0), u32(1200), u16(0))
	copy(main[fibPieces:], join(u32(0), u32(len(table))))
	copy(main[fibStyles:], join(u32(len(table)), u32(14)))
	table = append(table, join(u16(2), u16(2), u16(2), u16(0), u16(2), u16(2))...)
	copy(main[fibParas:], join(u32(len(table)), u32(12)))
	table = append(table, join(u32(1024), u32(1300), u32(1))...)
	return map[string][]byte{"WordDocument": main, "1Table": table}
}

func rec(id int, content ...[]byte) []byte {
	c := join(content...)
	return join(u16(id), u16(len(c)), c)
}

func cellOf(row, col, xf int) []byte { return join(u16(row), u16(col), u16(xf)) }

func f64(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }

func sheetStreams() map[string][]byte {
	name := func(s string) []byte { return join([]byte{byte(len(s)), 0}, []byte(s)) }
	strings := rec(recStrings, u32(2), u32(2), u16(4), []byte{0}, []byte("Item"), u16(8), []byte{0}, []byte("Spl"))
	goesOn := rec(recContinue, []byte{1}, wide("ittét"))
	sheet := join(rec(recBegin, u16(version8), u16(0x10)),
		rec(recRow, u16(3), u16(0), u16(2), u16(0), u16(0), u16(0), u16(0x20), u16(0)),
		rec(recLabelSST, cellOf(0, 0, 0), u32(0)), rec(recLabelSST, cellOf(0, 2, 0), u32(1)),
		rec(recNumber, cellOf(1, 0, 1), f64(44927)), rec(recRK, cellOf(1, 1, 0), u32(250<<2|3)), rec(recBool, cellOf(1, 2, 0), []byte{1, 0}),
		rec(recMulRK, u16(2), u16(0), u16(0), u32(7<<2|2), u16(2), u32(1<<2|2), u16(1)), rec(recNumber, cellOf(3, 0, 0), f64(9)),
		rec(recFormula, cellOf(5, 1, 0), []byte{0, 0, 0, 0, 0, 0}, u16(0xFFFF), u16(0), u32(0)), rec(recString, u16(3), []byte{0}, []byte("out")), rec(recEnd))
	globals := func(at int) []byte {
		return join(rec(recBegin, u16(version8), u16(5)), rec(recXF, u16(0), u16(0)), rec(recXF, u16(0), u16(14)), rec(recXF, u16(0), u16(9)), strings, goesOn,
			rec(recSheet, u32(at), []byte{0, 0}, name("One")), rec(recSheet, u32(at), []byte{1, 0}, name("Hid")), rec(recEnd))
	}
	return map[string][]byte{"Workbook": join(globals(len(globals(0))), sheet)}
}

func box(kind int, content ...[]byte) []byte {
	c := join(content...)
	return join(u16(0xF), u16(kind), u32(len(c)), c)
}

func atom(instance, kind int, content ...[]byte) []byte {
	c := join(content...)
	return join(u16(instance<<4), u16(kind), u32(len(c)), c)
}

func slideStreams() map[string][]byte {
	text := func(kind int, s string) []byte {
		return join(atom(0, recTextHead, u32(kind)), atom(0, recTextChars, wide(s)))
	}
	list := atom(0, recSlideList, atom(0, recPersistAtom, u32(3), u32(0), u32(0), u32(256), u32(0)), text(1, "point\rother"), text(textTitle, "Tïtle"))
	notes := atom(2, recSlideList, atom(0, recPersistAtom, u32(4), u32(0), u32(0), u32(0), u32(0)))
	doc := box(recDocument, list, notes)
	slide := box(recSlide, box(1036, box(0xF002, box(0xF003, box(0xF004, box(0xF00D, atom(0, recOutlineRef, u32(0)))), box(0xF004, box(0xF00D, atom(0, recTextHead, u32(4)), atom(0, recTextBytes, []byte("free"))))))))
	note := box(recNotes, atom(0, recNotesAtom, u32(256), u32(0)), box(1036, box(0xF00D, text(textNotes, "Say it."))))
	dir := atom(0, recPersistDir, u32(3|2<<20), u32(len(doc)), u32(len(doc)+len(slide)))
	return map[string][]byte{"PowerPoint Document": join(doc, slide, note, dir)}
}

// TestRead: what old files hold.
func TestRead(t *testing.T) {
	for _, c := range []struct {
		name          string
		read          reader
		streams       map[string][]byte
		want, dropped string
	}{
		{"doc", DOC, wordStreams(), "Plain “text” link.\n\nÜberschrift\n\nnote", ""},
		{"xls", XLS, sheetStreams(), "One\n\nItem\t\tSplittét\n2023-01-01\t2.5\tTRUE\n7\t100%\n\nout", "9 Item\tSplittét\n2023-01-01\t2.5\tTRUE\n7\t100%\n9\nout"},
		{"ppt", PPT, slideStreams(), "Tïtle\n\npoint\nother\n\nfree\n\nSay it.", ""},
	} {
		d, err := run1(c.read, c.streams)
		var dropped []string
		for _, x := range d.Dropped {
			dropped = append(dropped, x.Text)
		}
		if got := strings.Join(dropped, " "); err != nil || d.Source != c.want || got != c.dropped {
			t.Errorf("%s: %q, want\n%q; dropped %q; %v", c.name, d.Source, c.want, got, err)
		}
	}
	d, _ := run1(DOC, wordStreams())
	if len(d.Blocks) != 3 || d.Blocks[1].Kind != corpus.Heading || d.Blocks[0].Kind != corpus.Paragraph {
		t.Errorf("%+v", d.Blocks)
	}
	locked := sheetStreams()["Workbook"]
	locked = join(locked[:8], rec(recFilePass, u16(0)), locked[8:])
	var s *format.SkipError
	if _, err := run1(XLS, map[string][]byte{"Workbook": locked}); !errors.As(err, &s) || s.Status != format.Encrypted {
		t.Error(err)
	}
}

// FuzzStreams: whatever bytes the streams hold, nothing panics or takes long.
func FuzzStreams(f *testing.F) {
	f.Add(byte(0), wordStreams()["WordDocument"], wordStreams()["1Table"])
	f.Add(byte(1), sheetStreams()["Workbook"], []byte{})
	f.Add(byte(2), slideStreams()["PowerPoint Document"], []byte{})
	f.Fuzz(func(t *testing.T, kind byte, a, b []byte) {
		var d corpus.Document
		var err error
		switch kind % 3 {
		case 0:
			d, err = run1(DOC, map[string][]byte{"WordDocument": a, "1Table": b, "0Table": b})
		case 1:
			d, err = run1(XLS, map[string][]byte{"Workbook": a})
		case 2:
			d, err = run1(PPT, map[string][]byte{"PowerPoint Document": a})
		}
		var s *format.SkipError
		if err != nil && !errors.As(err, &s) || !utf8.ValidString(d.Source) {
			t.Fatalf("%q, %v", d.Source, err)
		}
	})
}
