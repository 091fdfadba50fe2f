// Package access says who asks a server and what they may do and see.
//
// Access lists fail closed here: a caller who is in no group sees the documents that have
// no list, and no others, whatever the owner of the files sees on the command line.
package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis"
)

// Scope is what a caller may do. Each includes those before it.
type Scope uint8

// The scopes.
const (
	Read  Scope = iota + 1 // search, contexts, documents, receipts, sessions of one's own
	Write                  // add and delete documents
	Admin                  // make and remove collections, see who asked what
)

func (s Scope) String() string {
	switch s {
	case Read:
		return "read"
	case Write:
		return "write"
	case Admin:
		return "admin"
	}
	return "no"
}

var (
	// ErrDenied: a caller lacks the scope for what was asked.
	ErrDenied = errors.New("not allowed")
	// ErrNoCollection: there is none of this name, or the caller may not know of it.
	ErrNoCollection = errors.New("no such collection")
)

// Caller is who asks.
type Caller struct {
	// Name is that of the key, for logs; sessions belong to it.
	Name string
	// Scope is the most that the caller may do.
	Scope Scope
	// Collections are those that the caller may know of; nil stands for all.
	Collections []string
	// Groups are those that the caller is a member of.
	Groups []string
}

// May returns nil where the caller may do s in a collection; ErrNoCollection hides
// collections that the caller may not know of, ErrDenied names the scope that is missing.
func (c *Caller) May(s Scope, collection string) error {
	if c == nil || c.Collections != nil && !slices.Contains(c.Collections, collection) {
		return fmt.Errorf("%w: %q", ErrNoCollection, collection)
	}
	if c.Scope < s {
		return fmt.Errorf("%w: this needs a key with the scope %s", ErrDenied, s)
	}
	return nil
}

// Sees is what of an index the caller sees, further narrowed by a filter ("" for none).
func (c *Caller) Sees(filter string) tamis.Scope {
	groups := []string{} // not nil: nobody is a member of nothing
	if c != nil {
		groups = append(groups, c.Groups...)
	}
	return tamis.Scope{Filter: filter, Groups: groups}
}

type key struct{}

// With is a context in which c asks.
func With(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// From is who asks in a context, nil where nobody is known: they may do nothing.
func From(ctx context.Context) *Caller {
	c, _ := ctx.Value(key{}).(*Caller)
	return c
}
