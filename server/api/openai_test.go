package api

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/schema"
	"github.com/tamis-search/tamis/vector"
)

// lengths is a model whose vector of a text is its length.
type lengths struct{}

func (lengths) Name() string      { return "lengths" }
func (lengths) Place() string     { return "" }
func (lengths) Kind() vector.Kind { return vector.KindDense }
func (lengths) Width() int        { return 2 }
func (lengths) All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[tamis.Vector, error] {
	return func(yield func(tamis.Vector, error) bool) {
		for t := range texts {
			if !yield(tamis.Dense{float32(len(t)), float32(u)}, nil) {
				return
			}
		}
	}
}

// Judge finds long passages good.
func (lengths) Judge(ctx context.Context, question string, passages []string, within time.Duration) ([]encode.Judgement, error) {
	out := make([]encode.Judgement, len(passages))
	for i, p := range passages {
		out[i].Score = float32(len(p))
	}
	return out, nil
}

func TestModels(t *testing.T) {
	s := serve(t, Options{Encoder: lengths{}, Judge: lengths{}})
	for _, c := range []struct {
		path, body string
		want       int
		says       string
	}{
		{"/v1/embeddings", `{"model":"x","input":["a","bcd"]}`, 200, `"embedding":[3,`},
		{"/v1/embeddings", `{"input":"a","encoding_format":"base64"}`, 200, `"embedding":"AACAPw`},
		{"/v1/embeddings", `{"input":[[1,2]]}`, 400, "lists of tokens"},
		{"/v1/embeddings", `{"input":[]}`, 400, `"param":"input"`},
		{"/v1/embeddings", `{`, 400, "invalid_request_error"},
		{"/v1/rerank", `{"query":"q","documents":["a",{"text":"bcd"}],"top_n":1,"return_documents":true}`, 200, `"results":[{"index":1,"relevance_score":3,"document":{"text":"bcd"}}]`},
		{"/v1/rerank", `{"query":"q","documents":[7]}`, 400, "documents[0]"},
		{"/v1/chat/completions", `{"model":"gpt","messages":[]}`, 404, "tamis/notes"},
		{"/v1/chat/completions", `{"model":"tamis/notes","messages":[]}`, 400, `"param":"messages"`},
	} {
		w := s.ask(reader, "POST", c.path, c.body)
		if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: %d %s", c.path, c.body, w.Code, w.Body)
		}
	}
	var models struct{ Data []struct{ ID string } }
	if s.get(t, reader, "GET", "/v1/models", "", &models); len(models.Data) != 2 {
		t.Error(models)
	}
}

// TestReranks: plans ask the model of the server, searches without a plan do not.
func TestReranks(t *testing.T) {
	s := serve(t, Options{Judge: lengths{}})
	for body, want := range map[string]string{
		`{"query":"backups of the payroll in the vault"}`:                                                                      "secret",
		`{"query":"backups of the payroll in the vault","plan":"rerank(text, reranker)"}`:                                      "backup",
		`{"query":"backups of the payroll in the vault","plan":{"rerank":{"n":2},"of":["text","reranker"]}}`:                   "backup",
		`{"query":"backups of the payroll in the vault","plan":{"rerank":{"n":1},"of":["text","reranker"]},"unit":"document"}`: "secret",
	} {
		var found tamis.Results
		s.get(t, hr, "POST", "/v1/collections/notes/search", body, &found)
		if len(found.Hits) < 2 || found.Hits[0].Doc != want {
			t.Errorf("%s finds %v, want %s first", body, found.Hits, want)
		}
	}
}

func TestChatted(t *testing.T) {
	s := serve(t, Options{Model: told{pieces: []string{"For 90 days ", "[1]."}}})
	const body = `{"model":"tamis/notes","messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"how long are backups kept?"}]}]`
	var whole struct {
		Choices []struct {
			Message      struct{ Content string }
			FinishReason string `json:"finish_reason"`
		}
		Citations []struct{ Doc string }
	}
	s.get(t, reader, "POST", "/v1/chat/completions", body+"}", &whole)
	if whole.Choices[0].Message.Content != "For 90 days [1]." || whole.Choices[0].FinishReason != "stop" || len(whole.Citations) == 0 || whole.Citations[0].Doc != "backup" {
		t.Error(whole)
	}
	w := s.ask(reader, "POST", "/v1/chat/completions", body+`,"stream":true}`)
	text := ""
	for line := range strings.Lines(w.Body.String()) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var chunk struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatal(err, data)
		}
		text += chunk.Choices[0].Delta.Content
	}
	if text != "For 90 days [1]." || !strings.HasSuffix(w.Body.String(), "data: [DONE]\n\n") {
		t.Error(text, w.Body)
	}
}

// Shaped says what it says, whatever was asked for.
func (m told) Shaped(text json.RawMessage) (llm.Model, error) {
	if _, err := schema.Parse(text); err != nil {
		return nil, err
	}
	return m, nil
}

// TestChattedInForm: response_format holds an answer to a schema, and says what is wrong with one.
func TestChattedInForm(t *testing.T) {
	s := serve(t, Options{Model: told{pieces: []string{`{"days": 90, "why": "so `, `[1]"}`}}})
	const body = `{"model":"tamis/notes","messages":[{"role":"user","content":"how long are backups kept?"}],"response_format":`
	for format, want := range map[string]struct {
		status int
		says   string
	}{
		`{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","properties":{"days":{"type":"integer"},"why":{"type":"string"}}}}}`: {200, `{\"days\": 90, \"why\": \"so [1]\"}`},
		`{"type":"json_object"}`: {200, `{\"days\": 90`},
		`{"type":"text"}`:        {200, `"citations"`},
		`{"type":"json_schema"}`: {400, "response_format"},
		`{"type":"grammar"}`:     {400, "response_format"},
		`{"type":"json_schema","json_schema":{"schema":{"type":"strnig"}}}`: {400, "strnig"},
	} {
		if w := s.ask(reader, "POST", "/v1/chat/completions", body+format+"}"); w.Code != want.status || !strings.Contains(w.Body.String(), want.says) {
			t.Errorf("%s: %d %s", format, w.Code, w.Body)
		}
	}
	none := serve(t, Options{})
	if w := none.ask(reader, "POST", "/v1/chat/completions", body+`{"type":"json_object"}}`); w.Code != 400 || !strings.Contains(w.Body.String(), "no model") {
		t.Error(w.Code, w.Body)
	}
	broken := serve(t, Options{Model: told{pieces: []string{`{"days": `}}})
	if w := broken.ask(reader, "POST", "/v1/chat/completions", body+`{"type":"json_object"}}`); w.Code != http.StatusBadGateway {
		t.Error(w.Code, w.Body)
	}
}

// TestPassedOn: other models' chats go to the upstream with its key, and with nothing of
// the caller's.
func TestPassedOn(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Set-Cookie", "x=1")
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(b), "elsewhere") {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Cookie")+" "+string(b))
	}))
	defer up.Close()
	at, err := url.Parse(up.URL + "/v1/chat/completions")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{Upstream: &Upstream{Chat: at, Key: "theirs"}})
	w := s.with(reader, "POST", "/v1/chat/completions", `{"model":"gpt"}`, "Authorization", "Bearer mine", "Cookie", "c=1")
	if w.Code != 200 || w.Body.String() != `/v1/chat/completions Bearer theirs  {"model":"gpt"}` || w.Header().Get("Set-Cookie") != "" {
		t.Error(w.Code, w.Header(), w.Body)
	}
	if w := s.ask(reader, "POST", "/v1/chat/completions", `{"model":"elsewhere"}`); w.Code != http.StatusBadGateway {
		t.Error(w.Code, w.Body)
	}
}
