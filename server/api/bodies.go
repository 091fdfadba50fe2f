package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
)

// undisturbed leaves the deadlines of a connection to the server, and notes why a body
// could not be read to its end.
type undisturbed struct {
	humaContext
	body *incoming
}

type humaContext huma.Context

func undisturb(ctx huma.Context) undisturbed { return undisturbed{ctx, &incoming{}} }

func (undisturbed) SetReadDeadline(time.Time) error { return nil }

// Unwrap is for those who look for the request.
func (u undisturbed) Unwrap() huma.Context { return u.humaContext }

// BodyReader is the body.
func (u undisturbed) BodyReader() io.Reader {
	u.body.r = u.humaContext.BodyReader()
	return u.body
}

// SetStatus says that a body which broke off is no fault of the server's.
func (u undisturbed) SetStatus(status int) {
	if why := u.body.broken(); status == http.StatusInternalServerError && why != nil {
		status = why.Status
	}
	u.humaContext.SetStatus(status)
}

// incoming is a body that comes in.
type incoming struct {
	r   io.Reader
	err error // that ended it early
}

func (b *incoming) Read(p []byte) (int, error) {
	if b.r == nil {
		return 0, io.EOF
	}
	n, err := b.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// broken says why the body could not be read to its end; nil where it could.
func (b *incoming) broken() *huma.ErrorModel {
	if b == nil || b.err == nil {
		return nil
	}
	return bodyError(b.err)
}

// broken mends what is said of a request whose body could not be read to its end.
func broken(ctx huma.Context, p *huma.ErrorModel) {
	if u, ok := ctx.(undisturbed); ok && p.Status == http.StatusInternalServerError {
		if why := u.body.broken(); why != nil {
			*p = *why
		}
	}
}

// bodyError is the error of a body that breaks off or is too long.
func bodyError(err error) *huma.ErrorModel {
	p := &huma.ErrorModel{Status: http.StatusBadRequest, Detail: "the body broke off"}
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		p.Status, p.Detail = http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", long.Limit)
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// partly says with the error what of the body is in: that is durable.
func partly(why *huma.ErrorModel, r *tamis.Report) *huma.ErrorModel {
	why.Errors = []*huma.ErrorDetail{{Message: "what was added before is durable, and may be sent again", Location: "body",
		Value: map[string]int{"added": r.Added, "updated": r.Updated, "unchanged": r.Unchanged}}}
	return why
}
