package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// Outline is the chapters of documents.
type Outline struct {
	Documents []Outlined `json:"documents" nullable:"false"`
}

// Outlined is a document with its chapters.
type Outlined struct {
	Doc      string           `json:"doc"`
	Title    string           `json:"title"`
	Chapters []topics.Chapter `json:"chapters"`
}

// shown are the types in which originals are sent: none can run a script. All else is
// sent as bytes.
var shown = map[string]string{
	".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8", ".csv": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8",
}

func (a *API) originals() {
	tags := []string{"documents"}
	type input struct {
		In
		ID string `query:"id" required:"true" minLength:"1" maxLength:"4096" doc:"Of the document"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "outline", Method: http.MethodGet, Path: "/v1/collections/{collection}/outline", Tags: tags,
		Summary: "Show the chapters of a document",
	}, func(ctx context.Context, of *input) (*body[Outline], error) {
		out := &body[Outline]{}
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
			d, err := ix.Document(ctx, of.ID, by.Sees(""))
			if err != nil {
				return err
			}
			chapters, err := topics.OutlineOf(d)
			out.Body.Documents = []Outlined{{d.ID, d.Title, append([]topics.Chapter{}, chapters...)}}
			return err
		})
		return out, err
	})
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	route(a, access.Read, huma.Operation{
		OperationID: "get-original", Method: http.MethodGet, Path: "/v1/collections/{collection}/original", Tags: tags,
		Summary:     "Send the file that a document was read from",
		Description: "Only while it is as it was when it was indexed. Documents that are records of a file with others, and those that were uploaded, have none. Ranges of bytes may be asked for.",
		Errors:      []int{http.StatusConflict},
		Responses: map[string]*huma.Response{
			"200": {Description: "Its bytes", Content: map[string]*huma.MediaType{"*/*": binary}},
			"206": {Description: "A range of them", Content: map[string]*huma.MediaType{"*/*": binary}},
			"304": {Description: "It is that which the caller has"},
			"416": {Description: "There is no such range"},
		},
	}, func(ctx context.Context, of *input) (*huma.StreamResponse, error) {
		var from tamis.Origin
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) (err error) {
			from, err = ix.Origin(of.ID, by.Sees(""))
			return err
		})
		if err != nil {
			return nil, err
		}
		f, err := a.original(ctx, from)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer f.Close()
			r, w := humago.Unwrap(hc)
			name := path.Base(strings.ReplaceAll(of.ID, "\\", "/"))
			kind, ok := shown[strings.ToLower(path.Ext(name))]
			if !ok {
				kind = "application/octet-stream"
			}
			h := w.Header()
			h.Set("Content-Type", kind)
			h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
			sum := sha256.Sum256(append([]byte(from.Inside), from.Digest...))
			h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
			http.ServeContent(w, r, "", f.modified, f)
		}}, nil
	})
}

// errOther: the file is not that which was indexed.
var errOther = huma.Error409Conflict("the file has changed since it was indexed, or is gone: index it again")

// original opens a file that is as it was when it was indexed.
func (a *API) original(ctx context.Context, from tamis.Origin) (*opened, error) {
	info, err := os.Stat(from.Path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, errOther
	}
	in, err := os.Open(from.Path)
	if err != nil {
		return nil, errOther
	}
	f := &opened{ReadSeekCloser: in, modified: info.ModTime()}
	if info, err = in.Stat(); err != nil || !a.verified.is(ctx, in, info, from.Digest) {
		return nil, errors.Join(errOther, in.Close())
	}
	if from.Inside == "" {
		return f, nil
	}
	if err := in.Close(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	found, err := read.New(read.Options{MaxFileBytes: mostMember}).Extract(ctx, from.Path, from.Inside, &b)
	if err != nil || !found {
		return nil, fmt.Errorf("there is no file that is this document: %w", tamis.ErrNotFound)
	}
	f.ReadSeekCloser = inMemory{bytes.NewReader(b.Bytes())}
	return f, nil
}

// mostMember is the largest file in another one that is sent.
const mostMember = 64 << 20

type opened struct {
	io.ReadSeekCloser
	modified time.Time
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// verified remembers which files have the digests that were looked for.
type verified struct {
	mu   sync.Mutex
	last map[string]stamp // by path
}

// stamp tells one state of a file from another, as far as the file system can.
type stamp struct {
	digest string
	size   int64
	mtime  time.Time
}

// is says that an open file has a digest. It is read from its beginning to its end where
// nobody knows yet.
func (v *verified) is(ctx context.Context, f *os.File, info os.FileInfo, digest []byte) bool {
	now := stamp{string(digest), info.Size(), info.ModTime()}
	v.mu.Lock()
	known := v.last[f.Name()] == now
	v.mu.Unlock()
	if known {
		return true
	}
	h := sha256.New()
	if _, err := io.Copy(h, watched{ctx, f}); err != nil || !bytes.Equal(h.Sum(nil), digest) {
		return false
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil || len(v.last) >= 1000 {
		v.last = map[string]stamp{}
	}
	v.last[f.Name()] = now
	return true
}

// watched ends reading with its context.
type watched struct {
	ctx context.Context
	r   io.Reader
}

func (w watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
