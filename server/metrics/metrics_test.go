package metrics

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tamis-search/tamis/server/library"
)

func served(t *testing.T) (*Metrics, *httptest.Server) {
	t.Helper()
	l := library.New(library.Options{Root: t.TempDir()})
	t.Cleanup(func() { _ = l.Close() })
	_, done, err := l.Write(t.Context(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	m := New(l, slog.New(slog.NewTextHandler(io.Discard, nil)), "1")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/{collection}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "yes") })
	mux.HandleFunc("GET /fails", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("POST /panics", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	mux.Handle("GET /metrics", m.Handler())
	s := httptest.NewServer(m.Count(mux))
	t.Cleanup(s.Close)
	return m, s
}

func get(t *testing.T, url string, header ...string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(header) > 0 {
		req.Header.Set(header[0], header[1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	b, _ := io.ReadAll(answer.Body)
	return string(b)
}

func TestCounts(t *testing.T) {
	m, s := served(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				get(t, s.URL+"/v1/secret-name")
			}
		})
	}
	all.Wait()
	get(t, s.URL+"/fails")
	if answer, err := http.Post(s.URL+"/panics", "", nil); err == nil { // which a client does not try again
		answer.Body.Close()
		t.Error("a handler that panics answers")
	}
	get(t, s.URL+"/nothing/here")
	page := get(t, s.URL+"/metrics")
	for _, want := range []string{
		`tamis_requests_total{code="200",operation="GET /v1/{collection}"} 80`, `tamis_requests_total{code="502",operation="GET /fails"} 1`,
		`tamis_requests_total{code="500",operation="POST /panics"} 1`, `tamis_requests_total{code="404",operation="none"} 1`,
		`tamis_request_seconds_count{operation="GET /v1/{collection}"} 80`, `tamis_documents{collection="notes"} 0`, `tamis_requests_in_flight 1`, `go_goroutines`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(page, "secret-name") {
		t.Error("a path that a caller made up is a label")
	}
	a := m.Activity()
	if a.Requests != 84 || a.Failed != 2 || a.InFlight != 0 || a.PerSecond <= 0 || a.P99 < a.P50 {
		t.Errorf("%+v", a)
	}
}

func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, r.URL.Path+" "+r.Header.Get("Api-Key")+" "+string(b))
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL+"/")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b")
	m, s := served(t)
	get(t, s.URL+"/v1/notes", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	get(t, s.URL+"/v1/notes", "Traceparent", "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-00") // not sampled
	get(t, s.URL+"/fails")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	var spans []spanJSON
	for _, b := range bodies {
		parts := strings.SplitN(b, " ", 4)
		if parts[0] != "/v1/traces" || parts[1]+" "+parts[2] != "a b" {
			t.Fatal(b)
		}
		var body struct {
			Resources []struct {
				Scopes []struct {
					Spans []spanJSON `json:"spans"`
				} `json:"scopeSpans"`
			} `json:"resourceSpans"`
		}
		if err := json.Unmarshal([]byte(parts[3]), &body); err != nil {
			t.Fatal(err)
		}
		spans = append(spans, body.Resources[0].Scopes[0].Spans...)
	}
	if len(spans) != 2 {
		t.Fatalf("%d spans: %v", len(spans), bodies)
	}
	first, second := spans[0], spans[1]
	if first.Trace != "0af7651916cd43dd8448eb211c80319c" || first.Parent != "b7ad6b7169203331" || len(first.ID) != 16 || first.Name != "GET /v1/{collection}" {
		t.Errorf("%+v", first)
	}
	if len(second.Trace) != 32 || second.Parent != "" || second.Status["code"] != 2.0 {
		t.Errorf("%+v", second)
	}
}

func TestNobodyCollects(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	m, s := served(t)
	get(t, s.URL+"/v1/notes")
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "not an address")
	if m, s := served(t); m.traces != nil || get(t, s.URL+"/v1/notes") != "yes" {
		t.Error("an address that is none is asked")
	}
}
