// Package guard stands before all that a server answers: it says who asks (package access)
// by their key, refuses what pages of other origins ask, bounds the bytes, time and number
// of requests, and keeps an audit log.
package guard

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tamis-search/tamis/server/access"
)

// Limits bound what requests take. Zero values stand for those of Defaults.
type Limits struct {
	Body   int64 // bytes of a request
	Upload int64 // bytes of a request that brings files or documents
	// Time is how long a request may take that neither uploads nor streams.
	Time time.Duration
	// In each Window, Least bytes of a request must come, and its answer be taken in pieces.
	Window time.Duration
	Least  int
	// Rate is how many requests a second a caller with a key may make on average, and Burst
	// at once.
	Rate  float64
	Burst int
	// Concurrent are under way at once, Each of one caller with a key; Waiting more wait for
	// at most Patience.
	Concurrent, Each, Waiting int
	Patience                  time.Duration
	// Failures is how many wrong keys an address may try at once; one more every FailureTime.
	Failures    int
	FailureTime time.Duration
}

// Defaults are the limits that hold where no others are named.
var Defaults = Limits{
	Body: 64 << 20, Upload: 1 << 30, Time: time.Minute, Window: 20 * time.Second, Least: 16 << 10,
	Rate: 100, Burst: 200, Concurrent: 256, Each: 32, Waiting: 1024, Patience: 10 * time.Second,
	Failures: 20, FailureTime: 6 * time.Second,
}

// Kind is what is asked for, as far as limits go.
type Kind uint8

// The kinds of requests.
const (
	Plain  Kind = iota
	Upload      // brings files or documents: more bytes, more time
	Stream      // answers for as long as it likes
)

// Options say who may ask.
type Options struct {
	// Keys are those of the callers; without any, Local asks.
	Keys *Keys
	// Required says that nobody asks without a key, whatever there is.
	Required bool
	// Local is who asks without a key.
	Local *access.Caller
	// Loopback says that only this machine can ask; Hosts are names by which it may be.
	Loopback bool
	Hosts    []string
	Limits   Limits
	// KindOf says what a request asks for; nil: all are plain.
	KindOf func(*http.Request) Kind
	// Refused, where not nil, is told of each request that is refused, and why in a word.
	Refused func(why string)
	Audit   *Audit
	Log     *slog.Logger
}

// Guard is what stands before the handlers.
type Guard struct {
	o        Options
	hosts    hosts
	rates    *rates
	failures *rates
	places   *places
	keyed    atomic.Bool // there were keys: nobody asks without, even if they go
}

// New is a guard of what the options say.
func New(o Options) *Guard {
	o.Limits = o.Limits.orDefaults()
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.KindOf == nil {
		o.KindOf = func(*http.Request) Kind { return Plain }
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	l := o.Limits
	return &Guard{
		o: o, hosts: newHosts(o.Hosts, o.Loopback),
		rates:    newRates(l.Rate, l.Burst),
		failures: newRates(1/l.FailureTime.Seconds(), l.Failures),
		places:   newPlaces(l.Concurrent, l.Waiting, l.Patience),
	}
}

func (l Limits) orDefaults() Limits {
	d := Defaults
	or(&l.Body, d.Body)
	or(&l.Upload, d.Upload)
	or(&l.Time, d.Time)
	or(&l.Window, d.Window)
	or(&l.Least, d.Least)
	or(&l.Rate, d.Rate)
	or(&l.Burst, d.Burst)
	or(&l.Concurrent, d.Concurrent)
	or(&l.Each, d.Each)
	or(&l.Waiting, d.Waiting)
	or(&l.Patience, d.Patience)
	or(&l.Failures, d.Failures)
	or(&l.FailureTime, d.FailureTime)
	return l
}

func or[T comparable](at *T, otherwise T) {
	var zero T
	if *at == zero {
		*at = otherwise
	}
}

// Window is the time in which something of a request must come.
func (g *Guard) Window() time.Duration { return g.o.Limits.Window }

// Keyed says whether who asks needs a key.
func (g *Guard) Keyed() bool {
	if g.o.Required || g.o.Local == nil || g.keyed.Load() {
		return true
	}
	if g.o.Keys.Any() {
		g.keyed.Store(true)
		return true
	}
	return false
}

// Open guards what everybody may see who reaches the server: pages without anything of
// an index, health. Who asks has no name there.
func (g *Guard) Open(h http.Handler) http.Handler { return g.handler(h, false) }

// Keep guards what only callers may see: their name is in the context of the request.
func (g *Guard) Keep(h http.Handler) http.Handler { return g.handler(h, true) }

func (g *Guard) handler(h http.Handler, callers bool) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		start := time.Now()
		c := http.NewResponseController(rw)
		w := &writer{ResponseWriter: rw, c: c, window: g.o.Limits.Window}
		w.extend()
		e := &Entry{Time: start.UTC(), Request: requestID(r), Address: r.RemoteAddr, Method: r.Method, Path: clip(r.URL.Path)}
		if r.URL.RawQuery != "" {
			e.Document = clip(r.URL.Query().Get("id"))
		}
		e.Collection = collectionOf(r.URL.Path)
		secure(w.Header(), r, e.Request)
		r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
		if r.ContentLength != 0 { // at once, so that one that nobody reads cannot hold the connection
			r.Body = newSlowBody(r.Body, c, g.o.Limits.Window, g.o.Limits.Least)
		}
		defer func() {
			v, begun := recover(), w.status != 0
			if v != nil && v != http.ErrAbortHandler {
				g.panicked(w, r, e, v)
			}
			g.told(w, e, start, callers)
			w.extend() // for what the connection still holds of the answer
			if v != nil && (v == http.ErrAbortHandler || begun) {
				panic(http.ErrAbortHandler) // what was begun must not look whole
			}
		}()
		if why := g.hosts.foreign(r); why != "" {
			e.Refused = "origin"
			w.Header().Set("Connection", "close")
			Problem(w, http.StatusForbidden, why)
			return
		}
		switch {
		case callers:
			g.admit(w, r, e, h)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			h.ServeHTTP(w, r)
		default:
			w.Header().Set("Allow", "GET, HEAD")
			w.Header().Set("Connection", "close")
			Problem(w, http.StatusMethodNotAllowed, "this address takes GET")
		}
	})
}

// admit finds who asks and lets h answer within the limits.
func (g *Guard) admit(w *writer, r *http.Request, e *Entry, h http.Handler) {
	caller := g.caller(w, r, e)
	if caller == nil {
		return
	}
	e.Caller, e.Scope = caller.Name, caller.Scope.String()
	each := g.o.Limits.Concurrent
	if caller != g.o.Local {
		each = g.o.Limits.Each
		if wait := g.rates.take(caller.Name); wait > 0 {
			g.later(w, e, wait, "rate")
			return
		}
	}
	kind := g.o.KindOf(r)
	most := g.o.Limits.Body
	if kind == Upload {
		most = g.o.Limits.Upload
	}
	if r.ContentLength > most {
		e.Refused = "body"
		w.Header().Set("Connection", "close")
		Problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a body here has at most %d bytes", most))
		return
	}
	leave, ok := g.places.enter(r.Context(), caller.Name, each)
	if !ok {
		g.later(w, e, time.Second, "concurrency")
		return
	}
	defer leave()
	ctx := access.With(r.Context(), caller)
	if kind == Plain {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.o.Limits.Time)
		defer cancel()
	}
	r = r.WithContext(ctx)
	if r.ContentLength != 0 {
		r.Body = http.MaxBytesReader(w.ResponseWriter, r.Body, most)
	}
	h.ServeHTTP(w, r)
}

func (g *Guard) later(w *writer, e *Entry, wait time.Duration, why string) {
	e.Refused = why
	w.Header().Set("Retry-After", retryAfter(wait))
	w.Header().Set("Connection", "close")
	Problem(w, http.StatusTooManyRequests, "too many requests: try again after "+retryAfter(wait)+" s")
}

// caller is who asks; where it is nil the request has been answered.
func (g *Guard) caller(w *writer, r *http.Request, e *Entry) *access.Caller {
	if !g.Keyed() {
		return g.o.Local
	}
	from := network(r.RemoteAddr)
	// Whoever tries keys learns nothing from more tries, right ones included.
	if wait := g.failures.empty(from); wait > 0 {
		g.later(w, e, wait, "failures")
		return nil
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if len(r.Header.Values("Authorization")) == 1 && strings.EqualFold(scheme, "Bearer") {
		caller, err := g.o.Keys.Find(strings.TrimSpace(key))
		if err == nil {
			return caller
		}
		if !errors.Is(err, ErrKey) {
			g.o.Log.Error("no key is known", "error", err)
		}
		g.failures.take(from)
	}
	e.Refused = "key"
	w.Header().Set("WWW-Authenticate", `Bearer realm="tamis"`)
	w.Header().Set("Connection", "close")
	Problem(w, http.StatusUnauthorized, "this server needs a key: Authorization: Bearer KEY")
	return nil
}

func (g *Guard) panicked(w *writer, r *http.Request, e *Entry, v any) {
	g.o.Log.Error("a request made the server panic", "request", e.Request, "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if w.status == 0 {
		Problem(w, http.StatusInternalServerError, "the server failed; its log says why")
	}
}

// told says what became of a request.
func (g *Guard) told(w *writer, e *Entry, start time.Time, audited bool) {
	if e.Refused != "" {
		g.o.Refused(e.Refused)
	}
	if !audited {
		return
	}
	e.mu.Lock()
	e.Status, e.Bytes, e.MS = w.status, w.bytes, float64(time.Since(start).Microseconds())/1000
	if e.Status == 0 {
		e.Status = http.StatusOK // net/http says so where a handler said nothing
	}
	e.mu.Unlock()
	if err := g.o.Audit.write(e); err != nil {
		g.o.Log.Error("audit log", "error", err)
	}
}

// policy is that of answers: they are data, and nothing of them runs or is shown as a page.
// The page of the server has one of its own (package web), and originals of documents do.
const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// always are the headers of every answer. Their values are shared by all: a handler that has
// another sets it in place of them.
var always = http.Header{
	"Content-Security-Policy":      {policy},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
	"Cache-Control":                {"private, no-cache"},
}

func secure(h http.Header, r *http.Request, id string) {
	maps.Copy(h, always)
	h.Set("X-Request-Id", id)
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// requestID is that of whoever asks, where it is one that a log can hold, else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	}) {
		return rand.Text()
	}
	return id
}

// RequestID is that of the request of a context, "" outside of one.
func RequestID(ctx context.Context) string {
	if e, ok := ctx.Value(entryKey{}).(*Entry); ok {
		return e.Request
	}
	return ""
}

func collectionOf(path string) string {
	rest, ok := strings.CutPrefix(path, "/v1/collections/")
	name, _, _ := strings.Cut(rest, "/")
	if !ok {
		return ""
	}
	return clip(name)
}

func clip(s string) string { return s[:min(len(s), mostAudited)] }

// Problem answers as RFC 9457 has it.
func Problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

// Private guards what whoever is on this machine may see: pages of other origins may not.
func (g *Guard) Private(h http.Handler) http.Handler {
	hosts := newHosts(nil, true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header(), r, requestID(r))
		if why := hosts.foreign(r); why != "" {
			Problem(w, http.StatusForbidden, why)
			return
		}
		h.ServeHTTP(w, r)
	})
}
