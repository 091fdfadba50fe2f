package mcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/session"
)

const (
	mostEvidence = 3
	leastLikely  = .05 // of labels that are named beside those that were given
)

// classify is the tool: the labels of a text, with the examples that speak for them.
func (r *room) classify(ctx context.Context, c *call) (out *reply, err error) {
	if strings.TrimSpace(c.Text) == "" {
		return nil, errors.New("the text is empty")
	}
	all, err := r.o.Labels.Classify(ctx, r.caller, c.collection, []string{c.Text}, mostEvidence)
	if err != nil {
		return nil, err
	}
	ix, release, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	guard.Asked(c.asked, c.collection, c.Text, "")
	result := all[0]
	lines := []string{c.given(result)}
	for i, e := range result.Evidence {
		labels := "none"
		if len(e.Labels) > 0 {
			labels = strings.Join(e.Labels, ", ")
		}
		place := e.ID
		if r.o.Labels.OfCollections() {
			place = c.at(e.ID, tamis.Place{}, e.Start, e.End)
		}
		lines = append(lines, fmt.Sprintf("%d. %s — %s\n   %s", i+1, screen.Line(place), screen.Line(labels), c.clip(screen.Line(e.Text), mostLine)))
	}
	err = c.in(ctx, ix, func(s *session.Session, u usage) error {
		most, err := u.room(searchBudget)
		if err != nil {
			return err
		}
		out = c.fitted(len(lines), most, u, func(n int) (string, map[string]any) {
			return strings.Join(lines[:max(n, 1)], "\n"), map[string]any{"labels": result.Labels, "others": result.Others, "none": result.None, "none_confidence": result.NoneIs}
		})
		return nil
	})
	return out, err
}

// given is a result on one line.
func (c *call) given(r *classify.Result) string {
	of := func(labels []classify.Label) string {
		var all []string
		for _, l := range labels {
			all = append(all, fmt.Sprintf("%s %.2f", c.clip(screen.Line(l.Label), mostLine), l.Confidence))
		}
		return strings.Join(all, ", ")
	}
	line := "Label: " + of(r.Labels)
	if r.None {
		line = fmt.Sprintf("None of these %.2f", r.NoneIs)
	}
	likely := slices.DeleteFunc(slices.Clone(r.Others), func(l classify.Label) bool { return l.Confidence < leastLikely })
	if len(likely) > 0 {
		line += "; else " + of(likely)
	}
	return line + ". Examples:"
}
