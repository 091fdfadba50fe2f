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

	"github.com/cloudwego/eino/compose"
	"github.com/cloudwego/eino/schema"

	adapter "github.com/tamis-search/tamis/clients/eino"
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
	chain := compose.NewChain[string, []*schema.Document]()
	chain.AppendRetriever(&adapter.Retriever{Retriever: *r})
	run, err := chain.Compile(ctx)
	if err != nil {
		return err
	}
	docs, err := run.Invoke(ctx, question)
	if err != nil {
		return err
	}
	for _, d := range docs {
		fmt.Printf("%s: %s\n", d.ID, d.Content)
	}
	return nil
}
