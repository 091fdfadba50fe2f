// Package sessions keeps the sessions of a server's callers: who started one is the only
// one who can name it, and it goes on when the index is opened again.
package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/session"
)

// ErrNone: a caller has no session of this name.
var ErrNone = errors.New("no such session: it was never started, or nobody used it for long")

// Kept holds sessions. It is safe for concurrent use.
type Kept struct {
	most int // of one caller's; the one that was used least lately is forgotten for another
	idle time.Duration
	mu   sync.Mutex
	all  map[id]*kept
}

type id struct{ owner, collection, name string }

type kept struct {
	mu    sync.Mutex // one turn after another
	s     *session.Session
	ix    engine.Index // that s is on
	scope tamis.Scope
	used  time.Time // of Kept.mu, as what follows
	spent int
}

// New keeps at most so many sessions a caller, each until nobody has used it for a time.
func New(most int, idle time.Duration) *Kept {
	return &Kept{most: most, idle: idle, all: map[id]*kept{}}
}

// Start starts a session in a collection, and names it.
func (k *Kept) Start(c *access.Caller, collection string, ix engine.Index, o session.Options) (name string, err error) {
	s, err := session.New(ix, o)
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget(c)
	// Owners cannot name each other's, so that a name needs to be no secret: models are
	// told it in every reply.
	for name == "" || k.all[id{c.Name, collection, name}] != nil {
		name = rand.Text()[:6]
	}
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

// Spend adds to the tokens that a caller was sent beside the pieces of a session, and says
// how many these are; 0 where there is no such session. A negative sum is none.
func (k *Kept) Spend(c *access.Caller, collection, name string, tokens int) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.all[id{c.Name, collection, name}]
	if !ok {
		return 0
	}
	s.spent = max(s.spent+tokens, 0)
	return s.spent
}

// With calls do with a session on the index as it is now, one call after another. Pieces
// whose source has changed, or cannot be seen any more, are forgotten. Errors: ErrNone,
// those of session.Resume, and do's.
func (k *Kept) With(ctx context.Context, c *access.Caller, collection, name string, ix engine.Index, do func(*session.Session) error) error {
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
	if seen := c.Sees(""); s.ix != ix || !slices.Equal(seen.Groups, s.scope.Groups) {
		again, err := resume(ctx, s.s, ix, seen)
		if err != nil {
			return err
		}
		s.s, s.ix, s.scope = again, ix, seen
	}
	return do(s.s)
}

// resume is a session on another state of its index, without what has changed since.
func resume(ctx context.Context, s *session.Session, ix engine.Index, scope tamis.Scope) (*session.Session, error) {
	for {
		state, err := s.MarshalJSON()
		if err != nil {
			return nil, err
		}
		again, err := session.Resume(ctx, ix, state, scope)
		var changed *render.ChangedError
		if !errors.As(err, &changed) || ctx.Err() != nil {
			return again, err
		}
		folded := false
		for _, p := range s.Pieces() {
			if p.Doc != changed.Doc || p.Folded {
				continue
			}
			folded = true // Resume forgets what is folded and has changed
			if err := errors.Join(s.Pin(p.ID, false), s.Fold(p.ID)); err != nil {
				return nil, err
			}
		}
		if !folded {
			return nil, err
		}
	}
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
