package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const secret = "sk-very/secret-key"

// serve starts a scripted endpoint: call n is answered by the n-th handler, the
// last one answers all that follow.
func serve(t *testing.T, script ...http.HandlerFunc) (Config, *atomic.Int32) {
	t.Helper()
	t.Setenv("TAMIS_LLM_KEY", secret)
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		script[min(n, len(script))-1](w, r)
	}))
	t.Cleanup(s.CloseClientConnections)
	t.Cleanup(s.Close)
	return Config{URL: s.URL, Model: "m", Backoff: time.Millisecond}, &calls
}

// events answers with a stream, sent piece by piece.
func stream(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, p := range pieces {
			io.WriteString(w, p)
			w.(http.Flusher).Flush()
		}
	}
}

func status(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

func say(text string) string {
	q, _ := json.Marshal(text)
	return `data: {"choices":[{"delta":{"content":` + string(q) + `}}]}` + "\n\n"
}

const done = "data: [DONE]\n\n"

var hello = []Message{{"system", "s"}, {"user", "hello"}}

func ask(t *testing.T, cfg Config) (string, Delta, error) {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	var last Delta
	for d, err := range c.Chat(t.Context(), hello) {
		if err != nil {
			if s := err.Error(); strings.Contains(s, secret) || strings.ContainsRune(s, '\n') {
				t.Errorf("error shows the key or is not one line: %q", s)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(fmt.Sprintf("%v %+v", e, e), secret) {
					t.Errorf("the chain shows the key: %#v", e)
				}
			}
			return text.String(), last, err
		}
		text.WriteString(d.Text)
		if d.Finish != "" {
			last.Finish = d.Finish
		}
		if d.Usage != nil {
			last.Usage = d.Usage
		}
	}
	return text.String(), last, nil
}

func TestStream(t *testing.T) {
	for name, pieces := range map[string][]string{
		"plain":     {say("Hel"), say("lo"), done},
		"crlf":      {strings.ReplaceAll(say("Hel")+say("lo")+done, "\n", "\r\n")},
		"cr":        {strings.ReplaceAll(say("Hel")+say("lo")+done, "\n", "\r")},
		"bom":       {"\ufeff" + say("Hello") + done},
		"comments":  {": ping\n\n", "event: message\nid: 1\nretry: 5\n" + say("Hello"), ":\n", done},
		"multiline": {"data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"Hello\"}}]}\n\n" + done},
		"no space":  {strings.ReplaceAll(say("Hello"), "data: ", "data:"), "data:[DONE]\n\n"},
		"cut up":    strings.Split(say("Hel")+say("lo")+done, ""),
		"no done":   {say("Hello"), `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}` + "\n\n"},
		"no end":    {say("Hello"), "data: [DONE]"},
		"nulls":     {`data: {"choices":[{"delta":{"role":"assistant","content":null},"finish_reason":null}],"error":null}` + "\n\n", say("Hello"), done},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, calls := serve(t, stream(pieces...))
			if got, _, err := ask(t, cfg); got != "Hello" || err != nil || calls.Load() != 1 {
				t.Errorf("%q, %v, %d calls", got, err, calls.Load())
			}
		})
	}
}

func TestUsageAndFinish(t *testing.T) {
	cfg, _ := serve(t, stream(say("x"), `data: {"choices":[{"delta":{},"finish_reason":"length"}]}`+"\n\n",
		`data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}`+"\n\n", done))
	_, last, err := ask(t, cfg)
	if err != nil || last.Finish != "length" || last.Usage == nil || *last.Usage != (Usage{7, 2}) {
		t.Errorf("%+v %v", last, err)
	}
}

// TestOddExtras: what an answer is good without does not spoil it.
func TestOddExtras(t *testing.T) {
	for _, usage := range []string{`"12"`, `{"prompt_tokens":"7"}`, `{"prompt_tokens":1.5}`, `[]`, `null`, `-1`, `{"prompt_tokens":-3}`, `{"prompt_tokens":1e40}`} {
		tail := `"finish_reason":{"type":"stop"}}],"usage":` + usage + `}`
		for name, h := range map[string]http.HandlerFunc{
			"stream": stream(`data: {"choices":[{"delta":{"content":"Hello","reasoning":[1]},`+tail+"\n\n", done),
			"whole":  status(200, `{"choices":[{"message":{"content":"Hello"},`+tail, "Content-Type", "application/json"),
		} {
			cfg, _ := serve(t, h)
			if got, last, err := ask(t, cfg); got != "Hello" || err != nil || last.Usage != nil || last.Finish != "" {
				t.Errorf("%s of %s: %q %+v %v", usage, name, got, last, err)
			}
		}
	}
}

func TestRequest(t *testing.T) {
	zero := 0.0
	cfg, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hello"}],"stream":true,"temperature":0,"max_tokens":9}`
		if string(body) != want || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("%s %s %v", r.URL, body, r.Header)
		}
		stream(say("ok"), done)(w, r)
	})
	cfg.Temperature, cfg.MaxTokens = &zero, 9
	if _, _, err := ask(t, cfg); err != nil {
		t.Error(err)
	}
}

func TestWhole(t *testing.T) {
	cfg, _ := serve(t, status(200, `{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}`, "Content-Type", "application/json"))
	for _, whole := range []bool{false, true} { // some servers never stream
		cfg.Whole = whole
		got, last, err := ask(t, cfg)
		if got != "Hello" || err != nil || last.Usage.PromptTokens != 3 || last.Finish != "stop" {
			t.Errorf("%q %+v %v", got, last, err)
		}
	}
}

func TestRetries(t *testing.T) {
	hangUp := func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }
	good := stream(say("Hello"), done)
	for name, first := range map[string]http.HandlerFunc{
		"429":        status(429, "slow down", "Retry-After", "0.01"),
		"503":        status(503, ""),
		"hang up":    hangUp,
		"empty":      stream(),
		"only pings": stream(": ping\n\n", `data: {"choices":[{"delta":{"role":"assistant"}}]}`+"\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			cfg, calls := serve(t, first, good)
			if got, _, err := ask(t, cfg); got != "Hello" || err != nil || calls.Load() != 2 {
				t.Errorf("%q, %v, %d calls", got, err, calls.Load())
			}
		})
	}
	t.Run("gives up", func(t *testing.T) {
		cfg, calls := serve(t, status(500, `{"error":{"message":"out of memory"}}`))
		_, _, err := ask(t, cfg)
		var e *Error
		if !errors.As(err, &e) || e.Status != 500 || calls.Load() != 4 || !strings.Contains(err.Error(), "out of memory") || !strings.Contains(err.Error(), "tried 4 times") {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
	t.Run("never", func(t *testing.T) {
		cfg, calls := serve(t, status(500, ""))
		cfg.Retries = -1
		if _, _, err := ask(t, cfg); err == nil || calls.Load() != 1 {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
	t.Run("asked to wait too long", func(t *testing.T) {
		cfg, calls := serve(t, status(429, "", "Retry-After", "3600"))
		if _, _, err := ask(t, cfg); err == nil || calls.Load() != 1 {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
	t.Run("not after the first token", func(t *testing.T) {
		cfg, calls := serve(t, stream(say("Hel")), good)
		got, _, err := ask(t, cfg)
		if got != "Hel" || !errors.Is(err, ErrCut) || calls.Load() != 1 {
			t.Errorf("%q, %v, %d calls", got, err, calls.Load())
		}
	})
	t.Run("connection cut after the first token", func(t *testing.T) {
		cfg, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
			stream(say("Hel"))(w, r)
			panic(http.ErrAbortHandler)
		}, good)
		got, _, err := ask(t, cfg)
		if got != "Hel" || err == nil || calls.Load() != 1 {
			t.Errorf("%q, %v, %d calls", got, err, calls.Load())
		}
	})
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", maxLine+10)
	for name, x := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"401":         {status(401, `{"error":{"message":"Incorrect API key provided: `+secret+`"}}`), "TAMIS_LLM_KEY"},
		"404":         {status(404, `{"detail":"model m not found"}`), "model m not found"},
		"400":         {status(400, `{"error":"bad"}`), "status 400: bad"},
		"quota":       {status(429, `{"error":{"message":"over","code":"insufficient_quota"}}`), "quota"},
		"redirect":    {status(307, "", "Location", "http://elsewhere.invalid/v1?k="+secret), "elsewhere.invalid/v1"},
		"web page":    {status(200, "<html>", "Content-Type", "text/html; charset=utf-8"), "web page"},
		"not JSON":    {stream("data: {oops\n\n"), "not a chat completion chunk"},
		"error":       {stream(`data: {"error":{"message":"overloaded\nbadly","code":5}}` + "\n\n"), "overloaded badly"},
		"event error": {stream("event: error\ndata: {\"error\":\"gone " + secret + "\"}\n\n"), "gone ***"},
		"long line":   {stream("data: " + long), "1 MiB"},
		"garbage":     {stream("<<<<\x00\x1b[31m garbage\n\n"), "ended before it began"},
		"json junk":   {status(200, "[1]", "Content-Type", "application/json"), "not JSON"},
		"no choices":  {status(200, "{}", "Content-Type", "application/json"), "no choices"},
		"json error":  {status(200, `{"error":{"message":"late"}}`, "Content-Type", "application/json"), "late"},
		"encoded":     {status(200, "\x1f\x8b", "Content-Type", "text/event-stream", "Content-Encoding", "gzip"), `"gzip", which was not asked for`},
		"no address":  {status(302, "", "Location", "javascript:alert(1)"), "name the address that it redirects to"},
		"no host":     {status(302, "", "Location", "https:/v1"), "name the address that it redirects to"},
		"a file":      {status(302, "", "Location", "file:///etc/passwd"), "name the address that it redirects to"},
		"long body":   {status(502, strings.Repeat("é", 299/2)+"ab"+secret+long), "status 502"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := serve(t, x.h)
			_, _, err := ask(t, cfg)
			if err == nil || !strings.Contains(err.Error(), x.want) || !strings.Contains(err.Error(), cfg.URL) || len(err.Error()) > 800 {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "sk-") {
				t.Errorf("shows a part of the key: %v", err)
			}
		})
	}
	endless := func(kind, piece string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			block := []byte(strings.Repeat(piece, 1+(64<<10)/len(piece)))
			for r.Context().Err() == nil {
				w.Write(block)
			}
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"text": endless("text/event-stream", say(strings.Repeat("x", 4096))), "comments": endless("text/event-stream", ": ping\n\n"),
		"blank lines": endless("text/event-stream", "\n"), "whole": endless("application/json", " "),
	} {
		t.Run("endless "+name, func(t *testing.T) {
			cfg, calls := serve(t, h)
			if got, _, err := ask(t, cfg); !errors.Is(err, errLarge) || len(got) > maxText || calls.Load() != 1 {
				t.Errorf("%d bytes, %v, %d calls", len(got), err, calls.Load())
			}
		})
	}
	t.Run("nothing packed is asked for", func(t *testing.T) {
		cfg, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("accepts %q", got)
			}
			stream(say("Hello"), done)(w, r)
		})
		if _, _, err := ask(t, cfg); err != nil {
			t.Error(err)
		}
	})
	t.Run("mid-stream", func(t *testing.T) {
		cfg, calls := serve(t, stream(say("Hel"), `data: {"error":{"message":"overloaded"}}`+"\n\n"))
		if got, _, err := ask(t, cfg); got != "Hel" || err == nil || calls.Load() != 1 {
			t.Errorf("%q %v", got, err)
		}
	})
}

func TestTimeouts(t *testing.T) {
	hang := func(before ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if len(before) > 0 {
				stream(before...)(w, r)
			}
			<-r.Context().Done()
		}
	}
	t.Run("a silent server is not asked again", func(t *testing.T) {
		cfg, calls := serve(t, hang(), stream(say("Hello"), done))
		cfg.FirstToken = 30 * time.Millisecond
		if _, _, err := ask(t, cfg); !errors.Is(err, ErrTimeout) || calls.Load() != 1 {
			t.Errorf("%v, %d calls", err, calls.Load())
		}
	})
	t.Run("first token after the header", func(t *testing.T) {
		cfg, _ := serve(t, hang(""))
		cfg.FirstToken = 30 * time.Millisecond
		if _, _, err := ask(t, cfg); !errors.Is(err, ErrTimeout) {
			t.Errorf("%v", err)
		}
	})
	drip := func(before string, drop string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			stream(before)(w, r)
			for r.Context().Err() == nil {
				stream(drop)(w, r)
				time.Sleep(2 * time.Millisecond)
			}
		}
	}
	for name, drop := range map[string]string{
		"a drip of comments": ": ping\n\n", "a drip of roles": `data: {"choices":[{"delta":{"role":"assistant","content":""}}]}` + "\n\n",
		"a drip of a line": "d",
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := serve(t, drip("", drop))
			cfg.FirstToken = 60 * time.Millisecond
			if _, _, err := ask(t, cfg); !errors.Is(err, ErrTimeout) {
				t.Errorf("%v", err)
			}
		})
		t.Run(name+" after a token", func(t *testing.T) {
			cfg, _ := serve(t, drip(say("Hel"), drop))
			cfg.Idle = 60 * time.Millisecond
			if got, _, err := ask(t, cfg); got != "Hel" || !errors.Is(err, ErrTimeout) {
				t.Errorf("%q %v", got, err)
			}
		})
	}
	t.Run("a drip of tokens ends with the time for all", func(t *testing.T) {
		for _, drop := range []string{say("x"), `data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}` + "\n\n"} {
			cfg, calls := serve(t, drip("", drop))
			cfg.Timeout = 100 * time.Millisecond
			if _, _, err := ask(t, cfg); !errors.Is(err, ErrTimeout) || !strings.Contains(err.Error(), "100ms") || calls.Load() != 1 {
				t.Errorf("%v, %d calls", err, calls.Load())
			}
		}
	})
	t.Run("reasoning is a sign of life", func(t *testing.T) {
		cfg, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			for range 20 {
				stream(`data: {"choices":[{"delta":{"reasoning":"hm"}}]}`+"\n\n")(w, r)
				time.Sleep(20 * time.Millisecond)
			}
			stream(say("Hello"), done)(w, r)
		})
		cfg.FirstToken, cfg.Idle = 300*time.Millisecond, 300*time.Millisecond
		if got, _, err := ask(t, cfg); got != "Hello" || err != nil {
			t.Errorf("%q %v", got, err)
		}
	})
	t.Run("retries share the time", func(t *testing.T) {
		cfg, _ := serve(t, status(503, ""))
		cfg.Timeout, cfg.Backoff, cfg.MaxWait = 50*time.Millisecond, time.Hour, time.Hour
		if _, _, err := ask(t, cfg); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("%v", err)
		}
	})
	t.Run("the time that is given is also the first token's", func(t *testing.T) {
		for _, x := range [][2]time.Duration{{0, 2 * time.Minute}, {time.Hour, time.Hour}, {time.Second, time.Second}, {-1, -1}} {
			if c, err := New(Config{URL: "http://localhost", Timeout: x[0]}); err != nil || c.cfg.FirstToken != x[1] {
				t.Errorf("%v: %v %v", x, c.cfg.FirstToken, err)
			}
		}
	})
	t.Run("idle", func(t *testing.T) {
		cfg, _ := serve(t, hang(say("Hel")))
		cfg.Idle = 30 * time.Millisecond
		if got, _, err := ask(t, cfg); got != "Hel" || !errors.Is(err, ErrTimeout) {
			t.Errorf("%q %v", got, err)
		}
	})
	t.Run("slow but alive", func(t *testing.T) {
		cfg, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			for _, s := range []string{"a", "b", "c", "d"} {
				stream(say(s))(w, r)
				time.Sleep(20 * time.Millisecond)
			}
			stream(done)(w, r)
		})
		cfg.Idle = 300 * time.Millisecond
		if got, _, err := ask(t, cfg); got != "abcd" || err != nil {
			t.Errorf("%q %v", got, err)
		}
	})
	t.Run("a slow caller is not the server's silence", func(t *testing.T) {
		cfg, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			stream(say("a"))(w, r)
			time.Sleep(10 * time.Millisecond)
			stream(say("b"), done)(w, r)
		})
		cfg.Idle = 60 * time.Millisecond
		c, _ := New(cfg)
		for _, err := range c.Chat(t.Context(), hello) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestCancel(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"before the answer":      func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		"while waiting to retry": status(503, "", "Retry-After", "20"),
		"in the middle": func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			stream(say("a"))(w, r)
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := serve(t, h)
			c, _ := New(cfg)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(30*time.Millisecond, cancel)
			start := time.Now()
			var last error
			for _, err := range c.Chat(ctx, hello) {
				last = err
			}
			if !errors.Is(last, context.Canceled) || time.Since(start) > 5*time.Second {
				t.Errorf("%v after %v", last, time.Since(start))
			}
		})
	}
	t.Run("leaving the loop", func(t *testing.T) {
		left := make(chan struct{})
		cfg, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			stream(say("a"))(w, r)
			<-r.Context().Done()
			close(left)
		})
		c, _ := New(cfg)
		for range c.Chat(t.Context(), hello) {
			break
		}
		select {
		case <-left:
		case <-time.After(5 * time.Second):
			t.Error("the connection stays open")
		}
	})
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	t.Setenv("TAMIS_LLM_KEY", secret)
	_, _, err = ask(t, Config{URL: "http://" + addr + "/v1?api-key=hidden", Retries: 1, Backoff: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "server up") || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
}

func TestEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"http://h":                          "http://h/v1/chat/completions",
		"http://h/":                         "http://h/v1/chat/completions",
		"http://h/v1":                       "http://h/v1/chat/completions",
		" http://h/v1/ ":                    "http://h/v1/chat/completions",
		"https://h/api":                     "https://h/api/v1/chat/completions",
		"https://h/api/v4":                  "https://h/api/v4/chat/completions",
		"https://h/v1beta/openai/":          "https://h/v1beta/openai/chat/completions",
		"https://h/v1/chat/completions":     "https://h/v1/chat/completions",
		"https://h/x/chat/completions?v=1#": "https://h/x/chat/completions",
	} {
		c, err := New(Config{URL: in})
		if err != nil || c.Endpoint() != want {
			t.Errorf("%q: %v %v", in, c, err)
		}
	}
	for _, in := range []string{"", "localhost:8080", "ftp://h", "http://", "http://u:p@h/v1", "http://h\x00"} {
		if c, err := New(Config{URL: in}); err == nil || strings.Contains(err.Error(), "u:p") || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%q: %v %v", in, c, err)
		}
	}
}

func TestKey(t *testing.T) {
	t.Setenv("TAMIS_LLM_KEY", "")
	t.Setenv("OPENAI_API_KEY", "other")
	if c, err := New(Config{URL: "http://h"}); err != nil || c.key != "other" {
		t.Error(err)
	}
	t.Setenv("TAMIS_LLM_KEY", "two\nlines")
	if _, err := New(Config{URL: "http://h"}); err == nil || strings.Contains(err.Error(), "two") {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, "-1": 0, "x": 0, "1e99": 1e6 * time.Second,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// FuzzEvents: any bytes end in events or an error, never in a panic, and how the
// bytes arrive changes nothing.
func FuzzEvents(f *testing.F) {
	f.Add("data: a\r\ndata:b\r\n\r\n: c\rdata: d\r\r")
	f.Add("\ufeffdata: a\n\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		read := func(r io.Reader) (out []string) {
			e := newEvents(r)
			for {
				d, err := e.next()
				if err != nil {
					return out
				}
				out = append(out, string(d))
			}
		}
		if a, b := read(strings.NewReader(s)), read(&oneByte{s}); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("%q against %q", a, b)
		}
	})
}

type oneByte struct{ s string }

func (o *oneByte) Read(p []byte) (int, error) {
	if o.s == "" {
		return 0, io.EOF
	}
	p[0], o.s = o.s[0], o.s[1:]
	return 1, nil
}
