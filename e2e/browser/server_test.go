package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var build = sync.OnceValues(func() (string, error) {
	if made := os.Getenv("TAMIS_BINARY"); made != "" {
		return made, nil
	}
	dir, err := os.MkdirTemp("", "tamis-browser")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "tamis")
	c := exec.Command("go", "build", "-o", binary, "./cmd/tamis")
	c.Dir = filepath.Join("..", "..")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := build(); err == nil && os.Getenv("TAMIS_BINARY") == "" {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

func tamis(t *testing.T, home string, arguments ...string) *exec.Cmd {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, arguments...)
	c.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, "config"), "TAMIS_LLM=", "TAMIS_INDEX=")
	return c
}

// serve starts a server over an index with these files, and gives back its address.
func serve(t *testing.T, home string, paths []string, flags ...string) string {
	t.Helper()
	index := filepath.Join(home, "index")
	if len(paths) > 0 {
		if out, err := tamis(t, home, append([]string{"index", "--index", index}, paths...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := tamis(t, home, append([]string{"serve", "--index", index, "--listen", address, "--rate", "100000", "--burst", "100000"}, flags...)...)
	var said bytes.Buffer
	c.Stderr, c.Stdout = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("the server ended with %v\n%s", err, said.String())
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if r, err := http.Get("http://" + address + "/healthz"); err == nil {
			r.Body.Close()
			return "http://" + address + "/"
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not answer\n%s", said.String())
		}
	}
}

// docs is what every Go installation has, so that everybody can make the same pictures.
func docs(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		out = []byte(runtime.GOROOT())
	}
	return filepath.Join(strings.TrimSpace(string(out)), "doc")
}

func write(t *testing.T, folder string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// handbook is a folder of a small company.
func handbook(t *testing.T) string {
	return write(t, t.TempDir(), map[string]string{
		"policy/backup.md":     "# Backup policy\n\nThis page says what is kept, where, and who may read it.\n\n## How long backups are kept\n\nBackups are kept for 90 days, except in the archive class, where they stay for seven years. The class is set by `--retention`.\n\n## Who may restore\n\nAnybody on call may restore a backup. A restore is written into the log of the shift.\n",
		"policy/retention.csv": "class,days,place\nstandard,90,Hall 1\narchive,2555,Hall 2\nscratch,7,none\n",
		"contract.pdf":         pdf(append([]string{"Contract of storage"}, clauses(24)...), append(clauses(8), "4.2 Retention", "Retention means the period during which backups are kept.", "It begins on the day when a backup is complete.")),
		"notes/script.md":      "# A name with <script>alert(1)</script>\n\nThe markup <img src=x onerror=\"alert(2)\"> of this mistletoe page must be text.\n",
	})
}

// clauses are lines of a contract that answer no question of these tests.
func clauses(n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("Clause %d. The tenant paints door %d of the shed in the colour of %d pears.", i+1, 3*i+1, i+7))
	}
	return lines
}

// pdf makes a file of pages with lines of text.
func pdf(pages ...[]string) string {
	var b bytes.Buffer
	var at []int
	object := func(text string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), text)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 4+2*i))
	}
	object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages)))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	for i, lines := range pages {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i))
		var text strings.Builder
		text.WriteString("BT /F1 16 Tf 70 760 Td 26 TL ")
		for _, l := range lines {
			fmt.Fprintf(&text, "(%s) Tj T* ", l)
		}
		text.WriteString("ET")
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.String()))
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.String()
}

// a model is an endpoint that streams what answers sends.
func model(t *testing.T, answer func(ctx context.Context, delta func(string))) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		answer(r.Context(), func(text string) {
			b, _ := json.Marshal(map[string]any{"model": "made", "choices": []any{map[string]any{"index": 0, "delta": map[string]string{"content": text}}}})
			fmt.Fprintf(w, "data: %s\n\n", b)
			w.(http.Flusher).Flush()
		})
		fmt.Fprint(w, "data: {\"model\":\"made\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}
