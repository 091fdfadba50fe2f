// Package mcp_test has programs of others use tamis over the Model Context Protocol.
package mcp_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPeers: the official inspector and the Python client list and call every tool over both
// transports. TAMIS_PEER_MCP_PYTHON is a Python that has the client, TAMIS_PEER_MCP_INSPECTOR the
// inspector's program.
func TestPeers(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to use the inspector and the Python client")
	}
	python, inspector := os.Getenv("TAMIS_PEER_MCP_PYTHON"), os.Getenv("TAMIS_PEER_MCP_INSPECTOR")
	if python == "" || inspector == "" {
		t.Fatal("TAMIS_PEER_MCP_PYTHON and TAMIS_PEER_MCP_INSPECTOR are not set: see .ci/install")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	program := filepath.Join(t.TempDir(), "tamis")
	run(ctx, t, "go", "build", "-o", program, "../../cmd/tamis")
	index, url := kitchen(ctx, t, program), serve(ctx, t, program)
	t.Run("python", func(t *testing.T) { t.Logf("%s", run(ctx, t, python, "client.py", program, index, url)) })
	t.Run("inspector", func(t *testing.T) { t.Logf("%s", run(ctx, t, "./inspector", inspector, program, index, url)) })
}

func run(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// kitchen makes an index of notes of a kitchen.
func kitchen(ctx context.Context, t *testing.T, program string) (index string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sieves.md"), []byte("# Sieves\n\nRinse the tamis at once, mesh up.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	index = filepath.Join(dir, ".tamis")
	run(ctx, t, program, "index", "--index", index, dir)
	return index
}

// serve serves another such index over HTTP until the test ends.
func serve(ctx context.Context, t *testing.T, program string) (url string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, program, "mcp", "--index", kitchen(ctx, t, program), "--http", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
