package mcp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis/server/access"
)

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`

func post(t *testing.T, url string, set func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(initialize))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	set(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestForeign: neither a name that was bound to the loopback interface anew nor a page of
// another site may ask. The SDK by itself lets the page of another site in.
func TestForeign(t *testing.T) {
	s := newHouse(t, kitchen).server(t, Options{Caller: owner()})
	guarded := httptest.NewServer(Local(s.Handler()))
	bare := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		return s.room(r.Context(), owner(), false).server()
	}, &sdk.StreamableHTTPOptions{Stateless: true}))
	defer guarded.Close()
	defer bare.Close()
	own := strings.TrimPrefix(guarded.URL, "http://")
	port := own[strings.LastIndexByte(own, ':'):]
	for _, c := range []struct {
		host, origin string
		status, sdk  int
	}{
		{"", "", 200, 200},
		{"localhost" + port, "", 200, 200},
		{"[::1]" + port, "", 200, 200},
		{"", "http://" + own, 200, 200},
		{"evil.example", "", 403, 403},
		{"127.0.0.1.evil.example" + port, "", 403, 403},
		{"evil.example" + port, "http://evil.example" + port, 403, 403},
		{"", "https://evil.example", 403, 200},
		{"", "null", 403, 200},
		{"", "http://localhost:1", 403, 200},
		{"", "", 200, 200},
	} {
		for url, want := range map[string]int{guarded.URL: c.status, bare.URL: c.sdk} {
			got, body := post(t, url, func(r *http.Request) {
				if c.host != "" {
					r.Host = c.host
				}
				if c.origin != "" {
					r.Header.Set("Origin", c.origin)
				}
			})
			if got != want {
				t.Errorf("guarded %v, Host %q, Origin %q: %d %s, want %d", url == guarded.URL, c.host, c.origin, got, body, want)
			}
		}
	}
}

// TestNobody: who is not known is served nothing.
func TestNobody(t *testing.T) {
	h := newHouse(t, kitchen)
	web := httptest.NewServer(h.server(t, Options{}).Handler())
	defer web.Close()
	if status, body := post(t, web.URL, func(*http.Request) {}); status != http.StatusForbidden {
		t.Errorf("%d %s", status, body)
	}
}

// TestStateless: each request is served by itself, so that a window has a name, and belongs
// to the caller who was told it.
func TestStateless(t *testing.T) {
	h := newHouse(t, kitchen)
	s := h.server(t, Options{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := &access.Caller{Name: r.Header.Get("Authorization"), Scope: access.Read}
		s.Handler().ServeHTTP(w, r.WithContext(access.With(r.Context(), who)))
	}))
	defer web.Close()
	as := func(name string) agent {
		a := agent{t, dial(t, &sdk.StreamableClientTransport{Endpoint: web.URL, HTTPClient: &http.Client{Transport: caller(name)}})}
		t.Cleanup(func() { a.Close() })
		return a
	}
	anna, bert := as("anna"), as("bert")
	if list, err := anna.ListTools(context.Background(), nil); err != nil || len(list.Tools) != 4 {
		t.Errorf("a reader has the tools %v (%v)", list, err)
	}
	first := anna.want("context", `{"question":"How do I clean a tamis?"}`)
	_, name, _ := strings.Cut(first, "[window (session ")
	name, _, ok := strings.Cut(name, ")")
	if !ok || len(name) != 6 {
		t.Fatalf("no session is named in\n%s", first)
	}
	if again := anna.want("context", `{"question":"How do I clean a tamis?"}`); !strings.Contains(again, "dishwasher") {
		t.Errorf("a new window knows what another holds:\n%s", again)
	}
	if again := anna.want("context", `{"question":"How do I clean a tamis?","session":"`+name+`"}`); strings.Contains(again, "dishwasher") {
		t.Errorf("the window forgot:\n%s", again)
	}
	if got := anna.want("open", `{"label":"1","session":"`+name+`"}`); !strings.Contains(got, "sieves.md") {
		t.Error(got)
	}
	if got, failed := bert.ask("open", `{"label":"1","session":"`+name+`"}`); !failed || !strings.Contains(got, "no session") {
		t.Errorf("somebody else's window: %q", got)
	}
	if got, failed := anna.ask("session", `{"session":"ABCDEF"}`); !failed || !strings.Contains(got, "no session ABCDEF") {
		t.Errorf("%q", got)
	}
}

// caller asks as somebody.
type caller string

func (n caller) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", string(n))
	return http.DefaultTransport.RoundTrip(r)
}
