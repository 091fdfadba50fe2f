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

	client "github.com/tamis-search/tamis/clients/go"
	adapter "github.com/tamis-search/tamis/clients/langchaingo"
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
	retriever := &adapter.Retriever{Retriever: *r}
	docs, err := retriever.GetRelevantDocuments(ctx, question)
	if err != nil {
		return err
	}
	for _, d := range docs {
		fmt.Printf("%s: %s\n", d.Metadata["doc"], d.PageContent)
	}
	return nil
}
