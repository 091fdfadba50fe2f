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
)

// TestAgents: a client starts the program, and asks it over standard input and over HTTP.
func TestAgents(t *testing.T) {
	program, err := exec.LookPath("tamis")
	if err != nil {
		t.Fatal("TestMain puts the command there: ", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sieves.md"), []byte("Rinse the tamis at once, mesh up.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, ".tamis")
	if out, err := exec.Command(program, "index", "--index", index, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	web := exec.CommandContext(ctx, program, "mcp", "--index", index, "--http", "127.0.0.1:0", "--read-only")
	out, err := web.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := web.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := web.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = web.Wait() // it says that it was interrupted
	}()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		transport sdk.Transport
		tools     int
	}{
		"stdio": {&sdk.CommandTransport{Command: exec.CommandContext(ctx, program, "mcp", "--index", index)}, 5},
		"http":  {&sdk.StreamableClientTransport{Endpoint: strings.TrimSpace(string(line[:n]))}, 4},
	} {
		client, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(ctx, c.transport, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list, err := client.ListTools(ctx, nil)
		if err != nil || len(list.Tools) != c.tools {
			t.Errorf("%s: %v (%v)", name, list, err)
		}
		r, err := client.CallTool(ctx, &sdk.CallToolParams{Name: "context", Arguments: json.RawMessage(`{"question":"How do I clean a tamis?"}`)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := r.Content[0].(*sdk.TextContent).Text; !strings.Contains(got, "mesh up") || !strings.Contains(got, "= sieves.md:1") {
			t.Errorf("%s: %s", name, got)
		}
		if err := client.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
