//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// held is what a server holds, after its garbage was collected.
type held struct {
	goroutines, handles int
	heap, resident      int // bytes: those in use, and those that the system counts
}

func (h held) String() string {
	return fmt.Sprintf("%d goroutines, %d handles, heap %.1f MiB, resident %.1f MiB", h.goroutines, h.handles, float64(h.heap)/(1<<20), float64(h.resident)/(1<<20))
}

func (p *process) held(debug string) (h held) {
	p.t.Helper()
	get(p.t, debug+"debug/pprof/heap?gc=1&debug=0")
	get(p.t, debug+"debug/pprof/heap?gc=1&debug=0") // what finalizers and pools let go of
	for line := range strings.Lines(get(p.t, debug+"metrics")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		v, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "go_goroutines":
			h.goroutines = int(v)
		case "go_memstats_heap_alloc_bytes", "go_memstats_stack_inuse_bytes":
			h.heap += int(v)
		case "process_resident_memory_bytes":
			h.resident = int(v)
		}
	}
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid))
	if err != nil {
		p.t.Fatal(err)
	}
	h.handles = len(entries)
	return h
}

// levels waits until a server holds no more than before, but for a few; it says what it held.
func (p *process) levels(what, debug string, before held) {
	p.t.Helper()
	var h held
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		p.client.CloseIdleConnections()
		if h = p.held(debug); h.goroutines <= before.goroutines+5 && h.handles <= before.handles+5 && h.heap <= before.heap+4<<20 {
			p.t.Logf("after %s: %v", what, h)
			return
		}
	}
	p.t.Errorf("after %s: %v; before: %v\n%.4000s", what, h, before, get(p.t, debug+"debug/pprof/goroutine?debug=1"))
}

// talker is a chat model that says something every so often until nobody listens; it keeps
// how many listen.
type talker struct {
	every     time.Duration
	listening atomic.Int32
	began     atomic.Int32
}

func (m *talker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	m.listening.Add(1)
	defer m.listening.Add(-1)
	m.began.Add(1)
	w.Header().Set("Content-Type", "text/event-stream")
	piece := fmt.Sprintf("data: {\"choices\": [{\"delta\": {\"content\": %q}}]}\n\n", strings.Repeat("and ", 64))
	for {
		if _, err := io.WriteString(w, piece); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(m.every):
		}
	}
}

// TestServeLeavesNothing: a server holds what it held before, in goroutines, handles and
// memory, after many connections that do nothing, callers who leave in the middle of an
// answer, and slow ones; meanwhile it answers others.
func TestServeLeavesNothing(t *testing.T) {
	many, full := 100, os.Getenv("TAMIS_HEAVY") == "full"
	model := &talker{every: 50 * time.Millisecond}
	if full {
		many, model.every = 1000, time.Second
	}
	endpoint := httptest.NewServer(model)
	defer endpoint.Close()
	dir := t.TempDir()
	var text bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&text, "Line %d says where gate %d is and when it opens.\n\n", i, i%97)
	}
	notes := writeNote(t, dir, "gates.txt", text.String())
	p := served(t, dir, nil, "--debug", "127.0.0.1:0", "--llm", endpoint.URL, "--concurrent", strconv.Itoa(3*many), "--drain", "1s", notes)
	if full {
		p.patience = 5 * time.Minute
	}
	debug := p.debug()
	p.until("the notes are found", func() bool { return p.finds("gate", "gates.txt") })
	answered := func(n int) {
		t.Helper()
		for i := range n {
			if status, b := p.ask("", "POST", "v1/collections/default/context", fmt.Sprintf(`{"question":"when does gate %d open?","budget":300}`, i)); status != 200 {
				t.Fatalf("%d %s", status, b)
			}
		}
	}
	conns := make([]net.Conn, many)
	hangUp := func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	const ask = "v1/collections/default/ask"
	question := `{"question":"when does gate 7 open?","budget":300}`
	rounds := []struct {
		what string
		do   func()
	}{
		{"connections that do nothing", func() {
			for i := range conns {
				conns[i] = p.begin("healthz", "", 0)
				_ = conns[i].SetReadDeadline(time.Now().Add(time.Minute))
				if _, err := bufio.NewReader(conns[i]).ReadString('\n'); err != nil { // it is kept open
					t.Fatal(err)
				}
			}
			answered(20)
			hangUp()
		}},
		{"callers who leave in the middle of an answer", func() {
			model.began.Store(0)
			for i := range conns {
				conns[i] = p.begin(ask, question, len(question))
			}
			p.until("all are answered", func() bool { return int(model.began.Load()) == many })
			answered(5)
			hangUp()
			p.until("the model is asked by none", func() bool { return model.listening.Load() == 0 })
		}},
		{"callers who are slow", func() {
			for i := range conns {
				switch i % 3 {
				case 0: // sends half of a question
					conns[i] = p.begin(ask, question[:20], len(question))
				case 1: // sends half of a header
					conns[i] = p.begin(ask, "", 0)
					_, _ = io.WriteString(conns[i], "GET /v1/collec")
				default: // takes nothing of what it asked for, which no buffer holds
					conns[i] = p.begin("healthz", "", 0)
					_, _ = io.WriteString(conns[i], strings.Repeat("GET /v1/collections/default/document?id="+url.QueryEscape(notes)+" HTTP/1.1\r\nHost: "+p.host()+"\r\n\r\n", 20))
				}
			}
			answered(5)
			if full { // each is cut off by itself
				for _, c := range conns {
					_ = c.SetReadDeadline(time.Now().Add(time.Minute))
					if _, err := io.Copy(io.Discard, c); os.IsTimeout(err) {
						t.Error("one that stands still is waited for")
					}
				}
			}
			hangUp()
		}},
	}
	calm := p.held(debug)
	for _, r := range rounds { // once to fill what is kept for the next: pools, caches, tables of callers
		r.do()
	}
	p.client.CloseIdleConnections()
	before := p.held(debug)
	t.Logf("calm: %v; before: %v", calm, before)
	for range 2 {
		for _, r := range rounds {
			r.do()
			p.levels(r.what, debug, before)
		}
	}
	if full { // memory that was free goes back to the system by and by
		p.until("no more is resident than before", func() bool { return p.held(debug).resident <= calm.resident+64<<20 })
		t.Logf("at the end: %v", p.held(debug))
	}
}
