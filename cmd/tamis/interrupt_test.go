package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
)

// signalled sends a signal to a command that is under way and returns its exit
// code and what it said.
func signalled(t *testing.T, cmd *exec.Cmd, s os.Signal, errs *bytes.Buffer) (int, string) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	// Without an end of its own it would hang for ever.
	late := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Fatalf("it ended with %v: %s", err, errs)
	}
	return exit.ExitCode(), errs.String()
}

// TestInterrupted: a command that waits for its input, which no context ends, and
// one that waits for a model end with a signal, and say so by their exit code.
func TestInterrupted(t *testing.T) {
	if _, err := exec.LookPath("tamis"); err != nil {
		t.Skip("the command is not there:", err)
	}
	dir := filepath.Join(t.TempDir(), "ix")
	var errs bytes.Buffer
	cmd := exec.Command("tamis", "index", "--index", dir, "-")
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// More than a pipe holds: once it is written, the command is reading.
	if _, err := io.WriteString(in, strings.Repeat("a line of text\n", 20000)); err != nil {
		t.Fatal(err)
	}
	if code, said := signalled(t, cmd, os.Interrupt, &errs); code != 130 || !strings.Contains(said, "interrupted") {
		t.Errorf("exit code %d, %q", code, said)
	}
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if damage := ix.Damage(); len(damage) > 0 {
		t.Error(damage)
	}
	docs := func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "sieve", Source: "A tamis is a fine sieve."}, nil)
	}
	if _, err := ix.Add(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}

	asked := make(chan bool, 1)
	model := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		asked <- true
		<-r.Context().Done()
	}))
	defer model.Close()
	for s, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		errs.Reset()
		cmd := exec.Command("tamis", "ask", "--index", dir, "--llm", model.URL, "fine sieve")
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-asked:
		case <-time.After(20 * time.Second):
			cmd.Process.Kill()
			t.Fatalf("the model was not asked: %s", &errs)
		}
		if code, said := signalled(t, cmd, s, &errs); code != want || said != "tamis: interrupted\n" {
			t.Errorf("%v: exit code %d, %q", s, code, said)
		}
	}
}
