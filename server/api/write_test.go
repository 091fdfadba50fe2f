package api

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/server/access"
)

func TestDocumentsWritten(t *testing.T) {
	s := serve(t, Options{})
	const at = "/v1/collections/notes/documents"
	var r tamis.Report
	s.get(t, writer, "POST", at, "{\n\"id\": \"one\",\n\"text\": \"A stove is hot.\"}", &r)
	if r.Added != 1 {
		t.Error(r)
	}
	req := httptest.NewRequest("POST", at, strings.NewReader("{\"id\":\"two\",\"text\":\"A pan.\"}\nnonsense\n{\"id\":\"secret\",\"text\":\"mine now\"}\n{\"id\":\"one\",\"text\":\"A stove is warm.\"}\n"))
	req.Header.Set("Content-Type", "application/x-ndjson")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req.WithContext(access.With(req.Context(), writer)))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"added":1,"updated":1`) || !strings.Contains(body, `"line":2`) || !strings.Contains(body, "this id cannot be used") {
		t.Error(w.Code, body)
	}
	var d Document
	if s.get(t, hr, "GET", "/v1/collections/notes/document?id=secret", "", &d); d.Text != texts[2].Source {
		t.Errorf("somebody who does not see a document has replaced it: %q", d.Text)
	}
	for _, c := range []struct {
		id   string
		want int
	}{{"one", 200}, {"one", 404}, {"secret", 404}} {
		if w := s.ask(writer, "DELETE", "/v1/collections/notes/document?id="+c.id, ""); w.Code != c.want {
			t.Errorf("delete %s: %d %s", c.id, w.Code, w.Body)
		}
	}
	s.get(t, hr, "GET", "/v1/collections/notes/document?id=secret", "", &d)
}

// TestBodiesThatEndEarly: a body that is longer than the server takes, or breaks off, is never
// answered as if all of it were in; what is in is counted.
func TestBodiesThatEndEarly(t *testing.T) {
	s := serve(t, Options{})
	record := func(i int) string {
		return fmt.Sprintf("{\"id\":\"r%d\",\"text\":\"Record %d is about tin.\"}\n", i, i)
	}
	files, kind := form(t, [3]string{"file", "a.txt", "A tin."}, [3]string{"file", "b.txt", strings.Repeat("B tin. ", 100)})
	for _, c := range []struct {
		path, kind, body string
		end              error
		want             int
		in               string
	}{
		{"documents", "application/x-ndjson", record(1) + record(2) + record(3)[:9], &http.MaxBytesError{Limit: 77}, 413, `"added":2`},
		{"documents", "application/x-ndjson", record(1) + record(4) + record(3)[:9], io.ErrUnexpectedEOF, 400, `"added":1,"unchanged":1`},
		{"documents", "application/json", record(5)[:9], &http.MaxBytesError{Limit: 77}, 413, ""},
		{"files", kind, files.String()[:files.Len()-400], &http.MaxBytesError{Limit: 77}, 413, `"added":1`},
		{"search", "application/json", `{"query":`, io.ErrUnexpectedEOF, 400, ""},
		{"search", "application/json", `{"query":`, &http.MaxBytesError{Limit: 77}, 413, ""},
	} {
		r := httptest.NewRequest("POST", "/v1/collections/notes/"+c.path, io.MultiReader(strings.NewReader(c.body), iotest.ErrReader(c.end)))
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(access.With(r.Context(), writer)))
		body := w.Body.String()
		if w.Code != c.want || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(body, c.in) ||
			(c.want == 413) != strings.Contains(body, "longer than 77 bytes") || !strings.Contains(body, fmt.Sprintf(`"status":%d`, c.want)) {
			t.Errorf("%s, %v: %d %s", c.path, c.end, w.Code, body)
		}
	}
	var d Document
	s.get(t, writer, "GET", "/v1/collections/notes/document?id=r4", "", &d)
	if w := s.ask(writer, "GET", "/v1/collections/notes/document?id=r3", ""); w.Code != 404 {
		t.Errorf("half a record is in: %s", w.Body)
	}
}

func TestCollectionsMade(t *testing.T) {
	s := serve(t, Options{})
	for _, c := range []struct {
		method, name string
		want         int
	}{{"PUT", "more", 201}, {"PUT", "more", 200}, {"PUT", "a.b", 422}, {"DELETE", "more", 204}, {"DELETE", "more", 404}} {
		if w := s.ask(admin, c.method, "/v1/collections/"+c.name, ""); w.Code != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.name, w.Code, w.Body)
		}
	}
}

// form is a request body of fields, each a name, a file name and a value.
func form(t *testing.T, fields ...[3]string) (*bytes.Buffer, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		var err error
		if f[1] == "" {
			err = m.WriteField(f[0], f[2])
		} else if w, e := m.CreateFormFile(f[0], f[1]); e == nil {
			_, err = w.Write([]byte(f[2]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, m.FormDataContentType()
}

func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (s *served) upload(t *testing.T, query string, fields ...[3]string) *httptest.ResponseRecorder {
	t.Helper()
	return s.uploadTo(t, writer, "/v1/collections/notes/files"+query, fields...)
}

func (s *served) uploadTo(t *testing.T, by *access.Caller, path string, fields ...[3]string) *httptest.ResponseRecorder {
	t.Helper()
	b, kind := form(t, fields...)
	r := httptest.NewRequest("POST", path, b)
	r.Header.Set("Content-Type", kind)
	if by != nil {
		r = r.WithContext(access.With(r.Context(), by))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *served) ids(t *testing.T, by *access.Caller, prefix string) string {
	t.Helper()
	var l List
	s.get(t, by, "GET", "/v1/collections/notes/documents?prefix="+prefix, "", &l)
	var ids []string
	for _, d := range l.Documents {
		ids = append(ids, d.ID)
	}
	return strings.Join(ids, " ")
}

func TestFilesUploaded(t *testing.T) {
	s := serve(t, Options{})
	w := s.upload(t, "",
		[3]string{"file", "../../etc/passwd.md", "# Keys\n\nThe key is under the mat."},
		[3]string{"id", "", "box"},
		[3]string{"file", "b.zip", zipped(t, map[string]string{"a.txt": "A pan is flat.", "b.txt": "A pot is deep."})},
		[3]string{"file", "x.bin", "\x00\x01\x02\x00\xff"})
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"reason"`) {
		t.Fatal(w.Code, w.Body)
	}
	if got := s.ids(t, reader, "upload/") + " " + s.ids(t, reader, "box"); got != "upload/passwd.md box!/a.txt box!/b.txt" {
		t.Error(got)
	}
	var d Document
	if s.get(t, reader, "GET", "/v1/collections/notes/document?id=upload/passwd.md", "", &d); d.Type != "markdown" || d.Title != "Keys" {
		t.Error(d)
	}
	w = s.upload(t, "?groups=hr", [3]string{"id", "", "box"}, [3]string{"file", "b.zip", zipped(t, map[string]string{"b.txt": "A pot is deep."})})
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"removed":1`) {
		t.Error(w.Code, w.Body)
	}
	if got := s.ids(t, reader, "box") + "|" + s.ids(t, hr, "box"); got != "|box!/b.txt" {
		t.Error(got)
	}
	for _, c := range []struct {
		fields [3]string
		want   int
	}{{[3]string{"id", "", "x"}, 422}, {[3]string{"other", "", "x"}, 422}} {
		if w := s.upload(t, "", c.fields); w.Code != c.want {
			t.Error(c, w.Code, w.Body)
		}
	}
}

func TestSessions(t *testing.T) {
	s := serve(t, Options{})
	const at = "/v1/collections/notes/sessions"
	var started struct{ Session string }
	s.get(t, reader, "POST", at, `{"tokens":200}`, &started)
	mine := at + "/" + started.Session
	var turn Turn
	s.get(t, reader, "POST", mine+"/context", `{"question":"how long are backups kept?"}`, &turn)
	if len(turn.Spans) == 0 || turn.Used == 0 || turn.Used+turn.Left != 200 {
		t.Fatal(turn)
	}
	var w Window
	s.get(t, reader, "POST", mine+"/pin", `{"id":1}`, &w)
	if !w.Pieces[0].Pinned {
		t.Error(w)
	}
	if got := s.ask(reader, "POST", mine+"/fold", `{"id":1}`); got.Code != 409 {
		t.Error(got.Code, got.Body)
	}
	s.get(t, reader, "POST", mine+"/pin", `{"id":1,"pinned":false}`, &w)
	s.get(t, reader, "POST", mine+"/fold", `{"id":1}`, &w)
	if !w.Pieces[0].Folded || w.Used != 0 {
		t.Error(w)
	}
	var found struct{ Found []struct{ ID int } }
	if s.get(t, reader, "POST", mine+"/find", `{"text":"90 days"}`, &found); len(found.Found) != 1 {
		t.Error(found)
	}
	s.get(t, reader, "POST", mine+"/restore", `{"id":1}`, &w)
	for _, c := range []struct {
		by           *access.Caller
		method, path string
		body         string
		want         int
	}{
		{reader, "POST", mine + "/fold", `{"id":7}`, 404}, {hr, "GET", mine, "", 404},
		{reader, "POST", at + "/none/fold", `{"id":1}`, 404}, {reader, "DELETE", mine, "", 204}, {reader, "GET", mine, "", 404},
	} {
		if got := s.ask(c.by, c.method, c.path, c.body); got.Code != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.Code, got.Body)
		}
	}
}

// told is a model that says what it is told.
type told struct {
	pieces []string
	err    error
}

func (m told) Chat(ctx context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		for _, p := range m.pieces {
			if !yield(llm.Delta{Text: p}, nil) {
				return
			}
		}
		if m.err != nil {
			yield(llm.Delta{}, m.err)
			return
		}
		yield(llm.Delta{Finish: "stop"}, nil)
	}
}

func TestAsked(t *testing.T) {
	const question = `{"question":"how long are backups kept?","budget":100}`
	s := serve(t, Options{Model: told{pieces: []string{"For 90 days [1]", ", I think [9]."}}})
	w := s.ask(reader, "POST", "/v1/collections/notes/ask", question)
	events := ""
	for line := range strings.Lines(w.Body.String()) {
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			events += strings.TrimSpace(name) + " "
		}
	}
	if !strings.HasPrefix(events, "context delta ") || !strings.HasSuffix(events, "delta done ") || !strings.Contains(w.Body.String(), `"cited":[1],"unknown":[9],"finish":"stop","model":true`) {
		t.Error(events, w.Body)
	}
	s.o.Model = told{pieces: []string{"For"}, err: fmt.Errorf("it %w", llm.ErrCut)}
	if w := s.ask(reader, "POST", "/v1/collections/notes/ask", question); !strings.Contains(w.Body.String(), "event: error\ndata: {\"title\":\"Bad Gateway\",\"status\":502") {
		t.Error(w.Body)
	}
	s.o.Model = nil
	if w := s.ask(reader, "POST", "/v1/collections/notes/ask", question); !strings.Contains(w.Body.String(), `"model":false`) {
		t.Error(w.Body)
	}
	if w := s.ask(reader, "POST", "/v1/collections/notes/ask", `{"question":"?","budget":100}`); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "body.question") {
		t.Error(w.Code, w.Body)
	}
}
