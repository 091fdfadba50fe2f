package tamis_test

import (
	"encoding/xml"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// holdsWords says that a text holds the words of a sentence, four in five; numbers of
// lists and marks of notes, which documents do not hold, are none.
func holdsWords(text, sentence string) bool {
	sentence = regexp.MustCompile(`^\s*[\w(]{1,8}(?:\.\w+)*[.)]?\s`).ReplaceAllStringFunc(sentence, func(mark string) string {
		if strings.ContainsAny(mark, ".)") {
			return ""
		}
		return mark
	})
	sentence = regexp.MustCompile(`[⁰¹²³⁴⁵⁶⁷⁸⁹ⁱᵛˣ]+`).ReplaceAllString(sentence, "")
	ws, found := words(sentence), 0
	for _, w := range ws {
		if strings.Contains(text, squeeze(w)) {
			found++
		}
	}
	return 5*found >= 4*len(ws)
}

// pieces are the squeezed texts of the elements of some names in an XML part, in the
// order in which they begin; an element in another one is of both. Those in a table
// begin with \x01.
func pieces(part string, names ...string) []string {
	part = regexp.MustCompile(`(?s)<mc:Fallback\b.*?</mc:Fallback>`).ReplaceAllString(part, "")
	var all []string
	var open []int
	tables := 0
	d := xml.NewDecoder(strings.NewReader(part))
	d.Strict = false
	for {
		token, err := d.RawToken()
		if err != nil {
			break
		}
		switch x := token.(type) {
		case xml.StartElement:
			if x.Name.Local == "tbl" || x.Name.Local == "table" {
				tables++
			}
			if slices.Contains(names, x.Name.Space+":"+x.Name.Local) {
				all = append(all, strings.Repeat("\x01", min(tables, 1)))
				open = append(open, len(all)-1)
			}
			for _, a := range x.Attr {
				if n := len(open); n > 0 && strings.HasSuffix(x.Name.Local, "noteReference") && a.Name.Local == "id" {
					all[open[n-1]] += "\x00" + x.Name.Local + a.Value + "\x00"
				}
			}
		case xml.EndElement:
			if x.Name.Local == "tbl" || x.Name.Local == "table" {
				tables--
			}
			if n := len(open); n > 0 && slices.Contains(names, x.Name.Space+":"+x.Name.Local) {
				open = open[:n-1]
			}
		case xml.CharData:
			for _, i := range open {
				all[i] += string(x)
			}
		}
	}
	return all
}

// openParagraphs: the paragraph of that number in a part, with the notes that it
// refers to, holds the sentence; a row of a table goes on in those that follow.
func openParagraphs(part string, names ...string) func(*testing.T, docItem) original {
	return func(t *testing.T, i docItem) original {
		parts := unzip(t, filepath.Join(i.dir, i.File))
		if parts[part] == "" { // the part that is the document may have any name
			for _, target := range relations(parts, "") {
				if strings.HasSuffix(target, "document.xml") || strings.Contains(target, "word/document") {
					part = target
				}
			}
		}
		all := pieces(parts[part], names...)
		reference := regexp.MustCompile("\x00(foot|end)noteReference(-?\\d+)\x00")
		inTable := make([]bool, len(all))
		for n := range all {
			inTable[n] = strings.HasPrefix(all[n], "\x01")
			all[n] = squeeze(reference.ReplaceAllStringFunc(all[n], func(ref string) string {
				m := reference.FindStringSubmatch(ref)
				note := regexp.MustCompile(`(?s)<w:` + m[1] + `note [^>]*w:id="` + m[2] + `".*?</w:` + m[1] + `note>`).FindString(parts["word/"+m[1]+"notes.xml"])
				return chardata(note)
			}))
		}
		return func(place corpus.Place, sentence string) error {
			if place.Paragraph < 1 || place.Paragraph > len(all) {
				return fmt.Errorf("no such paragraph of %d", len(all))
			}
			here := all[place.Paragraph-1 : min(place.Paragraph+1, len(all))]
			if inTable[place.Paragraph-1] { // a row has several
				here = all[place.Paragraph-1 : min(place.Paragraph+200, len(all))]
			}
			if !holdsWords(strings.Join(here, ""), sentence) {
				return fmt.Errorf("the paragraph is %.60q", here[0])
			}
			return nil
		}
	}
}

// openTables: the cell of that name on that sheet, as its XML has it.
func openTables(t *testing.T, i docItem) original {
	content := unzip(t, filepath.Join(i.dir, i.File))["content.xml"]
	cells := map[string]string{} // by sheet and name
	rows := map[string]string{}  // by sheet and number
	sheet, row, col, repeat, span := "", 0, 0, 1, 1
	depth := 0
	number := func(x xml.StartElement, name string) int {
		for _, a := range x.Attr {
			if a.Name.Local == name {
				n, _ := strconv.Atoi(a.Value)
				return max(n, 1)
			}
		}
		return 1
	}
	column := func(n int) string {
		s := ""
		for n++; n > 0; n = (n - 1) / 26 {
			s = string(rune('A'+(n-1)%26)) + s
		}
		return s
	}
	text := ""
	d := xml.NewDecoder(strings.NewReader(content))
	for {
		token, err := d.RawToken()
		if err != nil {
			break
		}
		switch x := token.(type) {
		case xml.StartElement:
			switch x.Name.Space + ":" + x.Name.Local {
			case "table:table":
				row = 0
				for _, a := range x.Attr {
					if a.Name.Local == "name" {
						sheet = a.Value
					}
				}
			case "table:table-row":
				repeat, col = number(x, "number-rows-repeated"), 0
			case "table:table-cell", "table:covered-table-cell":
				span, text = number(x, "number-columns-repeated"), ""
			case "text:p":
				depth++
			}
		case xml.EndElement:
			switch x.Name.Space + ":" + x.Name.Local {
			case "table:table-row":
				row += repeat
			case "table:table-cell", "table:covered-table-cell":
				for r := row + 1; text != "" && r <= row+min(repeat, 100); r++ {
					for c := col; c < col+min(span, 100); c++ {
						cells[sheet+"!"+column(c)+strconv.Itoa(r)] = text
						rows[sheet+"!"+strconv.Itoa(r)] += " " + text
					}
				}
				col += span
			case "text:p":
				depth--
			}
		case xml.CharData:
			if depth > 0 {
				text += string(x)
			}
		}
	}
	return func(place corpus.Place, sentence string) error {
		if place.Cell == "" { // the sheet's name
			if squeeze(place.Sheet) != squeeze(sentence) {
				return fmt.Errorf("no cell")
			}
			return nil
		}
		raw := cells[place.Sheet+"!"+place.Cell]
		got := squeeze(raw)
		first, _, _ := strings.Cut(strings.TrimLeft(sentence, "\t "), "\t")
		line := squeeze(firstLine(first))
		in := rows[place.Sheet+"!"+strings.TrimLeft(place.Cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")]
		if got == "" && strings.Contains(sentence, strings.TrimSpace(raw)) && raw != "" { // signs alone
			return nil
		}
		if got == "" || !strings.HasPrefix(line, got) && !strings.Contains(got, line) && !strings.Contains(squeeze(in), line) {
			return fmt.Errorf("the cell holds %.40q", got)
		}
		return nil
	}
}

// openPageElements: the page of a presentation holds the words.
func openPageElements(t *testing.T, i docItem) original {
	slides := pieces(unzip(t, filepath.Join(i.dir, i.File))["content.xml"], "draw:page")
	for n := range slides {
		slides[n] = squeeze(slides[n])
	}
	return func(place corpus.Place, sentence string) error {
		if place.Slide < 1 || place.Slide > len(slides) {
			return fmt.Errorf("no such slide of %d", len(slides))
		}
		if !holdsWords(slides[place.Slide-1], sentence) {
			return fmt.Errorf("the slide does not hold it")
		}
		return nil
	}
}

// openBook: the lines of a file of the book from that one on hold the sentence.
func openBook(t *testing.T, i docItem) original {
	files := unzip(t, filepath.Join(i.dir, i.File))
	tags := regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`)
	return func(place corpus.Place, sentence string) error {
		lines := strings.Split(files[place.Sheet], "\n")
		if place.Line < 1 || place.Line > len(lines) || files[place.Sheet] == "" {
			return fmt.Errorf("no such line of %d", len(lines))
		}
		text := strings.Join(lines[place.Line-1:min(place.Line+250, len(lines))], "\n")
		text = squeeze(html.UnescapeString(tags.ReplaceAllString(text[:min(len(text), 200_000)], "")))
		if !strings.Contains(text, squeeze(sentence)) && !holdsWords(text, sentence) {
			return fmt.Errorf("the line is %.60q", lines[place.Line-1])
		}
		return nil
	}
}

// openRichText: the lines from that one on hold those words of the sentence that are
// in ASCII, between control words.
func openRichText(t *testing.T, i docItem) original {
	data, err := os.ReadFile(filepath.Join(i.dir, i.File))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	control := regexp.MustCompile(`\\[a-z]+-?\d* ?|\\'[0-9a-f]{2}|[{}\r\n]`)
	return func(place corpus.Place, sentence string) error {
		if place.Line < 1 || place.Line > len(lines) {
			return fmt.Errorf("no such line of %d", len(lines))
		}
		raw := strings.Join(lines[place.Line-1:min(place.Line+60, len(lines))], "\n")
		text := squeeze(control.ReplaceAllString(raw[:min(len(raw), 200_000)], ""))
		var ascii []string
		for w := range strings.FieldsSeq(sentence) {
			if isASCII([]byte(w)) {
				ascii = append(ascii, w)
			}
		}
		if !holdsWords(text, strings.Join(ascii, " ")) {
			return fmt.Errorf("the line is %.60q", lines[place.Line-1])
		}
		return nil
	}
}
