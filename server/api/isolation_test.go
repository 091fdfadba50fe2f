package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
)

// foreign are requests that name what others may see, for each operation of the document:
// one that is not here fails the tests. {session} is one of somebody else.
var foreign = map[string]string{
	"whoami":                 "",
	"list-models":            "",
	"create-embeddings":      `{"input":"a"}`,
	"classify":               `{"texts":["payroll vault Zanzibar"],"collection":"notes"}`,
	"rerank":                 `{"query":"a","documents":["b"]}`,
	"create-chat-completion": `{"model":"tamis/notes","messages":[{"role":"user","content":"payroll vault Zanzibar"}]}`,
	"list-collections":       "",
	"put-collection":         "",
	"delete-collection":      "",
	"get-stats":              "",
	"list-documents":         "?limit=1000",
	"add-documents":          `{"id":"secret","text":"Zanzibar is another."}`,
	"upload-files":           "form",
	"get-document":           "?id=secret",
	"delete-document":        "?id=secret",
	"outline":                "?id=secret",
	"get-original":           "?id=secret",
	"sign-receipt":           "receipt",
	"verify-receipt":         "receipt",
	"show":                   "?id=secret&start=0&end=9",
	"search":                 `{"query":"payroll vault Zanzibar backups","k":100}`,
	"context":                `{"question":"payroll vault Zanzibar backups","budget":1000,"dropped":true,"explain":true}`,
	"replay":                 "receipt",
	"ask":                    `{"question":"payroll vault Zanzibar backups","budget":1000,"dropped":true}`,
	"start-session":          `{"tokens":1000}`,
	"get-session":            "",
	"end-session":            "",
	"session-context":        `{"question":"payroll vault Zanzibar"}`,
	"session-fold":           `{"id":1}`,
	"session-restore":        `{"id":1}`,
	"session-pin":            `{"id":1}`,
	"session-find":           `{"text":"Zanzibar"}`,
}

type operation struct{ id, method, path string }

// operations are those of the document.
func (s *served) operations(t *testing.T) []operation {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	s.get(t, reader, "GET", "/openapi.json", "", &doc)
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for method, op := range doc.Paths[path] {
			all = append(all, operation{op.OperationID, strings.ToUpper(method), path})
		}
	}
	return all
}

// TestNobodyReadsAcross: for each operation of the document, who may not know of a
// collection gets the answer for one that is not there, and who is not in a group nothing
// of what it may see.
func TestNobodyReadsAcross(t *testing.T) {
	s := serve(t, Options{})
	var started struct{ Session string }
	s.get(t, hr, "POST", "/v1/collections/notes/sessions", `{"tokens":1000}`, &started)
	var turn Turn
	s.get(t, hr, "POST", "/v1/collections/notes/sessions/"+started.Session+"/context", `{"question":"payroll vault Zanzibar"}`, &turn)
	receipt := s.ask(hr, "POST", "/v1/collections/notes/context", `{"question":"payroll vault Zanzibar"}`).Body.String()
	if !strings.Contains(receipt, "Zanzibar") || len(turn.Spans) == 0 {
		t.Fatal("those who may see it do not:", receipt)
	}
	send := func(by *access.Caller, op operation, collection string) (int, string) {
		path := strings.NewReplacer("{collection}", collection, "{session}", started.Session).Replace(op.path)
		body, known := foreign[op.id]
		if !known {
			t.Fatalf("the operation %s is not tried: add a request to the table", op.id)
		}
		switch {
		case body == "receipt":
			body = receipt
		case body == "form":
			w := s.uploadTo(t, by, path, [3]string{"id", "", "secret"}, [3]string{"file", "a.txt", "Zanzibar is another."})
			return w.Code, w.Body.String()
		case strings.HasPrefix(body, "?"):
			path, body = path+body, ""
		}
		w := s.ask(by, op.method, path, body)
		return w.Code, w.Body.String()
	}
	for _, op := range s.operations(t) {
		if op.id == "delete-collection" {
			continue // below: it ends the others
		}
		if code, _ := send(nil, op, "notes"); code != http.StatusNotFound && code != http.StatusForbidden {
			t.Errorf("%s by nobody: %d", op.id, code)
		}
		if !strings.Contains(op.path, "{collection}") {
			continue
		}
		code, there := send(other, op, "notes")
		none, absent := send(other, op, "nothing")
		if code != http.StatusNotFound || code != none || strings.ReplaceAll(there, "notes", "nothing") != absent {
			t.Errorf("%s of a collection that the caller may not know of: %d %s, of none: %d %s", op.id, code, there, none, absent)
		}
		if op.id == "put-collection" {
			continue
		}
		_, got := send(writer, op, "notes")
		if strings.Contains(got, "Salaries") || strings.Contains(strings.ReplaceAll(got, "payroll vault Zanzibar", ""), "Zanzibar") {
			t.Errorf("%s shows what only a group may see: %s", op.id, got)
		}
	}
	for _, model := range []string{"notes", "nothing"} {
		w := s.ask(other, "POST", "/v1/chat/completions", `{"model":"tamis/`+model+`","messages":[{"role":"user","content":"backups"}]}`)
		if w.Code != 404 || strings.Contains(w.Body.String(), "90 days") {
			t.Error("a chat about a collection that the caller may not know of:", w.Code, w.Body)
		}
	}
	if w := s.ask(writer, "POST", "/v1/chat/completions", foreign["create-chat-completion"]); strings.Contains(w.Body.String(), "Salaries") || strings.Contains(w.Body.String(), "the vault of") {
		t.Error("a chat shows what only a group may see:", w.Body)
	}
	for _, by := range []*access.Caller{other, writer} {
		if code, _ := send(by, operation{"delete-collection", "DELETE", "/v1/collections/{collection}"}, "notes"); code != 404 && code != 403 {
			t.Error(code)
		}
	}
	var d Document
	if s.get(t, hr, "GET", "/v1/collections/notes/document?id=secret", "", &d); d.Text != texts[2].Source {
		t.Errorf("what a group sees was changed by others: %q", d.Text)
	}
	if w := s.ask(hr, "GET", "/v1/collections/notes/sessions/"+started.Session, ""); w.Code != 200 {
		t.Error("a session was ended by others:", w.Body)
	}
}

// TestScopes: each operation is refused to keys that lack its scope.
func TestScopes(t *testing.T) {
	s := serve(t, Options{})
	need := map[string]access.Scope{"put-collection": access.Admin, "delete-collection": access.Admin, "add-documents": access.Write, "upload-files": access.Write, "delete-document": access.Write}
	for _, op := range s.operations(t) {
		path := strings.NewReplacer("{collection}", "notes", "{session}", "x").Replace(op.path)
		for by, scope := range map[*access.Caller]access.Scope{reader: access.Read, writer: access.Write} {
			w := s.ask(by, op.method, path, "")
			if refused := w.Code == http.StatusForbidden; refused != (scope < need[op.id]) {
				t.Errorf("%s by %s: %d", op.id, by.Name, w.Code)
			}
			if w.Code >= 400 && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %q is no problem", op.id, w.Body)
			}
		}
	}
}

// TestIncompleteCountsNothing: how many documents are lacking counts those that a caller may
// not see, too.
func TestIncompleteCountsNothing(t *testing.T) {
	for scope, want := range map[access.Scope]int{access.Read: 1, access.Write: 1, access.Admin: 7} {
		r := &tamis.Results{Incomplete: 7}
		if withhold(r, &access.Caller{Scope: scope}); r.Incomplete != want {
			t.Errorf("%s: %d", scope, r.Incomplete)
		}
	}
}
