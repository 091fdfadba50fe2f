package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api/explained"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/sessions"
)

// texts are the documents of the collection "notes".
var texts = []tamis.Document{
	{ID: "backup", Title: "Backups", Source: "# Backups\n\nBackups are kept for 90 days. They lie in two places.\n\nThe archive keeps them for seven years.", Metadata: map[string]any{"year": 2024.0}},
	{ID: "kettle", Title: "Kettles", Source: "The kettle is on the table. It boils water for tea."},
	{ID: "secret", Title: "Salaries", Source: "Backups of the payroll are kept in the vault of Zanzibar.", Metadata: map[string]any{"groups": "hr", "salary": 7.0}},
}

type served struct {
	*API
	lib *library.Library
}

// elsewhere, where not nil, opens the collection that is served: in a cluster.
var elsewhere func(t testing.TB) library.Opener

func serve(t testing.TB, o Options) *served {
	t.Helper()
	lo := library.Options{Root: t.TempDir()}
	if elsewhere != nil {
		lo.Elsewhere = map[string]library.Opener{"notes": elsewhere(t)}
	}
	lib := library.New(lo)
	t.Cleanup(func() {
		if err := lib.Close(); err != nil {
			t.Error(err)
		}
	})
	ix, done, err := lib.Write(context.Background(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	docs := func(yield func(tamis.Document, error) bool) {
		for _, d := range texts {
			if !yield(d, nil) {
				return
			}
		}
	}
	if r, err := ix.Add(context.Background(), docs); err != nil || r.Added != len(texts) {
		t.Fatal(r, err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	o.Library, o.Sessions = lib, sessions.New(10, time.Hour)
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &served{a, lib}
}

var (
	reader = &access.Caller{Name: "reader", Scope: access.Read}
	writer = &access.Caller{Name: "writer", Scope: access.Write}
	admin  = &access.Caller{Name: "admin", Scope: access.Admin}
	hr     = &access.Caller{Name: "hr", Scope: access.Read, Groups: []string{"hr"}}
	other  = &access.Caller{Name: "other", Scope: access.Admin, Collections: []string{"else"}}
)

// ask sends a request as somebody.
func (s *served) ask(by *access.Caller, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader([]byte(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if by != nil {
		r = r.WithContext(access.With(r.Context(), by))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// get asks for JSON and wants success.
func (s *served) get(t *testing.T, by *access.Caller, method, path, body string, into any) {
	t.Helper()
	w := s.ask(by, method, path, body)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
	}
}

func TestReads(t *testing.T) {
	s := serve(t, Options{})
	var who Identity
	s.get(t, hr, "GET", "/v1/whoami", "", &who)
	if who.Name != "hr" || who.Scope != "read" || len(who.Groups) != 1 {
		t.Error(who)
	}
	var all struct{ Collections []Collection }
	s.get(t, reader, "GET", "/v1/collections", "", &all)
	if len(all.Collections) != 1 || all.Collections[0].Documents != 2 || all.Collections[0].Writable {
		t.Error(all)
	}
	var stats tamis.Stats
	s.get(t, hr, "GET", "/v1/collections/notes/stats", "", &stats)
	if stats.Documents != 3 || stats.Segments != 0 {
		t.Error(stats)
	}
	var res tamis.Results
	s.get(t, hr, "POST", "/v1/collections/notes/search", `{"query":"backups","k":5}`, &res)
	if len(res.Hits) != 2 || res.K != 5 || !res.Exact {
		t.Error(res)
	}
	var list List
	s.get(t, hr, "GET", "/v1/collections/notes/documents?limit=2", "", &list)
	if len(list.Documents) != 2 || list.Documents[0].ID != "backup" || list.Next == "" {
		t.Fatal(list)
	}
	s.get(t, hr, "GET", "/v1/collections/notes/documents?limit=2&cursor="+list.Next, "", &list)
	if len(list.Documents) != 1 || list.Documents[0].ID != "secret" {
		t.Error(list)
	}
	var d Document
	s.get(t, reader, "GET", "/v1/collections/notes/document?id=backup&start=2&end=9&blocks=true", "", &d)
	if d.Text != "Backups" || d.Bytes != len(texts[0].Source) || d.Metadata["year"] != 2024.0 {
		t.Error(d)
	}
	var around tamis.Surroundings
	s.get(t, reader, "GET", "/v1/collections/notes/show?id=kettle&start=4&end=10", "", &around)
	if len(around.Lines) != 1 {
		t.Error(around)
	}
}

func TestContextReplayed(t *testing.T) {
	s := serve(t, Options{})
	w := s.ask(reader, "POST", "/v1/collections/notes/context", `{"question":"how long are backups kept?","budget":40,"dropped":true,"explain":true}`)
	if w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	var c struct {
		tamis.Context
		Units []explained.Unit
	}
	if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	if c.Tokens > 40 || len(c.Spans) == 0 || len(c.Units) == 0 || !c.Units[0].Kept || len(c.Units[0].Terms) == 0 {
		t.Fatal(w.Body)
	}
	var again struct {
		Text     string
		Verified bool
	}
	s.get(t, reader, "POST", "/v1/collections/notes/replay", w.Body.String(), &again)
	if again.Text != c.Text || !again.Verified {
		t.Error(again)
	}
}
