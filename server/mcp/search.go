package mcp

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/text/excerpt"
)

const (
	mostHits     = 20
	previewBytes = 240
)

// search is the tool: previews of passages, each a line.
func (r *room) search(ctx context.Context, c *call) (out *reply, err error) {
	if strings.TrimSpace(c.Query) == "" {
		return nil, errors.New("the query is empty")
	}
	budget, err := c.budget(mostPreviews, searchBudget)
	if err != nil {
		return nil, err
	}
	seen, err := c.seen()
	if err != nil {
		return nil, err
	}
	ix, release, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	found, err := ix.Search(ctx, tamis.Query{Text: c.Query, K: mostHits, Fold: true, Filter: seen.Filter, Groups: seen.Groups})
	if err != nil {
		return nil, err
	}
	guard.Asked(c.asked, c.collection, c.Query, "")
	analyzers, err := ix.Analyzers()
	if err != nil {
		return nil, err
	}
	matcher := excerpt.New(analyzers, c.Query)
	lines := make([]string, len(found.Hits))
	for i, h := range found.Hits {
		lines[i] = fmt.Sprintf("%d. %s", i+1, c.preview(&h, matcher))
	}
	err = c.in(ctx, ix, func(s *session.Session, u usage) error {
		most, err := u.room(budget)
		if err != nil {
			return err
		}
		out = c.fitted(len(lines), most, u, func(n int) (string, map[string]any) {
			hits := []map[string]any{}
			for _, h := range found.Hits[:n] {
				hits = append(hits, map[string]any{"doc": h.Doc, "start": h.Start, "end": h.End})
			}
			text := strings.Join(lines[:n], "\n")
			switch {
			case len(lines) == 0:
				text = "Nothing matches. Search with other words."
			case n == 0:
				text = "The best match needs a larger budget."
			}
			return text, map[string]any{"hits": hits}
		})
		return nil
	})
	return out, err
}

// preview is a hit on two lines: its place, and where the words of the query stand in it.
func (c *call) preview(h *tamis.Hit, m *excerpt.Matcher) string {
	line := c.at(h.Doc, h.Place, h.Start, h.End)
	title := h.Title
	if title == h.Doc || title == filepath.Base(h.Doc) {
		title = ""
	}
	if len(h.Headings) > 0 {
		title = strings.Join(append([]string{title}, h.Headings...), " > ")
	}
	if title = strings.TrimPrefix(screen.Line(title), "> "); title != "" {
		line += " — " + cut(title, 60)
	}
	if h.Text == "" {
		return line
	}
	return line + "\n   " + screen.Line(m.Excerpt(h.Text, previewBytes))
}
