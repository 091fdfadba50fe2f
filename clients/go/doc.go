// Package client calls a running tamis serve. All but this file is made of the server's OpenAPI
// document by oapi-codegen:
//
//	c, err := client.NewClientWithResponses("http://127.0.0.1:8227")
//	r, err := c.ContextWithResponse(ctx, "default", client.ContextRequest{Question: "how long are backups kept?"})
//	fmt.Println(r.JSON200.Text)
//
// A Go program that keeps its index itself needs no server: import github.com/tamis-search/tamis.
package client

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../openapi.json
