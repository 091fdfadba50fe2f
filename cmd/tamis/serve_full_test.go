//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestServeFullDisk: while the disk of an index is full, what is to be added is refused as a
// problem that says so, again and again, and everybody reads on; when there is room again it
// goes in, without a restart, and nothing is lost.
func TestServeFullDisk(t *testing.T) {
	t.Parallel()
	t.Run("no file may grow", func(t *testing.T) {
		dir := t.TempDir()
		var p *process
		limit := func(n uint64) func() {
			return func() {
				if err := unix.Prlimit(p.pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: math.MaxUint64}, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		p = served(t, dir, nil)
		fullDisk(t, p, dir, limit(0), limit(math.MaxUint64))
	})
	t.Run("file system", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
			t.Skip("this takes a file system of its own, which root may mount:", err)
		}
		defer func() {
			if err := syscall.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		}()
		t.Run("", func(t *testing.T) { // the server has ended before the file system goes
			ballast := filepath.Join(dir, "ballast")
			p := served(t, dir, nil)
			fullDisk(t, p, dir, func() {
				f, err := os.Create(ballast)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				for piece := make([]byte, 1<<10); err == nil; {
					_, err = f.Write(piece)
				}
			}, func() { _ = os.Remove(ballast) })
		})
	})
}

func fullDisk(t *testing.T, p *process, dir string, fill, drain func()) {
	const at = "v1/collections/default/"
	var words strings.Builder // that no compression makes small
	for r := rand.New(rand.NewPCG(1, 2)); words.Len() < 1<<18; {
		fmt.Fprintf(&words, "%x ", r.Uint64())
	}
	add := func(id, about string) (int, string) {
		return p.ask("", "POST", at+"documents", fmt.Sprintf(`{"id":%q,"text":%q}`, id, about+". "+words.String()))
	}
	if status, b := add("gate", "Here is a line about the gate"); status != 200 {
		t.Fatal(status, b)
	}
	_, receipt := p.ask("", "POST", at+"context", `{"question":"what is there about the gate?","budget":200}`)
	reads := func(when string) {
		t.Helper()
		for path, body := range map[string]string{
			"search": `{"query":"gate"}`, "context": `{"question":"what is there about the gate?","budget":200}`, "replay": receipt,
		} {
			if status, b := p.ask("", "POST", at+path, body); status != 200 || !strings.Contains(b, "about the gate") {
				t.Errorf("%s, %s: %d %.300s", when, path, status, b)
			}
		}
		if status, b := p.ask("", "GET", at+"document?id=gate", ""); status != 200 {
			t.Errorf("%s: %d %.300s", when, status, b)
		}
		if status, _ := p.ask("", "GET", "readyz", ""); status != 200 {
			t.Errorf("%s: not ready: %d", when, status)
		}
	}
	reads("before")
	fill()
	for i := range 3 {
		status, b := add("wall", "Here is a line about the wall")
		var problem struct {
			Status int
			Detail string
		}
		if err := json.Unmarshal([]byte(b), &problem); err != nil || status != 507 || problem.Status != 507 || !strings.Contains(problem.Detail, "disk") {
			t.Errorf("try %d: %d %s", i, status, b)
		}
		reads(fmt.Sprint("after try ", i))
		if p.finds("wall", `"doc":"wall"`) {
			t.Error("what was refused is found")
		}
	}
	if status, b := p.ask("", "DELETE", at+"document?id=none", ""); status != 404 && status != 507 {
		t.Errorf("a delete: %d %s", status, b)
	}
	reads("full")
	drain()
	if status, b := add("wall", "Here is a line about the wall"); status != 200 {
		t.Errorf("there is room again: %d %s", status, b)
	}
	reads("with room")
	if !p.finds("wall", `"doc":"wall"`) {
		t.Error("what was added is not found")
	}
	p.signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	if out, err := p.try(dir, "check", "--index", filepath.Join(dir, ".tamis")); err != nil {
		t.Error(out, err)
	}
}
