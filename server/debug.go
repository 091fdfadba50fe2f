package server

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
)

// Debug answers who profiles and measures the server, until ctx ends, at an address that
// must be of this machine alone: it asks nobody for a key.
func (s *Server) Debug(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("/metrics", s.metrics.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Handler: s.guard.Private(mux), ReadHeaderTimeout: s.guard.Window(), MaxHeaderBytes: mostHeader}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}
