// Package exampletest tests the examples of adapters beside a running server.
package exampletest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	client "github.com/tamis-search/tamis/clients/go"
)

// Run runs the example that stands in ./example against the server that TAMIS_URL names: it is
// to print the sentence that answers, without its label, and to end with the server's
// sentence where the question is refused.
func Run(t *testing.T) {
	t.Helper()
	if os.Getenv("TAMIS_URL") == "" {
		t.Skip("TAMIS_URL names no server")
	}
	ctx := context.Background()
	t.Setenv("TAMIS_COLLECTION", fmt.Sprintf("test-example-%d", os.Getpid()))
	r, err := client.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if made, err := r.Client.PutCollectionWithResponse(ctx, r.Collection, nil); err != nil || made.StatusCode() != http.StatusCreated {
		t.Fatal(made, err)
	}
	defer func() { _, _ = r.Client.DeleteCollectionWithResponse(ctx, r.Collection, nil) }()
	for id, text := range map[string]string{"backup": "Backups of the database are kept for 90 days.", "restore": "A restore of the database takes an hour."} {
		if added, err := r.Client.AddDocumentsWithResponse(ctx, r.Collection, nil, client.AddDocumentsJSONRequestBody{ID: id, Text: &text}); err != nil || added.JSON200 == nil {
			t.Fatal(added, err)
		}
	}
	example := func(question string) (string, error) {
		out, err := exec.Command("go", "run", "./example", question).CombinedOutput()
		return string(out), err
	}
	out, err := example("how long are backups of the database kept?")
	if err != nil || !strings.Contains(out, "backup: Backups of the database are kept for 90 days.\n") || strings.Contains(out, "[1]") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := example(""); err == nil || !strings.Contains(out, "tamis: ") {
		t.Errorf("an empty question: %v\n%s", err, out)
	}
}
