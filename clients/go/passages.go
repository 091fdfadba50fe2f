package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
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

// Metadata says where a passage stands, as frameworks keep it beside the text: "doc", "path",
// "score" and "spans", ranges of bytes with their digests.
func (p *Passage) Metadata() map[string]any {
	return map[string]any{"doc": p.Doc, "path": p.Path, "score": p.Score, "spans": p.Spans}
}

// Retriever retrieves the sentences that answer a question, one passage for each source;
// together they keep Request's budget of tokens. It is what adapters for frameworks adapt.
type Retriever struct {
	Client     *ClientWithResponses
	Collection string         // of the server, such as "default"
	Request    ContextRequest // budget, filter …; the question is the query
}

// Retrieve asks for a context and gives its passages. An error is the server's, in one
// sentence.
func (r *Retriever) Retrieve(ctx context.Context, question string) ([]Passage, error) {
	request, plain := r.Request, ContextRequestRender("plain")
	request.Question, request.Render = question, &plain
	got, err := r.Client.ContextWithResponse(ctx, r.Collection, request)
	if err != nil {
		return nil, err
	}
	if got.JSON200 == nil {
		var p ErrorModel
		if err := json.Unmarshal(got.Body, &p); err != nil || p.Detail == nil {
			return nil, fmt.Errorf("tamis: %s", got.Status())
		}
		return nil, fmt.Errorf("tamis: %s", *p.Detail)
	}
	return got.JSON200.Passages()
}

// WithKey makes a client send a key of the server (tamis serve key add).
func WithKey(key string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	})
}

// FromEnvironment retrieves from the server at $TAMIS_URL, by itself the one on this machine,
// with $TAMIS_KEY, from the collection $TAMIS_COLLECTION, by itself "default".
func FromEnvironment() (*Retriever, error) {
	var options []ClientOption
	if key := os.Getenv("TAMIS_KEY"); key != "" {
		options = append(options, WithKey(key))
	}
	c, err := NewClientWithResponses(cmp.Or(os.Getenv("TAMIS_URL"), "http://127.0.0.1:8227"), options...)
	if err != nil {
		return nil, err
	}
	return &Retriever{Client: c, Collection: cmp.Or(os.Getenv("TAMIS_COLLECTION"), "default")}, nil
}
