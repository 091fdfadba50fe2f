package legacy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// TestPlacesOpen: of each sentence of old files that are made here, the place is that
// where it was put.
func TestPlacesOpen(t *testing.T) {
	const many = 1000
	var sentences []string
	var places []corpus.Place
	sentence := func(at corpus.Place) string {
		s := fmt.Sprintf("Sentence%d ends here.", len(sentences))
		sentences, places = append(sentences, s), append(places, at)
		return s
	}
	r := rand.New(rand.NewPCG(16, 5))
	for _, c := range []struct {
		name  string
		read  reader
		build func() map[string][]byte
	}{
		{"doc", DOC, func() map[string][]byte {
			var text strings.Builder
			for n := 1; len(sentences) < many; n++ {
				if r.IntN(3) > 0 {
					text.WriteString(sentence(corpus.Place{Paragraph: n}))
				}
				text.WriteByte('\r')
			}
			main := append(make([]byte, 2048), text.String()...)
			copy(main, u16(0xA5EC))
			copy(main[2:], u16(0xC1))
			copy(main[fibCounts:], u32(text.Len()))
			table := join([]byte{2}, u32(4*2+8), u32(0), u32(text.Len()), u16(0), u32(2048*2|1<<30), u16(0))
			copy(main[fibPieces:], join(u32(0), u32(len(table))))
			return map[string][]byte{"WordDocument": main, "0Table": table}
		}},
		{"xls", XLS, func() map[string][]byte {
			var cells [][]byte
			for row := 0; len(sentences) < many; row++ {
				if col := r.IntN(40); col < 26 {
					s := sentence(corpus.Place{Sheet: "One", Cell: fmt.Sprintf("%c%d", 'A'+col, row+1)})
					cells = append(cells, rec(recLabel, cellOf(row, col, 0), u16(len(s)), []byte{0}, []byte(s)), rec(recNumber, cellOf(row, col+2, 0), f64(float64(row))))
				}
			}
			sheet := join(rec(recBegin, u16(version8), u16(0x10)), join(cells...), rec(recEnd))
			globals := func(at int) []byte {
				return join(rec(recBegin, u16(version8), u16(5)), rec(recSheet, u32(at), []byte{0, 0, 3, 0}, []byte("One")), rec(recEnd))
			}
			return map[string][]byte{"Workbook": join(globals(len(globals(0))), sheet)}
		}},
		{"ppt", PPT, func() map[string][]byte {
			var list, slides [][]byte
			n := 0
			for ; len(sentences) < many; n++ {
				list = append(list, atom(0, recPersistAtom, u32(3+n), u32(0), u32(0), u32(256+n), u32(0)))
				for range r.IntN(4) {
					list = append(list, atom(0, recTextHead, u32(1)), atom(0, recTextChars, wide(sentence(corpus.Place{Slide: n + 1}))))
				}
				slides = append(slides, box(recSlide, box(1036)))
			}
			doc := box(recDocument, atom(0, recSlideList, list...))
			at := len(doc)
			var all [][]byte
			for i, s := range slides {
				all = append(all, u32(3+i|1<<20), u32(at))
				at += len(s)
			}
			return map[string][]byte{"PowerPoint Document": join(doc, join(slides...), atom(0, recPersistDir, all...))}
		}},
	} {
		sentences, places = nil, nil
		d, err := run1(c.read, c.build())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		wrong := 0
		for i, s := range sentences {
			at := strings.Index(d.Source, s)
			if at < 0 {
				t.Errorf("%s: %q is not read", c.name, s)
			} else if got := d.PlaceOf(at); got != places[i] {
				if wrong++; wrong < 5 {
					t.Errorf("%s: %q is at %+v, want %+v", c.name, s, got, places[i])
				}
			}
		}
	}
}
