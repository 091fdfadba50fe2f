package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// Identity is who asks.
type Identity struct {
	Name   string   `json:"name" doc:"Name of the key" example:"reader"`
	Scope  string   `json:"scope" enum:"read,write,admin" doc:"The most that it may do"`
	Groups []string `json:"groups" nullable:"false" doc:"Groups, for access lists"`
	Keys   bool     `json:"keys" doc:"Whether this server asks for keys"`
}

// Collection is an index by its name.
type Collection struct {
	Name      string `json:"name" example:"default"`
	Documents int    `json:"documents" doc:"Documents that the caller sees"`
	Passages  int    `json:"passages" doc:"Their passages"`
	Writable  bool   `json:"writable" doc:"Whether the caller may add documents"`
	Error     string `json:"error,omitempty" doc:"Why it cannot be read, where it cannot"`
}

// body is an answer that is JSON.
type body[T any] struct{ Body T }

func (a *API) collections() {
	tags := []string{"collections"}
	route(a, access.Read, huma.Operation{
		OperationID: "whoami", Method: http.MethodGet, Path: "/v1/whoami", Tags: []string{"server"},
		Summary: "Who asks, and what they may do",
	}, func(ctx context.Context, _ *struct{}) (*body[Identity], error) {
		c := access.From(ctx)
		groups := append([]string{}, c.Groups...)
		return &body[Identity]{Identity{Name: c.Name, Scope: c.Scope.String(), Groups: groups, Keys: a.o.Keys}}, nil
	})
	a.making()
	type collectionList struct {
		Collections []Collection `json:"collections" nullable:"false"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "list-collections", Method: http.MethodGet, Path: "/v1/collections", Tags: tags,
		Summary: "List the collections that the caller may know of",
	}, func(ctx context.Context, _ *struct{}) (*body[collectionList], error) {
		out := &body[collectionList]{collectionList{[]Collection{}}}
		for _, name := range a.o.Library.Names() {
			if access.From(ctx).May(access.Read, name) != nil {
				continue
			}
			c, err := a.collection(ctx, name)
			if err != nil {
				return nil, err
			}
			out.Body.Collections = append(out.Body.Collections, c)
		}
		return out, nil
	})
	route(a, access.Read, huma.Operation{
		OperationID: "get-stats", Method: http.MethodGet, Path: "/v1/collections/{collection}/stats", Tags: tags,
		Summary:     "Count what a collection holds",
		Description: "Documents and passages are those that the caller sees. What the whole index takes is for keys of the scope admin; others read zeros there.",
	}, func(ctx context.Context, of *In) (*body[tamis.Stats], error) {
		out := &body[tamis.Stats]{}
		err := a.reading(ctx, *of, func(ix engine.Index, by *access.Caller) (err error) {
			all, err := ix.Stats()
			if err != nil {
				return err
			}
			if out.Body = (tamis.Stats{Similarity: all.Similarity, Language: all.Language, Analyzers: []string{}}); by.Scope >= access.Admin {
				out.Body = all
			}
			out.Body.Documents, out.Body.Passages, err = ix.Count(by.Sees(""))
			return err
		})
		return out, err
	})
}

func (a *API) making() {
	tags := []string{"collections"}
	type made struct {
		Status int
		Body   Collection
	}
	fixed := []int{http.StatusConflict}
	route(a, access.Admin, huma.Operation{
		OperationID: "put-collection", Method: http.MethodPut, Path: "/v1/collections/{collection}", Tags: tags,
		Summary: "Make a collection; one that is there stays as it is", DefaultStatus: http.StatusCreated, Errors: fixed,
	}, func(ctx context.Context, of *In) (*made, error) {
		is, err := a.o.Library.Make(ctx, of.Collection)
		if errors.Is(err, access.ErrNoCollection) {
			return nil, &huma.ErrorModel{Status: http.StatusUnprocessableEntity, Title: "Unprocessable Entity", Detail: "a name has 1 to 64 letters, digits, - and _",
				Errors: []*huma.ErrorDetail{{Message: "a name has 1 to 64 letters, digits, - and _", Location: "path.collection"}}}
		}
		if err != nil {
			return nil, err
		}
		out := &made{Status: http.StatusOK}
		if is {
			out.Status = http.StatusCreated
		}
		out.Body, err = a.collection(ctx, of.Collection)
		return out, err
	})
	route(a, access.Admin, huma.Operation{
		OperationID: "delete-collection", Method: http.MethodDelete, Path: "/v1/collections/{collection}", Tags: tags,
		Summary: "Remove a collection with all that it holds", DefaultStatus: http.StatusNoContent, Errors: fixed,
	}, func(ctx context.Context, of *In) (*struct{}, error) {
		return nil, a.o.Library.Remove(ctx, of.Collection)
	})
}

// collection counts what a caller sees of a collection.
func (a *API) collection(ctx context.Context, name string) (Collection, error) {
	c := Collection{Name: name, Writable: access.From(ctx).May(access.Write, name) == nil}
	err := a.reading(ctx, In{name}, func(ix engine.Index, by *access.Caller) (err error) {
		c.Documents, c.Passages, err = ix.Count(by.Sees(""))
		return err
	})
	switch {
	case err == nil || errors.Is(err, tamis.ErrNotFound): // nobody has written it yet
		return c, nil
	case ctx.Err() != nil:
		return c, ctx.Err()
	}
	c.Error = a.problem(ctx, err, false).Detail
	return c, nil
}
