package encode

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/vector"
)

// remote is an endpoint whose vectors have the length of a text and 1.
type remote struct {
	t    *testing.T
	asks atomic.Int32
	// answer, where not nil, writes another answer and says so.
	answer func(w http.ResponseWriter, ask int, texts []string) bool
}

func (r *remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ask := int(r.asks.Add(1))
	var body struct {
		Model string
		Input []string
	}
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil || req.Method != http.MethodPost || req.URL.Path != "/v1/embeddings" ||
		body.Model != "gates" || req.Header.Get("Authorization") != "Bearer sesame" {
		r.t.Errorf("%v %s %s %+v %v", err, req.Method, req.URL, body, req.Header)
	}
	for _, text := range body.Input {
		if text == "" || len(text) > remoteText || !utf8.ValidString(text) {
			r.t.Errorf("a text of %d bytes is sent", len(text))
		}
	}
	if r.answer != nil && r.answer(w, ask, body.Input) {
		return
	}
	var data []map[string]any
	for i, text := range slices.Backward(body.Input) { // their order is told by index
		data = append(data, map[string]any{"index": i, "embedding": []float64{float64(len(text)), 1}})
	}
	json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func serve(t *testing.T) (*remote, string) {
	t.Setenv("TAMIS_EMBEDDINGS_KEY", "sesame")
	r := &remote{t: t}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server.URL + "/v1#gates"
}

func openRemote(t *testing.T, address string) *Remote {
	t.Helper()
	e, err := OpenRemote(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	e.backoff = time.Microsecond
	t.Cleanup(func() { e.Close() })
	return e
}

func TestRemote(t *testing.T) {
	r, address := serve(t)
	e := openRemote(t, address)
	texts := []string{"", strings.Repeat("é", remoteText), "x" + strings.Repeat("é", remoteText)}
	for i := range 200 {
		texts = append(texts, strings.Repeat("a", 1+i))
	}
	before := r.asks.Load()
	i := 0
	for v, err := range e.All(t.Context(), slices.Values(texts), Passage) {
		if err != nil {
			t.Fatal(err)
		}
		n := float64(max(1, min(len(texts[i]), remoteText)))
		if i == 2 {
			n-- // the last letter would be cut in two
		}
		if want := n / math.Hypot(n, 1); math.Abs(float64(v.(vector.Dense)[0])-want) > 1e-6 {
			t.Fatalf("text %d: %v, want %g first", i, v, want)
		}
		i++
	}
	if asked := r.asks.Load() - before; i != len(texts) || asked > 10 {
		t.Errorf("%d vectors, %d requests", i, asked)
	}
	other := openRemote(t, strings.TrimSuffix(address, "gates")+"gates")
	if e.Width() != 2 || e.Name() != other.Name() || e.Place() != address || !strings.HasPrefix(e.Name(), "remote:") {
		t.Error(e.Width(), e.Name(), e.Place())
	}
}

// TestRemoteAgain: what may pass is tried again, a few times; what will not is not.
func TestRemoteAgain(t *testing.T) {
	r, address := serve(t)
	e := openRemote(t, address)
	for _, c := range []struct {
		status, asks int
		ok           bool
	}{{503, 3, true}, {429, 3, true}, {503, remoteTries, false}, {400, 1, false}, {302, 1, false}} {
		r.asks.Store(0)
		r.answer = func(w http.ResponseWriter, ask int, _ []string) bool {
			if c.ok && ask == c.asks {
				return false
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			fmt.Fprint(w, `{"error":{"message":"the key sesame\u001b is busy"}}`)
			return true
		}
		_, err := e.vectors(t.Context(), []string{"gate"})
		if n := int(r.asks.Load()); n != c.asks || (err == nil) != c.ok {
			t.Errorf("%d: %d requests, %v", c.status, n, err)
		}
		if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), fmt.Sprint(c.status))) {
			t.Error(err)
		}
	}
}

func TestRemoteNonsense(t *testing.T) {
	r, address := serve(t)
	e := openRemote(t, address)
	for answer, want := range map[string]string{
		`{"data":[{"index":0,"embedding":[1,2]}]}`:                                        "1 vectors for 2 texts",
		`{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`:          "twice",
		`{"data":[{"index":0,"embedding":[1,2]},{"index":7,"embedding":[1,2]}]}`:          "of none",
		`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2,3]}]}`:        "vector 1 has 3 numbers; the model's first had 2",
		`{"data":[{"index":0,"embedding":[1,null]},{"index":1,"embedding":[1,2]}]}`:       "not a number",
		`{"data":[{"index":0,"embedding":[1,NaN]},{"index":1,"embedding":[1,2]}]}`:        "no list of vectors",
		`{"data":[{"index":0,"embedding":[1,1e99]},{"index":1,"embedding":[1,2]}]}`:       "no list of numbers",
		`{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[1,2]}]}`:          "no direction",
		`{"data":[{"index":0,"embedding":"AACAPwAAgD8="},{"index":1,"embedding":[1,2]}]}`: "no list of numbers",
		`{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}`:                "0 numbers",
		`<html>`: "no list of vectors",
		`{"pad":"` + strings.Repeat("x", 2*remoteAnswer+1<<16) + `"}`: "more than",
	} {
		r.answer = func(w http.ResponseWriter, _ int, _ []string) bool {
			fmt.Fprint(w, answer)
			return true
		}
		if _, err := e.vectors(t.Context(), []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", answer, err, want)
		}
	}
	for _, address := range []string{"http://", "https://user:word@host/v1", "http://host/v1?key=sesame", "ftp://host"} {
		if _, err := OpenRemote(t.Context(), address); err == nil || strings.Contains(err.Error(), "word@") || strings.Contains(err.Error(), "=sesame") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
