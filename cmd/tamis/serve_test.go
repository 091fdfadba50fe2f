package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

// process is a running tamis serve.
type process struct {
	t        *testing.T
	patience time.Duration // how long something may take to be so
	url      string        // with a slash at its end
	pid      int
	log      *lines
	client   *http.Client
	signal   func(os.Signal)
	state    func() *os.ProcessState // once it has ended
	wait     func() error
	ended    chan struct{}
	program  string
}

// lines is what a process has logged so far.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// served starts tamis serve on the index .tamis in dir, where its settings and keys are
// too. It is ended with the test, if it has not ended before.
func served(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	program, err := exec.LookPath("tamis")
	if err != nil {
		t.Fatal("TestMain puts the command there: ", err)
	}
	cmd := exec.Command(program, append([]string{"serve", "--index", filepath.Join(dir, ".tamis"), "--keys", filepath.Join(dir, "keys.json"), "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(append(os.Environ(), "XDG_CONFIG_HOME="+dir, "HOME="+dir), env...)
	p := &process{t: t, patience: 30 * time.Second, log: &lines{}, client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, ended: make(chan struct{}), program: program}
	cmd.Stderr = p.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	p.signal = func(s os.Signal) {
		t.Helper()
		if err := cmd.Process.Signal(s); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
	p.state = func() *os.ProcessState { return cmd.ProcessState }
	p.wait = sync.OnceValue(func() error { defer close(p.ended); return cmd.Wait() })
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		select {
		case <-p.ended:
		default:
			p.signal(os.Interrupt)
			_ = p.wait() // it says that it was interrupted
		}
		if t.Failed() {
			t.Logf("the server's log ends: %.4000s", p.log)
		}
	})
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.log)
	}
	p.url = strings.TrimSpace(first)
	return p
}

var debugAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+/debug/pprof/`)

// debug is the private address of a server that was started with --debug.
func (p *process) debug() string {
	p.t.Helper()
	var at string
	p.until("a private address", func() bool { at = debugAddress.FindString(p.log.String()); return at != "" })
	return strings.TrimSuffix(at, "debug/pprof/")
}

// until waits for something to be so.
func (p *process) until(what string, so func() bool) {
	p.t.Helper()
	for end := time.Now().Add(p.patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("not within %v: %s", p.patience, what)
		}
	}
}

// ask sends a request with a key, "" for none; status 0 says that nobody answered.
func (p *process) ask(key, method, path, body string) (status int, answer string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Errorf("%s: %v", path, err)
	}
	return resp.StatusCode, string(b)
}

// run runs tamis beside the server, as its owner does, and returns what it prints.
func (p *process) run(dir string, args ...string) string {
	p.t.Helper()
	out, err := p.try(dir, args...)
	if err != nil {
		p.t.Fatalf("tamis %s: %v %s", strings.Join(args, " "), err, out)
	}
	return out
}

func (p *process) try(dir string, args ...string) (string, error) {
	cmd := exec.Command(p.program, args...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "HOME="+dir)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// TestServesModels: the models that the command names answer under the protocols that others
// speak, and chats about nothing here go to the endpoint, with its key and not the caller's.
func TestServesModels(t *testing.T) {
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
	p := served(t, dir, []string{"TAMIS_LLM_KEY=theirs"}, "--model", encoder, "--rerank", reader, "--llm", chat.URL, filepath.Join(dir, "gate.md"))
	for path, c := range map[string]struct{ asks, want string }{
		"v1/embeddings":       {`{"model":"x","input":["the gate","noon"]}`, `"embedding":[`},
		"v1/rerank":           {`{"model":"x","query":"gate","documents":["the gate opens","noon"]}`, `"relevance_score":`},
		"v1/chat/completions": {`{"model":"qwen3","messages":[{"role":"user","content":"hello"}]}`, "from there"},
	} {
		if status, b := p.ask("", http.MethodPost, path, c.asks); status != http.StatusOK || !strings.Contains(b, c.want) {
			t.Errorf("%s: %d %s", path, status, b)
		}
	}
	if !strings.HasPrefix(passed, "/v1/chat/completions Bearer theirs ") || !strings.Contains(passed, `"model":"qwen3"`) {
		t.Errorf("the endpoint was asked %q", passed)
	}
}
