package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Traces are sent as OTLP has them in JSON over HTTP, to where the usual variables of
// OpenTelemetry say. A span a request is all that is told, which takes no library: the
// official one is larger than what it would report on.
const (
	mostSpans = 2048 // that wait; more are dropped, and counted
	batch     = 512
	sendEvery = 5 * time.Second
	sendTime  = 10 * time.Second
)

type tracer struct {
	url     string
	headers http.Header
	service string
	version string
	spans   chan span
	dropped atomic.Int64
	log     *slog.Logger
}

type span struct {
	trace, id, parent string
	name, method      string
	start, end        time.Time
	status            int
}

// newTracer is nil, which traces nothing, where no variable names an endpoint.
func newTracer(version string, log *slog.Logger) *tracer {
	at := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); at == "" && base != "" {
		at = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	if at == "" || os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return nil
	}
	t := &tracer{url: at, headers: http.Header{}, service: os.Getenv("OTEL_SERVICE_NAME"), version: version, spans: make(chan span, mostSpans), log: log}
	if t.service == "" {
		t.service = "tamis"
	}
	for _, pair := range strings.Split(os.Getenv("OTEL_EXPORTER_OTLP_HEADERS"), ",") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			if plain, err := url.PathUnescape(v); err == nil {
				v = plain
			}
			t.headers.Set(strings.TrimSpace(k), strings.TrimSpace(v))
		}
	}
	return t
}

// begin starts the span of a request, below that which its traceparent names (W3C Trace
// Context). A caller that says that a trace is not recorded is heeded.
func (t *tracer) begin(r *http.Request, route string) (context.Context, func(status int)) {
	if t == nil {
		return r.Context(), func(int) {}
	}
	method := r.Method[:min(len(r.Method), 16)]
	s := span{name: method + " " + route, method: method, start: time.Now()}
	recorded := true
	s.trace, s.parent, recorded = parentOf(r.Header.Get("traceparent"))
	if !recorded {
		return r.Context(), func(int) {}
	}
	var random [24]byte
	_, _ = rand.Read(random[:])
	if s.trace == "" {
		s.trace = hex.EncodeToString(random[:16])
	}
	s.id = hex.EncodeToString(random[16:])
	return r.Context(), func(status int) {
		s.end, s.status = time.Now(), status
		select {
		case t.spans <- s:
		default:
			t.dropped.Add(1)
		}
	}
}

func parentOf(header string) (trace, parent string, recorded bool) {
	p := strings.Split(header, "-")
	if len(p) < 4 || len(p[0]) != 2 || p[0] == "ff" || p[0] == "00" && len(p) > 4 || len(p[1]) != 32 || len(p[2]) != 16 || len(p[3]) != 2 {
		return "", "", true
	}
	for _, x := range p[:4] {
		if strings.ToLower(x) != x {
			return "", "", true
		}
		if _, err := hex.DecodeString(x); err != nil {
			return "", "", true
		}
	}
	if strings.Trim(p[1], "0") == "" || strings.Trim(p[2], "0") == "" {
		return "", "", true
	}
	flags, _ := strconv.ParseUint(p[3], 16, 8)
	return p[1], p[2], flags&1 == 1
}

// run sends spans until ctx ends, and then those that are left.
func (t *tracer) run(ctx context.Context) {
	if t == nil {
		return
	}
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	var some []span
	send := func() {
		if len(some) == 0 {
			return
		}
		if err := t.send(some); err != nil {
			t.log.Debug("traces", "error", err)
		}
		some = some[:0]
	}
	for {
		select {
		case s := <-t.spans:
			if some = append(some, s); len(some) >= batch {
				send()
			}
		case <-tick.C:
			send()
			if n := t.dropped.Swap(0); n > 0 {
				t.log.Warn("spans dropped: the collector is slower than requests come", "spans", n)
			}
		case <-ctx.Done():
			for {
				select {
				case s := <-t.spans:
					some = append(some, s)
					continue
				default:
				}
				send()
				return
			}
		}
	}
}

func (t *tracer) send(some []span) error {
	type attribute map[string]any
	str := func(k, v string) attribute { return attribute{"key": k, "value": map[string]any{"stringValue": v}} }
	nanos := func(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }
	spans := make([]map[string]any, len(some))
	for i, s := range some {
		_, route, _ := strings.Cut(s.name, " ")
		spans[i] = map[string]any{
			"traceId": s.trace, "spanId": s.id, "name": s.name, "kind": 2, // a server's
			"startTimeUnixNano": nanos(s.start), "endTimeUnixNano": nanos(s.end),
			"attributes": []attribute{str("http.request.method", s.method), str("http.route", route),
				{"key": "http.response.status_code", "value": map[string]any{"intValue": strconv.Itoa(s.status)}}},
		}
		if s.parent != "" {
			spans[i]["parentSpanId"] = s.parent
		}
		if s.status >= 500 {
			spans[i]["status"] = map[string]any{"code": 2}
		}
	}
	body, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": []attribute{str("service.name", t.service), str("service.version", t.version)}},
		"scopeSpans": []any{map[string]any{"scope": map[string]any{"name": "tamis"}, "spans": spans}},
	}}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), sendTime) // the server may be ending
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = t.headers.Clone()
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the collector at %s answers %s", t.url, resp.Status)
	}
	return nil
}
