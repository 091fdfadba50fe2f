package metrics

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	return w.Body.String()
}

func TestCounts(t *testing.T) {
	m := New("1.2.3")
	m.Collections(func() []Collection { return []Collection{{Name: "notes", Documents: 3, Passages: 7, Bytes: 512}} })
	m.Begin(httptest.NewRequest("POST", "/v1/collections/notes/search", nil))(200, 99, time.Millisecond, "")
	m.Begin(httptest.NewRequest("POST", "/v1/collections/other/search", nil))(401, 1, time.Millisecond, "key")
	open := m.Begin(httptest.NewRequest("GET", "/", nil))
	text := read(t, m)
	for _, want := range []string{
		`tamis_http_requests_total{method="POST",route="/v1/collections/*/search",status="200"} 1`,
		`tamis_http_requests_total{method="POST",route="/v1/collections/*/search",status="401"} 1`,
		`tamis_http_request_seconds_count{route="/v1/collections/*/search"} 1`,
		`tamis_http_refused_total{why="key"} 1`,
		`tamis_http_requests_in_flight 1`,
		`tamis_documents{collection="notes"} 3`,
		`tamis_build_info{version="1.2.3"} 1`,
		"go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	open(200, 0, 0, "")
	if text = read(t, m); !strings.Contains(text, "tamis_http_requests_in_flight 0") {
		t.Error("a request that ended is under way")
	}
}

// TestRoutesAreFew: whatever is asked for, the labels are of a small set.
func TestRoutesAreFew(t *testing.T) {
	m := New("")
	all := map[string]bool{}
	some := append([]string{"x", "*", ""}, slices.Collect(maps.Keys(words))...)
	for _, a := range some {
		for _, b := range some {
			all[Route("/"+a+"/"+b)] = true
			all[Route("/v1/"+a+"/"+b)] = true
			all[Route("/v1/collections/x/"+a+"/"+b)] = true
			all[Route("/v1/collections/x/sessions/"+a+"/"+b)] = true
			all[Route("/v1/collections/x/"+a+"/y/"+b+"/z")] = true
		}
	}
	if len(all) > 1800 {
		t.Errorf("%d routes", len(all))
	}
	for i := range 2000 {
		for _, path := range []string{"/v1/collections/%d/search", "/v1/collections/search/%d", "/%d", "/%d/%[1]d", "/assets/%d", "/v1/collections/a/sessions/%d/fold", "/a/b/c/d/e/f/g/h/%d"} {
			r := httptest.NewRequest(fmt.Sprint("M", i), "/x", nil)
			r.URL.Path = fmt.Sprintf(path, i)
			m.Begin(r)(900+i, 1, 0, "")
		}
	}
	if n := strings.Count(read(t, m), "\n"); n > 300 {
		t.Errorf("%d lines", n)
	}
	for path, want := range map[string]string{
		"/": "/", "": "/", "/v1/collections/stats/stats": "/v1/collections/*/stats", "/healthz": "/healthz", "/v1/collections": "/v1/collections",
		"/v1/collections/x/sessions/pin/pin": "/v1/collections/*/sessions/*/pin", "/../etc/passwd": "other", "/v1/receipts/verify": "/v1/receipts/verify",
		"/v1/chat/completions": "/v1/chat/completions", "/v1/collections/a/search/search": "other", "//": "other",
	} {
		if got := Route(path); got != want {
			t.Errorf("Route(%q) = %q", path, got)
		}
	}
}
