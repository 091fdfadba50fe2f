//go:build linux

package opensearch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/nodes"
)

// load adds documents and asks for them until it is told to stop, and notes which were
// acknowledged.
type load struct {
	mu       sync.Mutex
	acked    []string
	searches atomic.Int64
	stop     chan struct{}
	wg       sync.WaitGroup
}

// ease leaves a small machine some time to start a node in.
const ease = 100 * time.Millisecond

func begin(t *testing.T, ix *opensearch.Index) *load {
	l := &load{stop: make(chan struct{})}
	running := func() bool {
		select {
		case <-l.stop:
			return false
		default:
			return true
		}
	}
	add := func(n int) bool {
		var ids []string
		report, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
			for i := range 20 {
				id := fmt.Sprintf("load-%d-%d", n, i)
				ids = append(ids, id)
				if !yield(tamis.Document{ID: id, Source: fmt.Sprintf("the mill of round%d grinds sack%d", n, i), Lang: "en"}, nil) {
					return
				}
			}
		})
		if err != nil || report.Added != 20 {
			t.Errorf("adding: %+v %v", report, err)
			return false
		}
		l.mu.Lock()
		l.acked = append(l.acked, ids...)
		l.mu.Unlock()
		time.Sleep(ease)
		return true
	}
	add(0)
	l.wg.Go(func() {
		for n := 1; running() && add(n); n++ {
		}
	})
	for range 2 {
		l.wg.Go(func() {
			for running() {
				if _, err := ix.Search(t.Context(), tamis.Query{Text: "which mill grinds", K: 5}); err != nil {
					t.Errorf("searching: %v", err)
					return
				}
				if _, err := ix.Context(t.Context(), "which mill grinds sack3?", tamis.Budget{Tokens: 100}); err != nil {
					t.Errorf("a context: %v", err)
					return
				}
				l.searches.Add(1)
				time.Sleep(ease)
			}
		})
	}
	return l
}

// end stops the load and holds what was acknowledged to be there.
func (l *load) end(t *testing.T, ix *opensearch.Index) {
	t.Helper()
	close(l.stop)
	l.wg.Wait()
	if len(l.acked) == 0 || l.searches.Load() == 0 {
		t.Fatalf("%d documents and %d searches: no load", len(l.acked), l.searches.Load())
	}
	t.Logf("%d documents acknowledged, %d searches and contexts answered", len(l.acked), l.searches.Load())
	found := map[string]bool{}
	res, err := ix.Search(t.Context(), tamis.Query{Text: "mill", K: 10000, Unit: tamis.Documents, IDsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range res.Hits {
		if found[h.Doc] {
			t.Errorf("%s is there twice", h.Doc)
		}
		found[h.Doc] = true
	}
	lost := 0
	for _, id := range l.acked[:min(len(l.acked), 10000)] {
		if !found[id] {
			lost++
		}
	}
	if lost > 0 && len(l.acked) <= 10000 {
		t.Errorf("%d of %d acknowledged documents are lost", lost, len(l.acked))
	}
	passages, err := ix.Search(t.Context(), tamis.Query{Text: "mill", K: 10000, IDsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(passages.Hits) != len(res.Hits) {
		t.Errorf("%d passages of %d documents of one each", len(passages.Hits), len(res.Hits))
	}
}

// TestNodesLost: with replicas a node that is killed, one that stands still and a rolling
// restart cost no search and no acknowledged document.
func TestNodesLost(t *testing.T) {
	c := nodes.Start(t, 3)
	c.Own(t)
	ix := open(t, c, opensearch.Options{Shards: 3, Replicas: 1, Patience: 3 * time.Minute})
	l := begin(t, ix)
	begun := time.Now()
	at := func(what string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		t.Logf("%4.0f s: %s; %d documents, %d searches", time.Since(begun).Seconds(), what, len(l.acked), l.searches.Load())
	}
	time.Sleep(2 * time.Second)
	c.Kill(1)
	at("killed")
	c.Wait(2)
	at("two nodes are a cluster")
	before := l.searches.Load()
	time.Sleep(5 * time.Second)
	if n := l.searches.Load(); n == before {
		t.Error("no search was answered while a node was down")
	}
	c.Restart(1)
	c.Wait(3)
	at("three again")
	rolling := 1
	if os.Getenv("TAMIS_HEAVY") == "full" {
		rolling = 3
	}
	for i := range rolling { // a rolling restart
		c.Stop(i)
		c.Restart(i)
		c.Wait(3)
		at("stopped and started")
	}
	l.end(t, ix)
}

// TestAnswers: what answers otherwise than a cluster should is named, in one line.
func TestAnswers(t *testing.T) {
	answer := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, c := range map[string]struct{ address, says string }{
		"html":          {answer(200, "text/html", "<html><body>Welcome to nginx!</body></html>"), "no OpenSearch: its answer is not JSON (<html><body>Welcome to nginx!</body></html>)"},
		"an error page": {answer(404, "text/html", "<html>nothing here</html>"), "it answers 404, and no JSON"},
		"elasticsearch": {answer(200, "application/json", `{"version":{"number":"8.14.0"}}`), "Elasticsearch"},
		"another API":   {answer(200, "application/json", `{"hello":"world"}`), "it names no version"},
		"an old one":    {answer(200, "application/json", `{"version":{"distribution":"opensearch","number":"1.3.20"}}`), "OpenSearch 1.3.20; versions 2 and 3 are known"},
		"a password":    {answer(401, "text/plain", "Unauthorized"), "refuses the name and password (401)"},
		"nobody":        {"http://127.0.0.1:1", "connection refused"},
		"no scheme":     {"127.0.0.1:9200", "is not http://HOST:PORT"},
	} {
		_, err := opensearch.Open(t.Context(), "x", opensearch.Options{Addresses: []string{c.address}, Patience: 200 * time.Millisecond})
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
	}
}

// TestPatience: a request is tried again until the cluster takes it, and no longer than
// was said, nor than its caller waits.
func TestPatience(t *testing.T) {
	var asked atomic.Int64
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 4 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write([]byte(`{"version":{"distribution":"opensearch","number":"1.0.0"}}`))
	}))
	defer busy.Close()
	_, err := opensearch.Open(t.Context(), "x", opensearch.Options{Addresses: []string{busy.URL}})
	if err == nil || !strings.Contains(err.Error(), "1.0.0") || asked.Load() != 4 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	asked.Store(-1000)
	if _, err := opensearch.Open(ctx, "x", opensearch.Options{Addresses: []string{busy.URL}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller who leaves: %v", err)
	}
}

// TestAddresses reads addresses of indexes.
func TestAddresses(t *testing.T) {
	name, o, err := opensearch.Parse("opensearch://me:p%40ss@a:1,b:2/notes?tls=true&shards=3&replicas=1")
	if err != nil || name != "notes" || o.User != "me" || o.Password != "p@ss" || o.Shards != 3 || o.Replicas != 1 || strings.Join(o.Addresses, " ") != "https://a:1 https://b:2" {
		t.Errorf("%q %+v %v", name, o, err)
	}
	for _, bad := range []string{"http://a/b", "opensearch://", "opensearch:///x", "opensearch://a:1/", "opensearch://a:1/UPPER", "opensearch://a:1/x?shard=3", "opensearch://a:1/x?shards=many", "opensearch://u:secret@a:1/*"} {
		if _, _, err := opensearch.Parse(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestFilled: a row has the length next to its own of those that Lucene stores.
func TestFilled(t *testing.T) {
	lucene := index.Config{LuceneLengths: true}
	stored := func(n int) int { return int(lucene.StoredLength(uint64(n))) }
	for n := range 100_000 {
		f := opensearch.Filled(n)
		if f < n || f != n && stored(f) != f {
			t.Fatalf("%d is filled to %d", n, f)
		}
		low, high := stored(n), n
		for stored(high) == low {
			high++
		}
		if got := stored(f); got != low && got != high || n-low < high-n && got != low || n-low > high-n && got != high {
			t.Fatalf("%d, between %d and %d, is stored as %d", n, low, high, got)
		}
	}
}
