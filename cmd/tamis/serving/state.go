package serving

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server"
)

// mostSkipped are told of those files that cannot be read.
const mostSkipped = 100

// state is what is known of what is watched, for those who ask the server. Nil is told in vain.
type state struct {
	mu  sync.Mutex
	now server.Watched
}

func newState(paths []string) *state {
	s := &state{}
	for _, p := range paths {
		if abs, err := filepath.Abs(p); err == nil {
			p = abs
		}
		s.now.Paths = append(s.now.Paths, p)
	}
	return s
}

// begins says that changes are being brought in.
func (s *state) begins() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Busy = true
}

// ends says what came of it; its report names every file that cannot be read.
func (s *state) ends(r tamis.Report) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Busy, s.now.Looked, s.now.Changed = false, time.Now(), r.Added+r.Updated+r.Removed
	s.now.Count, s.now.Skipped = len(r.Skipped), r.Skipped[:min(len(r.Skipped), mostSkipped):min(len(r.Skipped), mostSkipped)]
}

// watched is what is known now. What it names is never changed.
func (s *state) watched() server.Watched {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}
