package legacy

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// The records of a presentation that are read: each has eight bytes of head, its
// kind, number and length; containers hold others.
const (
	recSlide       = 1006
	recNotes       = 1008
	recNotesAtom   = 1009
	recPersistAtom = 1011
	recSlideInfo   = 1017
	recOutlineRef  = 3998
	recTextHead    = 3999
	recTextChars   = 4000
	recTextBytes   = 4008
	recSlideList   = 4080
	recPersistDir  = 6002
	recCrypt       = 0x2F14
	recDocument    = 1000
	maxNested      = 40
	maxSlides      = 20_000
)

// Kinds of text.
const (
	textTitle       = 0
	textNotes       = 2
	textCenterTitle = 6
)

// ppt is a presentation that is being read.
type ppt struct {
	d      data
	places map[int]int // of objects, by number
	slides []*pptSlide
	notes  map[int][]pptText // by the number of the slide
	locked bool
	n      int // of records, to bound the work
}

type pptSlide struct {
	object, id int
	outline    []pptText
}

type pptText struct {
	kind int
	text string
}

// PPT reads a presentation.
func PPT(f *format.File, streams map[string][]byte, t *parts.Text) error {
	p := &ppt{d: streams["PowerPoint Document"], places: map[int]int{}, notes: map[int][]pptText{}}
	var document data
	p.each(p.d, func(kind, instance int, r data, at int) {
		switch kind {
		case recPersistDir:
			p.directory(r)
		case recDocument:
			document = r
		case recCrypt:
			p.locked = true
		}
	})
	var notes []int
	p.each(document, func(kind, instance int, r data, _ int) {
		switch {
		case kind == recCrypt:
			p.locked = true
		case kind == recSlideList && instance == 0:
			p.list(r)
		case kind == recSlideList && instance == 2:
			p.each(r, func(kind, _ int, r data, _ int) {
				if kind == recPersistAtom && len(notes) < maxSlides {
					notes = append(notes, r.u32(0))
				}
			})
		}
	})
	if p.locked {
		return f.SkipAs(format.Encrypted, "it is encrypted in the way of old PowerPoint files, which is not read")
	}
	for _, n := range notes {
		r := p.object(n, recNotes)
		slide := 0
		p.each(r, func(kind, _ int, r data, _ int) {
			if kind == recNotesAtom {
				slide = r.u32(0)
			}
		})
		for _, x := range p.texts(r, nil) {
			if x.kind == textNotes && slide != 0 {
				p.notes[slide] = append(p.notes[slide], x)
			}
		}
	}
	for i, s := range p.slides {
		t.Slide = i + 1
		p.slide(s, t)
		if err := t.Full(); err != nil {
			return err
		}
	}
	return nil
}

// maxRecords bounds how many records are looked at.
const maxRecords = 20_000_000

// each calls f with the records of a container.
func (p *ppt) each(d data, f func(kind, instance int, r data, at int)) {
	for at := 0; at+8 <= len(d) && p.n < maxRecords; p.n++ {
		n := d.u32(at + 4)
		if n > len(d)-at-8 {
			n = len(d) - at - 8
		}
		f(d.u16(at+2), d.u16(at)>>4, d.cut(at+8, n), at)
		at += 8 + n
	}
}

// directory takes where objects stand; a later one holds.
func (p *ppt) directory(r data) {
	for at := 0; at+4 <= len(r); {
		head := r.u32(at)
		id, n := head&0xFFFFF, head>>20
		at += 4
		for i := 0; i < n && at+4 <= len(r); i++ {
			p.places[id+i] = r.u32(at)
			at += 4
		}
	}
}

// object is the content of one, if it is of a kind.
func (p *ppt) object(id, kind int) data {
	at, ok := p.places[id]
	if !ok || p.d.u16(at+2) != kind {
		return nil
	}
	return p.d.cut(at+8, p.d.u32(at+4))
}

// list reads the list of slides, with the texts of their outline.
func (p *ppt) list(r data) {
	head := -1
	p.each(r, func(kind, _ int, r data, _ int) {
		n := len(p.slides)
		switch kind {
		case recPersistAtom:
			if n < maxSlides {
				p.slides = append(p.slides, &pptSlide{object: r.u32(0), id: r.u32(12)})
			}
		case recTextHead:
			head = r.u32(0)
		case recTextChars, recTextBytes:
			if n > 0 {
				p.slides[n-1].outline = append(p.slides[n-1].outline, pptText{head, pptString(kind, r)})
			}
		}
	})
}

func pptString(kind int, r data) string {
	s := narrow(r)
	if kind == recTextChars {
		s = utf16Of(r)
	}
	return strings.NewReplacer("\r", "\n", "\v", "\f").Replace(s)
}

// texts are those of the shapes in a container; outline are those that they may refer
// to.
func (p *ppt) texts(r data, outline []pptText) (all []pptText) {
	var walk func(r data, depth int)
	walk = func(r data, depth int) {
		head := -1
		p.each(r, func(kind, instance int, r data, _ int) {
			switch kind {
			case recTextHead:
				head = r.u32(0)
			case recTextChars, recTextBytes:
				all = append(all, pptText{head, pptString(kind, r)})
			case recOutlineRef:
				if n := r.u32(0); n < len(outline) {
					all = append(all, outline[n])
					outline[n].text = ""
				}
			case recSlideInfo, recPersistAtom:
			default:
				if kind == 0xF002 || kind == 0xF003 || kind == 0xF004 || kind == 0xF00D || kind == 1036 {
					if depth < maxNested {
						walk(r, depth+1)
					}
				}
			}
		})
	}
	walk(r, 0)
	return all
}

// slide writes one: its title, its texts, what the speaker notes.
func (p *ppt) slide(s *pptSlide, t *parts.Text) {
	r := p.object(s.object, recSlide)
	hidden := false
	p.each(r, func(kind, _ int, r data, _ int) {
		if kind == recSlideInfo {
			hidden = r.u16(10)&4 != 0
		}
	})
	outline := append([]pptText(nil), s.outline...)
	all := p.texts(r, outline)
	all = append(all, outline...) // what no shape refers to
	t.Part()
	for pass := range 2 {
		for _, x := range all {
			title := x.kind == textTitle || x.kind == textCenterTitle
			switch {
			case title != (pass == 0) || strings.TrimSpace(x.text) == "":
			case hidden:
				t.Drop("hidden slide", x.text)
			case title:
				t.Add(corpus.Heading, 1, parts.Cell(parts.Clean(x.text)))
			default:
				kind := corpus.Paragraph
				if x.kind == 1 || x.kind == 7 || x.kind == 8 {
					kind = corpus.ListItem
				}
				t.Part()
				for line := range strings.SplitSeq(x.text, "\n") {
					if line = strings.TrimSpace(line); line != "*" { // which stands for a field
						t.Add(kind, 0, line)
					}
				}
			}
		}
	}
	for _, x := range p.notes[s.id] {
		if hidden {
			t.Drop("hidden slide", x.text)
			continue
		}
		t.Part()
		for line := range strings.SplitSeq(x.text, "\n") {
			t.Add(corpus.Paragraph, 0, line)
		}
	}
}
