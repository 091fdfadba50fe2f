package api

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/attest"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

func TestReceiptsSigned(t *testing.T) {
	key, err := attest.Open(filepath.Join(t.TempDir(), "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{Key: key})
	receipt := s.ask(hr, "POST", "/v1/collections/notes/context", `{"question":"payroll vault Zanzibar"}`).Body.String()
	w := s.ask(hr, "POST", "/v1/receipts/sign?collection=notes", receipt)
	if w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	signed := w.Body.String()
	var v Verified
	if s.get(t, reader, "POST", "/v1/receipts/verify", signed, &v); !v.Valid || !v.Own || v.Fingerprint != attest.Fingerprint(key.Public()) {
		t.Error(v)
	}
	v = Verified{}
	if s.get(t, reader, "POST", "/v1/receipts/verify", strings.Replace(signed, "vault", "fault", 1), &v); v.Valid || v.Reason == "" {
		t.Error(v)
	}
	var again struct{ Verified bool }
	if s.get(t, hr, "POST", "/v1/collections/notes/replay", signed, &again); !again.Verified {
		t.Error("a signed receipt is not replayed")
	}
	for _, c := range []struct {
		by         *access.Caller
		collection string
		body       string
		want       int
	}{
		{reader, "notes", receipt, 409}, {other, "notes", receipt, 404}, {other, "nothing", receipt, 404},
		{hr, "notes", strings.Replace(receipt, `"tokens":`, `"tokens":1`, 1), 422}, {hr, "notes", `{}`, 422}, {hr, "notes", `[`, 422},
	} {
		w := s.ask(c.by, "POST", "/v1/receipts/sign?collection="+c.collection, c.body)
		if w.Code != c.want || strings.Contains(w.Body.String(), "Zanzibar") {
			t.Errorf("%s in %s: %d %s, want %d", c.by.Name, c.collection, w.Code, w.Body, c.want)
		}
	}
}

func TestChangedSourceIsNamed(t *testing.T) {
	s := serve(t, Options{})
	receipt := s.ask(reader, "POST", "/v1/collections/notes/context", `{"question":"kettle"}`).Body.String()
	var r tamis.Report
	s.get(t, writer, "POST", "/v1/collections/notes/documents", `{"id":"kettle","text":"No more."}`, &r)
	w := s.ask(reader, "POST", "/v1/collections/notes/replay", receipt)
	if w.Code != 409 || !strings.Contains(w.Body.String(), `"doc":"kettle"`) {
		t.Error(w.Code, w.Body)
	}
}

func TestOriginals(t *testing.T) {
	s := serve(t, Options{})
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.html": "<title>T</title><p>A pan is flat.</p><script>alert(1)</script>",
		"b.zip":  zipped(t, map[string]string{"in.txt": "A pot is deep."}),
		"c.jsonl": `{"id":"open","text":"A lid."}
{"id":"closed","text":"Zanzibar.","groups":"hr"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ix, done, err := s.lib.Write(context.Background(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.AddFiles(context.Background(), ix, []string{dir}, tamis.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	const at = "/v1/collections/notes/original?id="
	html := filepath.Join(dir, "a.html")
	w := s.ask(reader, "GET", at+html, "")
	if h := w.Header(); w.Code != 200 || h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.Contains(w.Body.String(), "script") {
		t.Error(w.Code, w.Header(), w.Body)
	}
	if w := s.ask(reader, "GET", at+filepath.Join(dir, "b.zip!/in.txt"), ""); w.Code != 200 || w.Body.String() != "A pot is deep." {
		t.Error(w.Code, w.Body)
	}
	for _, id := range []string{"open", "closed", "kettle", filepath.Join(dir, "c.jsonl"), "/etc/passwd"} {
		if w := s.ask(reader, "GET", at+id, ""); w.Code != 404 || strings.Contains(w.Body.String(), "Zanzibar") {
			t.Error(id, w.Code, w.Body)
		}
	}
	if err := os.WriteFile(html, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := s.ask(reader, "GET", at+html, ""); w.Code != 409 {
		t.Error(w.Code, w.Body)
	}
	var o Outline
	if s.get(t, reader, "GET", "/v1/collections/notes/outline?id=backup", "", &o); len(o.Documents) != 1 || len(o.Documents[0].Chapters) == 0 {
		t.Error(o)
	}
}
