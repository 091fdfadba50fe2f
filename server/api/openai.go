package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/llm/schema"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/vector"
)

// Upstream is where chats go that are not about a collection.
type Upstream struct {
	Chat *url.URL // ends in /chat/completions
	Key  string   // sent as a bearer's; never that of the caller
}

// What is taken of one request at most.
const (
	mostChat   = 8 << 20
	mostInputs = 2048
)

// answers is the name of the model that answers from a collection; "/" and the name of
// one may follow.
const answers = "tamis"

// modelError is an error as clients of these protocols read it.
type modelError struct {
	status              int
	Message, Param, Has string
}

func (e *modelError) Error() string { return e.Message }

func wrongParam(param, format string, args ...any) error {
	return &modelError{http.StatusBadRequest, fmt.Sprintf(format, args...), param, "invalid_request_error"}
}

func (a *API) openai() {
	free := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	for _, o := range []struct {
		id, path, summary, description string
		fields                         map[string]*huma.Schema
		do                             func(hc huma.Context, body []byte) error
	}{
		{"create-embeddings", "/v1/embeddings", "Make vectors of texts", "As of OpenAI; input_type may be query or passage.", map[string]*huma.Schema{
			"model": {Type: huma.TypeString}, "input": {}, "encoding_format": {Type: huma.TypeString}, "input_type": {Type: huma.TypeString}}, a.embeddings},
		{"rerank", "/v1/rerank", "Order texts by how well they answer a query", "As of Cohere and Jina.", map[string]*huma.Schema{
			"model": {Type: huma.TypeString}, "query": {Type: huma.TypeString}, "documents": {Type: huma.TypeArray, Items: &huma.Schema{}}, "top_n": {Type: huma.TypeInteger}, "return_documents": {Type: huma.TypeBoolean}}, a.rerank},
		{"create-chat-completion", "/v1/chat/completions", "Answer the last message from a collection, with citations",
			"As of OpenAI, streamed or not. The model tamis/NAME answers from the collection NAME, tamis from the one named default; other models are those of the endpoint that the server was given. budget and filter are as of the operation context; response_format may ask for JSON of a schema.", map[string]*huma.Schema{
				"model": {Type: huma.TypeString}, "messages": {Type: huma.TypeArray, Items: free}, "stream": {Type: huma.TypeBoolean}, "budget": {Type: huma.TypeInteger}, "filter": {Type: huma.TypeString}, "response_format": free}, a.chat},
	} {
		route(a, access.Read, huma.Operation{
			OperationID: o.id, Method: http.MethodPost, Path: o.path, Tags: []string{"models"}, Summary: o.summary, Description: o.description, MaxBodyBytes: mostChat,
			Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusBadGateway, http.StatusGatewayTimeout},
			Responses: map[string]*huma.Response{"200": {Description: "As the protocol has it", Content: map[string]*huma.MediaType{
				"application/json": {Schema: free}, "text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
		}, func(ctx context.Context, of *struct{ RawBody []byte }) (*huma.StreamResponse, error) {
			body := bytes.Clone(of.RawBody) // that is given back before the answer is made
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				if err := o.do(hc, body); err != nil {
					a.refuse(hc, err)
				}
			}}, nil
		})
		a.takes(o.id, map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Properties: o.fields}}})
	}
	type modelsList struct {
		Object string      `json:"object" enum:"list"`
		Data   []modelName `json:"data" nullable:"false"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "list-models", Method: http.MethodGet, Path: "/v1/models", Tags: []string{"models"}, Summary: "List the models that can be named",
	}, func(ctx context.Context, _ *struct{}) (*body[modelsList], error) {
		out := &body[modelsList]{modelsList{Object: "list", Data: []modelName{}}}
		for _, name := range a.models(ctx) {
			out.Body.Data = append(out.Body.Data, modelName{ID: name, Object: "model", OwnedBy: "tamis"})
		}
		return out, nil
	})
}

type modelName struct {
	ID      string `json:"id"`
	Object  string `json:"object" enum:"model"`
	Created int    `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// models are those that a caller can name.
func (a *API) models(ctx context.Context) []string {
	var names []string
	for _, c := range a.o.Library.Names() {
		if access.From(ctx).May(access.Read, c) == nil {
			if c == library.Default {
				names = append(names, answers)
			}
			names = append(names, answers+"/"+c)
		}
	}
	if a.o.Encoder != nil {
		names = append(names, a.o.Encoder.Name())
	}
	return names
}

// refuse answers with an error as clients of these protocols read it.
func (a *API) refuse(hc huma.Context, err error) {
	var e *modelError
	if !errors.As(err, &e) {
		p := a.problem(hc.Context(), err, true)
		e = &modelError{p.Status, p.Detail, "", "server_error"}
		if p.Status < 500 {
			e.Has = "invalid_request_error"
		}
	}
	a.json(hc, e.status, map[string]any{"error": map[string]any{"message": e.Message, "type": e.Has, "param": e.Param, "code": nil}})
}

func (a *API) json(hc huma.Context, status int, v any) {
	hc.SetHeader("Content-Type", "application/json")
	hc.SetStatus(status)
	_ = huma.DefaultJSONFormat.Marshal(hc.BodyWriter(), v) // the caller is gone, or has it
}

func parse(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return wrongParam("", "the body is not as the protocol has it: %v", err)
	}
	return nil
}

// textList is a text or a list of texts.
type textList []string

// UnmarshalJSON reads either.
func (t *textList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = []string{one}
		return nil
	}
	if err := json.Unmarshal(b, (*[]string)(t)); err != nil {
		return errors.New("input is a text or a list of texts; lists of tokens are not taken")
	}
	return nil
}

func (a *API) embeddings(hc huma.Context, body []byte) error {
	var r struct {
		Input      textList `json:"input"`
		Format     string   `json:"encoding_format"`
		Type       string   `json:"input_type"`
		Dimensions int      `json:"dimensions"`
	}
	if err := parse(body, &r); err != nil {
		return err
	}
	e := a.o.Encoder
	switch {
	case e == nil || e.Kind() != vector.KindDense:
		return &modelError{http.StatusNotFound, "this server has no model that makes dense vectors", "model", "invalid_request_error"}
	case len(r.Input) == 0 || len(r.Input) > mostInputs:
		return wrongParam("input", "input has %d texts: give 1 to %d", len(r.Input), mostInputs)
	case r.Format != "" && r.Format != "float" && r.Format != "base64":
		return wrongParam("encoding_format", "encoding_format is float or base64")
	case r.Dimensions != 0 && r.Dimensions != e.Width():
		return wrongParam("dimensions", "the model's vectors have %d numbers", e.Width())
	}
	use := encode.Passage
	if r.Type == "query" || r.Type == "search_query" {
		use = encode.Query
	}
	data := make([]map[string]any, 0, len(r.Input))
	for v, err := range e.All(hc.Context(), slices.Values(r.Input), use) {
		if err != nil {
			return err
		}
		dense, _ := v.(vector.Dense)
		var shown any = dense
		if r.Format == "base64" {
			var b []byte
			for _, x := range dense {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			shown = base64.StdEncoding.EncodeToString(b)
		}
		data = append(data, map[string]any{"object": "embedding", "index": len(data), "embedding": shown})
	}
	a.json(hc, http.StatusOK, map[string]any{"object": "list", "data": data, "model": e.Name(), "usage": usage(r.Input...)})
	return nil
}

// usage is about how many tokens texts have: four bytes each.
func usage(texts ...string) map[string]int {
	n := 0
	for _, t := range texts {
		n += (len(t) + 3) / 4
	}
	return map[string]int{"prompt_tokens": n, "total_tokens": n}
}

func (a *API) rerank(hc huma.Context, body []byte) error {
	var r struct {
		Query     string            `json:"query"`
		Documents []json.RawMessage `json:"documents"`
		Top       *int              `json:"top_n"`
		Return    bool              `json:"return_documents"`
	}
	if err := parse(body, &r); err != nil {
		return err
	}
	switch {
	case a.o.Judge == nil:
		return &modelError{http.StatusNotFound, "this server has no model that reads passages beside a question", "model", "invalid_request_error"}
	case r.Query == "":
		return wrongParam("query", "query is missing")
	case len(r.Documents) == 0 || len(r.Documents) > mostInputs:
		return wrongParam("documents", "there are %d documents: give 1 to %d", len(r.Documents), mostInputs)
	case r.Top != nil && *r.Top < 1:
		return wrongParam("top_n", "top_n is %d: it is at least 1", *r.Top)
	}
	texts := make([]string, len(r.Documents))
	for i, raw := range r.Documents {
		var object struct {
			Text *string `json:"text"`
		}
		if json.Unmarshal(raw, &texts[i]) == nil {
			continue
		}
		if json.Unmarshal(raw, &object) != nil || object.Text == nil {
			return wrongParam(fmt.Sprintf("documents[%d]", i), "a document is a text, or an object with a text")
		}
		texts[i] = *object.Text
	}
	judged, err := a.o.Judge.Judge(hc.Context(), r.Query, texts, 0)
	if err != nil {
		return err
	}
	type result struct {
		Index    int            `json:"index"`
		Score    float64        `json:"relevance_score"`
		Document map[string]any `json:"document,omitempty"`
	}
	results := make([]result, len(judged))
	for i, j := range judged {
		if results[i] = (result{Index: i, Score: float64(j.Score)}); r.Return {
			results[i].Document = map[string]any{"text": texts[i]}
		}
	}
	slices.SortStableFunc(results, func(x, y result) int {
		switch {
		case x.Score > y.Score:
			return -1
		case x.Score < y.Score:
			return 1
		}
		return 0
	})
	if r.Top != nil {
		results = results[:min(*r.Top, len(results))]
	}
	a.json(hc, http.StatusOK, map[string]any{"id": rand.Text(), "results": results, "usage": usage(texts...)})
	return nil
}

// chatRequest is what is read of a request; all else is the upstream's.
type chatRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string      `json:"role"`
		Content chatContent `json:"content"`
	} `json:"messages"`
	Stream bool   `json:"stream"`
	Budget int    `json:"budget"`
	Filter string `json:"filter"`
	Format struct {
		Type   string `json:"type"`
		Schema struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

// schema is that of the answer, nil for any text.
func (r *chatRequest) schema(model bool) (json.RawMessage, error) {
	text := r.Format.Schema.Schema
	switch {
	case r.Format.Type == "" || r.Format.Type == "text":
		return nil, nil
	case !model:
		return nil, wrongParam("response_format", "this server has no model; the context is the answer, as text")
	case r.Format.Type == "json_object":
		text = json.RawMessage(`{"type":"object"}`)
	case r.Format.Type != "json_schema" || len(text) == 0:
		return nil, wrongParam("response_format", "response_format has the type text, json_object, or json_schema with json_schema.schema")
	}
	return text, nil
}

// chatContent is a text, or parts of which some are texts.
type chatContent string

// UnmarshalJSON reads either.
func (c *chatContent) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*string)(c)) == nil {
		return nil
	}
	var parts []struct{ Type, Text string }
	if err := json.Unmarshal(b, &parts); err != nil {
		return errors.New("content is a text or a list of parts")
	}
	for _, p := range parts {
		*c += chatContent(p.Text)
	}
	return nil
}

func (a *API) chat(hc huma.Context, body []byte) error {
	var r chatRequest
	if err := parse(body, &r); err != nil {
		return err
	}
	collection, own := strings.CutPrefix(r.Model, answers+"/")
	switch {
	case r.Model == answers:
		collection, own = library.Default, true
	case !own && a.o.Upstream != nil:
		return a.pass(hc, body)
	case !own:
		return &modelError{http.StatusNotFound, fmt.Sprintf("there is no model %.100q; there are %s", r.Model, strings.Join(a.models(hc.Context()), ", ")), "model", "invalid_request_error"}
	}
	if err := access.From(hc.Context()).May(access.Read, collection); err != nil {
		return err
	}
	n := len(r.Messages) - 1
	if n < 0 || r.Messages[n].Role != "user" || strings.TrimSpace(string(r.Messages[n].Content)) == "" {
		return wrongParam("messages", "the last message is to be the user's question")
	}
	if r.Budget == 0 {
		r.Budget = 2000
	}
	form, err := r.schema(a.o.Model != nil)
	if err != nil {
		return err
	}
	return a.complete(hc, collection, &r, form, string(r.Messages[n].Content))
}

// complete answers from a collection.
func (a *API) complete(hc huma.Context, collection string, r *chatRequest, form json.RawMessage, question string) error {
	ctx := hc.Context()
	c := &completion{hc: hc, id: "chatcmpl-" + rand.Text(), model: r.Model, at: time.Now().Unix()}
	stream := &events{hc: hc}
	defer stream.end()
	var reply *ask.Reply
	err := a.reading(ctx, In{collection}, func(ix engine.Index, by *access.Caller) (err error) {
		o := ask.Options{Budget: tamis.Budget{Tokens: r.Budget}, Context: []tamis.ContextOption{by.Sees(r.Filter)}, Model: a.o.Model, Schema: form}
		if r.Stream {
			o.Stream = func(piece string) {
				stream.data(c.object("chat.completion.chunk", map[string]any{"index": 0, "delta": map[string]any{"role": "assistant", "content": piece}, "finish_reason": nil}))
			}
		}
		if reply, err = ask.Answer(ctx, ix, question, o); errors.Is(err, schema.ErrSchema) {
			err = wrongParam("response_format", "%v", err)
		}
		return err
	})
	switch {
	case err != nil && stream.begun():
		stream.data(map[string]any{"error": map[string]any{"message": a.problem(ctx, err, true).Detail, "type": "server_error"}})
		return nil
	case err != nil:
		return err
	}
	finish := reply.Finish
	if finish == "" {
		finish = "stop"
	}
	cited := cited(reply)
	if r.Stream {
		last := c.object("chat.completion.chunk", map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": finish})
		last["citations"] = cited
		stream.data(last)
		stream.raw("data: [DONE]\n\n")
		return nil
	}
	whole := c.object("chat.completion", map[string]any{"index": 0, "message": map[string]any{"role": "assistant", "content": reply.Text}, "finish_reason": finish})
	whole["citations"], whole["receipt"] = cited, receiptOf(reply.Context, false)
	use := usage(reply.Context.Text)
	if reply.Usage != nil {
		use = map[string]int{"prompt_tokens": reply.Usage.PromptTokens, "completion_tokens": reply.Usage.CompletionTokens, "total_tokens": reply.Usage.PromptTokens + reply.Usage.CompletionTokens}
	}
	whole["usage"] = use
	a.json(hc, http.StatusOK, whole)
	return nil
}

// cited are the spans that an answer cites; without a model all that it shows.
func cited(reply *ask.Reply) []render.Span {
	spans := []render.Span{}
	for _, s := range reply.Context.Spans {
		if len(reply.Cited) == 0 || slices.Contains(reply.Cited, s.Cite) {
			spans = append(spans, s)
		}
	}
	return spans
}

// completion is what all parts of an answer have in common.
type completion struct {
	hc        huma.Context
	id, model string
	at        int64
}

func (c *completion) object(kind string, choice map[string]any) map[string]any {
	return map[string]any{"id": c.id, "object": kind, "created": c.at, "model": c.model, "choices": []any{choice}}
}

// pass hands a chat on to the upstream, with its key.
func (a *API) pass(hc huma.Context, body []byte) error {
	r, w := humago.Unwrap(hc)
	up := a.o.Upstream
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL, p.Out.Host = up.Chat, up.Chat.Host
			p.Out.Header = http.Header{"Content-Type": {"application/json"}, "Accept": p.In.Header["Accept"]}
			if up.Key != "" {
				p.Out.Header.Set("Authorization", "Bearer "+up.Key)
			}
		},
		ModifyResponse: func(res *http.Response) error {
			if res.StatusCode >= 300 && res.StatusCode < 400 {
				return errors.New("the endpoint sends elsewhere")
			}
			for name := range res.Header {
				if !slices.Contains([]string{"Content-Type", "Content-Encoding", "Retry-After"}, name) {
					res.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			a.o.Log.WarnContext(r.Context(), "the chat endpoint failed", "error", err)
			a.refuse(hc, &modelError{http.StatusBadGateway, "the chat endpoint of this server does not answer", "", "server_error"})
		},
	}
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = http.NoBody, 0
	if len(body) > 0 {
		again.Body, again.ContentLength = nopCloser{bytes.NewReader(body)}, int64(len(body))
	}
	proxy.ServeHTTP(w, again)
	return nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
