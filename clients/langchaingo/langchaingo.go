// Package langchaingo gives chains of LangChainGo a retriever of tamis serve.
package langchaingo

import (
	"context"

	"github.com/tmc/langchaingo/schema"

	client "github.com/tamis-search/tamis/clients/go"
)

// Retriever retrieves the sentences that answer a question, one document for each source;
// together they keep the request's budget of tokens. Metadata is Passage.Metadata.
type Retriever struct{ client.Retriever }

var _ schema.Retriever = (*Retriever)(nil)

// GetRelevantDocuments asks the server for a context.
func (r *Retriever) GetRelevantDocuments(ctx context.Context, query string) ([]schema.Document, error) {
	passages, err := r.Retrieve(ctx, query)
	if err != nil {
		return nil, err
	}
	docs := make([]schema.Document, len(passages))
	for i, p := range passages {
		docs[i] = schema.Document{PageContent: p.Text, Score: float32(p.Score), Metadata: p.Metadata()}
	}
	return docs, nil
}
