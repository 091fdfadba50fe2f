// Package server puts the rooms of a server together: the interface (api), what guards its
// requests (guard) and counts them (metrics), agents (mcp); and it listens, and ends without cutting off
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

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/attest"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/server/labels"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/mcp"
	"github.com/tamis-search/tamis/server/metrics"
	"github.com/tamis-search/tamis/server/sessions"
	"github.com/tamis-search/tamis/server/web"
)

const (
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
	// Upstream, Encoder and Judge are as of api.Options.
	Upstream *api.Upstream
	Encoder  tamis.Encoder
	Judge    encode.Judge
	// Labels are given to texts; nil: none are.
	Labels *labels.Giver
	// Key signs receipts; nil: none is signed.
	Key *attest.Key
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
	// Watched says what is watched; nil: nothing is.
	Watched func() Watched
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
	handler  http.Handler
	draining atomic.Bool
}

// New is a server of what the options say.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{o: o, metrics: metrics.New(o.Library, o.Log, o.Version)}
	g := guard.Options{
		Keys: o.Keys, Required: o.Public, Loopback: !o.Public, Hosts: o.Hosts, Limits: o.Limits,
		KindOf: kindOf, Refused: s.metrics.Refused, Audit: o.Audit, Log: o.Log,
	}
	if !o.Public {
		g.Local = &access.Caller{Name: "local", Scope: access.Admin, Groups: o.Groups}
	}
	s.guard = guard.New(g)
	mux, err := s.rooms()
	if err != nil {
		return nil, err
	}
	counted := s.metrics.Count(mux)
	open, kept := s.guard.Open(counted), s.guard.Keep(counted)
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forAll(r.URL.Path) {
			open.ServeHTTP(w, r)
		} else {
			kept.ServeHTTP(w, r)
		}
	})
	return s, nil
}

// rooms is what there is to ask for.
func (s *Server) rooms() (http.Handler, error) {
	kept := sessions.New(sessionMost, sessionTime)
	a, err := api.New(api.Options{
		Library: s.o.Library, Sessions: kept, Model: s.o.Model, Upstream: s.o.Upstream, Encoder: s.o.Encoder, Judge: s.o.Judge,
		Labels: s.o.Labels, Key: s.o.Key, Log: s.o.Log, Version: s.o.Version, Keys: s.guard.Keyed(),
	})
	if err != nil {
		return nil, err
	}
	m, err := mcp.New(mcp.Options{Library: s.o.Library, Sessions: kept, Labels: s.o.Labels, Version: s.o.Version})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("/openapi.json", a)
	page := web.Handler()
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /assets/", page)
	mux.Handle("/mcp", m.Handler())
	mux.HandleFunc("GET /v1/activity", s.activity)
	mux.HandleFunc("GET /metrics", s.measures)
	mux.Handle("/", a)
	return exactly(mux), nil
}

// forAll says whether everybody may ask for a path who reaches the server: it has nothing
// of an index.
func forAll(path string) bool {
	switch path {
	case "/", "/healthz", "/readyz", "/openapi.json":
		return true
	}
	return strings.HasPrefix(path, "/assets/")
}

// exactly says of paths that are not in their shortest form that there is nothing: ServeMux
// would lead the caller on to another path.
func exactly(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Path
		if p == "" || p[0] != '/' || strings.Contains(p, "//") || strings.Contains(p+"/", "/./") || strings.Contains(p+"/", "/../") {
			guard.Problem(w, http.StatusNotFound, "there is nothing at this address; /openapi.json lists what there is")
			return
		}
		mux.ServeHTTP(w, r)
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

// Serve answers requests until ctx ends. Then the server is not ready any more, takes no
// more requests after Settle, and lets those under way end within Drain; what streams
// longer is cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: s.guard.Window(), IdleTimeout: idleTime, MaxHeaderBytes: mostHeader,
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug), // who hangs up, who speaks no HTTP
	}
	l, err := s.o.TLS.wrap(netutil.LimitListener(l, mostConns))
	if err != nil {
		return err
	}
	defer s.metrics.Close()
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
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
