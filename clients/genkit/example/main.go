// Command example asks a running server ("tamis index notes; tamis serve", or that of TAMIS_URL) a question through
// the adapter and prints what a model would get.
//
//	go run ./example "how long are backups kept?"
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"

	adapter "github.com/tamis-search/tamis/clients/genkit"
	client "github.com/tamis-search/tamis/clients/go"
)

func main() {
	r, err := client.FromEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	budget := int64(200)
	r.Request.Budget = &budget
	if err := ask(context.Background(), r, strings.Join(os.Args[1:], " ")); err != nil {
		log.Fatal(err)
	}
}

func ask(ctx context.Context, r *client.Retriever, question string) error {
	g := genkit.Init(ctx)
	retriever := adapter.DefineRetriever(g, r)
	out, err := genkit.Retrieve(ctx, g, ai.WithRetriever(retriever), ai.WithTextDocs(question))
	if err != nil {
		return err
	}
	for _, d := range out.Documents {
		fmt.Printf("%s: %s\n", d.Metadata["doc"], d.Content[0].Text)
	}
	return nil
}
