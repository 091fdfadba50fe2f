package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	client "github.com/tamis-search/tamis/clients/go"
)

func pointer[T any](v T) *T { return &v }

// TestServer uses a running server as a program would: a collection is made, filled, asked and
// removed. TAMIS_URL names it.
func TestServer(t *testing.T) {
	url := os.Getenv("TAMIS_URL")
	if url == "" {
		t.Skip("TAMIS_URL names no server")
	}
	ctx := context.Background()
	c, err := client.NewClientWithResponses(url)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test-go-%d", os.Getpid())
	if r, err := c.PutCollectionWithResponse(ctx, name, nil); err != nil || r.StatusCode() != http.StatusCreated {
		t.Fatal(r, err)
	}
	defer func() {
		if r, err := c.DeleteCollectionWithResponse(ctx, name, nil); err != nil || r.StatusCode() != http.StatusNoContent {
			t.Error(r, err)
		}
	}()
	added, err := c.AddDocumentsWithResponse(ctx, name, nil, client.AddDocumentsJSONRequestBody{
		ID: "policy/backup", Title: pointer("Backups"), Text: pointer("Backups of the database are kept for 90 days. They are made each night."),
	})
	if err != nil || added.JSON200 == nil || added.JSON200.Added != 1 {
		t.Fatal(added, err)
	}
	got, err := c.ContextWithResponse(ctx, name, client.ContextRequest{Question: "how long are backups kept?", Budget: pointer(int64(50))})
	if err != nil || got.JSON200 == nil {
		t.Fatal(string(got.Body), err)
	}
	if r := got.JSON200; !strings.Contains(r.Text, "90 days") || r.Tokens > 50 {
		t.Errorf("%d tokens: %s", r.Tokens, r.Text)
	}
	// The receipt goes back as it came: what this client does not know of is in it, too.
	again, err := c.ReplayWithBodyWithResponse(ctx, name, "application/json", strings.NewReader(string(got.Body)))
	if err != nil || again.JSON200 == nil || again.JSON200.Text != got.JSON200.Text {
		t.Error(string(again.Body), err)
	}
	bad, err := c.ContextWithResponse(ctx, name, client.ContextRequest{Question: "x", Budget: pointer(int64(0))})
	if err != nil || bad.ApplicationProblemJSON422 == nil || !strings.Contains(string(bad.Body), "body.budget") {
		t.Error(string(bad.Body), err)
	}
}

// TestFromEnvironment: the server, the key and the collection are those of the environment, and
// an error is the server's sentence.
func TestFromEnvironment(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/collections/notes/context" || r.Header.Get("Authorization") != "Bearer tamis_x" {
			t.Errorf("%s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"status": 401, "detail": "unknown key"}`)
	}))
	defer server.Close()
	t.Setenv("TAMIS_URL", server.URL)
	t.Setenv("TAMIS_KEY", "tamis_x")
	t.Setenv("TAMIS_COLLECTION", "notes")
	r, err := client.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Retrieve(context.Background(), "how long?"); err == nil || err.Error() != "tamis: unknown key" {
		t.Error(err)
	}
}
