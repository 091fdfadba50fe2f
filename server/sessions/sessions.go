// Package sessions keeps the sessions of a server's callers: who started one is the only
// one who can name it, and it goes on when the index is opened again.
package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/session"
)

// ErrNone: a caller has no session of this name.
var ErrNone = errors.New("no such session: it was never started, or nobody used it for long")

// Kept holds sessions. It is safe for concurrent use.
type Kept struct {
	// Most is how many one caller may have; the one that was used least lately is
	// forgotten for another.
	most int
	idle time.Duration
	mu   sync.Mutex
	all  map[id]*kept
}

type id struct{ owner, collection, name string }

type kept struct {
	mu    sync.Mutex // one turn after another
	s     *session.Session
	ix    *tamis.Index // that s is on
	used  time.Time
	scope tamis.Scope
}

// New keeps at most so many sessions a caller, each until nobody has used it for a time.
func New(most int, idle time.Duration) *Kept {
	return &Kept{most: most, idle: idle, all: map[id]*kept{}}
}

// Start starts a session in a collection, and names it.
func (k *Kept) Start(c *access.Caller, collection string, ix *tamis.Index, o session.Options) (name string, err error) {
	s, err := session.New(ix, o)
	if err != nil {
		return "", err
	}
	name = rand.Text()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget(c)
	k.all[id{c.Name, collection, name}] = &kept{s: s, ix: ix, used: time.Now(), scope: c.Sees("")}
	return name, nil
}

// forget drops what nobody used for long, and what is one too many of a caller's.
func (k *Kept) forget(c *access.Caller) {
	var oldest id
	n := 0
	for at, s := range k.all {
		if time.Since(s.used) > k.idle {
			delete(k.all, at)
			continue
		}
		if at.owner == c.Name {
			if n++; n == 1 || s.used.Before(k.all[oldest].used) {
				oldest = at
			}
		}
	}
	if n >= k.most {
		delete(k.all, oldest)
	}
}

// With calls do with a session on the index as it is now, one call after another. Errors:
// ErrNone, those of session.Resume where a source that is shown has changed, and do's.
func (k *Kept) With(ctx context.Context, c *access.Caller, collection, name string, ix *tamis.Index, do func(*session.Session) error) error {
	k.mu.Lock()
	s, ok := k.all[id{c.Name, collection, name}]
	if ok {
		s.used = time.Now()
	}
	k.mu.Unlock()
	if !ok {
		return fmt.Errorf("%w (%q)", ErrNone, name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ix != ix {
		state, err := s.s.MarshalJSON()
		if err != nil {
			return err
		}
		again, err := session.Resume(ctx, ix, state, s.scope)
		if err != nil {
			return err
		}
		s.s, s.ix = again, ix
	}
	return do(s.s)
}

// End forgets a session.
func (k *Kept) End(c *access.Caller, collection, name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := id{c.Name, collection, name}
	if _, ok := k.all[at]; !ok {
		return fmt.Errorf("%w (%q)", ErrNone, name)
	}
	delete(k.all, at)
	return nil
}
