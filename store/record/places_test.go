package record

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// lookUp is the place of a byte as a store finds it: with no more than one piece
// of the source.
func lookUp(b []byte, source string, at int) (corpus.Place, error) {
	if len(b) == 0 {
		return corpus.Place{}, nil
	}
	p, from, err := FindPlace(b, at)
	if err != nil {
		return p, err
	}
	if from < at {
		piece := from / PieceSize * PieceSize
		if from != piece || at-from > PieceSize {
			return p, fmt.Errorf("from %d to %d is more than a piece", from, at)
		}
		p.Line += strings.Count(source[from:at], "\n")
	}
	return p, nil
}

// TestPlaces: what is stored gives the place of every byte that the document
// gives, with one piece of its source.
func TestPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		d := &corpus.Document{}
		if r.IntN(4) > 0 {
			d.Place.Line = r.IntN(1000)
		}
		if d.Verbatim = d.Place.Line > 0 && r.IntN(2) == 0; d.Verbatim {
			lines := make([]string, r.IntN(4000))
			for i := range lines {
				lines[i] = strings.Repeat("x", r.IntN(30))
			}
			d.Source = strings.Join(lines, "\n")
			if r.IntN(5) == 0 {
				d.Source = d.Source[:len(d.Source)/PieceSize*PieceSize]
			}
		} else {
			for range r.IntN(30) {
				b := corpus.Block{Start: len(d.Source) + r.IntN(3)}
				d.Source += strings.Repeat("word\n", 1+r.IntN(20))
				b.End = len(d.Source)
				if r.IntN(3) > 0 {
					p := randomPlace(r)
					b.Place = &p
					for at := b.End; r.IntN(3) == 0 && at-5 > b.Start; at -= 5 {
						b.Onward = &corpus.Onward{Start: at - 5, Place: randomPlace(r), Onward: b.Onward}
					}
				}
				d.Blocks = append(d.Blocks, b)
			}
		}
		b := AppendPlaces(nil, d)
		again := &corpus.Document{Source: d.Source, Blocks: slices.Clone(d.Blocks)}
		for i := range again.Blocks {
			again.Blocks[i].Place, again.Blocks[i].Onward = nil, nil
		}
		if err := ReadPlaces(b, again); err != nil || !bytes.Equal(AppendPlaces(nil, again), b) {
			t.Fatalf("%v: read again and stored it is %x, was %x", err, AppendPlaces(nil, again), b)
		}
		for range 50 {
			at := r.IntN(len(d.Source) + 1)
			if r.IntN(5) == 0 {
				at = min(len(d.Source), PieceSize*r.IntN(4))
			}
			if got, err := lookUp(b, d.Source, at); err != nil || !reflect.DeepEqual(got, d.PlaceOf(at)) {
				t.Fatalf("byte %d of %d is at %+v, %v; want %+v", at, len(d.Source), got, err, d.PlaceOf(at))
			}
			if got := again.PlaceOf(at); !reflect.DeepEqual(got, d.PlaceOf(at)) {
				t.Fatalf("byte %d of %d, read again, is at %+v; want %+v", at, len(d.Source), got, d.PlaceOf(at))
			}
		}
		if len(b) > 0 && !d.Verbatim {
			for n := range b {
				if _, _, err := FindPlace(b[:n], len(d.Source)); err == nil {
					t.Fatalf("cut to %d of %d bytes it is read", n, len(b))
				}
			}
		}
	}
}

func randomPlace(r *rand.Rand) (p corpus.Place) {
	some := func() bool { return r.IntN(3) == 0 }
	if some() {
		p.Line = 1 + r.IntN(1000)
	}
	if some() {
		p.Page, p.Box = 1+r.IntN(1000), corpus.Box{r.Float32(), 1, 2, r.Float32()}
	}
	if some() {
		p.Sheet = fmt.Sprint("sheet ", r.IntN(2))
		p.Cell = fmt.Sprint("B", r.IntN(10))
	}
	if some() {
		p.Slide = 1 + r.IntN(100)
	}
	if some() {
		p.Paragraph = 1 + r.IntN(100)
	}
	if some() {
		p.Seconds = new(float64)
		*p.Seconds = float64(r.IntN(3)) / 2
	}
	return p
}

// TestPlacesEncoding holds the bytes: they are stored.
func TestPlacesEncoding(t *testing.T) {
	half := .5
	for _, c := range []struct {
		d    corpus.Document
		want string
	}{
		{corpus.Document{Source: "a program's"}, ""},
		{corpus.Document{Source: "a\nb", Verbatim: true, Place: corpus.Place{Line: 1}}, "01 01 02"},
		{corpus.Document{Source: strings.Repeat("\n", PieceSize+1), Verbatim: true, Place: corpus.Place{Line: 1}}, "01 01 02 808001"},
		{corpus.Document{Source: "a record", Place: corpus.Place{Line: 70}}, "02 01 8c01 00"},
		{corpus.Document{Source: "page", Blocks: []corpus.Block{{End: 1, Place: &corpus.Place{Line: 3}}, {Start: 1, End: 2, Place: &corpus.Place{Line: 3}}, {Start: 2, End: 4, Place: &corpus.Place{Line: 5}}}},
			"02 00 02 00 01 06 02 01 04"},
		{corpus.Document{Source: "all", Blocks: []corpus.Block{
			{End: 1, Place: &corpus.Place{Page: 2, Box: corpus.Box{1, 2, 3, 4}, Sheet: "s", Cell: "B7", Slide: 1, Seconds: &half}}, {Start: 1, End: 3, Place: &corpus.Place{Sheet: "s"}}}},
			"02 00 02 00 7e 04 0000803f 00000040 00004040 00008040 01 73 02 4237 02 000000000000e03f 01 80"},
		{corpus.Document{Source: "two", Blocks: []corpus.Block{{End: 1, Place: &corpus.Place{Paragraph: 3}}, {Start: 1, End: 3, Place: &corpus.Place{Page: 2, Paragraph: 4}}}}, "03 00 00 02 00 00 06 01 02 04 02"},
	} {
		if got := hex.EncodeToString(AppendPlaces(nil, &c.d)); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%q is stored as %s, want %s", c.d.Source[:min(9, len(c.d.Source))], got, c.want)
		}
	}
	for _, bad := range []string{"", "\x00", "\x04\x00", "\x03\x00", "\x01", "\x01\x01", "\x02\x00", "\x02\x00\x05\x00\x00"} {
		if _, _, err := FindPlace([]byte(bad), 9); err == nil {
			t.Errorf("%q is read", bad)
		}
		if err := ReadPlaces([]byte(bad), &corpus.Document{Source: "123456789", Blocks: []corpus.Block{{End: 9}}}); err == nil && bad != "" {
			t.Errorf("%q is read for a document", bad)
		}
	}
}
