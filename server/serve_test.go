package server

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tamis-search/tamis/llm"
)

func TestListen(t *testing.T) {
	for _, c := range []struct {
		address       string
		keyed, public bool
		err           error
	}{
		{"127.0.0.1:0", false, false, nil}, {"localhost:0", false, false, nil}, {"[::1]:0", false, false, nil}, {"127.0.0.1:0", true, false, nil},
		{"0.0.0.0:0", false, true, ErrPublic}, {":0", false, true, ErrPublic}, {"[::]:0", false, true, ErrPublic}, {"0.0.0.0:0", true, true, nil}, {":0", true, true, nil}, {"192.0.2.1:0", false, true, ErrPublic},
	} {
		l, public, err := Listen(c.address, c.keyed)
		if c.address == "[::1]:0" && err != nil {
			continue // a machine without IPv6
		}
		if public != c.public || !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
			t.Errorf("%s, keys %v: public %v, %v", c.address, c.keyed, public, err)
		}
		if err == nil {
			_ = l.Close()
		}
	}
	if _, _, err := Listen("8227", false); err == nil || !strings.Contains(err.Error(), "HOST:PORT") {
		t.Error(err)
	}
}

// slowModel answers piece by piece until it is let go, or its caller left.
type slowModel struct {
	began   chan struct{}
	release chan struct{}
	every   time.Duration // between pieces
	left    atomic.Int32
}

func (m *slowModel) Chat(ctx context.Context, _ []llm.Message) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		m.began <- struct{}{}
		for {
			select {
			case <-m.release:
				yield(llm.Delta{Text: "See [1].", Finish: "stop"}, nil)
				return
			case <-ctx.Done():
				m.left.Add(1)
				yield(llm.Delta{}, ctx.Err())
				return
			case <-time.After(m.every):
				if !yield(llm.Delta{Text: "and "}, nil) {
					m.left.Add(1)
					return
				}
			}
		}
	}
}

func newSlow() *slowModel {
	return &slowModel{began: make(chan struct{}, 10_000), release: make(chan struct{}), every: 5 * time.Millisecond}
}

// stream begins an answer of a model that is slow.
func (x *target) stream() (net.Conn, *bufio.Reader) {
	x.t.Helper()
	c, err := net.Dial("tcp", x.address)
	if err != nil {
		x.t.Fatal(err)
	}
	body := `{"question":"where is the kettle?","budget":200}`
	fmt.Fprintf(c, "POST /v1/collections/default/ask HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", x.address, len(body), body)
	return c, bufio.NewReader(c)
}

// TestDrain: a server that is to end says that it is not ready, lets what is under way end,
// and takes nothing new.
func TestDrain(t *testing.T) {
	m := newSlow()
	x := attacked(t, false, func(o *Options) { o.Model, o.Drain, o.Settle = m, 20*time.Second, 300*time.Millisecond })
	c, r := x.stream()
	defer c.Close()
	<-m.began
	ended := make(chan error, 1)
	go func() { ended <- x.end() }()
	for !x.s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	if resp, _ := x.ask("", "GET", "/readyz", ""); resp.StatusCode != 503 {
		t.Error("ready:", resp.StatusCode)
	}
	if resp, _ := x.ask("", "GET", "/healthz", ""); resp.StatusCode != 200 {
		t.Error("not alive:", resp.StatusCode)
	}
	for {
		if c, err := net.Dial("tcp", x.address); err == nil {
			_ = c.Close()
			time.Sleep(10 * time.Millisecond)
			continue
		}
		break
	}
	close(m.release)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "event: done") {
		t.Errorf("an answer was cut off: %v %s", err, body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestDrainIsBounded: what streams for longer than the drain is cut off.
func TestDrainIsBounded(t *testing.T) {
	m := newSlow()
	x := attacked(t, false, func(o *Options) { o.Model, o.Drain = m, 50*time.Millisecond })
	c, _ := x.stream()
	defer c.Close()
	<-m.began
	if err := x.end(); err != nil {
		t.Error(err)
	}
	if m.left.Load() != 1 {
		t.Error("the model goes on")
	}
}

// counts are what a server may leak.
func counts(t *testing.T) (goroutines, handles int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return runtime.NumGoroutine(), 0 // another system
	}
	return runtime.NumGoroutine(), len(entries)
}

// level waits until nothing is held that was not before, but for a few.
func level(t *testing.T, what string, goroutines, handles int) {
	t.Helper()
	var g, h int
	for range 500 {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		if g, h = counts(t); g <= goroutines+3 && h <= handles+3 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%s: %d goroutines, %d before; %d handles, %d before\n%.4000s", what, g, goroutines, h, handles, buf[:runtime.Stack(buf, true)])
}

// TestLeavesNothing: connections that do nothing, callers who leave in the middle of an
// answer, and slow ones leave no goroutine, handle or place behind.
func TestLeavesNothing(t *testing.T) {
	many, window := 60, time.Second
	m := newSlow()
	if os.Getenv("TAMIS_HEAVY") == "full" {
		many, window, m.every = 1000, 10*time.Second, time.Second
	}
	x := attacked(t, false, func(o *Options) {
		o.Model = m
		o.Limits.Window, o.Limits.Concurrent, o.Limits.Waiting = window, 2*many, 2*many
	})
	x.ask("", "POST", "/v1/collections/default/search", `{"query":"kettle"}`)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goroutines, handles := counts(t)

	conns := make([]net.Conn, many)
	for i := range conns {
		c, err := net.Dial("tcp", x.address)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range many / 4 {
				if resp, _ := x.ask("", "POST", "/v1/collections/default/search", `{"query":"kettle"}`); resp.StatusCode != 200 {
					t.Error("beside open connections:", resp.StatusCode)
				}
			}
		})
	}
	all.Wait()
	for _, c := range conns {
		_ = c.Close()
	}
	level(t, "open connections", goroutines, handles)

	for i := range conns {
		conns[i], _ = x.stream()
	}
	for i := range conns {
		select {
		case <-m.began:
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d streams began", i, many)
		}
	}
	for _, c := range conns {
		_ = c.Close()
	}
	level(t, "callers who left", goroutines, handles)
	for range 500 {
		if int(m.left.Load()) == many {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := m.left.Load(); int(n) != many {
		t.Errorf("the model goes on for %d of %d", many-int(n), many)
	}

	for i := range conns {
		c, err := net.Dial("tcp", x.address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, []string{
			"POST /v1/collections/default/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
			"GET /v1/collec", "POST /v1/collections/default/files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n\r\n",
		}[i%3])
		conns[i] = c
	}
	for _, c := range conns { // each is cut off by itself
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, c); os.IsTimeout(err) {
			t.Fatal("one that stands still is waited for")
		}
		_ = c.Close()
	}
	level(t, "slow callers", goroutines, handles)
}

// certify writes a certificate of a name and its key.
func certify(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestTLS: certificates come from files, and are read again when they have changed; broken
// ones leave the last that was whole.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := certify(t, dir, "first")
	x := attacked(t, false, func(o *Options) { o.TLS = TLS{Cert: cert, Key: key} })
	name := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", x.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if s := c.ConnectionState(); s.NegotiatedProtocol != "h2" || s.Version != tls.VersionTLS13 {
			t.Error(s.NegotiatedProtocol, s.Version)
		}
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	become := func(want string) {
		t.Helper()
		for range 60 {
			if name() == want {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("the certificate is of %s, not %s", name(), want)
	}
	become("first")
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := client.Get("https://" + x.address + "/v1/whoami")
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error(resp.Status, resp.Proto, resp.Header)
	}
	client.CloseIdleConnections()
	certify(t, dir, "second")
	become("second")
	if err := os.WriteFile(cert, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	become("second")
	if old, err := tls.Dial("tcp", x.address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		_ = old.Close()
		t.Error("TLS 1.1")
	}
	for _, bad := range []TLS{{Cert: cert, Key: key}, {Cert: filepath.Join(dir, "none"), Key: key}, {Cert: cert, Key: key, ACMEHosts: []string{"a"}}} {
		if _, err := bad.wrap(nil); err == nil {
			t.Errorf("%+v", bad)
		}
	}
}

// TestDebug: profiles are for programs of this machine, not for pages.
func TestDebug(t *testing.T) {
	x := attacked(t, true, nil)
	l, _, err := Listen("127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.s.Debug(ctx, l) }()
	private := &target{t: t, address: l.Addr().String()}
	for path, want := range map[string]string{"/metrics": "tamis_requests_in_flight", "/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile"} {
		if resp, body := private.ask("", "GET", path, ""); resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		if resp, _ := private.ask("", "GET", path, "", "Host", "evil.example"); resp.StatusCode != 403 {
			t.Errorf("%s by a foreign name: %d", path, resp.StatusCode)
		}
	}
	if resp, _ := x.ask(x.admin, "GET", "/debug/pprof/", ""); resp.StatusCode != 404 {
		t.Error("profiles at the public port:", resp.StatusCode)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
