// Package server puts the rooms of a server together: the interface (api), what guards its
// requests (guard) and counts them (metrics); and it listens, and ends without cutting off
// who is being answered.
package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/metrics"
	"github.com/tamis-search/tamis/server/sessions"
)

const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	mostHeader  = 64 << 10
	mostConns   = 8192 // further ones wait for the system to hand them over
	cutTime     = 2 * time.Second
	sessionTime = 24 * time.Hour
	sessionMost = 100
)

// Options are what a server serves, and to whom.
type Options struct {
	Library *library.Library
	// Model answers questions; nil: contexts are the answers.
	Model llm.Model
	// Keys are those of the callers. Where there are none, whoever asks from this machine
	// may do all, as a member of Groups.
	Keys   *guard.Keys
	Groups []string
	// Public says that other machines can ask: nobody does without a key then.
	Public bool
	// Hosts are names by which the server may be asked, besides those of this machine.
	Hosts  []string
	TLS    TLS
	Limits guard.Limits
	Audit  *guard.Audit
	// Drain is how long requests may go on after the server was told to end; Settle, how
	// long it says that it is not ready before it takes no more.
	Drain, Settle time.Duration
	Log           *slog.Logger
	Version       string
}

// Server is a server, not yet listening.
type Server struct {
	o        Options
	guard    *guard.Guard
	metrics  *metrics.Metrics
	tracer   *tracer
	handler  http.Handler
	draining atomic.Bool
}

// New is a server of what the options say.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{o: o, metrics: metrics.New(o.Version), tracer: newTracer(o.Version, o.Log)}
	g := guard.Options{
		Keys: o.Keys, Required: o.Public, Loopback: !o.Public, Hosts: o.Hosts, Limits: o.Limits,
		KindOf: kindOf, Observe: s.observe, Audit: o.Audit, Log: o.Log,
	}
	if !o.Public {
		g.Local = &access.Caller{Name: "local", Scope: access.Admin, Groups: o.Groups}
	}
	s.guard = guard.New(g)
	kept := sessions.New(sessionMost, sessionTime)
	a, err := api.New(api.Options{Library: o.Library, Sessions: kept, Model: o.Model, Log: o.Log, Version: o.Version, Keys: s.guard.Keyed()})
	if err != nil {
		return nil, err
	}
	s.metrics.Collections(s.measured)
	mux := http.NewServeMux()
	mux.Handle("/healthz", s.guard.Open(http.HandlerFunc(healthy)))
	mux.Handle("/readyz", s.guard.Open(http.HandlerFunc(s.ready)))
	mux.Handle("/openapi.json", s.guard.Open(a))
	mux.Handle("/metrics", s.guard.Keep(http.HandlerFunc(s.measures)))
	mux.Handle("/", s.guard.Keep(a))
	s.handler = cleanly(mux, s.guard.Keep(a))
	return s, nil
}

// cleanly leads paths that are not in their shortest form to what says that there is
// nothing: ServeMux would lead the caller on to another path, before anything is guarded.
func cleanly(mux *http.ServeMux, lost http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, _ := mux.Handler(r)
		if p := r.URL.Path; p == "" || p[0] != '/' || strings.Contains(p, "//") || strings.Contains(p+"/", "/./") || strings.Contains(p+"/", "/../") {
			h = lost
		}
		h.ServeHTTP(w, r)
	})
}

// Handler answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

// Keyed says whether who asks needs a key.
func (s *Server) Keyed() bool { return s.guard.Keyed() }

func healthy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n")
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if s.draining.Load() {
		http.Error(w, "ending", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// measures are for administrators alone, where they are asked for at the public port.
func (s *Server) measures(w http.ResponseWriter, r *http.Request) {
	if access.From(r.Context()).Scope < access.Admin {
		http.Error(w, "this needs a key with the scope admin", http.StatusForbidden)
		return
	}
	s.metrics.Handler().ServeHTTP(w, r)
}

// mostMeasured bounds how many collections have counters of their own.
const mostMeasured = 100

func (s *Server) measured() []metrics.Collection {
	var all []metrics.Collection
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, name := range s.o.Library.Names() {
		if len(all) == mostMeasured || ctx.Err() != nil {
			break
		}
		ix, release, err := s.o.Library.Read(ctx, name)
		if err != nil {
			continue
		}
		if st, err := ix.Stats(); err == nil {
			all = append(all, metrics.Collection{Name: name, Documents: st.Documents, Passages: st.Passages, Bytes: st.SegmentBytes})
		}
		release()
	}
	return all
}

// kindOf says what limits hold for a request.
func kindOf(r *http.Request) guard.Kind {
	last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch {
	case last == "files", last == "documents" && r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return guard.Upload
	case last == "documents" && r.Method == http.MethodPost, last == "ask", last == "completions", last == "mcp", last == "original":
		return guard.Stream
	}
	return guard.Plain
}

func (s *Server) observe(r *http.Request) (context.Context, func(guard.Done)) {
	done := s.metrics.Begin(r)
	ctx, end := s.tracer.begin(r, metrics.Route(r.URL.Path))
	return ctx, func(d guard.Done) {
		done(d.Status, d.Bytes, d.Time, d.Refused)
		end(d.Status)
		s.o.Log.Debug("request", "id", guard.RequestID(ctx), "method", r.Method, "path", r.URL.Path, "status", d.Status, "bytes", d.Bytes, "took", d.Time, "refused", d.Refused)
	}
}

// Serve answers requests until ctx ends. Then the server is not ready any more, takes no
// more requests after Settle, and lets those under way end within Drain; what streams
// longer is cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: mostHeader,
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug), // who hangs up, who speaks no HTTP
	}
	l, err := s.o.TLS.wrap(netutil.LimitListener(l, mostConns))
	if err != nil {
		return err
	}
	traced := make(chan struct{})
	go func() { s.tracer.run(requests); close(traced) }()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.o.Log.Info("ending", "within", (s.o.Settle + s.o.Drain).String())
	time.Sleep(s.o.Settle)
	drain, cancel := context.WithTimeout(requests, max(s.o.Drain, time.Millisecond))
	defer cancel()
	err = srv.Shutdown(drain)
	cut()
	if errors.Is(err, context.DeadlineExceeded) {
		s.o.Log.Warn("requests were cut off")
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutTime)
		defer cancel()
		if err = srv.Shutdown(last); err != nil {
			err = srv.Close()
		}
	}
	<-traced
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
