// Package server puts the rooms of a server together: the interface (api), and what guards
// and counts its requests.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/metrics"
	"github.com/tamis-search/tamis/server/sessions"
	"github.com/tamis-search/tamis/server/web"
)

// drainTime is how long requests may go on after the server was told to end.
const drainTime = 10 * time.Second

// Options are what a server serves, and to whom.
type Options struct {
	Library *library.Library
	// Model answers questions; nil: contexts are the answers.
	Model llm.Model
	// Groups are those of whoever asks from this machine without a key.
	Groups  []string
	Log     *slog.Logger
	Version string
}

// Server is a server, not yet listening.
type Server struct {
	o       Options
	handler http.Handler
	metrics *metrics.Metrics
}

// New is a server of what the options say.
func New(o Options) (*Server, error) {
	kept := sessions.New(100, 24*time.Hour)
	a, err := api.New(api.Options{Library: o.Library, Sessions: kept, Model: o.Model, Log: o.Log, Version: o.Version})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "ready\n") })
	mux.Handle("/v1/", a)
	mux.Handle("/openapi.json", a)
	m := metrics.New(o.Library, o.Log, o.Version)
	mux.HandleFunc("GET /v1/activity", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(m.Activity()) // the caller is gone, or told
	})
	page := web.Handler()
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /assets/", page)
	mux.Handle("GET /metrics", admin(m.Handler()))
	return &Server{o: o, handler: m.Count(mux), metrics: m}, nil
}

// admin answers callers who may do everything.
func admin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := access.From(r.Context()); c == nil || c.Scope < access.Admin {
			http.Error(w, "this needs a key with the scope admin", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Handler answers requests for the local caller.
func (s *Server) Handler() http.Handler {
	local := &access.Caller{Name: "local", Scope: access.Admin, Groups: s.o.Groups}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), local)))
	})
}

// Serve answers requests until ctx ends, and then those under way.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	defer s.metrics.Close()
	err := srv.Shutdown(drain)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Listen listens at an address, which must be of this machine alone.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--listen %s is seen by other machines, and there are no keys", address)
	}
	return net.Listen("tcp", address)
}
