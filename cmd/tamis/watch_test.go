package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// told collects what a command prints while it runs.
type told struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *told) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *told) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// TestWatch: index --watch brings changes in, tells each in a line, and ends with its
// context.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("a.md", "# One\n\nThe mill grinds.")
	index := filepath.Join(dir, ".tamis")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs told
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"index", "--index", index, "--watch", dir}, strings.NewReader(""), &out, &errs)
	}()
	wait := func(want string) {
		t.Helper()
		for range 400 {
			if strings.Contains(out.String()+errs.String(), want) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("%q never came:\n%s%s", want, &out, &errs)
	}
	wait("watching")
	write("b.md", "# Two\n\nThe sieve sifts.")
	wait("added ")
	write("a.md", "# One\n\nThe mill grinds corn.")
	wait("updated ")
	if err := os.Rename(filepath.Join(dir, "b.md"), filepath.Join(dir, "c.md")); err != nil {
		t.Fatal(err)
	}
	wait("moved ")
	if err := os.Remove(filepath.Join(dir, "a.md")); err != nil {
		t.Fatal(err)
	}
	wait("removed ")
	cancel()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d: %s", c, &errs)
	}
	if n := strings.Count(out.String(), "\n"); n != 5 {
		t.Errorf("%d lines:\n%s", n, &out)
	}
	var found told
	if c := run(t.Context(), []string{"search", "--index", index, "sieve"}, strings.NewReader(""), &found, &found); c != 0 || !strings.Contains(found.String(), "c.md") {
		t.Errorf("exit code %d: %s", c, &found)
	}
}
