package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/guard"
)

// AskRequest is a question to a model.
type AskRequest struct {
	ContextRequest
	Drafts int `json:"drafts,omitempty" minimum:"0" maximum:"8" doc:"Draft answers that the model is asked for first, to find what the question has no words for"`
}

// Answered is the event "done".
type Answered struct {
	Answer  string     `json:"answer"`
	Cited   []int      `json:"cited" nullable:"false" doc:"Labels of the context that it cites"`
	Unknown []int      `json:"unknown" nullable:"false" doc:"Labels that it invented, marked [7?] in the answer"`
	Finish  string     `json:"finish,omitempty" doc:"Why the model stopped: stop, or length where its limit of tokens cut it off"`
	Model   bool       `json:"model" doc:"Whether a model answered; without one the context is the answer"`
	Usage   *llm.Usage `json:"usage,omitempty"`
}

// heartbeat is how often a stream says that it lives while the model is silent.
const heartbeat = 15 * time.Second

func (a *API) asking() {
	type input struct {
		In
		Body AskRequest
	}
	example := "event: context\ndata: {\"question\":\"…\",\"text\":\"[1] …\",\"spans\":[…]}\n\nevent: delta\ndata: {\"text\":\"Backups are kept \"}\n\nevent: done\ndata: {\"answer\":\"…\",\"cited\":[1],\"unknown\":[],\"finish\":\"stop\",\"model\":true}\n\n"
	r := a.huma.OpenAPI().Components.Schemas
	r.Schema(typeOf[Answered](), true, "Answered")
	route(a, access.Read, huma.Operation{
		OperationID: "ask", Method: http.MethodPost, Path: "/v1/collections/{collection}/ask", Tags: []string{"context"},
		Summary:     "Answer a question from the collection, with checked citations",
		Description: "Server-sent events: context (the receipt, as of the operation context), delta ({text}) for each piece of the answer, done (Answered), or error (a problem) where the answer breaks off. What is wrong before the first event is answered with its status.",
		Errors:      []int{http.StatusBadGateway, http.StatusGatewayTimeout},
		Responses: map[string]*huma.Response{"200": {Description: "The answer as it is made", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}, Example: example},
		}}},
	}, func(ctx context.Context, of *input) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.answer(hc, of.In, &of.Body) }}, nil
	})
}

// answer streams the answer to a question.
func (a *API) answer(hc huma.Context, of In, r *AskRequest) {
	ctx := hc.Context()
	s := &events{hc: hc}
	defer s.end()
	err := a.reading(ctx, of, func(ix engine.Index, by *access.Caller) error {
		reply, err := ask.Answer(ctx, ix, r.Question, ask.Options{
			Budget: r.budget(), Context: []tamis.ContextOption{by.Sees(r.Filter), r.layout()}, Model: a.o.Model, Drafts: r.Drafts,
			Packed: func(c *tamis.Context) {
				guard.Asked(ctx, "", c.Question, c.Digest)
				s.send("context", receiptOf(c, r.Dropped))
			},
			Stream: func(piece string) {
				s.send("delta", struct {
					Text string `json:"text"`
				}{piece})
			},
		})
		if err == nil {
			s.send("done", Answered{Answer: reply.Text, Cited: reply.Cited, Unknown: reply.Unknown, Finish: reply.Finish, Model: a.o.Model != nil, Usage: reply.Usage})
		}
		return err
	})
	if err == nil {
		return
	}
	p := a.problem(ctx, err, true)
	if s.begun() {
		s.send("error", p)
		return
	}
	writeProblem(hc, p)
}

// writeProblem answers with a problem where a stream has not begun.
func writeProblem(hc huma.Context, p *huma.ErrorModel) {
	hc.SetHeader("Content-Type", "application/problem+json")
	hc.SetStatus(p.Status)
	_ = json.NewEncoder(hc.BodyWriter()).Encode(p) // the caller is gone, or told
}

// events is a stream of server-sent events. Its methods may be called at once.
type events struct {
	hc    huma.Context
	mu    sync.Mutex
	beats *time.Ticker
	over  chan struct{}
}

func (s *events) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beats != nil
}

// send sends an event as JSON, which has no line breaks.
func (s *events) send(event string, data any) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\ndata: ", event)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(data); err != nil {
		return
	}
	s.raw(b.String() + "\n")
}

// data sends what has no name.
func (s *events) data(v any) {
	var b bytes.Buffer
	b.WriteString("data: ")
	if err := huma.DefaultJSONFormat.Marshal(&b, v); err != nil {
		return
	}
	s.raw(b.String() + "\n")
}

func (s *events) raw(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.beats == nil {
		s.begin()
	}
	s.write([]byte(text))
}

func (s *events) begin() {
	s.hc.SetHeader("Content-Type", "text/event-stream")
	s.hc.SetHeader("Cache-Control", "no-store")
	s.hc.SetHeader("X-Accel-Buffering", "no")
	s.hc.SetStatus(http.StatusOK)
	s.beats, s.over = time.NewTicker(heartbeat), make(chan struct{})
	go func() {
		for {
			select {
			case <-s.over:
				return
			case <-s.beats.C:
				s.mu.Lock()
				select {
				case <-s.over: // the handler has returned: nothing may be written
				default:
					s.write([]byte(": waiting\n\n"))
				}
				s.mu.Unlock()
			}
		}
	}()
}

// write writes and flushes; whoever is gone ends the context of the request.
func (s *events) write(b []byte) {
	w := s.hc.BodyWriter()
	_, _ = w.Write(b)
	if rw, ok := w.(http.ResponseWriter); ok {
		_ = http.NewResponseController(rw).Flush()
	}
}

func (s *events) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.beats != nil {
		s.beats.Stop()
		close(s.over)
	}
}
