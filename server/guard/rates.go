package guard

import (
	"context"
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostCounted bounds who is remembered: past it those that are at rest are forgotten, and
// where none is, all are.
const mostCounted = 10_000

// rates are token buckets by name.
type rates struct {
	limit rate.Limit
	burst int
	mu    sync.Mutex
	by    map[string]*rate.Limiter
}

func newRates(perSecond float64, burst int) *rates {
	return &rates{limit: rate.Limit(perSecond), burst: burst, by: map[string]*rate.Limiter{}}
}

func (r *rates) of(name string) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.by[name]
	if !ok {
		if len(r.by) >= mostCounted {
			for n, o := range r.by {
				if o.Tokens() >= float64(r.burst) {
					delete(r.by, n)
				}
			}
			if len(r.by) >= mostCounted {
				clear(r.by)
			}
		}
		l = rate.NewLimiter(r.limit, r.burst)
		r.by[name] = l
	}
	return l
}

// take takes one token, or says when there will be one.
func (r *rates) take(name string) (wait time.Duration) {
	l := r.of(name)
	if l.Allow() {
		return 0
	}
	return r.until(l)
}

// empty says when there will be a token, 0 where there is one; it takes none.
func (r *rates) empty(name string) time.Duration {
	if l := r.of(name); l.Tokens() < 1 {
		return r.until(l)
	}
	return 0
}

func (r *rates) until(l *rate.Limiter) time.Duration {
	return max(time.Duration((1-l.Tokens())/float64(r.limit)*float64(time.Second)), time.Millisecond)
}

// retryAfter is a duration in whole seconds, as the header has it.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

// network is what failures are counted by: an IPv4 address, or the network of an IPv6
// address, of which one machine has as many as it likes.
func network(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// places are how many requests may be under way and how many may wait for that, for all and
// for each caller.
type places struct {
	waiting  int
	patience time.Duration

	all chan struct{}
	mu  sync.Mutex
	by  map[string]*place
	in  int // who waits
}

type place struct {
	slots chan struct{}
	users int // who holds or waits for one
}

func newPlaces(most, waiting int, patience time.Duration) *places {
	return &places{waiting: waiting, patience: patience, all: make(chan struct{}, most), by: map[string]*place{}}
}

// enter waits for a place of those that a caller has, each; ok is false where none became free in time, or too many wait.
func (p *places) enter(ctx context.Context, name string, each int) (leave func(), ok bool) {
	p.mu.Lock()
	own := p.by[name]
	if own == nil {
		own = &place{slots: make(chan struct{}, each)}
		p.by[name] = own
	}
	own.users++
	p.mu.Unlock()
	drop := func() {
		p.mu.Lock()
		if own.users--; own.users == 0 {
			delete(p.by, name)
		}
		p.mu.Unlock()
	}
	if !p.wait(ctx, own.slots) {
		drop()
		return nil, false
	}
	if !p.wait(ctx, p.all) {
		<-own.slots
		drop()
		return nil, false
	}
	return func() { <-p.all; <-own.slots; drop() }, true
}

func (p *places) wait(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	p.mu.Lock()
	if p.in >= p.waiting {
		p.mu.Unlock()
		return false
	}
	p.in++
	p.mu.Unlock()
	defer func() { p.mu.Lock(); p.in--; p.mu.Unlock() }()
	t := time.NewTimer(p.patience)
	defer t.Stop()
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-t.C:
	}
	return false
}
