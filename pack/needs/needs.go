// Package needs picks what a range of a document, a sentence say, needs to be understood
// or translated, inside a budget: what it points back to ("it", "this rule", "Table 3"),
// where its acronyms, names and terms are introduced, in its own document first and else in
// the others, the headings above it, the header of its table, the lead-in of its list, the
// declaration that a line of code stands in, what comments and docstrings say of it and of
// what the line names, the types of its variables, and the sentence before.
//
// No model is asked. What is picked are ranges of stored sources, each with why it was
// picked, so that the result is a context with a receipt as any other. The range itself
// comes first, under the first label; what stands around it in its document under the
// second. A budget that has room for more than what is needed stays as it is.
package needs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/around"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// Request is what is asked.
type Request struct {
	Doc        topk.Row
	Start, End int // bytes of its stored source; a sentence that they cut is taken whole
	Budget     int
	Counter    tokens.Counter
	Render     string // one of render.Renderings; "" stands for render.Plain
	// Window, where not nil, is what the context is added to.
	Window *pack.Window
	// Terms analyses the words of a name as a search does, IDF says how rare one is.
	Terms func(name string) ([]search.Term, error)
	IDF   func(term string) float64
}

// What speaks for a piece, from what nothing can be understood without down to what is
// good to have. A piece of a greater score is kept first.
const (
	itself    = 1
	frame     = .95 // the declaration, the header of the table, who speaks
	pointed   = .9  // what a pronoun or "this rule" stands for
	spelt     = .85 // what an acronym stands for
	heading   = .8
	defined   = .75 // where a word is defined
	previous  = .7  // the sentence before
	follows   = .65 // what "the following" announces
	elsewhere = .6  // the same in other documents
	local     = .55 // where a variable gets its value
	remark    = .5  // the comment of a declaration
	glossed   = .48 // what the comment of a name's declaration says of it
	mentioned = .45 // where a name comes first
	remainder = .4  // of the paragraph
)

// piece is a range that may be kept.
type piece struct {
	in         *part
	start, end int
	why        string
	score      float64
}

// picker picks.
type picker struct {
	Request
	from   gather.Reader
	words  *text.Loan
	own    *part
	first  int // sentences of own that the range touches, from this one
	last   int // to before this one
	outer  int // where the declaration begins that a range of code stands in
	pieces []piece
}

// Context picks what a range needs. Errors: an *around.NoneError for a range that the
// document does not have or that is empty, a *pack.BudgetError where not even the range
// fits, a *pack.ChoiceError, those of the reader.
func Context(ctx context.Context, from gather.Reader, words *text.Loan, r Request) (*render.Context, error) {
	if r.Budget <= 0 {
		return nil, &pack.BudgetError{Budget: r.Budget}
	}
	if r.Render = cmp.Or(r.Render, render.Plain); !slices.Contains(render.Renderings(), r.Render) {
		return nil, &pack.ChoiceError{Field: "render", Reason: fmt.Sprintf("rendering %q; known are %s", r.Render, strings.Join(render.Renderings(), ", "))}
	}
	p := &picker{Request: r, from: from, words: words}
	if err := p.read(); err != nil {
		return nil, err
	}
	if err := p.near(ctx); err != nil {
		return nil, err
	}
	if err := p.named(ctx); err != nil {
		return nil, err
	}
	if err := from.Err(); err != nil {
		return nil, err
	}
	return p.fill()
}

// How many passages of the range's own document are looked at for what it names.
const (
	passagesBefore = 2000
	passagesAfter  = 400
)

// read reads the document around the range, and widens that to whole sentences.
func (p *picker) read() error {
	h, err := p.from.Header(p.Doc)
	if err != nil {
		return err
	}
	first, end := p.from.PassageRows(p.Doc)
	size := 0
	if end > first {
		size = p.from.Passage(topk.Row{Segment: p.Doc.Segment, Row: end - 1}).End
	}
	none := func(format string, args ...any) error {
		return &around.NoneError{Field: "range", Reason: fmt.Sprintf(format, args...)}
	}
	if p.Start < 0 || p.End < p.Start || p.End > size {
		return none("%s has %d bytes and no range %d-%d", h.ID, size, p.Start, p.End)
	}
	at := passageAt(p.from, p.Doc, p.Start)
	if p.own, err = p.part(p.Doc, max(first, at-min(at, passagesBefore)), min(end, at+passagesAfter)); err != nil {
		return err
	}
	if p.own.end() < p.End {
		return none("%s:%d-%d is too long: name a sentence, a row, some lines", h.ID, p.Start, p.End)
	}
	if strings.TrimSpace(p.own.slice(p.Start, p.End)) == "" {
		return none("%s:%d-%d holds no text: name a sentence, a row, a line", h.ID, p.Start, p.End)
	}
	p.first = p.own.sentenceEnding(p.Start)
	p.last = p.first
	for p.last < len(p.own.sentences) && p.own.sentences[p.last].Start < p.End {
		p.last++
	}
	p.complete()
	return nil
}

// mostCut lines of a sentence are put together, where they are at least so many bytes long, or
// half of it where the next is indented under them.
const (
	mostCut  = 3
	longLine = 100
)

// complete takes the lines before and after that a long sentence was cut into.
func (p *picker) complete() {
	if p.first == p.last || p.isCode() {
		return
	}
	d := p.own
	goesOn := func(a, b int) bool {
		x, y := d.sentences[a], d.sentences[b]
		hangs := d.indent(y.Start) > d.indent(x.Start) && x.End-x.Start >= longLine/2
		return (hangs || x.End-x.Start >= longLine) && x.Kind == y.Kind && (x.Kind == corpus.Paragraph || x.Kind == corpus.ListItem) && strings.Trim(d.slice(x.End, y.Start), " \t\r") == "\n" &&
			!strings.ContainsAny(lastRune(strings.TrimRight(d.of(a), "\"')”’»*_`] ")), ".!?:;。！？…")
	}
	for n := 0; n < mostCut && p.first > 0 && goesOn(p.first-1, p.first); n++ {
		p.first--
	}
	for n := 0; n < mostCut && p.last < len(d.sentences) && goesOn(p.last-1, p.last); n++ {
		p.last++
	}
}

func lastRune(s string) string {
	_, n := utf8.DecodeLastRuneInString(s)
	return s[len(s)-n:]
}

// asked is the range as it was asked for, without blanks at its ends.
func (p *picker) asked() (start, end int) {
	s := p.own.slice(p.Start, p.End)
	start = p.Start + len(s) - len(strings.TrimLeft(s, " \t\r\n"))
	end = p.Start + len(strings.TrimRight(s, " \t\r\n"))
	for start > p.own.start && !utf8.RuneStart(p.own.slice(start, start+1)[0]) {
		start--
	}
	for end < p.own.end() && !utf8.RuneStart(p.own.slice(end, end+1)[0]) {
		end++
	}
	return start, end
}

// whole is the range with the sentences that it cuts; of code, where a sentence may be a
// whole function, with its lines.
func (p *picker) whole() (start, end int) {
	start, end = p.asked()
	if p.isCode() {
		return p.own.lines(start, end)
	}
	if p.first < p.last {
		start = min(start, p.own.sentences[p.first].Start)
		end = max(end, p.own.sentences[p.last-1].End)
	}
	return start, end
}

// isCode says that the range is one of code.
func (p *picker) isCode() bool {
	return p.first < p.last && p.own.sentences[p.first].Kind == corpus.Code
}

// text is that of the range.
func (p *picker) text() string {
	start, end := p.whole()
	return p.own.slice(start, end)
}

// add notes a piece.
func (p *picker) add(in *part, start, end int, score float64, why string) {
	if start < end {
		p.pieces = append(p.pieces, piece{in: in, start: start, end: end, why: why, score: score})
	}
}

// addSentence notes a sentence of a document.
func (p *picker) addSentence(in *part, i int, score float64, why string) {
	s := in.sentences[i]
	p.add(in, s.Start, s.End, score, why)
}
