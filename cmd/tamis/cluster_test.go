//go:build linux

package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/nodes"
	"github.com/tamis-search/tamis/internal/tinymodel"
)

// TestInCluster: with the address of an index in a cluster, the command gives its passages
// vectors, goes on with them, ranks by them, outlines what it holds and serves agents.
func TestInCluster(t *testing.T) {
	program, err := exec.LookPath("tamis")
	if err != nil {
		t.Fatal("TestMain puts the command there: ", err)
	}
	c := nodes.Start(t, 1)
	at := opensearch.Scheme + strings.TrimPrefix(c.Addresses()[0], "http://") + "/by-command"
	t.Cleanup(func() {
		ix, err := opensearch.Open(context.Background(), "by-command", opensearch.Options{Addresses: c.Addresses()})
		if err != nil {
			t.Fatal(err)
		}
		if err := ix.Drop(); err != nil {
			t.Error(err)
		}
		_ = ix.Close()
	})
	vocabulary := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "gate", "of", "wall", "opens", "at", "noon", "tide", "is", "high", "."}
	model := tinymodel.Shape{Words: len(vocabulary), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64}.Write(t, 1, vocabulary...)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want string, args ...string) {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "TAMIS_INDEX="+at)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("tamis %s: %v\n%s\nlacks %q", strings.Join(args, " "), err, out, want)
		}
	}
	write("gate.md", "# Gates\n\nThe gate of the wall opens at noon.\n\n## Tides\n\nThe tide is high.\n")
	write("sieves.md", "Rinse the tamis at once, mesh up.\n")
	run("vectors: 3 passages encoded", "index", "--model", model, "gate.md", "sieves.md")
	run(`"passages": 0`, "index", "--json", "gate.md", "sieves.md")
	write("noon.md", "Noon is at the gate.\n")
	run("vectors: 1 passages encoded", "index", "gate.md", "sieves.md", "noon.md")
	write("v.jsonl", `{"id":"given","contents":"A text that came with its vector.","vector":{"word":2}}`+"\n")
	run("vectors: 1 added", "index", "--vectors", "v.jsonl", "--field", "file")
	run("came with its vector", "search", "--vector", `{"word":1}`, "--field", "file")
	run("gate.md", "search", "--model", model, "when the gate opens")
	run("The gate of the wall opens at noon.", "context", "--budget", "60", "when does the gate open")
	run("Tides", "outline", "--index", at, "gate.md")

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	transport := &sdk.CommandTransport{Command: exec.CommandContext(ctx, program, "mcp", "--index", at, "--model", model)}
	client, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(ctx, transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, call := range [][3]string{
		{"context", `{"question":"How do I clean a tamis?"}`, "mesh up"}, {"search", `{"query":"gate noon"}`, "gate.md"},
		{"add", `{"text":"The drawbridge is raised at dusk.","title":"Dusk"}`, ""}, {"context", `{"question":"when is the drawbridge raised?"}`, "raised at dusk"},
		{"open", `{"label":"[1]"}`, ""},
	} {
		r, err := client.CallTool(ctx, &sdk.CallToolParams{Name: call[0], Arguments: json.RawMessage(call[1])})
		if err != nil {
			t.Fatalf("%s %s: %v", call[0], call[1], err)
		}
		if got := r.Content[0].(*sdk.TextContent).Text; r.IsError || !strings.Contains(got, call[2]) {
			t.Errorf("%s %s: %s", call[0], call[1], got)
		}
	}
}
