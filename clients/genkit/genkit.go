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
// question, one document for each source. Together they keep the request's budget of tokens.
// Metadata is Passage.Metadata.
func DefineRetriever(g *genkit.Genkit, r *client.Retriever) ai.Retriever {
	return genkit.DefineRetriever(g, "tamis/"+r.Collection, &ai.RetrieverOptions{Label: "tamis " + r.Collection},
		func(ctx context.Context, in *ai.RetrieverRequest) (*ai.RetrieverResponse, error) {
			var question []string
			for _, part := range in.Query.Content {
				if part.IsText() {
					question = append(question, part.Text)
				}
			}
			passages, err := r.Retrieve(ctx, strings.Join(question, "\n"))
			if err != nil {
				return nil, err
			}
			out := &ai.RetrieverResponse{}
			for _, p := range passages {
				out.Documents = append(out.Documents, ai.DocumentFromText(p.Text, p.Metadata()))
			}
			return out, nil
		})
}
