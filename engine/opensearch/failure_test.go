//go:build linux

package opensearch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/engine/opensearch/generations"
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
	single, err := opensearch.Open(t.Context(), "testnodeslost-single", opensearch.Options{Addresses: c.Addresses(), Shards: 3, Patience: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer single.Close()
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
	// Without replicas the node had shards that nobody else has: they are named.
	if _, err := single.Search(t.Context(), tamis.Query{Text: "mill"}); err == nil || !strings.Contains(err.Error(), "lacks shards of the index, [[testnodeslost-single-000001][") {
		t.Errorf("a search of an index that is not whole: %v", err)
	}
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
		c.Pause(2) // it takes requests, and answers none
		at("one stands still")
		time.Sleep(40 * time.Second)
		c.Resume(2)
		c.Wait(3)
		at("three again")
	}
	for i := range rolling { // a rolling restart
		c.Stop(i)
		c.Wait(2) // as long as the others count it, it looks as if it were there again
		c.Restart(i)
		c.Wait(3)
		at("stopped and started")
	}
	l.end(t, ix)
}

// send sends a request to a node, and returns what it answers.
func send(t *testing.T, method, url, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %v: %s", method, url, res.Status, err, answer)
	}
	return string(answer)
}

// TestMigrate: an index of an older format is made anew while it answers: what it holds is
// the same, searches go on, and writers that had it open go on when it is done.
func TestMigrate(t *testing.T) {
	c := nodes.Start(t, 1)
	ix := open(t, c, opensearch.Options{Shards: 2})
	vectors := func(i int) map[string]tamis.Vector {
		return map[string]tamis.Vector{"vector": tamis.Sparse{"a": float32(i + 1), "b.c": 1.25}}
	}
	add := func(to *opensearch.Index, from, end int) error {
		report, err := to.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
			for i := from; i < end; i++ {
				if !yield(tamis.Document{ID: fmt.Sprint("d", i), Title: "A mill", Source: fmt.Sprintf("The mill number%d grinds.", i), Lang: "en", Vectors: vectors(i)}, nil) {
					return
				}
			}
		})
		if err == nil && report.Added+report.Unchanged != end-from {
			err = fmt.Errorf("%+v", report)
		}
		return err
	}
	if err := add(ix, 0, 250); err != nil {
		t.Fatal(err)
	}
	name := strings.ToLower(t.Name())
	queries := []tamis.Query{{Text: "number7 mill", K: 300, Unit: tamis.Documents}, {Vector: tamis.Sparse{"a": 1}, K: 300}}
	var before []*tamis.Results
	for _, q := range queries {
		res, err := ix.Search(t.Context(), q)
		if err != nil || len(res.Hits) != 250 {
			t.Fatal(len(res.Hits), err)
		}
		before = append(before, res)
	}
	given := filepath.Join(t.TempDir(), "given.jsonl")
	if err := os.WriteFile(given, []byte(`{"id":"d7","vector":{"later":2}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if report, err := ix.AddVectors(t.Context(), given, "given"); err != nil || report.Updated != 1 {
		t.Fatalf("%+v %v", report, err)
	}
	older(t, c, name)

	o := opensearch.Options{Addresses: c.Addresses()}
	if _, err := opensearch.Open(t.Context(), name, o); !errors.Is(err, tamis.ErrConfig) || !strings.Contains(err.Error(), "?migrate=true") {
		t.Errorf("opening an older one: %v", err)
	}
	reader, err := opensearch.Open(t.Context(), name, opensearch.Options{Addresses: c.Addresses(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	stop, searched := make(chan struct{}), 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if res, err := reader.Search(t.Context(), queries[searched%2]); err != nil || len(res.Hits) < 250 {
				t.Errorf("a search while the index is made anew: %v", err)
				return
			}
			searched++
		}
	})
	wg.Go(func() { // a writer that had it open
		for i := 250; i < 300; i += 10 {
			if err := add(ix, i, i+10); err != nil {
				t.Errorf("a writer while the index is made anew: %v", err)
				return
			}
		}
	})
	o.Migrate = true
	anew, err := opensearch.Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	defer anew.Close()
	time.Sleep(time.Second)
	close(stop)
	wg.Wait()
	if searched == 0 {
		t.Error("nothing was searched meanwhile")
	}
	t.Logf("%d searches while the index was made anew", searched)
	if aliases := send(t, "GET", c.Addresses()[0]+"/_alias/"+name, ""); !strings.Contains(aliases, name+"-000002") || strings.Contains(aliases, name+"-000001") {
		t.Errorf("the alias is %s", aliases)
	}
	for i, q := range queries {
		res, err := anew.Search(t.Context(), q)
		if err != nil || len(res.Hits) != 300 {
			t.Fatal(len(res.Hits), err)
		}
		if q.Vector == nil {
			continue // scores of words are those of more documents
		}
		place := map[string]float32{}
		for _, h := range res.Hits {
			place[h.Doc] = h.Score
		}
		for _, h := range before[i].Hits {
			if place[h.Doc] != h.Score {
				t.Errorf("%s scores %g, before %g", h.Doc, place[h.Doc], h.Score)
			}
		}
	}
	if err := add(anew, 0, 300); err != nil {
		t.Fatal(err)
	}
	// It was not changed by being added again, and keeps what it was given.
	want := vectors(7)
	want["given"] = tamis.Sparse{"later": 2}
	if got, err := anew.Vectors(t.Context(), "d7", tamis.Scope{}); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v %v", got, err)
	}
	if err := add(ix, 0, 300); err != nil {
		t.Fatal(err)
	}
	if n, err := ix.Delete(t.Context(), "d1", "d2"); n != 2 || err != nil {
		t.Errorf("%d deleted, %v", n, err)
	}
}

// TestReadOnly: an index that a full disk has made read-only takes what was waiting when
// there is space, and says what is wrong where that does not come.
func TestReadOnly(t *testing.T) {
	c := nodes.Start(t, 1)
	ix := open(t, c, opensearch.Options{Patience: 4 * time.Second})
	one := func(id string) error {
		report, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
			yield(tamis.Document{ID: id, Source: "the mill grinds", Lang: "en"}, nil)
		})
		if err == nil && report.Added != 1 {
			err = fmt.Errorf("%+v", report)
		}
		return err
	}
	settings := c.Addresses()[0] + "/" + strings.ToLower(t.Name()) + "/_settings"
	send(t, "PUT", settings, `{"index.blocks.read_only_allow_delete":true}`)
	begin := time.Now()
	if err := one("a"); err == nil || !strings.Contains(err.Error(), "takes no writes") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a full disk: %v", err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %s to say so", took)
	}
	go func() {
		time.Sleep(time.Second)
		req, _ := http.NewRequest("PUT", settings, strings.NewReader(`{"index.blocks.read_only_allow_delete":null}`))
		req.Header.Set("Content-Type", "application/json")
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	if err := one("b"); err != nil {
		t.Errorf("when there is space again: %v", err)
	}
	if n, err := ix.Delete(t.Context(), "a", "b"); n != 1 || err != nil {
		t.Errorf("%d deleted, %v", n, err)
	}
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

// older makes an index what an older version would have left.
func older(t *testing.T, c *nodes.Cluster, name string) {
	t.Helper()
	mapping := send(t, "GET", c.Addresses()[0]+"/"+name+"-000001/_mapping", "")
	var stored map[string]struct {
		Mappings struct {
			Meta map[string]map[string]any `json:"_meta"`
		} `json:"mappings"`
	}
	if err := json.Unmarshal([]byte(mapping), &stored); err != nil {
		t.Fatal(err)
	}
	meta := stored[name+"-000001"].Mappings.Meta
	meta["tamis"]["format"] = 1
	made, _ := json.Marshal(map[string]any{"_meta": meta})
	send(t, "PUT", c.Addresses()[0]+"/"+name+"-000001/_mapping", string(made))
}

// TestMigrateKilled: a process that makes an index anew is killed. The index that it began and
// the one that takes no writes are mended by whoever opens it next, to write or to make it anew,
// and not while somebody is at work.
func TestMigrateKilled(t *testing.T) {
	if at := os.Getenv("TAMIS_TEST_MIGRATE"); at != "" { // the process that is killed
		address, name, _ := strings.Cut(at, " ")
		_, err := opensearch.Open(t.Context(), name, opensearch.Options{Addresses: []string{address}, Migrate: true})
		t.Fatal("it came to an end: ", err)
	}
	beat, silence := generations.Beat, generations.Silence
	defer func() { generations.Beat, generations.Silence = beat, silence }()
	generations.Silence = 8 * time.Second
	c := nodes.Start(t, 1)
	ix := open(t, c, opensearch.Options{})
	add := func(to *opensearch.Index, from, end int) {
		t.Helper()
		report, err := to.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
			for i := from; i < end; i++ {
				if !yield(tamis.Document{ID: fmt.Sprint("d", i), Source: strings.Repeat(fmt.Sprintf("The mill number%d grinds. ", i), 40), Lang: "en"}, nil) {
					return
				}
			}
		})
		if err != nil || report.Added != end-from {
			t.Fatalf("%+v %v", report, err)
		}
	}
	const docs = 3000
	add(ix, 0, docs)
	name := strings.ToLower(t.Name())
	older(t, c, name)
	kill := func() {
		t.Helper()
		child := exec.Command(os.Args[0], "-test.run", "^TestMigrateKilled$")
		child.Env = append(os.Environ(), "TAMIS_TEST_MIGRATE="+c.Addresses()[0]+" "+name)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		defer child.Wait()
		for range 600 {
			if res, err := http.Get(c.Addresses()[0] + "/" + name + "-000001/_settings"); err == nil {
				settings, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if strings.Contains(string(settings), `"blocks":{"write":"true"}`) {
					break
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := opensearch.Open(t.Context(), name, opensearch.Options{Addresses: c.Addresses(), Migrate: true}); err == nil || !strings.Contains(err.Error(), "being made anew by another process") {
			t.Errorf("making it anew beside another: %v", err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	o := opensearch.Options{Addresses: c.Addresses(), Migrate: true, Warn: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
	kill()
	anew, err := opensearch.Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	defer anew.Close()
	if len(told) != 1 || !strings.Contains(told[0], `anew as "`+name+`-000002" by a process that is gone`) {
		t.Errorf("it says %q", told)
	}
	if n, _, err := anew.Count(tamis.Scope{}); n != docs || err != nil {
		t.Errorf("%d documents are there: %v", n, err)
	}
	// Begun by one of a later version, whose user goes back.
	send(t, "PUT", c.Addresses()[0]+"/"+name+"-000004", "{}")
	send(t, "PUT", c.Addresses()[0]+"/"+name+"-000003/_block/write", "")
	told = nil
	again, err := opensearch.Open(t.Context(), name, o)
	if err != nil || len(told) != 1 || !strings.Contains(told[0], "takes writes again") {
		t.Fatalf("%q %v", told, err)
	}
	defer again.Close()
	add(again, docs, docs+10)
	if all := send(t, "GET", c.Addresses()[0]+"/_cat/indices/"+name+"-*?h=index", ""); strings.TrimSpace(all) != name+"-000003" {
		t.Errorf("what is there: %s", all)
	}
}
