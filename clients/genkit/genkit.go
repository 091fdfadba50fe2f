// Package genkit gives flows of Genkit a retriever of tamis serve.
package genkit

import (
	"context"
	"strings"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"

	client "github.com/tamis-search/tamis/clients/go"
)

// DefineRetriever registers a retriever as tamis/COLLECTION: the sentences that answer a
// question, one document for each source. Together they keep request's budget of tokens; its
// question is the query. Metadata has "doc", "path" and "spans", ranges of bytes with their
// digests.
func DefineRetriever(g *genkit.Genkit, c *client.ClientWithResponses, collection string, request client.ContextRequest) ai.Retriever {
	return genkit.DefineRetriever(g, "tamis/"+collection, &ai.RetrieverOptions{Label: "tamis " + collection},
		func(ctx context.Context, in *ai.RetrieverRequest) (*ai.RetrieverResponse, error) {
			request := request
			var question []string
			for _, part := range in.Query.Content {
				if part.IsText() {
					question = append(question, part.Text)
				}
			}
			request.Question = strings.Join(question, "\n")
			passages, err := client.Retrieve(ctx, c, collection, request)
			if err != nil {
				return nil, err
			}
			out := &ai.RetrieverResponse{}
			for _, p := range passages {
				out.Documents = append(out.Documents, ai.DocumentFromText(p.Text, map[string]any{"doc": p.Doc, "path": p.Path, "score": p.Score, "spans": p.Spans}))
			}
			return out, nil
		})
}
