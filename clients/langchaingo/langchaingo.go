// Package langchaingo gives chains of LangChainGo a retriever of tamis serve.
package langchaingo

import (
	"context"

	"github.com/tmc/langchaingo/schema"

	client "github.com/tamis-search/tamis/clients/go"
)

// Retriever retrieves the sentences that answer a question, one document for each source;
// together they keep Request's budget of tokens. Metadata has "doc", "path" and "spans",
// ranges of bytes with their digests.
type Retriever struct {
	Client     *client.ClientWithResponses
	Collection string                // of the server, such as "default"
	Request    client.ContextRequest // budget, filter …; the question is the query
}

var _ schema.Retriever = (*Retriever)(nil)

// GetRelevantDocuments asks the server for a context.
func (r *Retriever) GetRelevantDocuments(ctx context.Context, query string) ([]schema.Document, error) {
	request := r.Request
	request.Question = query
	passages, err := client.Retrieve(ctx, r.Client, r.Collection, request)
	if err != nil {
		return nil, err
	}
	docs := make([]schema.Document, len(passages))
	for i, p := range passages {
		docs[i] = schema.Document{PageContent: p.Text, Score: float32(p.Score), Metadata: map[string]any{"doc": p.Doc, "path": p.Path, "spans": p.Spans}}
	}
	return docs, nil
}
