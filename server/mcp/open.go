package mcp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/session"
)

var (
	labelForm = regexp.MustCompile(`^\[?#*(\d+)\]?$`)
	pageForm  = regexp.MustCompile(`^(.+?)(?:#page=|,? (?:page|p\.|slide) ?)(\d+)$`)
	rangeForm = regexp.MustCompile(`^(.+):(\d+)-(\d+)$`)
	lineForm  = regexp.MustCompile(`^(.+):(\d+)(?:,[\d,…]*)?$`)

	errNoDocument = errors.New("no such document is indexed")
)

// open is the tool: a passage in its surroundings.
func (r *room) open(ctx context.Context, c *call) (out *reply, err error) {
	if c.Label = strings.TrimSpace(c.Label); c.Label == "" {
		return nil, errors.New("the label is empty; it is a label such as 3, or a place such as FILE:LINE")
	}
	budget, err := c.budget(mostReply, openBudget)
	if err != nil {
		return nil, err
	}
	ix, release, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	err = c.in(ctx, ix, func(s *session.Session, u usage) error {
		most, err := u.room(budget)
		if err != nil {
			return err
		}
		found, err := c.find(ctx, ix, s, c.Label)
		if err == nil {
			out = c.shown(found, most, u)
		}
		return err
	})
	return out, err
}

// around is how many lines are looked at on either side: more than any budget holds.
const around = 400

// find is what a label or a place means.
func (c *call) find(ctx context.Context, ix engine.Index, s *session.Session, name string) (*tamis.Surroundings, error) {
	seen := c.caller.Sees("")
	if m := labelForm.FindStringSubmatch(name); m != nil {
		id, _ := strconv.Atoi(m[1]) // a number that is too large is no label
		pieces := s.Pieces()
		at := slices.IndexFunc(pieces, func(p session.Piece) bool { return p.ID == id })
		if at < 0 {
			return nil, labelError(id, session.ErrNoPiece)
		}
		best := slices.MaxFunc(pieces[at].Spans, func(a, b render.Span) int {
			return int(1000 * (a.Score - b.Score))
		})
		return named(c, best.Doc, func(doc string) (*tamis.Surroundings, error) {
			return ix.Show(ctx, doc, best.Start, best.End, around, seen)
		})
	}
	whole := func(doc string) (*tamis.Surroundings, error) { return ix.Show(ctx, doc, 0, 0, around, seen) }
	if q, err := strconv.Unquote(name); err == nil {
		name = q
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 1 << 31 // more than any document has
		}
		return n
	}
	var found *tamis.Surroundings
	var err error
	if m := pageForm.FindStringSubmatch(name); m != nil {
		found, err = named(c, m[1], func(doc string) (*tamis.Surroundings, error) {
			return ix.ShowPage(ctx, doc, number(m[2]), seen)
		})
	} else if m := rangeForm.FindStringSubmatch(name); m != nil {
		found, err = named(c, m[1], func(doc string) (*tamis.Surroundings, error) {
			return ix.Show(ctx, doc, number(m[2]), number(m[3]), around, seen)
		})
	} else if m := lineForm.FindStringSubmatch(name); m != nil {
		found, err = named(c, m[1], func(doc string) (*tamis.Surroundings, error) {
			return ix.ShowLine(ctx, doc, number(m[2]), around, seen)
		})
	} else {
		err = errNoDocument
	}
	if errors.Is(err, errNoDocument) { // or the name of a document
		found, err = named(c, name, whole)
	}
	return found, err
}

// named calls show with the documents that a name may mean.
func named(c *call, name string, show func(doc string) (*tamis.Surroundings, error)) (*tamis.Surroundings, error) {
	for _, doc := range c.documents(name) {
		if q, err := strconv.Unquote(doc); err == nil {
			doc = q
		}
		found, err := show(doc)
		if !errors.Is(err, tamis.ErrNotFound) {
			return found, err
		}
	}
	return nil, fmt.Errorf("%s: %w", c.clip(screen.Name(name), 20), errNoDocument)
}

// shown is the reply with as many of the lines around a passage as the budget holds.
func (c *call) shown(found *tamis.Surroundings, budget int, u usage) *reply {
	lines := found.Lines
	first := slices.IndexFunc(lines, func(l tamis.Line) bool { return l.End >= found.Start })
	first = max(first, 0)
	last := first // of those that hold the range
	for last+1 < len(lines) && lines[last+1].Start < found.End {
		last++
	}
	// From the passage outward, a line after and a line before in turn.
	order := []int{}
	for i := first; i <= last && i < len(lines); i++ {
		order = append(order, i)
	}
	for before, after := first-1, last+1; before >= 0 || after < len(lines); before, after = before-1, after+1 {
		if after < len(lines) {
			order = append(order, after)
		}
		if before >= 0 {
			order = append(order, before)
		}
	}
	body := func(n int) (string, map[string]any) {
		from, to := len(lines), -1
		for _, i := range order[:n] {
			from, to = min(from, i), max(to, i)
		}
		if to < 0 {
			return c.quoted(found, tamis.Line{}, tamis.Line{}, ""), map[string]any{"doc": found.Doc}
		}
		var text []string
		for _, l := range lines[from : to+1] {
			text = append(text, l.Text)
		}
		quoted := c.quoted(found, lines[from], lines[to], strings.Join(text, "\n"))
		if lines[to].End < found.End {
			quoted += fmt.Sprintf("\nIt goes on: %s:%d-%d", c.name(found.Doc), lines[to].End, found.End)
		}
		return quoted, map[string]any{"doc": found.Doc, "start": lines[from].Start, "end": lines[to].End}
	}
	if len(order) > 0 {
		if text, structured := body(1); c.over(text, structured, budget, u) {
			// A line that is longer than the budget: its part from the passage on.
			l := lines[first]
			at := max(found.Start-l.Start, 0)
			part := l.Text[at:]
			return c.fitted(len(part), budget, u, func(n int) (string, map[string]any) {
				for n > 0 && n < len(part) && !utf8.RuneStart(part[n]) {
					n--
				}
				cut := tamis.Line{Number: l.Number, Start: l.Start + at, End: l.Start + at + n}
				text := c.quoted(found, cut, cut, part[:n])
				if n < len(part) {
					text += fmt.Sprintf("\nIt goes on: %s:%d-%d", c.name(found.Doc), cut.End, cut.End+4*budget)
				}
				return text, map[string]any{"doc": found.Doc, "start": cut.Start, "end": cut.End}
			})
		}
	}
	return c.fitted(len(order), budget, u, body)
}

func (c *call) over(text string, structured map[string]any, budget int, u usage) bool {
	out, _ := c.close(text, structured, u)
	return c.cost(out) > budget
}

// quoted is a text of a document under a line that says where it stands, in a fence that
// nothing in it closes.
func (c *call) quoted(found *tamis.Surroundings, first, last tamis.Line, text string) string {
	head := c.name(found.Doc)
	switch {
	case first.Number > 0 && last.Number > first.Number:
		head += fmt.Sprintf(":%d to %d", first.Number, last.Number)
	case first.Number > 0:
		head += fmt.Sprintf(":%d", first.Number)
	case found.Place.Page > 0:
		head += fmt.Sprintf("#page=%d", found.Place.Page)
	case found.Place.Slide > 0:
		head += fmt.Sprintf("#page=%d", found.Place.Slide)
	default:
		head += fmt.Sprintf(":%d-%d", first.Start, last.End)
	}
	if h := screen.Line(strings.Join(found.Headings, " > ")); h != "" {
		head += " — " + cut(h, 60)
	}
	text = clean(text)
	fence := render.Form(render.Markdown, render.Signs(render.Markdown, text))
	return head + "\n" + fence + "\n" + text + "\n" + fence
}
