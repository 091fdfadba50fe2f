package tamis

import (
	"context"
	"errors"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store"
)

// Surroundings are a range of a document with the lines around it.
type Surroundings struct {
	Doc      string   `json:"doc"`
	Path     string   `json:"path"`
	Title    string   `json:"title"`
	Headings []string `json:"headings,omitempty"` // above the range, outermost first
	Start    int      `json:"start"`              // of the range, in bytes of the stored source
	End      int      `json:"end"`
	Place    Place    `json:"place,omitzero"` // of Start
	Lines    []Line   `json:"lines"`          // that hold the range, and those around it
}

// Line is a line of a stored source, or the part of a long one that is near the
// range.
type Line struct {
	Number int    `json:"line,omitempty"` // in its file, where that is known
	Start  int    `json:"start"`
	End    int    `json:"end"` // without its line break
	Text   string `json:"text"`
}

// showAround is how many bytes around a range are looked at for lines.
const showAround = 4 << 10

// Show returns bytes start to end of a document with so many lines on either
// side, for somebody who sees the scope. Errors: ErrNotFound, also for what
// cannot be seen; ErrInvalid for a range that the document does not have.
func (ix *Index) Show(ctx context.Context, doc string, start, end, around int, scope Scope) (*Surroundings, error) {
	return ix.show(ctx, doc, around, scope, func(v *store.Snapshot, h *store.Header, d *corpus.Document) (int, int, error) {
		if start < 0 || end < start || end > len(d.Source) {
			return 0, 0, invalidf("range", "%s has %d bytes and no range %d-%d", doc, len(d.Source), start, end)
		}
		return start, end, nil
	})
}

// ShowLine is Show for what begins on a line of the document's file.
func (ix *Index) ShowLine(ctx context.Context, doc string, line, around int, scope Scope) (*Surroundings, error) {
	return ix.show(ctx, doc, around, scope, func(v *store.Snapshot, h *store.Header, d *corpus.Document) (int, int, error) {
		var err error
		lineOf := func(at int) int {
			p, e := v.Place(h, at)
			err = errors.Join(err, e)
			return p.Line
		}
		// Lines ascend, but formats other than text may leave some out.
		start := sort.Search(len(d.Source), func(at int) bool { return lineOf(at) >= line })
		for start < len(d.Source) && !utf8.RuneStart(d.Source[start]) {
			start++
		}
		if err == nil && (line < 1 || lineOf(start) == 0 || start == len(d.Source) && lineOf(start) < line) {
			err = invalidf("line", "%s has no line %d; name a range of bytes", doc, line)
		}
		end := start
		for end < len(d.Source) && d.Source[end] != '\n' {
			end++
		}
		return start, end, err
	})
}

// ShowPage is Show for a page of the document's file, or a slide, whole.
func (ix *Index) ShowPage(ctx context.Context, doc string, page int, scope Scope) (*Surroundings, error) {
	return ix.show(ctx, doc, 0, scope, func(v *store.Snapshot, h *store.Header, d *corpus.Document) (int, int, error) {
		var err error
		from := func(page int) int { // the first byte of a page, or of the next one that there is
			at := sort.Search(len(d.Source), func(at int) bool {
				p, e := v.Place(h, at)
				err = errors.Join(err, e)
				return max(p.Page, p.Slide) >= page
			})
			for at < len(d.Source) && !utf8.RuneStart(d.Source[at]) {
				at++
			}
			return at
		}
		start, end := from(page), from(page+1)
		if err == nil && (page < 1 || start == end) {
			err = invalidf("page", "%s has no page %d", doc, page)
		}
		for end > start && d.Source[end-1] == '\n' {
			end--
		}
		return start, end, err
	})
}

func (ix *Index) show(ctx context.Context, doc string, around int, scope Scope, pick func(*store.Snapshot, *store.Header, *corpus.Document) (start, end int, err error)) (s *Surroundings, err error) {
	err = ix.found(doc, scope, func(v *store.Snapshot, h *store.Header) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := v.Document(h)
		if err != nil {
			return err
		}
		start, end, err := pick(v, h, d)
		if err != nil {
			return err
		}
		s = &Surroundings{Doc: d.ID, Path: d.Path, Title: d.Title, Headings: d.HeadingsAt(start), Start: start, End: end}
		if s.Place, err = v.Place(h, start); err != nil {
			return err
		}
		for from, to := corpus.LinesAround(d.Source, start, end, around, showAround); from <= to; {
			stop := to
			if n := strings.IndexByte(d.Source[from:to], '\n'); n >= 0 {
				stop = from + n
			}
			p, err := v.Place(h, from)
			if err != nil {
				return err
			}
			s.Lines = append(s.Lines, Line{Number: p.Line, Start: from, End: stop, Text: d.Source[from:stop]})
			from = stop + 1
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		err = errUnseen
	}
	return s, err
}
