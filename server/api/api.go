// Package api is the HTTP interface of a server: collections of documents, searches,
// contexts and their receipts, answers, sessions. An OpenAPI document says all of it; it
// is made of this code, and requests are held to it.
//
// Who asks is in the context of a request (package access). What they may not know of is
// as what is not there, in every answer.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/attest"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api/results"
	"github.com/tamis-search/tamis/server/api/tree"
	"github.com/tamis-search/tamis/server/labels"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/sessions"
)

// Options are what an interface serves.
type Options struct {
	Library  *library.Library
	Sessions *sessions.Kept
	// Model answers questions; nil: the packed context is the answer.
	Model llm.Model
	// Upstream answers chats that name another model than tamis; nil: there is none.
	Upstream *Upstream
	// Encoder and Judge are what /v1/embeddings and /v1/rerank ask, Judge plans that name
	// reranker too; nil: there is none.
	Encoder tamis.Encoder
	Judge   encode.Judge
	// Labels are given to texts; nil: none are.
	Labels *labels.Giver
	// Key signs receipts; nil: none is signed.
	Key *attest.Key
	// Log is told of failures; nil is slog's default.
	Log *slog.Logger
	// Version is that of the OpenAPI document.
	Version string
	// Keys says that callers have keys, for whoami.
	Keys bool
}

// API is the interface. It is an http.Handler of /v1/… and /openapi.json.
type API struct {
	o    Options
	mux  *http.ServeMux
	huma huma.API

	verified verified
	once     once
	handler  http.Handler
}

// New is the interface to what the options say. The error is for a document that cannot
// be made.
func New(o Options) (*API, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Version == "" {
		o.Version = "0.1.0"
	}
	a := &API{o: o, mux: http.NewServeMux()}
	c := huma.DefaultConfig("tamis", o.Version)
	c.Info.Description = "From a large corpus to the smallest context that still answers a question, every byte traceable to its source."
	c.CreateHooks = nil // nothing links to schemas
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.RejectUnknownQueryParameters = true
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", named)
	asJSON := huma.Format{Marshal: results.Marshal, Unmarshal: json.Unmarshal}
	c.Formats = map[string]huma.Format{"application/json": asJSON, "json": asJSON}
	c.Transformers = []huma.Transformer{brief}
	a.huma = humago.New(a.mux, c)
	a.collections()
	a.searching()
	a.classifying()
	a.packing()
	a.documents()
	a.originals()
	a.receipts()
	a.adding()
	a.uploading()
	a.asking()
	a.conversing()
	a.openai()
	if err := a.publish(); err != nil {
		return nil, err
	}
	var err error
	a.handler, err = compressed(whole(http.HandlerFunc(a.serve)))
	return a, err
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.mux.Handler(r); pattern == "" {
		a.lost(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// named names the schema of a type: as the type, but where that says too little alone.
func named(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[tamis.ListPlace]():
		return "ListPlace"
	case reflect.TypeFor[classify.Result]():
		return "Labels"
	case reflect.TypeFor[classify.Near]():
		return "Example"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// publish serves the document of the interface.
func (a *API) publish() error {
	doc, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return err
	}
	lax := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true} // Plan says better what is wrong
	lax.PrecomputeMessages()
	a.huma.OpenAPI().Components.Schemas.Map()[tree.Name] = lax
	a.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", openAPI)
		_, _ = w.Write(doc)
	})
	return nil
}

// route adds an operation that needs a scope. Its path names the collection as
// {collection}, where it is about one: who may not know of it is told nothing else.
func route[I, O any](a *API, need access.Scope, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	op.Errors = append(op.Errors, http.StatusForbidden)
	if strings.Contains(op.Path, "{") && !slices.Contains(op.Errors, http.StatusNotFound) {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	op.BodyReadTimeout = -1 // the server's own limits hold
	inBody := op.Method == http.MethodPost || op.Method == http.MethodPut
	if inBody {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(op.Errors)
	op.Errors = slices.Compact(op.Errors)
	named := need > access.Read || strings.HasPrefix(op.Path, sessionPath) && inBody
	if named {
		op.Parameters = append(op.Parameters, onceParam)
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if err := allowed(ctx, need); err != nil {
			p := a.problem(ctx.Context(), err, inBody)
			_ = huma.WriteErr(a.huma, ctx, p.Status, p.Detail) // the caller is gone, or told
			return
		}
		if named {
			a.once.do(a, undisturb(ctx), next)
			return
		}
		next(undisturb(ctx))
	})
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err, inBody)
		}
		return out, nil
	})
}

// takes documents the body of an operation that reads it by itself.
func (a *API) takes(id string, content map[string]*huma.MediaType) {
	for _, p := range a.huma.OpenAPI().Paths {
		if p.Post != nil && p.Post.OperationID == id {
			p.Post.RequestBody = &huma.RequestBody{Required: true, Content: content}
		}
	}
}

// brief cuts what errors repeat of a request: the place says enough.
func brief(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*huma.ErrorModel); ok {
		broken(ctx, p)
		for _, e := range p.Errors {
			if text, err := json.Marshal(e.Value); err != nil || len(text) > 200 {
				e.Value = nil
			}
			if len(e.Message) > 1000 {
				e.Message = strings.ToValidUTF8(e.Message[:1000], "") + "…"
			}
		}
	}
	return v, nil
}

// allowed says whether who asks may.
func allowed(ctx huma.Context, need access.Scope) error {
	caller := access.From(ctx.Context())
	if strings.Contains(ctx.Operation().Path, "{collection}") {
		return caller.May(need, ctx.Param("collection"))
	}
	if caller == nil || caller.Scope < need {
		return access.ErrDenied
	}
	return nil
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// In is the collection that an operation is about.
type In struct {
	Collection string `path:"collection" maxLength:"64" doc:"Name of the collection; an index that is served alone is \"default\"." example:"default"`
}

// reading calls do with the index of a collection.
func (a *API) reading(ctx context.Context, of In, do func(ix engine.Index, by *access.Caller) error) error {
	ix, release, err := a.o.Library.Read(ctx, of.Collection)
	if err != nil {
		return err
	}
	defer release()
	return do(ix, access.From(ctx))
}
