package office

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/rtf"
)

// made is a document that a test made: where each of its sentences stands.
type made struct {
	r         *rand.Rand
	body      strings.Builder
	sentences []string
	places    []corpus.Place
}

// sentence makes one of words that stand in no other.
func (m *made) sentence(at corpus.Place) string {
	n := len(m.sentences)
	s := fmt.Sprintf("Sentence%d of item%d ends here.", n, n*7)
	m.sentences, m.places = append(m.sentences, s), append(m.places, at)
	return s
}

const madeSentences = 1000

// word writes paragraphs of a Word document: empty ones, deleted ones and those of
// tables count.
func (m *made) word() {
	n := 0
	para := func(inner string) { n++; fmt.Fprintf(&m.body, "<w:p>%s</w:p>", inner) }
	text := func() string {
		return "<w:r><w:t>" + m.sentence(corpus.Place{Paragraph: n + 1}) + "</w:t></w:r>"
	}
	for len(m.sentences) < madeSentences {
		switch m.r.IntN(6) {
		case 0:
			para("")
		case 1:
			para("<w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del>")
		case 2:
			m.body.WriteString("<w:tbl><w:tr>")
			for range 2 {
				m.body.WriteString("<w:tc>")
				n++
				fmt.Fprintf(&m.body, "<w:p><w:r><w:t>x%d</w:t></w:r></w:p></w:tc>", n)
			}
			m.body.WriteString("</w:tr></w:tbl>")
		default:
			para(text())
		}
	}
}

func (m *made) openText() {
	n := 0
	m.body.WriteString("<office:text>")
	for len(m.sentences) < madeSentences {
		n++
		switch m.r.IntN(5) {
		case 0:
			m.body.WriteString("<text:p/>")
		case 1:
			m.body.WriteString("<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>")
		case 2:
			fmt.Fprintf(&m.body, `<text:h text:outline-level="1">%s</text:h>`, m.sentence(corpus.Place{Paragraph: n}))
		default:
			fmt.Fprintf(&m.body, "<text:p>%s</text:p>", m.sentence(corpus.Place{Paragraph: n}))
		}
	}
	m.body.WriteString("</office:text>")
}

// rows gives the cells that sheets are made of: about every fourth row is empty, each
// row has one sentence.
func (m *made) rows(sheet string, each func(row, col int, text string)) {
	for row := 1; len(m.sentences) < madeSentences; row++ {
		if m.r.IntN(4) > 0 {
			col := m.r.IntN(30)
			each(row, col, m.sentence(corpus.Place{Sheet: sheet, Cell: cellName(col, row)}))
		}
	}
}

func cellName(col, row int) string {
	if col >= 26 {
		return fmt.Sprintf("A%c%d", 'A'+col-26, row)
	}
	return fmt.Sprintf("%c%d", 'A'+col, row)
}

// TestPlacesOpen: of each sentence of documents that are made here, the place is that
// where it was put.
func TestPlacesOpen(t *testing.T) {
	for name, build := range map[string]func(m *made) (string, format.Func){
		"docx": func(m *made) (string, format.Func) { m.word(); return wordFile(t, m.body.String()), Zip },
		"odt":  func(m *made) (string, format.Func) { m.openText(); return odFile(t, "text", m.body.String()), Zip },
		"xlsx": func(m *made) (string, format.Func) {
			m.rows("Prices", func(row, col int, text string) {
				fmt.Fprintf(&m.body, `<row r="%d"><c r="%s" t="inlineStr"><is><t>%s</t></is></c><c t="n"><v>%d</v></c></row>`, row, cellName(col, row), text, row)
			})
			return sheetFile(t, m.body.String()), Zip
		},
		"ods": func(m *made) (string, format.Func) {
			m.body.WriteString(`<office:spreadsheet><table:table table:name="S">`)
			last := 0
			m.rows("S", func(row, col int, text string) {
				if row > last+1 {
					fmt.Fprintf(&m.body, `<table:table-row table:number-rows-repeated="%d"/>`, row-last-1)
				}
				last = row
				m.body.WriteString(`<table:table-row>`)
				if col > 0 {
					fmt.Fprintf(&m.body, `<table:table-cell table:number-columns-repeated="%d"/>`, col)
				}
				fmt.Fprintf(&m.body, `<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="1"/></table:table-row>`, text)
			})
			return odFile(t, "spreadsheet", m.body.String()+"</table:table></office:spreadsheet>"), Zip
		},
		"odp": func(m *made) (string, format.Func) {
			m.body.WriteString("<office:presentation>")
			for n := 1; len(m.sentences) < madeSentences; n++ {
				m.body.WriteString("<draw:page>")
				for range m.r.IntN(4) {
					fmt.Fprintf(&m.body, "<draw:frame><draw:text-box><text:p>%s</text:p></draw:text-box></draw:frame>", m.sentence(corpus.Place{Slide: n}))
				}
				m.body.WriteString("</draw:page>")
			}
			return odFile(t, "presentation", m.body.String()+"</office:presentation>"), Zip
		},
		"epub": func(m *made) (string, format.Func) {
			line := 1
			for len(m.sentences) < madeSentences {
				if m.r.IntN(3) == 0 {
					line++
					m.body.WriteString("\n<div/>")
					continue
				}
				fmt.Fprintf(&m.body, "<p>%s</p>", m.sentence(corpus.Place{Sheet: "OPS/a.xhtml", Line: line}))
			}
			return bookFile(t, m.body.String()), Zip
		},
		"rtf": func(m *made) (string, format.Func) {
			m.body.WriteString(`{\rtf1\ansi `)
			line := 1
			for len(m.sentences) < madeSentences {
				if m.r.IntN(2) == 0 {
					line++
					m.body.WriteString("\r\n")
					continue
				}
				fmt.Fprintf(&m.body, `\pard %s\par`, m.sentence(corpus.Place{Line: line}))
			}
			return m.body.String() + "}", rtf.Read
		},
	} {
		m := &made{r: rand.New(rand.NewPCG(16, 5))}
		body, read := build(m)
		d, err := open(t.Context(), read, body, format.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wrong := 0
		for i, s := range m.sentences {
			at := strings.Index(d.Source, s)
			if at < 0 {
				t.Errorf("%s: %q is not read", name, s)
			} else if got := d.PlaceOf(at); got != m.places[i] {
				if wrong++; wrong < 5 {
					t.Errorf("%s: %q is at %+v, want %+v", name, s, got, m.places[i])
				}
			}
		}
	}
}
