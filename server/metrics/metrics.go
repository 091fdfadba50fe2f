// Package metrics counts what a server does, for Prometheus, for the page and for traces
// (OpenTelemetry).
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/library"
)

// recent is how many requests Activity speaks of.
const recent = 1024

// Metrics counts requests. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	inFlight prometheus.Gauge
	traces   *exporter // nil where nobody collects them
	log      *slog.Logger
	began    time.Time

	mu      sync.Mutex
	last    [recent]request // in a ring
	n       uint64          // of all requests
	failed  uint64
	running int
}

type request struct {
	at   time.Time
	took time.Duration
}

// New counts for the collections of a library. A request is logged as one line at debug
// level, failures of the server at error level.
func New(l *library.Library, log *slog.Logger, version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamis_requests_total", Help: "Requests answered, by operation and status."}, []string{"operation", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tamis_request_seconds", Help: "Time to the end of the answer, by operation.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}}, []string{"operation"}),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamis_refused_total", Help: "Requests refused before they were counted, by why."}, []string{"why"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tamis_requests_in_flight", Help: "Requests being answered."}),
		traces:   newExporter(version, log),
		log:      log,
		began:    time.Now(),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.refused, m.inFlight, &indexes{l: l},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Refused counts a request that never came to be counted, by why in a word of a few.
func (m *Metrics) Refused(why string) { m.refused.WithLabelValues(why).Inc() }

// Handler answers in Prometheus's text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Close sends the traces that wait.
func (m *Metrics) Close() error { return m.traces.close() }

// Activity is what the server has been doing.
type Activity struct {
	Seconds  float64 `json:"uptime_s"`
	Requests uint64  `json:"requests"` // since it began
	Failed   uint64  `json:"failed"`   // of these, by a fault of the server
	InFlight int     `json:"in_flight"`
	// Of the last minute, as far as its requests are among the last 1,024:
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
}

// Activity says what the server has been doing.
func (m *Metrics) Activity() Activity {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	a := Activity{Seconds: now.Sub(m.began).Seconds(), Requests: m.n, Failed: m.failed, InFlight: m.running}
	var took []time.Duration
	first := now
	for _, r := range m.last[:min(m.n, recent)] {
		if now.Sub(r.at) < time.Minute {
			took = append(took, r.took)
			if r.at.Before(first) {
				first = r.at
			}
		}
	}
	if len(took) == 0 {
		return a
	}
	span := min(time.Minute, now.Sub(m.began))
	if len(took) == recent { // there may have been more
		span = now.Sub(first)
	}
	slices.Sort(took)
	milliseconds := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1)+.5)].Microseconds()) / 1000
	}
	a.PerSecond, a.P50, a.P99 = float64(len(took))/max(span.Seconds(), .001), milliseconds(.5), milliseconds(.99)
	return a
}

// Count counts what next answers. It goes around the innermost mux, whose patterns name
// the operations; what none matches is counted as one.
func (m *Metrics) Count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.inFlight.Inc()
		m.mu.Lock()
		m.running++
		m.mu.Unlock()
		began := time.Now()
		span := m.traces.begin(r)
		answer := &answer{ResponseWriter: w}
		defer func() {
			took := time.Since(began)
			status := answer.status()
			gone := recover()
			if gone != nil {
				status = http.StatusInternalServerError
			}
			m.ended(r, status, began, took)
			span.end(r, status)
			if gone != nil {
				panic(gone) // http.ErrAbortHandler, or what whoever is outside logs
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

func (m *Metrics) ended(r *http.Request, status int, began time.Time, took time.Duration) {
	operation := operationOf(r)
	m.inFlight.Dec()
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	m.mu.Lock()
	m.running--
	m.last[m.n%recent] = request{began, took}
	m.n++
	if status >= 500 {
		m.failed++
	}
	m.mu.Unlock()
	level := slog.LevelDebug
	if status >= 500 {
		level = slog.LevelError
	}
	if !m.log.Enabled(r.Context(), level) {
		return
	}
	// Paths and queries may hold what only the caller may know: the pattern is logged.
	m.log.Log(r.Context(), level, "request", "operation", operation, "status", status, "ms", float64(took.Microseconds())/1000)
}

// operationOf names what was asked for, from a set that no caller can enlarge.
func operationOf(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter
	code int
}

func (a *answer) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}

func (a *answer) WriteHeader(code int) {
	if a.code == 0 && code >= 200 {
		a.code = code
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.code == 0 {
		a.code = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Flush sends what was written, for who streams.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// indexes tells the sizes of collections when they are asked for.
type indexes struct{ l *library.Library }

var labels = []string{"collection"}

var described = []struct {
	desc  *prometheus.Desc
	value func(tamis.Stats) float64
}{
	{prometheus.NewDesc("tamis_documents", "Documents of a collection.", labels, nil), func(s tamis.Stats) float64 { return float64(s.Documents) }},
	{prometheus.NewDesc("tamis_passages", "Passages of a collection.", labels, nil), func(s tamis.Stats) float64 { return float64(s.Passages) }},
	{prometheus.NewDesc("tamis_segments", "Segments of a collection.", labels, nil), func(s tamis.Stats) float64 { return float64(s.Segments) }},
	{prometheus.NewDesc("tamis_incomplete_documents", "Documents that cannot be found yet.", labels, nil), func(s tamis.Stats) float64 { return float64(s.Incomplete) }},
	{prometheus.NewDesc("tamis_source_bytes", "Text of a collection.", labels, nil), func(s tamis.Stats) float64 { return float64(s.SourceBytes) }},
	{prometheus.NewDesc("tamis_segment_bytes", "Derived files of a collection.", labels, nil), func(s tamis.Stats) float64 { return float64(s.SegmentBytes) }},
	{prometheus.NewDesc("tamis_store_bytes", "Durable store of a collection.", labels, nil), func(s tamis.Stats) float64 { return float64(s.StoreBytes) }},
	{prometheus.NewDesc("tamis_merge_debt_bytes", "What merging would rewrite now.", labels, nil), func(s tamis.Stats) float64 { return float64(s.MergeDebt) }},
}

func (x *indexes) Describe(to chan<- *prometheus.Desc) {
	for _, d := range described {
		to <- d.desc
	}
}

func (x *indexes) Collect(to chan<- prometheus.Metric) {
	for _, name := range x.l.Names() {
		stats, err := x.stats(name)
		if err != nil {
			continue // it has no index yet, or is being removed
		}
		for _, d := range described {
			to <- prometheus.MustNewConstMetric(d.desc, prometheus.GaugeValue, d.value(stats), name)
		}
	}
}

// stats are those of a collection.
func (x *indexes) stats(name string) (tamis.Stats, error) {
	ix, release, err := x.l.Read(context.Background(), name)
	if err != nil {
		return tamis.Stats{}, err
	}
	defer release()
	return ix.Stats()
}
