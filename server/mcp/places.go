package mcp

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/dates"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack/render"
)

// name is how a document is named to the model: short, and in one line.
func (s *Server) name(doc string) string {
	for _, base := range s.o.Names {
		if rest, ok := strings.CutPrefix(doc, strings.TrimSuffix(base, string(filepath.Separator))+string(filepath.Separator)); ok && rest != "" {
			return screen.Name(rest)
		}
	}
	return screen.Name(doc)
}

// documents are those that a name may mean, the likeliest first.
func (s *Server) documents(name string) []string {
	all := []string{name}
	for _, base := range s.o.Names {
		if !filepath.IsAbs(name) {
			all = append(all, filepath.Join(base, name))
		}
	}
	return all
}

// at names a range of a document as the tool open takes it.
func (s *Server) at(doc string, p tamis.Place, start, end int) string {
	switch {
	case p.Line > 0 && p.Sheet == "":
		return fmt.Sprintf("%s:%d", s.name(doc), p.Line)
	case p.Page > 0:
		return fmt.Sprintf("%s#page=%d", s.name(doc), p.Page)
	case p.Slide > 0:
		return fmt.Sprintf("%s#page=%d", s.name(doc), p.Slide)
	}
	return fmt.Sprintf("%s:%d-%d", s.name(doc), start, end)
}

// mostPlaces are named of one document.
const mostPlaces = 4

// places names where ranges of one document begin.
func (s *Server) places(spans []render.Span) string {
	if len(spans) == 0 {
		return ""
	}
	first := s.at(spans[0].Doc, spans[0].Place, spans[0].Start, spans[0].End)
	prefix := s.name(spans[0].Doc)
	var more []string
	for _, span := range spans[1:] {
		spot := strings.TrimPrefix(s.at(span.Doc, span.Place, span.Start, span.End), prefix)
		spot = strings.TrimPrefix(strings.TrimPrefix(spot, ":"), "#page=")
		if spot != strings.TrimLeft(strings.TrimPrefix(first, prefix), ":#page=") && !slices.Contains(more, spot) {
			more = append(more, spot)
		}
	}
	if len(more) >= mostPlaces {
		more = append(more[:mostPlaces-1], "…")
	}
	return strings.Join(append([]string{first}, more...), ",")
}

// sources says, a line a label, where what stands under it is from. No quoted text has its
// labels.
func (s *Server) sources(label string, spans []render.Span) string {
	var lines []string
	for i := 0; i < len(spans); {
		j := i + 1
		for j < len(spans) && spans[j].Cite == spans[i].Cite {
			j++
		}
		line := fmt.Sprintf(label, spans[i].Cite) + " = " + s.places(spans[i:j])
		if h := screen.Line(spans[i].Heading); h != "" {
			line += " " + cut(h, 60)
		}
		var marks []tamis.Dated
		for _, span := range spans[i:j] {
			marks = append(marks, span.Dates...)
		}
		if said := dates.Line(marks); said != "" {
			line += " (" + said + ")"
		}
		lines = append(lines, line)
		i = j
	}
	return strings.Join(lines, "\n")
}

// cut shows the end of a path of headings, or of what else is long.
func cut(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return "…" + string(r[len(r)-runes+1:])
	}
	return s
}

// clean shows what would drive a terminal as escapes; a client may print replies.
func clean(text string) string {
	var b strings.Builder
	w := screen.NewWriter(&b, false)
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Flush()
	return b.String()
}

// absolute makes the paths of a filter those that are stored.
func (c *call) absolute(expr string) (string, error) {
	if expr == "" || len(c.o.Names) == 0 {
		return expr, nil
	}
	e, err := filter.Parse(expr)
	if err != nil {
		return "", fmt.Errorf("filter: %w", err)
	}
	absolutePaths(e, c.o.Names[0])
	return e.String(), nil
}

func absolutePaths(e *filter.Expr, base string) {
	for _, x := range e.Args {
		absolutePaths(x, base)
	}
	for i, v := range e.Values {
		if e.Field != "path" || v.Kind != filter.Keyword || filepath.IsAbs(v.Text) {
			continue
		}
		e.Values[i].Text = filepath.Join(base, v.Text)
		if strings.HasSuffix(v.Text, "/") {
			e.Values[i].Text += "/"
		}
	}
}
