// Command example asks a running server ("tamis index notes; tamis serve") a question through
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
	url, collection := os.Getenv("TAMIS_URL"), os.Getenv("TAMIS_COLLECTION")
	if url == "" {
		url = "http://127.0.0.1:8227"
	}
	if collection == "" {
		collection = "default"
	}
	c, err := client.NewClientWithResponses(url)
	if err != nil {
		log.Fatal(err)
	}
	if err := ask(context.Background(), c, collection, strings.Join(os.Args[1:], " ")); err != nil {
		log.Fatal(err)
	}
}

func ask(ctx context.Context, c *client.ClientWithResponses, collection, question string) error {
	budget := int64(200)
	request := client.ContextRequest{Budget: &budget}
	g := genkit.Init(ctx)
	retriever := adapter.DefineRetriever(g, c, collection, request)
	out, err := genkit.Retrieve(ctx, g, ai.WithRetriever(retriever), ai.WithTextDocs(question))
	if err != nil {
		return err
	}
	for _, d := range out.Documents {
		fmt.Printf("%s: %s\n", d.Metadata["doc"], d.Content[0].Text)
	}
	return nil
}
