package api

import (
	"compress/gzip"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/server/access"
)

// with sends a request with headers, each a name and a value.
func (s *served) with(by *access.Caller, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(access.With(r.Context(), by)))
	return w
}

func TestDoneOnce(t *testing.T) {
	s := serve(t, Options{})
	const at = "/v1/collections/notes/document?id=kettle"
	first := s.with(writer, "DELETE", at, "", onceHeader, "k1")
	again := s.with(writer, "DELETE", at, "", onceHeader, "k1")
	if first.Code != 200 || again.Code != 200 || again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") == "" {
		t.Error(first.Code, again.Code, again.Body)
	}
	if w := s.with(admin, "DELETE", at, "", onceHeader, "k1"); w.Code != 404 {
		t.Error("the answer of another caller:", w.Code, w.Body)
	}
	if w := s.with(writer, "DELETE", at+"2", "", onceHeader, "k1"); w.Code != 422 {
		t.Error("another request of the same name:", w.Code, w.Body)
	}
	if w := s.with(reader, "DELETE", at, "", onceHeader, "k1"); w.Code != 403 {
		t.Error(w.Code, w.Body)
	}
}

func TestConditional(t *testing.T) {
	s := serve(t, Options{})
	const at = "/v1/collections/notes/document?id=kettle"
	w := s.ask(reader, "GET", at, "")
	tag := w.Header().Get("ETag")
	if tag == "" {
		t.Fatal(w.Header())
	}
	if w := s.with(reader, "GET", at, "", "If-None-Match", `"x", `+tag); w.Code != 304 || w.Body.Len() != 0 {
		t.Error(w.Code, w.Body)
	}
	s.with(writer, "POST", "/v1/collections/notes/documents", `{"id":"kettle","text":"Another."}`)
	if w := s.with(reader, "GET", at, "", "If-None-Match", tag); w.Code != 200 || w.Header().Get("ETag") == tag {
		t.Error(w.Code, w.Header())
	}
}

func TestCompressed(t *testing.T) {
	s := serve(t, Options{})
	w := s.with(reader, "GET", "/openapi.json", "", "Accept-Encoding", "gzip")
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.NewDecoder(z).Decode(&doc); err != nil || doc["openapi"] == nil {
		t.Error(err)
	}
}

// TestProblems: each mistake has its status and names its field.
func TestProblems(t *testing.T) {
	s := serve(t, Options{})
	const notes = "/v1/collections/notes"
	for _, c := range []struct {
		method, path, body string
		want               int
		says               string
	}{
		{"POST", notes + "/search", `{"query":`, 400, "body"},
		{"POST", notes + "/search", `{"query":"a","kk":1}`, 422, "body.kk"},
		{"POST", notes + "/search", `{"query":7}`, 422, "body.query"},
		{"POST", notes + "/search", `{"query":"a","k":0}`, 422, "body.k"},
		{"POST", notes + "/search", `{"query":"a","k":1000001}`, 422, "body.k"},
		{"POST", notes + "/search", `{"query":"backups","filter":"year = "}`, 422, "body.filter (byte "},
		{"POST", notes + "/search", `{"query":"backups","filter":"salary > 1"}`, 422, "body.filter"},
		{"POST", notes + "/search", `{"query":"?"}`, 422, "body.query"},
		{"POST", notes + "/search", `{"query":"a","plan":"rrf("}`, 422, "body.plan"},
		{"POST", notes + "/search", `{"query":"a","plan":7}`, 422, "body.plan"},
		{"POST", notes + "/search", `{"query":"a","plan":{"fuse":{"rrf":{"kk":1}},"of":["text"]}}`, 422, "body.plan.fuse.rrf.kk"},
		{"POST", notes + "/search", `{"query":"backups","plan":"dense"}`, 422, "body.plan"},
		{"POST", notes + "/search", `{"query":"backups","plan":"rerank(text, reranker)"}`, 422, "body.plan"},
		{"POST", notes + "/search", `{"query":"backups","plan":"rerank(text, reranker:/models/any)"}`, 422, "body.plan"},
		{"POST", notes + "/search", "{\"query\":\"\xff\"}", 422, "body.query"},
		{"POST", notes + "/context", `{"question":"backups","budget":1}`, 422, "body.budget"},
		{"POST", notes + "/context", `{"question":"backups","tokenizer":"none"}`, 422, "body.tokenizer"},
		{"POST", notes + "/context", `{"question":"backups","guards":["x"]}`, 422, "body.guards"},
		{"POST", notes + "/context", `{"question":"backups","cut":"x"}`, 422, "body.cut"},
		{"POST", notes + "/context", `{}`, 422, "question"},
		{"POST", notes + "/context", ``, 400, "body"},
		{"GET", notes + "/documents?limit=0", "", 422, "query.limit"},
		{"GET", notes + "/documents?cursor=%25", "", 422, "query.cursor"},
		{"GET", notes + "/documents?colour=red", "", 422, "query.colour"},
		{"GET", notes + "/documents?filter=salary+%3E+1", "", 422, "query.filter"},
		{"GET", notes + "/document?id=none", "", 404, "no such document"},
		{"GET", notes + "/document?id=secret", "", 404, "no such document"},
		{"GET", notes + "/document?id=kettle&start=3&end=1", "", 422, "query.end"},
		{"GET", notes + "/show?id=kettle&start=3&end=1000", "", 422, "query.range"},
		{"GET", notes + "/show?id=kettle&line=99", "", 422, "query.line"},
		{"GET", "/v1/collections/none/stats", "", 404, "no such collection"},
		{"GET", "/v1/nothing", "", 404, "/openapi.json"},
		{"PATCH", notes, "", 405, "takes"},
		{"POST", notes + "/sessions", `{"tokens":0}`, 422, "body.tokens"},
		{"POST", notes + "/documents", `{"text":"x"}`, 422, "id"},
		{"POST", notes + "/documents", `nonsense`, 422, "body"},
		{"POST", notes + "/replay", `{"digest":"x","order":"y"}`, 422, "body"},
		{"POST", "/v1/receipts/verify", `[`, 422, "body"},
	} {
		w := s.ask(writer, c.method, c.path, c.body)
		if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "year, ") && strings.Contains(w.Body.String(), "known are") && strings.Contains(w.Body.String(), ", salary") {
			t.Errorf("%s tells of a field that only a group sees: %s", c.path, w.Body)
		}
	}
}
