package api

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/klauspost/compress/gzhttp"

	"github.com/tamis-search/tamis/server/access"
)

// compressed compresses what is JSON and worth it, for those who take it. Callers on this
// machine get it sooner as it is.
func compressed(h http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(4<<10), gzhttp.CompressionLevel(1),
		gzhttp.ContentTypes([]string{"application/json", "application/problem+json", openAPI}))
	if err != nil {
		return nil, err
	}
	away := wrap(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && at.Addr().IsLoopback() {
			h.ServeHTTP(w, r)
			return
		}
		away.ServeHTTP(w, r)
	}), nil
}

// whole answers JSON in one piece whose length is told: in chunks it takes more calls of the
// system, at both ends. What is got has an entity tag, and nothing but that is sent to who has it.
func whole(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := &keeping{ResponseWriter: w, tagged: r.Method == http.MethodGet || r.Method == http.MethodHead}
		defer k.free()
		h.ServeHTTP(k, r)
		k.end(r.Header.Get("If-None-Match"))
	})
}

// keeping holds a JSON answer back until it is whole; all else passes.
type keeping struct {
	http.ResponseWriter
	tagged bool
	begun  bool
	held   *bytes.Buffer // nil where what is written passes
}

var held = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// mostHeld bounds the buffers that are used again.
const mostHeld = 256 << 10

// Unwrap is for http.ResponseController.
func (k *keeping) Unwrap() http.ResponseWriter { return k.ResponseWriter }

func (k *keeping) WriteHeader(status int) {
	if k.begun {
		return
	}
	k.begun = true
	kind := k.Header().Get("Content-Type")
	if status == http.StatusOK && (kind == "application/json" || kind == openAPI) {
		k.held = held.Get().(*bytes.Buffer)
		return
	}
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeping) Write(b []byte) (int, error) {
	if !k.begun {
		k.WriteHeader(http.StatusOK)
	}
	if k.held != nil {
		return k.held.Write(b)
	}
	return k.ResponseWriter.Write(b)
}

func (k *keeping) end(known string) {
	if k.held == nil {
		return
	}
	h := k.Header()
	if k.tagged {
		tag := tagOf(k.held.Bytes())
		h.Set("ETag", tag)
		h.Set("Cache-Control", "private, no-cache")
		for one := range strings.SplitSeq(known, ",") {
			if one = strings.TrimSpace(one); one == "*" || one == tag || "W/"+one == tag {
				h.Del("Content-Type")
				k.ResponseWriter.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	h.Set("Content-Length", strconv.Itoa(k.held.Len()))
	k.ResponseWriter.WriteHeader(http.StatusOK)
	_, _ = k.ResponseWriter.Write(k.held.Bytes()) // the caller is gone, or has it
}

func (k *keeping) free() {
	if k.held != nil && k.held.Cap() <= mostHeld {
		k.held.Reset()
		held.Put(k.held)
	}
}

func tagOf(b []byte) string {
	var sum xxhash.Digest
	sum.Reset()
	_, _ = sum.Write(b) // never fails
	return `W/"` + hex.EncodeToString(sum.Sum(nil)) + strconv.FormatInt(int64(len(b)), 36) + `"`
}

const (
	openAPI = "application/vnd.oai.openapi+json"
	// onceHeader names a request: sent again, it is not done again.
	onceHeader = "Idempotency-Key"
	onceTime   = 24 * time.Hour
	mostOnce   = 10_000
	// mostKept is the longest answer that is kept; requests with longer ones are done again.
	mostKept = 64 << 10
)

var onceParam = &huma.Param{Name: onceHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: new(255)},
	Description: "Names the request: for a day another one of this name by the same caller gets the answer of the first and changes nothing, as long as the server runs: it forgets names when it is started anew. Documents that are sent again under their ids change nothing either, whatever is remembered"}

// once remembers the answers of requests that have a name.
type once struct {
	mu  sync.Mutex
	all map[onceKey]*answer
}

type onceKey struct{ caller, name string }

type answer struct {
	request string // method and address
	at      time.Time
	status  int // 0 while it is under way
	kind    string
	body    []byte
}

// do calls next once for a name.
func (o *once) do(a *API, ctx huma.Context, next func(huma.Context)) {
	name := ctx.Header(onceHeader)
	if name == "" {
		next(ctx)
		return
	}
	if len(name) > 255 {
		_ = huma.WriteErr(a.huma, ctx, http.StatusUnprocessableEntity, "the name of a request has at most 255 bytes", &huma.ErrorDetail{Message: "too long", Location: "header." + onceHeader})
		return
	}
	r, w := humago.Unwrap(ctx)
	key := onceKey{access.From(r.Context()).Name, name}
	mine := &answer{request: r.Method + " " + r.URL.RequestURI() + " " + strconv.FormatInt(r.ContentLength, 10), at: time.Now()}
	switch known := o.take(key, mine); {
	case known == nil:
		rec := &recorder{ResponseWriter: w}
		defer func() { o.keep(key, mine, rec) }()
		next(undisturb(humago.NewContext(ctx.Operation(), r, rec)))
	case known.request != mine.request:
		_ = huma.WriteErr(a.huma, ctx, http.StatusUnprocessableEntity, "another request had this "+onceHeader+": take a new one", &huma.ErrorDetail{Message: "used", Location: "header." + onceHeader})
	case known.status == 0:
		_ = huma.WriteErr(a.huma, ctx, http.StatusConflict, "the request of this "+onceHeader+" is under way")
	default:
		w.Header().Set("Content-Type", known.kind)
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(known.status)
		_, _ = w.Write(known.body)
	}
}

// take is the answer that is known, or nil where the caller is to make it.
func (o *once) take(key onceKey, mine *answer) *answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.all[key]; ok && time.Since(known.at) < onceTime {
		same := *known
		return &same
	}
	if o.all == nil {
		o.all = map[onceKey]*answer{}
	}
	for k, old := range o.all { // in no order: those that are oldest go with time
		if time.Since(old.at) >= onceTime || len(o.all) >= mostOnce && old.status != 0 {
			delete(o.all, k)
		}
	}
	o.all[key] = mine
	return nil
}

// keep remembers an answer, but not one that might be another next time.
func (o *once) keep(key onceKey, mine *answer, rec *recorder) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if rec.status == 0 || rec.status >= 500 || rec.status == gone || rec.status == http.StatusConflict || rec.long {
		delete(o.all, key)
		return
	}
	mine.status, mine.kind, mine.body = rec.status, rec.Header().Get("Content-Type"), rec.body.Bytes()
}

// recorder keeps an answer that passes.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	long   bool
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.long = r.long || r.body.Len()+len(b) > mostKept; !r.long {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}
