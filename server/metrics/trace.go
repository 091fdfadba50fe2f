package metrics

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Spans go to a collector as OTLP over HTTP in JSON (opentelemetry.io/docs/specs/otlp),
// where $OTEL_EXPORTER_OTLP_ENDPOINT names one, and nowhere else. The SDK of
// OpenTelemetry would make the program some seven megabytes larger, gRPC among them, for
// what is one kind of span here.

// Spans wait until so many are there, or for so long; beyond the most they are dropped.
const (
	spansTogether = 256
	spansMost     = 4096
	spansWait     = 2 * time.Second
)

// exporter sends spans. Nil sends none.
type exporter struct {
	to       string
	headers  map[string]string
	resource []attribute
	client   *http.Client
	log      *slog.Logger

	mu      sync.Mutex
	waiting []spanJSON
	dropped int
	wake    chan struct{}
	ends    chan struct{}
	done    chan struct{}
}

type attribute struct {
	Key   string         `json:"key"`
	Value map[string]any `json:"value"`
}

func text(key, value string) attribute {
	return attribute{key, map[string]any{"stringValue": value}}
}

type spanJSON struct {
	Trace      string         `json:"traceId"`
	ID         string         `json:"spanId"`
	Parent     string         `json:"parentSpanId,omitempty"`
	Name       string         `json:"name"`
	Kind       int            `json:"kind"` // 2: of a server
	Start      string         `json:"startTimeUnixNano"`
	End        string         `json:"endTimeUnixNano"`
	Attributes []attribute    `json:"attributes"`
	Status     map[string]any `json:"status"`
}

// newExporter is what the environment asks for, nil where that is nothing.
func newExporter(version string, log *slog.Logger) *exporter {
	to := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); to == "" && base != "" {
		to = strings.TrimRight(base, "/") + "/v1/traces"
	}
	if to == "" {
		return nil
	}
	if u, err := url.Parse(to); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		log.Error("traces are not sent: $OTEL_EXPORTER_OTLP_ENDPOINT is no address such as http://localhost:4318")
		return nil
	}
	e := &exporter{
		to: to, client: &http.Client{Timeout: 10 * time.Second}, log: log, headers: map[string]string{},
		resource: []attribute{text("service.name", cmp.Or(os.Getenv("OTEL_SERVICE_NAME"), "tamis")), text("service.version", version)},
		wake:     make(chan struct{}, 1), ends: make(chan struct{}), done: make(chan struct{}),
	}
	for pair := range strings.SplitSeq(os.Getenv("OTEL_EXPORTER_OTLP_HEADERS"), ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			if plain, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
				e.headers[strings.TrimSpace(key)] = plain
			}
		}
	}
	go e.run()
	return e
}

// span is a request that is traced; nil is one that is not.
type span struct {
	e     *exporter
	began time.Time
	json  spanJSON
}

var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})`)

// begin begins the span of a request, as part of the trace that its traceparent names, if
// that is sampled; others are traces of their own.
func (e *exporter) begin(r *http.Request) *span {
	if e == nil {
		return nil
	}
	s := &span{e: e, began: time.Now(), json: spanJSON{ID: random(8), Kind: 2}}
	if m := traceparent.FindStringSubmatch(r.Header.Get("Traceparent")); m != nil {
		if flags, err := strconv.ParseUint(m[3], 16, 8); err == nil && flags&1 == 0 {
			return nil
		}
		s.json.Trace, s.json.Parent = m[1], m[2]
	} else {
		s.json.Trace = random(16)
	}
	return s
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (s *span) end(r *http.Request, status int) {
	if s == nil {
		return
	}
	j := s.json
	j.Name = operationOf(r)
	nano := func(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
	j.Start, j.End = nano(s.began), nano(time.Now())
	j.Attributes = []attribute{
		text("http.request.method", r.Method), text("http.route", j.Name),
		{"http.response.status_code", map[string]any{"intValue": strconv.Itoa(status)}},
	}
	if name := r.PathValue("collection"); name != "" {
		j.Attributes = append(j.Attributes, text("tamis.collection", name))
	}
	j.Status = map[string]any{}
	if status >= 500 {
		j.Status["code"] = 2
	}
	s.e.put(j)
}

func (e *exporter) put(j spanJSON) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= spansMost {
		e.dropped++
		return
	}
	if e.waiting = append(e.waiting, j); len(e.waiting) == spansTogether {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
}

// run sends spans until the exporter is closed.
func (e *exporter) run() {
	defer close(e.done)
	tick := time.NewTicker(spansWait)
	defer tick.Stop()
	failing := false
	for ending := false; !ending; {
		select {
		case <-e.wake:
		case <-tick.C:
		case <-e.ends:
			ending = true
		}
		err := e.send()
		if err != nil && !failing {
			e.log.Error("traces are not taken", "by", e.to, "error", err)
		}
		failing = err != nil
	}
}

// send sends the spans that wait. Those that are not taken are gone.
func (e *exporter) send() error {
	e.mu.Lock()
	spans := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	if len(spans) == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": e.resource},
		"scopeSpans": []any{map[string]any{"scope": map[string]any{"name": "tamis"}, "spans": spans}},
	}}})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, e.to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	for key, value := range e.headers {
		req.Header.Set(key, value)
	}
	answer, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("the collector says %s", answer.Status)
	}
	return nil
}

func (e *exporter) close() error {
	if e == nil {
		return nil
	}
	close(e.ends)
	<-e.done
	return nil
}
