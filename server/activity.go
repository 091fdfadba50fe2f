package server

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/metrics"
)

// Watched is what a server keeps an index in step with.
type Watched struct {
	Paths []string `json:"paths"`
	// Busy says that changes are being brought in.
	Busy bool `json:"busy"`
	// Looked is when that was last done; zero until it was.
	Looked  time.Time    `json:"looked,omitzero"`
	Changed int          `json:"changed"`           // documents that were added, updated or removed then
	Count   int          `json:"skipped_count"`     // files that cannot be read, of all
	Skipped []tamis.Skip `json:"skipped,omitempty"` // the first of them
}

// activity is what the server has been doing, for the page. Where files are on the machine is
// for administrators.
func (s *Server) activity(w http.ResponseWriter, r *http.Request) {
	var a struct {
		metrics.Activity
		Signs   bool     `json:"signs"` // whether it signs receipts
		Watched *Watched `json:"watched,omitempty"`
	}
	a.Activity, a.Signs = s.metrics.Activity(), s.o.Key != nil
	if s.o.Watched != nil && access.From(r.Context()).Scope >= access.Admin {
		watched := s.o.Watched()
		a.Watched = &watched
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the caller is gone, or told
}
