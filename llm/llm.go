// Package llm says what a chat model is, and the check of the citations in what
// comes back from one. Client is the model behind any endpoint that speaks the
// OpenAI protocol (POST …/v1/chat/completions).
//
// Nothing is sent but the messages given, the model's name and the sampling
// options that were set. The key comes from the environment ($TAMIS_LLM_KEY,
// else $OPENAI_API_KEY), never from a configuration, and is cut out of every
// error. Redirects are refused, so that a key never travels to an address that
// nobody named.
//
// A request is tried again, with exponential back-off and jitter, after a
// connection error, 408, 429 or 5xx, but only while the caller has seen nothing
// of the answer: half an answer is never stitched to another.
//
// A server is not trusted to end. An answer is bounded in bytes (32 MiB of a
// stream, 4 MiB of text), in time until the first token, between tokens, and
// in all; comments of a stream are no tokens. Compressed answers are
// not asked for and not unpacked. After silence nothing is tried again: the
// same prompt would keep a busy model silent for as long once more.
package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Config says where the model is and how patient to be. Only URL is required.
type Config struct {
	// URL is the endpoint: "http://localhost:8080", "https://host/v1", or a
	// whole address that ends in /chat/completions.
	URL string
	// Model is the model's name; empty leaves the choice to the server.
	Model string
	// Temperature is sent when it is not nil; MaxTokens when it is not 0.
	Temperature *float64
	MaxTokens   int
	// Together is how many conversations a model that runs in this process answers at once; 0 is
	// one. Endpoints have a number of their own.
	Together int
	// Attention is the policy of attention of a model that runs in this process, as package
	// llm/local has it; endpoints have their own.
	Attention string
	// Compress is the compressor of contexts of a model that runs in this process, as package
	// llm/local has it.
	Compress string
	// Whole asks for the answer in one piece instead of a stream.
	Whole bool

	// Timeout bounds an answer as a whole, retries and the caller's own time
	// included (default 5 min). FirstToken bounds the wait from the request to the
	// first token, also one of reasoning (default Timeout where that is given, else
	// 2 min: a long prompt takes a local model a while), Idle that between two tokens
	// (1 min), Connect the dial and the TLS handshake (10 s). Negative means no
	// bound.
	Timeout, FirstToken, Idle, Connect time.Duration
	// Retries is how often a request is tried again: 0 means 3, negative never.
	Retries int
	// Backoff is the wait before the first retry (default 500 ms), doubled for
	// each that follows; MaxWait (default 30 s) bounds a single wait, also one
	// that the server asks for with Retry-After.
	Backoff, MaxWait time.Duration
}

// Message is one turn of the conversation: Role is "system", "user" or
// "assistant".
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Usage is what the server says the request cost, in its model's tokens.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

// Delta is the next piece of an answer. Finish ("stop", "length" …) and Usage
// come once, near the end, where the server sends them.
type Delta struct {
	Text   string
	Finish string
	Usage  *Usage
}

// Repetition is the Finish of an answer that was ended because it went round in circles, as
// those of small models do.
const Repetition = "repetition"

// Model answers a conversation piece by piece. An error ends the sequence.
type Model interface {
	Chat(ctx context.Context, messages []Message) iter.Seq2[Delta, error]
}

// Shaper is a model whose answers can be held to a JSON Schema: Shaped is the model that gives such
// answers alone. One that runs here keeps to it; an endpoint is asked to (response_format), and
// what it says has to be looked at.
type Shaper interface {
	Model
	Shaped(schema json.RawMessage) (Model, error)
}

// Error is a failed request: one line that names the endpoint and the way out.
// The key never occurs in it.
type Error struct {
	Endpoint string // without query
	Status   int    // of the HTTP answer, 0 when there was none
	msg      string
	err      error
	again    bool          // worth another try
	after    time.Duration // what the server asked us to wait
}

func (e *Error) Error() string { return "llm: " + e.Endpoint + ": " + e.msg }
func (e *Error) Unwrap() error { return e.err }

// What a timed-out request wraps, see errors.Is.
var ErrTimeout = errors.New("no answer in time")

// ErrCut is wrapped by the error of a stream that ended before the model had.
var ErrCut = errors.New("the answer broke off")

const (
	maxBytes = 32 << 20 // of a stream
	maxBody  = 16 << 20 // of an answer in one piece
	maxText  = 4 << 20  // of an answer's text
	maxError = 64 << 10 // of an error's body that is read
)

// Client talks to one endpoint. It is safe for concurrent use.
type Client struct {
	cfg      Config
	endpoint string // where requests go
	shown    string // the same without its query, for errors
	key      string
	format   *format // nil for any answer
	http     *http.Client
}

var version = regexp.MustCompile(`^v[0-9]+[a-z0-9]*$`)

// Target is where chats go, and the key that goes with them, for who passes on what others
// ask.
func (c *Client) Target() (chat, key string) { return c.endpoint, c.key }

// New checks the configuration and reads the key; it connects to nothing.
func New(cfg Config) (*Client, error) {
	if strings.TrimSpace(cfg.URL) == "" {
		return nil, errors.New("llm: no endpoint: give the URL of an OpenAI-compatible server, such as http://localhost:8080/v1")
	}
	u, err := url.Parse(strings.TrimSpace(cfg.URL))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		// The URL itself may hold a secret, so it is not repeated.
		return nil, errors.New("llm: the endpoint is not an http or https URL; it looks like http://localhost:8080/v1")
	}
	if u.User != nil {
		return nil, errors.New("llm: the endpoint's URL holds a user name or password; put the key into $TAMIS_LLM_KEY instead")
	}
	p := strings.TrimRight(u.Path, "/")
	last := p[strings.LastIndexByte(p, '/')+1:]
	switch {
	case strings.HasSuffix(p, "/chat/completions"):
	case version.MatchString(last) || last == "openai": // …/v1, …/v1beta/openai
		p += "/chat/completions"
	default:
		p += "/v1/chat/completions"
	}
	u.Path, u.RawPath, u.Fragment = p, "", ""
	c := &Client{cfg: cfg, endpoint: u.String()}
	u.RawQuery = ""
	c.shown = u.String()
	c.key = os.Getenv("TAMIS_LLM_KEY")
	if c.key == "" {
		c.key = os.Getenv("OPENAI_API_KEY")
	}
	if strings.ContainsAny(c.key, "\r\n") {
		return nil, errors.New("llm: the key in $TAMIS_LLM_KEY or $OPENAI_API_KEY holds a line break; set it again without one")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.cfg.Connect, 10*time.Second)
	def(&c.cfg.FirstToken, cfg.Timeout)
	def(&c.cfg.FirstToken, 2*time.Minute)
	def(&c.cfg.Timeout, 5*time.Minute)
	def(&c.cfg.Idle, time.Minute)
	def(&c.cfg.Backoff, 500*time.Millisecond)
	def(&c.cfg.MaxWait, 30*time.Second)
	if cfg.Retries == 0 {
		c.cfg.Retries = 3
	}
	connect := max(c.cfg.Connect, 0)
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: connect,
			ForceAttemptHTTP2:   true,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true, // a few bytes could unpack without end
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Endpoint is the address that requests go to, without its query.
func (c *Client) Endpoint() string { return c.shown }

type request struct {
	Model       string    `json:"model,omitempty"`
	Messages    []Message `json:"messages"`
	Stream      bool      `json:"stream"`
	Temperature *float64  `json:"temperature,omitempty"`
	MaxTokens   int       `json:"max_tokens,omitempty"`
	Format      *format   `json:"response_format,omitempty"`
}

// format asks for JSON of a schema.
type format struct {
	Type   string `json:"type"`
	Schema struct {
		Name   string          `json:"name"`
		Strict bool            `json:"strict"`
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

// Shaped is the endpoint, asked for JSON of a schema.
func (c *Client) Shaped(schema json.RawMessage) (Model, error) {
	if !json.Valid(schema) {
		return nil, errors.New("llm: the schema of answers is no JSON")
	}
	f := &format{Type: "json_schema"}
	f.Schema.Name, f.Schema.Strict, f.Schema.Schema = "answer", true, schema
	shaped := *c
	shaped.format = f
	return &shaped, nil
}

// Chat sends the messages and yields the answer as it arrives. An error comes
// last; pieces before it stay valid. Cancelling ctx or leaving the loop closes
// the connection at once.
func (c *Client) Chat(ctx context.Context, messages []Message) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		body, err := json.Marshal(request{c.cfg.Model, messages, !c.cfg.Whole, c.cfg.Temperature, c.cfg.MaxTokens, c.format})
		if err != nil {
			yield(Delta{}, fmt.Errorf("llm: encode the request: %w", err))
			return
		}
		within := ctx
		if c.cfg.Timeout > 0 {
			var cancel context.CancelFunc
			within, cancel = context.WithTimeoutCause(ctx, c.cfg.Timeout, &timeout{c.cfg.Timeout, inAll})
			defer cancel()
		}
		for try := 0; ; try++ {
			seen, left := false, false
			err := c.once(within, body, func(d Delta) bool {
				seen = true
				left = !yield(d, nil)
				return !left
			})
			if err == nil || left {
				return
			}
			wait, again := c.again(within, err, seen, try)
			if again && sleep(within, wait) == nil {
				continue
			}
			var e *Error
			if try > 0 && errors.As(err, &e) {
				e.msg += fmt.Sprintf(" (tried %d times)", try+1)
			}
			if cause := ctx.Err(); cause != nil {
				err = fmt.Errorf("llm: %s: %w", c.shown, cause)
			}
			yield(Delta{}, err)
			return
		}
	}
}

// again says whether a failed request is tried once more, and when.
func (c *Client) again(ctx context.Context, err error, seen bool, try int) (time.Duration, bool) {
	var e *Error
	if seen || ctx.Err() != nil || try >= c.cfg.Retries || !errors.As(err, &e) || !e.again || e.after > c.cfg.MaxWait {
		return 0, false
	}
	wait := c.cfg.MaxWait
	if try < 20 {
		wait = min(wait, c.cfg.Backoff<<try)
	}
	// Half of it is left to chance, so that clients that failed together do not
	// come back together.
	if wait > 1 {
		wait = wait/2 + rand.N(wait/2+1)
	}
	return max(wait, e.after), true
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// once makes one request and hands its pieces to emit until that says false.
func (c *Client) once(ctx context.Context, body []byte, emit func(Delta) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := newWatchdog(cancel, c.cfg.FirstToken, c.cfg.Idle)
	defer w.stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return c.fail(0, "cannot make the request", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream, application/json")
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "tamis")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.broken(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return c.refused(res)
	}
	if enc := res.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return c.fail(0, "answers in the encoding "+strconv.Quote(c.excerpt([]byte(enc)))+", which was not asked for; turn compression off there", nil)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		err = c.whole(w.reader(&bounded{res.Body, maxBody}), emit)
	case "text/html":
		e := c.fail(0, "answers with a web page; the URL is not that of an OpenAI-compatible API (does it lack /v1?)", nil)
		e.Status, e.again = res.StatusCode, false
		return e
	default:
		err = c.stream(&bounded{res.Body, maxBytes}, w, emit)
	}
	if errors.Is(err, errLarge) || errors.Is(err, errLong) {
		return c.fail(0, err.Error(), err)
	}
	var e *Error
	if err != nil && !errors.As(err, &e) {
		return c.broken(ctx, err)
	}
	return err
}

// answer is the union of a whole answer, a chunk of a stream, and an error. What
// an answer is good without, such as its cost, may have any shape.
type answer struct {
	Choices []struct {
		Message      part          `json:"message"`
		Delta        part          `json:"delta"`
		FinishReason maybe[string] `json:"finish_reason"`
	} `json:"choices"`
	Usage maybe[Usage]    `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type part struct {
	Content *string `json:"content"`
	// Reasoning goes by two names.
	Reasoning        maybe[string] `json:"reasoning"`
	ReasoningContent maybe[string] `json:"reasoning_content"`
}

// maybe is a value that is nil where it has another type than T.
type maybe[T any] struct{ v *T }

func (m *maybe[T]) UnmarshalJSON(raw []byte) error {
	var v *T
	if json.Unmarshal(raw, &v) == nil {
		m.v = v
	}
	return nil
}

func (m maybe[T]) or() (v T) {
	if m.v != nil {
		v = *m.v
	}
	return v
}

// delta is what a chunk or an answer brings, and whether a token is in it.
func (a *answer) delta() (d Delta, token bool) {
	if u := a.Usage.v; u != nil && u.PromptTokens >= 0 && u.CompletionTokens >= 0 {
		d.Usage = u
	}
	if len(a.Choices) == 0 {
		return d, false
	}
	ch := a.Choices[0]
	p := ch.Delta
	if p.Content == nil && ch.Message.Content != nil {
		p = ch.Message
	}
	if p.Content != nil {
		d.Text = *p.Content
	}
	d.Finish = ch.FinishReason.or()
	return d, d.Text != "" || p.Reasoning.or() != "" || p.ReasoningContent.or() != ""
}

func (c *Client) whole(r io.Reader, emit func(Delta) bool) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return c.fail(0, "the answer is not JSON: "+c.excerpt(raw), err)
	}
	if msg := c.errorText(a.Error); msg != "" {
		return c.fail(0, "the server reports: "+msg, nil)
	}
	if len(a.Choices) == 0 {
		return c.fail(0, "the answer holds no choices: "+c.excerpt(raw), nil)
	}
	d, _ := a.delta()
	if len(d.Text) > maxText {
		return errLarge
	}
	emit(d)
	return nil
}

func (c *Client) stream(r io.Reader, w *watchdog, emit func(Delta) bool) error {
	events := newEvents(r)
	pieces, text, finished := 0, 0, false
	for {
		w.wait()
		data, err := events.next()
		switch {
		case err == io.EOF && finished:
			return nil // some servers end without [DONE]
		case err == io.EOF && pieces == 0:
			e := c.fail(0, "the answer ended before it began"+c.saw(events), ErrCut)
			e.again = true
			return e
		case err == io.EOF:
			e := c.fail(0, "the answer broke off before its end; ask again", ErrCut)
			e.again = true
			return e
		case err != nil:
			return err
		}
		if string(bytes.TrimSpace(data)) == "[DONE]" {
			return nil
		}
		var a answer
		if err := json.Unmarshal(data, &a); err != nil {
			return c.fail(0, "the stream holds something that is not a chat completion chunk: "+c.excerpt(data), err)
		}
		if msg := c.errorText(a.Error); msg != "" {
			return c.fail(0, "the server reports: "+msg, nil)
		}
		pieces++
		d, token := a.delta()
		if token {
			w.heard()
		}
		finished = finished || d.Finish != ""
		if text += len(d.Text); text > maxText {
			return errLarge
		}
		// A chunk without text (the role, a keep-alive) is not yet an answer.
		if d != (Delta{}) && !emit(d) {
			return nil
		}
	}
}
