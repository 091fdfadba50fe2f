package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

// TestServesModels: the models that the command names answer under the protocols that others
// speak, and chats about nothing here go to the endpoint, with its key and not the caller's.
func TestServesModels(t *testing.T) {
	program, err := exec.LookPath("tamis")
	if err != nil {
		t.Fatal("TestMain puts the command there: ", err)
	}
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "gate", "opens", "noon"}
	shape := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 32}
	encoder := shape.Write(t, 1, words...)
	shape.Labels = 1
	reader := shape.Write(t, 2, words...)
	passed := ""
	chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		passed = r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(asked)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"from there"}}]}`)
	}))
	defer chat.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "gate.md"), []byte("The gate opens at noon.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "serve", "--index", filepath.Join(dir, ".tamis"), "--listen", "127.0.0.1:0",
		"--model", encoder, "--rerank", reader, "--llm", chat.URL, filepath.Join(dir, "gate.md"))
	cmd.Env = append(os.Environ(), "TAMIS_LLM_KEY=theirs", "XDG_CONFIG_HOME="+dir, "HOME="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it says that it was interrupted
	}()
	at, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	for path, c := range map[string]struct{ asks, want string }{
		"v1/embeddings":       {`{"model":"x","input":["the gate","noon"]}`, `"embedding":[`},
		"v1/rerank":           {`{"model":"x","query":"gate","documents":["the gate opens","noon"]}`, `"relevance_score":`},
		"v1/chat/completions": {`{"model":"qwen3","messages":[{"role":"user","content":"hello"}]}`, "from there"},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(at)+path, strings.NewReader(c.asks))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(b), c.want) {
			t.Errorf("%s: %s %s (%v)", path, answer.Status, b, err)
		}
	}
	if !strings.HasPrefix(passed, "/v1/chat/completions Bearer theirs ") || !strings.Contains(passed, `"model":"qwen3"`) {
		t.Errorf("the endpoint was asked %q", passed)
	}
}
