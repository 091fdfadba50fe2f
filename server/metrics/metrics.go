// Package metrics counts what a server does, as Prometheus reads it.
package metrics

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters of one server.
type Metrics struct {
	all      *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	refused  *prometheus.CounterVec
	inFlight prometheus.Gauge
}

// New is a set of counters at nothing, beside those of the process and of Go.
func New(version string) *Metrics {
	m := &Metrics{
		all: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamis_http_requests_total", Help: "Requests answered, by what was asked for."},
			[]string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tamis_http_request_seconds", Help: "Time until requests were answered.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}, []string{"route"}),
		bytes:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamis_http_response_bytes_total", Help: "Bytes of answers."}, []string{"route"}),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamis_http_refused_total", Help: "Requests refused before they were answered, by why."}, []string{"why"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tamis_http_requests_in_flight", Help: "Requests under way."}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "tamis_build_info", Help: "Always 1; its label is the version.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.all.MustRegister(m.requests, m.seconds, m.bytes, m.refused, m.inFlight, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Collection is what is told of a collection.
type Collection struct {
	Name                string
	Documents, Passages int
	Bytes               int64
}

// Collections adds gauges of collections, which list is asked for at each reading.
func (m *Metrics) Collections(list func() []Collection) { m.all.MustRegister(collections(list)) }

type collections func() []Collection

var (
	documents = prometheus.NewDesc("tamis_documents", "Documents that can be found.", []string{"collection"}, nil)
	passages  = prometheus.NewDesc("tamis_passages", "Their passages.", []string{"collection"}, nil)
	size      = prometheus.NewDesc("tamis_index_bytes", "Bytes of the index on disk.", []string{"collection"}, nil)
)

func (c collections) Describe(ch chan<- *prometheus.Desc) {
	ch <- documents
	ch <- passages
	ch <- size
}

func (c collections) Collect(ch chan<- prometheus.Metric) {
	for _, of := range c() {
		ch <- prometheus.MustNewConstMetric(documents, prometheus.GaugeValue, float64(of.Documents), of.Name)
		ch <- prometheus.MustNewConstMetric(passages, prometheus.GaugeValue, float64(of.Passages), of.Name)
		ch <- prometheus.MustNewConstMetric(size, prometheus.GaugeValue, float64(of.Bytes), of.Name)
	}
}

// Begin counts a request, and what it returns what became of it.
func (m *Metrics) Begin(r *http.Request) func(status int, bytes int64, took time.Duration, refused string) {
	m.inFlight.Inc()
	method, route := methodOf(r.Method), Route(r.URL.Path)
	return func(status int, bytes int64, took time.Duration, refused string) {
		m.inFlight.Dec()
		m.requests.WithLabelValues(method, route, statusText(status)).Inc()
		m.bytes.WithLabelValues(route).Add(float64(bytes))
		if refused != "" {
			m.refused.WithLabelValues(refused).Inc()
			return
		}
		m.seconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// Handler answers with the counters.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.all, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

func statusText(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
}

func methodOf(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return m
	}
	return "other"
}

// The words that stand in paths. Others are names of collections and sessions, or somebody's
// guesses: counters by them would grow without end.
var words = map[string]bool{}

func init() {
	for _, w := range strings.Fields(`v1 collections stats documents files document original outline show search context replay ask sessions fold restore pin find
		receipts sign verify embeddings rerank chat completions models whoami healthz readyz openapi.json metrics mcp assets`) {
		words[w] = true
	}
}

// Route is a path with its names as "*"; "other" for one that is not of this server's shape.
func Route(path string) string {
	if path == "/" || path == "" {
		return "/"
	}
	parts := strings.Split(path[1:], "/")
	switch {
	case parts[0] == "assets":
		return "/assets/*"
	case len(parts) > 2 && parts[0] == "v1" && parts[1] == "collections":
		parts[2] = "*"
		if len(parts) > 4 && parts[3] == "sessions" {
			parts[4] = "*"
		} else if len(parts) > 4 {
			return "other"
		}
	case len(parts) > 3 || len(parts) > 1 && parts[0] != "v1":
		return "other"
	}
	if len(parts) > 6 {
		return "other"
	}
	for _, p := range parts {
		if p != "*" && !words[p] {
			return "other"
		}
	}
	return "/" + strings.Join(parts, "/")
}
