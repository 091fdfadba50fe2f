package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Passage is what a context kept of one document, and where it stands.
type Passage struct {
	Text  string
	Doc   string
	Path  string
	Cite  int64 // number of its label
	Score float64
	Spans []Span
}

// Passages are the parts of a context of the plain rendering, which adapters ask for, without
// their labels. A label stands before each document's part, and nothing that was kept can
// hold one, so that the text is cut at its labels.
func (r *Receipt) Passages() ([]Passage, error) {
	var all []Passage
	rest := r.Text
	if r.Spans == nil {
		return nil, nil
	}
	for _, s := range *r.Spans {
		if n := len(all); n > 0 && all[n-1].Cite == s.Cite {
			all[n-1].Spans = append(all[n-1].Spans, s)
			all[n-1].Score = max(all[n-1].Score, s.Score)
			continue
		}
		label := strings.ReplaceAll(r.Label, "%d", fmt.Sprint(s.Cite))
		before, after, found := strings.Cut(rest, label)
		if !found {
			return nil, fmt.Errorf("the context has no label %s: its rendering is %s, not plain", label, r.Render)
		}
		if n := len(all); n > 0 {
			all[n-1].Text = strings.TrimSpace(before)
		}
		rest = after
		all = append(all, Passage{Doc: s.Doc, Path: s.Path, Cite: s.Cite, Score: s.Score, Spans: []Span{s}})
	}
	if n := len(all); n > 0 {
		all[n-1].Text = strings.TrimSpace(rest)
	}
	return all, nil
}

// Retrieve is a context as passages, for frameworks that retrieve: together they keep the
// budget of tokens. An error is the server's, in one sentence.
func Retrieve(ctx context.Context, c *ClientWithResponses, collection string, request ContextRequest) ([]Passage, error) {
	plain := ContextRequestRender("plain")
	request.Render = &plain
	r, err := c.ContextWithResponse(ctx, collection, request)
	if err != nil {
		return nil, err
	}
	if r.JSON200 == nil {
		var p ErrorModel
		if err := json.Unmarshal(r.Body, &p); err != nil || p.Detail == nil {
			return nil, fmt.Errorf("tamis: %s", r.Status())
		}
		return nil, fmt.Errorf("tamis: %s", *p.Detail)
	}
	return r.JSON200.Passages()
}
