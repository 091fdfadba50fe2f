// Package around shows a range of a document in its surroundings: the lines that hold
// it, and those before and behind, as the document's file numbers them.
package around

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// Surroundings are a range of a document with the lines around it.
type Surroundings struct {
	Doc      string       `json:"doc"`
	Path     string       `json:"path"`
	Title    string       `json:"title"`
	Headings []string     `json:"headings,omitempty"` // above the range, outermost first
	Start    int          `json:"start"`              // of the range, in bytes of the stored source
	End      int          `json:"end"`
	Place    corpus.Place `json:"place,omitzero"` // of Start
	Lines    []Line       `json:"lines"`          // that hold the range, and those around it
}

// Line is a line of a stored source, or the part of a long one that is near the
// range.
type Line struct {
	Number int    `json:"line,omitempty"` // in its file, where that is known
	Start  int    `json:"start"`
	End    int    `json:"end"` // without its line break
	Text   string `json:"text"`
}

// within is how many bytes around a range are looked at for lines.
const within = 4 << 10

// Range is bytes Start to End of a document, one of its lines, or a page of its file or
// a slide, whole, which Of names; its error is a *NoneError.
type Range struct {
	Of         Of
	Start, End int // bytes
	Number     int // of a line or page, from 1
}

// Of is what a range is named by.
type Of int

// What ranges are named by.
const (
	Bytes Of = iota
	Lines
	Pages
)

// NoneError says that a document has no such range.
type NoneError struct {
	Field  string // range, line or page
	Reason string
}

func (e *NoneError) Error() string { return e.Reason }

// Show returns a range of a document with so many lines on either side. placed says
// where a byte of its source stands.
func Show(d *corpus.Document, placed func(at int) (corpus.Place, error), r Range, lines int) (*Surroundings, error) {
	start, end, err := r.find(d, placed)
	if err != nil {
		return nil, err
	}
	if r.Of == Pages {
		lines = 0
	}
	s := &Surroundings{Doc: d.ID, Path: d.Path, Title: d.Title, Headings: d.HeadingsAt(start), Start: start, End: end}
	if s.Place, err = placed(start); err != nil {
		return nil, err
	}
	for from, to := corpus.LinesAround(d.Source, start, end, lines, within); from <= to; {
		stop := to
		if n := strings.IndexByte(d.Source[from:to], '\n'); n >= 0 {
			stop = from + n
		}
		p, err := placed(from)
		if err != nil {
			return nil, err
		}
		s.Lines = append(s.Lines, Line{Number: p.Line, Start: from, End: stop, Text: d.Source[from:stop]})
		from = stop + 1
	}
	return s, nil
}

func (r Range) find(d *corpus.Document, placed func(int) (corpus.Place, error)) (start, end int, err error) {
	switch r.Of {
	case Lines:
		return r.line(d, placed)
	case Pages:
		return r.page(d, placed)
	}
	if r.Start < 0 || r.End < r.Start || r.End > len(d.Source) {
		return 0, 0, &NoneError{"range", fmt.Sprintf("%s has %d bytes and no range %d-%d", d.ID, len(d.Source), r.Start, r.End)}
	}
	return r.Start, r.End, nil
}

// first is the first byte that reached says yes of, and of all behind it, at the
// beginning of a character.
func first(d *corpus.Document, reached func(at int) bool) int {
	at := sort.Search(len(d.Source), reached)
	for at < len(d.Source) && !utf8.RuneStart(d.Source[at]) {
		at++
	}
	return at
}

// line is what begins on a line of the document's file.
func (r Range) line(d *corpus.Document, placed func(int) (corpus.Place, error)) (start, end int, err error) {
	lineOf := func(at int) int {
		p, e := placed(at)
		if e != nil {
			err = e
		}
		return p.Line
	}
	// Lines ascend, but formats other than text may leave some out.
	start = first(d, func(at int) bool { return lineOf(at) >= r.Number })
	if err == nil && (r.Number < 1 || lineOf(start) == 0 || start == len(d.Source) && lineOf(start) < r.Number) {
		err = &NoneError{"line", fmt.Sprintf("%s has no line %d; name a range of bytes", d.ID, r.Number)}
	}
	end = start
	for end < len(d.Source) && d.Source[end] != '\n' {
		end++
	}
	return start, end, err
}

// page is a page of the document's file, or a slide, whole.
func (r Range) page(d *corpus.Document, placed func(int) (corpus.Place, error)) (start, end int, err error) {
	from := func(page int) int { // the first byte of a page, or of the next one that there is
		return first(d, func(at int) bool {
			p, e := placed(at)
			if e != nil {
				err = e
			}
			return max(p.Page, p.Slide) >= page
		})
	}
	start, end = from(r.Number), from(r.Number+1)
	if err == nil && (r.Number < 1 || start == end) {
		err = &NoneError{"page", fmt.Sprintf("%s has no page %d", d.ID, r.Number)}
	}
	for end > start && d.Source[end-1] == '\n' {
		end--
	}
	return start, end, err
}
