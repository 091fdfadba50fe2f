package genkit_test

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

// TestExample runs the example against the server that TAMIS_URL names.
func TestExample(t *testing.T) {
	url := os.Getenv("TAMIS_URL")
	if url == "" {
		t.Skip("TAMIS_URL names no server")
	}
	ctx := context.Background()
	c, err := client.NewClientWithResponses(url)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test-genkit-%d", os.Getpid())
	if r, err := c.PutCollectionWithResponse(ctx, name, nil); err != nil || r.StatusCode() != http.StatusCreated {
		t.Fatal(r, err)
	}
	defer func() { _, _ = c.DeleteCollectionWithResponse(ctx, name, nil) }()
	for id, text := range map[string]string{"backup": "Backups of the database are kept for 90 days.", "restore": "A restore of the database takes an hour."} {
		if r, err := c.AddDocumentsWithResponse(ctx, name, nil, client.AddDocumentsJSONRequestBody{ID: id, Text: &text}); err != nil || r.JSON200 == nil {
			t.Fatal(r, err)
		}
	}
	run := func(question string) (string, error) {
		cmd := exec.Command("go", "run", "./example", question)
		cmd.Env = append(os.Environ(), "TAMIS_COLLECTION="+name)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("how long are backups of the database kept?")
	if err != nil || !strings.Contains(out, "backup: Backups of the database are kept for 90 days.\n") || strings.Contains(out, "[1]") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(""); err == nil || !strings.Contains(out, "tamis: ") {
		t.Errorf("an empty question: %v\n%s", err, out)
	}
}
