// Package eino gives chains and graphs of Eino a retriever of tamis serve.
package eino

import (
	"context"

	"github.com/cloudwego/eino/components"
	"github.com/cloudwego/eino/components/retriever"
	"github.com/cloudwego/eino/schema"

	client "github.com/tamis-search/tamis/clients/go"
)

// Retriever retrieves the sentences that answer a question, one document for each source;
// together they keep the request's budget of tokens. MetaData is Passage.Metadata. Of Eino's options it knows TopK and Index, the collection.
type Retriever struct{ client.Retriever }

var (
	_ retriever.Retriever = (*Retriever)(nil)
	_ components.Typer    = (*Retriever)(nil)
)

// GetType names the retriever in Eino's callbacks.
func (r *Retriever) GetType() string { return "Tamis" }

// Retrieve asks the server for a context.
func (r *Retriever) Retrieve(ctx context.Context, query string, opts ...retriever.Option) ([]*schema.Document, error) {
	ask := r.Retriever
	o := retriever.GetCommonOptions(&retriever.Options{Index: &ask.Collection}, opts...)
	ask.Collection = *o.Index
	passages, err := ask.Retrieve(ctx, query)
	if err != nil {
		return nil, err
	}
	if o.TopK != nil && *o.TopK >= 0 && len(passages) > *o.TopK {
		passages = passages[:*o.TopK]
	}
	docs := make([]*schema.Document, len(passages))
	for i, p := range passages {
		d := &schema.Document{ID: p.Doc, Content: p.Text, MetaData: p.Metadata()}
		docs[i] = d.WithScore(p.Score)
	}
	return docs, nil
}
