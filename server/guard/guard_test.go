package guard

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis/server/access"
)

var local = &access.Caller{Name: "local", Scope: access.Admin}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func ask(h http.Handler, method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host, r.RemoteAddr = "127.0.0.1:8470", "127.0.0.1:5000"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func with(header ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			if header[i] == "Host" {
				r.Host = header[i+1]
			} else {
				r.Header.Add(header[i], header[i+1])
			}
		}
	}
}

var fine = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	name := ""
	if c := access.From(r.Context()); c != nil {
		name = c.Name
	}
	fmt.Fprint(w, "for ", name)
})

// TestOrigins is the table of who may ask, by what browsers say of them.
func TestOrigins(t *testing.T) {
	here := New(Options{Local: local, Loopback: true, Log: quiet()}).Keep(fine)
	named := New(Options{Local: local, Hosts: []string{"Search.Example.org"}, Log: quiet()}).Keep(fine)
	for _, c := range []struct {
		header []string
		here   int
		named  int
	}{
		{[]string{}, 200, 200},
		{[]string{"Host", "localhost:8470"}, 200, 200},
		{[]string{"Host", "LOCALHOST"}, 200, 200},
		{[]string{"Host", "localhost."}, 200, 200},
		{[]string{"Host", "[::1]:8470"}, 200, 200},
		{[]string{"Host", "[::1]"}, 200, 200},
		{[]string{"Host", "127.1.2.3"}, 200, 200},
		{[]string{"Host", "192.168.1.5:8470"}, 403, 200},
		{[]string{"Host", "search.example.org"}, 403, 200},
		{[]string{"Host", "evil.example"}, 403, 403},
		{[]string{"Host", "evil.example:8470"}, 403, 403},
		{[]string{"Host", "localhost.evil.example"}, 403, 403},
		{[]string{"Host", "127.0.0.1.nip.example"}, 403, 403},
		{[]string{"Host", "2130706433"}, 403, 403},
		{[]string{"Host", "0.0.0.0"}, 403, 200},
		{[]string{"Host", ""}, 403, 403},
		{[]string{"Origin", "http://127.0.0.1:8470"}, 200, 200},
		{[]string{"Origin", "http://127.0.0.1:9999"}, 403, 403},
		{[]string{"Origin", "http://localhost:8470"}, 403, 403}, // not the one that was asked
		{[]string{"Origin", "https://evil.example"}, 403, 403},
		{[]string{"Origin", "null"}, 403, 403},
		{[]string{"Origin", "file://"}, 403, 403},
		{[]string{"Origin", ""}, 403, 403},
		{[]string{"Origin", "http://127.0.0.1:8470", "Origin", "https://evil.example"}, 403, 403},
		{[]string{"Origin", "chrome-extension://127.0.0.1:8470"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200, 200},
		{[]string{"Sec-Fetch-Site", "none"}, 200, 200},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200, 200},
	} {
		if w := ask(here, "GET", "/", with(c.header...)); w.Code != c.here {
			t.Errorf("%q: %d on loopback", c.header, w.Code)
		} else if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Error("CORS is on")
		}
		if w := ask(named, "GET", "/", with(c.header...)); w.Code != c.named {
			t.Errorf("%q: %d where it has a name", c.header, w.Code)
		}
	}
	if w := ask(here, "POST", "/", with("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")); w.Code != 403 {
		t.Errorf("a form of another site is sent: %d", w.Code)
	}
}

// TestHeaders: every answer has them, refusals too.
func TestHeaders(t *testing.T) {
	g := New(Options{Local: local, Loopback: true, Log: quiet()})
	for _, w := range []*httptest.ResponseRecorder{
		ask(g.Keep(fine), "GET", "/", nil), ask(g.Open(fine), "GET", "/", nil), ask(g.Keep(fine), "GET", "/", with("Host", "evil.example")), ask(g.Private(fine), "GET", "/", nil),
	} {
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Error(csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"} {
			if w.Header().Get(name) != want {
				t.Errorf("%s %q", name, w.Header().Get(name))
			}
		}
		if w.Header().Get("X-Request-Id") == "" || w.Header().Get("Strict-Transport-Security") != "" {
			t.Error(w.Header())
		}
	}
	if w := ask(g.Open(fine), "GET", "/", func(r *http.Request) { r.TLS = &tls.ConnectionState{} }); w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("TLS without HSTS")
	}
	for id, kept := range map[string]bool{"abc-1.2_3": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "a\r\nX: y": false, "ü": false} {
		if w := ask(g.Open(fine), "GET", "/", with("X-Request-Id", id)); (w.Header().Get("X-Request-Id") == id) != kept {
			t.Errorf("request id %q became %q", id, w.Header().Get("X-Request-Id"))
		}
	}
}

// TestGuessing: whoever tries wrong keys is soon not looked at any more, with right ones
// neither; others are.
func TestGuessing(t *testing.T) {
	keys, _ := keyFileOf(t)
	key, err := keys.Add(Key{Name: "me", Scope: "read"})
	if err != nil {
		t.Fatal(err)
	}
	g := New(Options{Keys: keys, Local: local, Loopback: true, Limits: Limits{Failures: 5, FailureTime: time.Hour}, Log: quiet()})
	h := g.Keep(fine)
	if w := ask(h, "GET", "/", with("Authorization", "Bearer "+key)); w.Code != 200 || w.Body.String() != "for me" {
		t.Fatal(w.Code, w.Body)
	}
	for range 20 {
		if w := ask(h, "GET", "/", nil); w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
			t.Fatal("no key is no guess:", w.Code)
		}
	}
	codes := map[int]int{}
	for i := range 50 {
		w := ask(h, "GET", "/", with("Authorization", fmt.Sprintf("Bearer %s%012d_guess", prefix, i)))
		if codes[w.Code]++; w.Code == 429 && w.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if codes[401] != 5 || codes[429] != 45 {
		t.Error(codes)
	}
	if w := ask(h, "GET", "/", with("Authorization", "Bearer "+key)); w.Code != 429 {
		t.Error("a guess that is right is told:", w.Code)
	}
	for _, from := range []string{"10.1.2.3:1", "[2001:db8::1]:1"} {
		if w := ask(h, "GET", "/", func(r *http.Request) { r.RemoteAddr = from; r.Header.Set("Authorization", "bearer "+key) }); w.Code != 200 {
			t.Errorf("%s: %d", from, w.Code)
		}
	}
	for range 5 {
		ask(h, "GET", "/", func(r *http.Request) {
			r.RemoteAddr = "[2001:db8::7]:1"
			r.Header.Set("Authorization", "Bearer x")
		})
	}
	if w := ask(h, "GET", "/", func(r *http.Request) {
		r.RemoteAddr = "[2001:db8::9]:1"
		r.Header.Set("Authorization", "Bearer "+key)
	}); w.Code != 429 {
		t.Error("another address of the network goes on guessing:", w.Code)
	}
	for _, header := range [][]string{{"Authorization", "Basic " + key}, {"Authorization", key}, {"Authorization", "Bearer " + key, "Authorization", "Bearer " + key}} {
		if w := ask(h, "GET", "/", func(r *http.Request) { r.RemoteAddr = "10.9.9.9:1"; with(header...)(r) }); w.Code != 401 {
			t.Errorf("%q: %d", header[:1], w.Code)
		}
	}
}

// TestNobodyWithout: where keys are required, or were there, nobody asks without one.
func TestNobodyWithout(t *testing.T) {
	keys, path := keyFileOf(t)
	g := New(Options{Keys: keys, Local: local, Loopback: true, Log: quiet()})
	if w := ask(g.Keep(fine), "GET", "/", nil); w.Code != 200 || w.Body.String() != "for local" {
		t.Fatal(w.Code)
	}
	if _, err := keys.Add(Key{Name: "a", Scope: "read"}); err != nil {
		t.Fatal(err)
	}
	if w := ask(g.Keep(fine), "GET", "/", nil); w.Code != 401 {
		t.Error("the first key changes nothing:", w.Code)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	keys.again()
	if w := ask(g.Keep(fine), "GET", "/", nil); w.Code != 401 {
		t.Error("the key file went, and everybody may ask:", w.Code)
	}
	if w := ask(New(Options{Keys: keys, Local: local, Required: true, Log: quiet()}).Keep(fine), "GET", "/", nil); w.Code != 401 {
		t.Error("keys are required:", w.Code)
	}
	if w := ask(New(Options{Log: quiet()}).Keep(fine), "GET", "/", nil); w.Code != 401 {
		t.Error("nobody is local:", w.Code)
	}
}

func TestRate(t *testing.T) {
	keys, _ := keyFileOf(t)
	a, errA := keys.Add(Key{Name: "a", Scope: "read"})
	b, errB := keys.Add(Key{Name: "b", Scope: "read"})
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	g := New(Options{Keys: keys, Loopback: true, Limits: Limits{Rate: .001, Burst: 3}, Log: quiet()})
	codes := map[int]int{}
	for range 10 {
		w := ask(g.Keep(fine), "GET", "/", with("Authorization", "Bearer "+a))
		if codes[w.Code]++; w.Code == 429 && len(w.Header().Get("Retry-After")) < 3 {
			t.Error(w.Header())
		}
	}
	if codes[200] != 3 || codes[429] != 7 {
		t.Error(codes)
	}
	if w := ask(g.Keep(fine), "GET", "/", with("Authorization", "Bearer "+b)); w.Code != 200 {
		t.Error("one key takes another's share:", w.Code)
	}
}

// TestPlaces: more than may be under way wait; more than may wait are refused.
func TestPlaces(t *testing.T) {
	release, in := make(chan struct{}), make(chan struct{}, 10)
	g := New(Options{Local: local, Loopback: true, Limits: Limits{Concurrent: 2, Waiting: 1, Patience: time.Hour}, Log: quiet()})
	h := g.Keep(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { in <- struct{}{}; <-release }))
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if w := ask(h, "GET", "/", nil); w.Code != 200 {
				t.Error(w.Code)
			}
		})
	}
	<-in
	<-in
	for waits := 0; waits == 0; time.Sleep(time.Millisecond) {
		g.places.mu.Lock()
		waits = g.places.in
		g.places.mu.Unlock()
	}
	if w := ask(h, "GET", "/", nil); w.Code != 429 || w.Header().Get("Retry-After") != "1" {
		t.Error("a fourth:", w.Code)
	}
	close(release)
	all.Wait()
	if len(g.places.by) != 0 || len(g.places.all) != 0 || g.places.in != 0 {
		t.Error("places are not given back:", g.places.by, len(g.places.all), g.places.in)
	}
	ctx, cancel := context.WithCancel(t.Context())
	leave, _ := g.places.enter(t.Context(), "x", 1)
	cancel()
	if _, ok := g.places.enter(ctx, "x", 1); ok {
		t.Error("who has left has a place")
	}
	leave()
	if len(g.places.by) != 0 {
		t.Error("a caller is remembered")
	}
}

func TestRatesForget(t *testing.T) {
	r := newRates(1000, 5)
	for i := range mostCounted * 3 {
		r.take(fmt.Sprint(i))
	}
	if len(r.by) > mostCounted {
		t.Error(len(r.by))
	}
}

// server answers on a real connection with short windows.
func serving(t *testing.T, l Limits, h http.HandlerFunc) string {
	t.Helper()
	g := New(Options{Local: local, Loopback: true, Limits: l, Log: quiet()})
	s := httptest.NewServer(g.Keep(h))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func dial(t *testing.T, address, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSlowBodies: a body that stands still, or drips, is given up, whether the handler reads
// it or not; one that comes is not, however long it takes.
func TestSlowBodies(t *testing.T) {
	read := make(chan error, 10)
	// A machine that is busy slows who comes, too: ten times what is asked leaves room.
	address := serving(t, Limits{Window: 500 * time.Millisecond, Least: 100}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unread" {
			return
		}
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	})
	still := dial(t, address, "POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 1000\n\nabc")
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("stands still: %v", err)
	}
	if _, err := io.Copy(io.Discard, still); err != nil {
		t.Error("the connection stays:", err)
	}
	drip := dial(t, address, "POST / HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked\n\n")
	go func() {
		for i := 0; i < 1000; i++ {
			if _, err := io.WriteString(drip, "1\r\nx\r\n"); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("drips: %v", err)
	}
	unread := dial(t, address, "POST /unread HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 1000\n\nabc")
	if _, err := io.Copy(io.Discard, unread); err != nil {
		t.Error("unread:", err)
	}
	whole := dial(t, address, "POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 1000\n\n")
	written := make(chan error)
	go func() {
		var err error
		for range 10 {
			time.Sleep(50 * time.Millisecond)
			_, e := io.WriteString(whole, strings.Repeat("x", 100))
			err = errors.Join(err, e)
		}
		written <- err
	}()
	if err := errors.Join(<-read, <-written); err != nil {
		t.Error("one that comes:", err)
	}
}

// TestLongAnswers: after its body was read a request may take its time, and be silent.
func TestLongAnswers(t *testing.T) {
	address := serving(t, Limits{Window: 50 * time.Millisecond, Least: 10}, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		for range 3 {
			select {
			case <-time.After(150 * time.Millisecond):
			case <-r.Context().Done():
				t.Error("taken for one who left")
			}
			fmt.Fprintln(w, "piece")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})
	c := dial(t, address, "POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 3\n\nabc")
	for i := range 2 { // the connection is as good after
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "piece\npiece\npiece\n" || err != nil {
			t.Errorf("%q %v", b, err)
		}
		if i == 0 {
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc")
		}
	}
}

// TestSlowReaders: who does not take an answer is given up.
func TestSlowReaders(t *testing.T) {
	wrote := make(chan error, 1)
	address := serving(t, Limits{Window: 200 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		_, err := w.Write(make([]byte, 64<<20))
		wrote <- err
	})
	dial(t, address, "GET / HTTP/1.1\nHost: 127.0.0.1\n\n")
	if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

func TestBodies(t *testing.T) {
	address := serving(t, Limits{Body: 1000}, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			var big *http.MaxBytesError
			if !errors.As(err, &big) {
				t.Error(err)
			}
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})
	for _, c := range []struct {
		size, want int
		chunked    bool
	}{{1000, 200, false}, {1001, 413, false}, {1000, 200, true}, {1001, 413, true}, {10 << 20, 413, true}} {
		var body io.Reader = strings.NewReader(strings.Repeat("x", c.size))
		if c.chunked {
			body = io.MultiReader(body)
		}
		resp, err := http.Post("http://"+address, "text/plain", body)
		if err != nil {
			if c.size < 1<<20 { // of a great one the server may hang up before all was sent
				t.Error(err)
			}
			continue
		}
		if resp.Body.Close(); resp.StatusCode != c.want {
			t.Errorf("%+v: %d", c, resp.StatusCode)
		}
	}
}

func TestPanics(t *testing.T) {
	var log bytes.Buffer
	g := New(Options{Local: local, Loopback: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	w := ask(g.Keep(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })), "GET", "/", nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret") {
		t.Error(w.Code, w.Body, log.String())
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer looks whole")
		}
	}()
	ask(g.Keep(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "half"); panic("x") })), "GET", "/", nil)
}

func TestTime(t *testing.T) {
	g := New(Options{Local: local, Loopback: true, Limits: Limits{Time: time.Millisecond}, Log: quiet(), KindOf: func(r *http.Request) Kind {
		return map[string]Kind{"/stream": Stream, "/files": Upload}[r.URL.Path]
	}})
	h := g.Keep(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, ends := r.Context().Deadline()
		fmt.Fprint(w, ends)
	}))
	for path, want := range map[string]string{"/": "true", "/stream": "false", "/files": "false"} {
		if w := ask(h, "GET", path, nil); w.Body.String() != want {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}

func TestAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a, err := OpenAudit(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, _ := keyFileOf(t)
	key, err := keys.Add(Key{Name: "me", Scope: "read"})
	if err != nil {
		t.Fatal(err)
	}
	g := New(Options{Keys: keys, Loopback: true, Audit: a, Log: quiet()})
	h := g.Keep(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Asked(r.Context(), "notes", "where is\nthe kettle?"+strings.Repeat("x", 5000), "sha256:abc")
		fmt.Fprint(w, "the text of a document")
	}))
	bearer := with("Authorization", "Bearer "+key)
	ask(h, "POST", "/v1/collections/notes/context?id=a.md", bearer)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	ask(h, "POST", "/v1/collections/other/context", bearer)
	if err := a.Reopen(); err != nil {
		t.Fatal(err)
	}
	ask(h, "POST", "/v1/collections/new/context", with("Authorization", "Bearer wrong"))
	ask(g.Open(fine), "GET", "/healthz", nil)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	read := func(path string) (all []Entry, text string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			all = append(all, Entry{})
			if err := json.Unmarshal([]byte(line), &all[len(all)-1]); err != nil {
				t.Fatal(err)
			}
		}
		return all, string(data)
	}
	before, text := read(path + ".1")
	after, more := read(path)
	if len(before) != 2 || len(after) != 1 {
		t.Fatal(text, more)
	}
	e := &before[0]
	if e.Caller != "me" || e.Collection != "notes" || e.Document != "a.md" || !strings.HasPrefix(e.Question, "where is\nthe") || len(e.Question) > mostAudited || e.Receipt != "sha256:abc" || e.Status != 200 || e.Bytes == 0 || e.Request == "" {
		t.Error(text)
	}
	if r := &after[0]; r.Status != 401 || r.Refused != "key" || r.Caller != "" {
		t.Error(more)
	}
	if strings.Contains(text+more, key) || strings.Contains(text, "the text of a document") || strings.Contains(more, "wrong") {
		t.Error("it holds keys or texts:", text, more)
	}
	Asked(t.Context(), "outside", "of a request", "")
}
