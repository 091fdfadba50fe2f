//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// host is the address of a process, and its port.
func (p *process) host() string {
	return strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/")
}

// begin sends a request on a connection of its own, as far as it is given.
func (p *process) begin(path, body string, length int) net.Conn {
	p.t.Helper()
	c, err := net.Dial("tcp", p.host())
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, p.host(), length, body); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// TestServeDrains: told to end, a server answers who has asked already, even who is still
// sending the question, and nobody else; then it ends.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notes := writeNote(t, dir, "gate.md", "The gate opens at noon.\n")
	p := served(t, dir, nil, "--debug", "127.0.0.1:0", "--drain", "30s", notes)
	debug := p.debug()
	p.until("the note is found", func() bool { return p.finds("gate", "gate.md") })
	const context = "v1/collections/default/context"
	question := `{"question":"when does the gate open?","budget":200}`
	c := p.begin(context, question[:20], len(question))
	defer c.Close()
	p.until("the question is under way", func() bool { return strings.Contains(get(t, debug+"metrics"), "\ntamis_requests_in_flight 1\n") })
	p.signal(syscall.SIGTERM)
	p.until("new connections are refused", func() bool {
		c, err := net.Dial("tcp", p.host())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(c, question[20:]); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || !strings.Contains(string(b), "The gate opens at noon.") {
		t.Errorf("the context under way: %s %s (%v)", resp.Status, b, err)
	}
	_ = p.wait()
	if code := p.state().ExitCode(); code != 0 {
		t.Errorf("exit code %d: it ended as it was told to", code)
	}
}

// TestServeTurnsKeys: the keys of a running server change without a break, an audit log is
// moved aside, and a hang-up ends nothing.
func TestServeTurnsKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notes := writeNote(t, dir, "gate.md", "The gate opens at noon.\n")
	audit := filepath.Join(dir, "audit.jsonl")
	p := served(t, dir, nil, "--audit", audit, notes)
	keys := []string{"--keys", filepath.Join(dir, "keys.json")}
	key := func(args ...string) string {
		t.Helper()
		return p.run(dir, append(append([]string{"serve", "key"}, args...), keys...)...)
	}
	const who = "v1/whoami"
	allowed := func(key string) bool {
		time.Sleep(200 * time.Millisecond) // who tries wrong keys in a row is put off for a while
		status, _ := p.ask(key, "GET", who, "")
		return status == 200
	}
	if !allowed("") {
		t.Fatal("without keys, this machine is refused")
	}
	first := key("add", "me")
	var both sync.WaitGroup
	for _, name := range []string{"one", "two", "three"} { // none is lost where several are added at once
		both.Go(func() { key("add", name) })
	}
	both.Wait()
	if list := key("list"); strings.Count(list, "\n")+1 != 4 {
		t.Errorf("the keys are: %s", list)
	}
	p.signal(syscall.SIGHUP)
	p.until("a key is needed", func() bool { return !allowed("") && allowed(first) })
	second := key("add", "me")
	p.until("both keys are good", func() bool { return allowed(first) && allowed(second) })
	id, _, _ := strings.Cut(strings.TrimPrefix(first, "tamis_"), "_")
	key("remove", id)
	p.until("the first key is taken back", func() bool { return !allowed(first) })
	if !allowed(second) {
		t.Error("the second key went with the first")
	}
	key("remove", "me")
	p.until("no key is good", func() bool { return !allowed(second) })
	if allowed("") {
		t.Error("where there were keys, somebody is let in without one")
	}
	if err := os.Rename(audit, audit+".1"); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.until("a new audit log", func() bool {
		allowed("")
		b, err := os.ReadFile(audit)
		return err == nil && strings.Contains(string(b), `"refused":"key"`)
	})
	if old, err := os.ReadFile(audit + ".1"); err != nil || !strings.Contains(string(old), `"caller":"me"`) || strings.Contains(string(old), second) {
		t.Errorf("%s, %v", old, err)
	}
}

// TestServeWatches: what comes into a folder, changes there and goes is found, and no
// longer found, while the server runs; and tamis index works beside it.
func TestServeWatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes")
	writeNote(t, notes, "gate.md", "The gate opens at noon.\n")
	p := served(t, dir, nil, "--watch", notes)
	p.signal(syscall.SIGHUP) // as systemctl reload does; it ends nothing, with or without an audit log
	p.until("it is heeded", func() bool { return strings.Contains(p.log.String(), "read again") })
	step := func(what string, so func() bool) {
		t.Helper()
		began := time.Now()
		p.until(what, so)
		t.Logf("%s after %v", what, time.Since(began).Round(10*time.Millisecond))
	}
	step("what was there", func() bool { return p.finds("gate", "gate.md") })
	writeNote(t, filepath.Join(notes, "deep", "er"), "wall.md", "The wall is of stone.\n")
	step("a new file in new folders", func() bool { return p.finds("stone", "wall.md") })
	writeNote(t, notes, "gate.md", "The gate opens at midnight.\n")
	step("a changed file", func() bool { return p.finds("midnight", "gate.md") && !p.finds("noon", "gate.md") })
	if err := os.RemoveAll(filepath.Join(notes, "deep")); err != nil {
		t.Fatal(err)
	}
	step("a removed folder", func() bool { return !p.finds("stone", "wall.md") })
	tide := writeNote(t, filepath.Join(dir, "more"), "tide.md", "The tide is high.\n")
	step("tamis index beside it", func() bool {
		_, err := p.try(dir, "index", "--index", filepath.Join(dir, ".tamis"), tide)
		return err == nil // before, the server has just written
	})
	step("what it indexed", func() bool { return p.finds("tide", "tide.md") })
	writeNote(t, notes, "moat.md", "The moat is deep.\n")
	step("a new file after that", func() bool { return p.finds("moat", "moat.md") && p.finds("tide", "tide.md") })
}

// finds says whether a search finds a file.
func (p *process) finds(words, file string) bool {
	p.t.Helper()
	status, answer := p.ask("", "POST", "v1/collections/default/search", fmt.Sprintf(`{"query":%q}`, words))
	return status == 200 && strings.Contains(answer, file)
}

func writeNote(t *testing.T, dir, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(url, resp.Status, err)
	}
	return string(b)
}
