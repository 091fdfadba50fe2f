package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/labels"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/sessions"
	"github.com/tamis-search/tamis/session"
)

// gone is the status of a request whose caller has left: nobody reads it.
const gone = 499

// statuses are those of errors, the first that holds.
var statuses = []struct {
	is     error
	status int
}{
	{context.Canceled, gone},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
	{access.ErrDenied, http.StatusForbidden},
	{access.ErrNoCollection, http.StatusNotFound},
	{library.ErrFixed, http.StatusConflict},
	{sessions.ErrNone, http.StatusNotFound},
	{session.ErrNoPiece, http.StatusNotFound},
	{labels.ErrOff, http.StatusNotFound},
	{classify.ErrNoExamples, http.StatusNotFound},
	{classify.ErrOneLabel, http.StatusConflict},
	{session.ErrPinned, http.StatusConflict},
	{tamis.ErrInvalid, http.StatusUnprocessableEntity},
	{tamis.ErrChanged, http.StatusConflict},
	{tamis.ErrAltered, http.StatusUnprocessableEntity},
	{tamis.ErrNotFound, http.StatusNotFound},
	{tamis.ErrLocked, http.StatusConflict},
	{tamis.ErrConfig, http.StatusConflict},
	{engine.ErrLacks, http.StatusNotImplemented},
	{tamis.ErrFailed, http.StatusInsufficientStorage},
	{tamis.ErrClosed, http.StatusServiceUnavailable},
	{llm.ErrTimeout, http.StatusGatewayTimeout},
	{llm.ErrCut, http.StatusBadGateway},
	{ask.ErrEmpty, http.StatusBadGateway},
	{ask.ErrForm, http.StatusBadGateway},
}

// problem says an error as RFC 9457 has it, and tells the log of failures. inBody says
// that what was asked stands in the body of the request, else in its query.
func (a *API) problem(ctx context.Context, err error, inBody bool) *huma.ErrorModel {
	var ready *huma.ErrorModel
	if errors.As(err, &ready) {
		return ready
	}
	p := &huma.ErrorModel{Status: http.StatusInternalServerError, Detail: err.Error()}
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			p.Status = s.status
			break
		}
	}
	var model *llm.Error
	if errors.As(err, &model) && p.Status == http.StatusInternalServerError {
		p.Status = http.StatusBadGateway
	}
	if p.Status == http.StatusInternalServerError {
		a.o.Log.ErrorContext(ctx, "request failed", "error", err)
		p.Detail = "the server failed; its log says why"
		if errors.Is(err, tamis.ErrCorrupt) {
			p.Detail = "the index is damaged: the server's log says where, tamis check what of it is lost"
		}
	}
	if errors.Is(err, tamis.ErrLocked) {
		p.Detail = "another process writes this collection: end it, or add documents through it"
	}
	if p.Title = http.StatusText(p.Status); p.Status == gone {
		p.Title = "The caller left"
	}
	p.Errors = details(err, inBody)
	return p
}

// details name the fields at fault.
func details(err error, inBody bool) []*huma.ErrorDetail {
	root := "query"
	if inBody {
		root = "body"
	}
	var changed *render.ChangedError
	if errors.As(err, &changed) {
		return []*huma.ErrorDetail{{Message: changed.Reason, Location: root + ".spans",
			Value: map[string]any{"doc": changed.Doc, "start": changed.Start, "end": changed.End}}}
	}
	var wrong *tamis.InvalidError
	if !errors.As(err, &wrong) {
		return nil
	}
	at := root + "." + wrong.Field
	switch wrong.Field {
	case "counter":
		at = root + ".tokenizer"
	case "receipt":
		at = root
	}
	if wrong.Field == "" {
		at = root
	}
	if wrong.Place != "" {
		at += " (" + wrong.Place + ")"
	}
	return []*huma.ErrorDetail{{Message: wrong.Error(), Location: at}}
}

// invalid is the error for a field that cannot be.
func invalid(field string, err error) error {
	return &tamis.InvalidError{Field: field, Err: err}
}

// lost answers where there is no operation.
func (a *API) lost(w http.ResponseWriter, r *http.Request) {
	plain := &header{h: http.Header{}}
	a.mux.ServeHTTP(plain, r)
	p := huma.ErrorModel{Title: http.StatusText(plain.status), Status: plain.status, Detail: "there is nothing at this address; /openapi.json lists what there is"}
	if allow := plain.h.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		p.Detail = "this address takes " + allow
	}
	if to := plain.h.Get("Location"); to != "" && strings.HasPrefix(to, "/") {
		w.Header().Set("Location", to)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(plain.status)
	_ = json.NewEncoder(w).Encode(p)
}

// header keeps what a handler says before its body.
type header struct {
	h      http.Header
	status int
}

func (w *header) Header() http.Header         { return w.h }
func (w *header) Write(b []byte) (int, error) { return len(b), nil }
func (w *header) WriteHeader(status int)      { w.status = status }
