package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/text"
)

const (
	// mostResource is how many tokens a resource has at most. Clients read one when their
	// user asks for it.
	mostResource = 20000
	mostReceipts = 512
	mostListed   = 100 // documents that complete a name
)

// receipts keeps the last receipts, for those who were given them.
type receipts struct {
	mu   sync.Mutex
	all  map[string]*tamis.Context
	keys []string // oldest first
}

func receiptKey(owner, collection, id string) string {
	return owner + "\x00" + collection + "\x00" + id
}

func receiptID(c *tamis.Context) string { return c.Digest[:min(16, len(c.Digest))] }

func receiptURI(collection string, c *tamis.Context) string {
	return "tamis://" + collection + "/receipt/" + receiptID(c)
}

func (r *receipts) keep(owner, collection string, c *tamis.Context) {
	kept := *c
	kept.Dropped = nil // it is long; its number and digest stay
	r.mu.Lock()
	defer r.mu.Unlock()
	key := receiptKey(owner, collection, receiptID(c))
	if r.all == nil {
		r.all = map[string]*tamis.Context{}
	}
	if r.all[key] == nil {
		r.keys = append(r.keys, key)
	}
	r.all[key] = &kept
	if len(r.keys) > mostReceipts {
		delete(r.all, r.keys[0])
		r.keys = r.keys[1:]
	}
}

func (r *receipts) get(owner, collection, id string) *tamis.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[receiptKey(owner, collection, id)]
}

func (r *room) addResources(server *sdk.Server) {
	for _, t := range []struct{ kind, about, mime string }{
		{"document", "The text of a document", "text/plain"},
		{"outline", "The chapters of a document, with the bytes that they take", "application/json"},
		{"receipt", "Where every range of a context that was answered stands, with digests", "application/json"},
	} {
		server.AddResourceTemplate(&sdk.ResourceTemplate{Name: t.kind, Description: t.about, MIMEType: t.mime,
			URITemplate: "tamis://{collection}/" + t.kind + "/{+name}"},
			func(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
				text, err := r.resource(ctx, req.Params.URI)
				switch {
				case errors.Is(err, tamis.ErrNotFound), errors.Is(err, access.ErrNoCollection):
					return nil, sdk.ResourceNotFoundError(req.Params.URI)
				case err != nil:
					return nil, errors.New(r.clip(screen.Line(err.Error()), mostError))
				}
				return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: req.Params.URI, MIMEType: t.mime, Text: text}}}, nil
			})
	}
}

// resource is the text of what a URI names, for the caller.
func (r *room) resource(ctx context.Context, uri string) (string, error) {
	rest, _ := strings.CutPrefix(uri, "tamis://")
	collection, rest, _ := strings.Cut(rest, "/")
	kind, name, ok := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	if !ok || err != nil {
		return "", tamis.ErrNotFound
	}
	if err := r.caller.May(access.Read, collection); err != nil {
		return "", err
	}
	ix, release, err := r.o.Library.Read(ctx, collection)
	if err != nil {
		return "", err
	}
	defer release()
	if kind == "receipt" {
		return r.receipt(ctx, ix, collection, name)
	}
	var d *tamis.Document
	for _, doc := range r.documents(name) {
		if d, err = ix.Document(ctx, doc, r.caller.Sees("")); !errors.Is(err, tamis.ErrNotFound) {
			break
		}
	}
	switch {
	case err != nil:
		return "", err
	case kind == "outline":
		return r.outline(d)
	}
	return r.whole(d.Source), nil
}

// receipt is one that the caller was given, and may still see all of.
func (r *room) receipt(ctx context.Context, ix engine.Index, collection, id string) (string, error) {
	c := r.receipts.get(r.caller.Name, collection, id)
	if c == nil {
		return "", tamis.ErrNotFound
	}
	if _, err := ix.Replay(ctx, c, r.caller.Sees("")); err != nil {
		return "", fmt.Errorf("a source of the receipt has changed, or cannot be seen any more: %w", tamis.ErrChanged)
	}
	b, err := json.Marshal(c)
	return string(b), err
}

func (r *room) outline(d *tamis.Document) (string, error) {
	lang := d.Lang
	if len(lang) != 2 {
		lang = text.DetectLanguage(d.Source)
	}
	an, err := text.NewAnalyzer(text.AnalyzerName("", lang))
	if err != nil {
		return "", err
	}
	chapters := topics.Outline(d, an)
	for {
		b, err := json.Marshal(map[string]any{"doc": d.ID, "title": d.Title, "chapters": chapters})
		if err != nil || r.counter.Count(string(b)) <= mostResource || len(chapters) == 0 {
			return string(b), err
		}
		chapters = chapters[:len(chapters)*3/4]
	}
}

// whole is a text, as far as a resource may be long.
func (r *room) whole(text string) string {
	if len(text) <= mostResource || r.counter.Count(text[:min(len(text), 128*mostResource)]) <= mostResource && len(text) <= 128*mostResource {
		return text
	}
	low, high := 0, min(len(text), 128*mostResource)
	for high-low > 256 {
		if mid := (low + high) / 2; r.counter.Count(text[:mid]) <= mostResource-32 {
			low = mid
		} else {
			high = mid
		}
	}
	for low > 0 && !utf8.RuneStart(text[low]) {
		low--
	}
	return fmt.Sprintf("%s\n[cut at byte %d of %d; the tool open reads on]", text[:low], low, len(text))
}

// complete lists documents whose names begin as what was typed.
func (r *room) complete(ctx context.Context, req *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
	found := []string{}
	typed := req.Params.Argument.Value
	if req.Params.Argument.Name == "collection" {
		for _, c := range r.collections {
			if strings.HasPrefix(c, typed) {
				found = append(found, c)
			}
		}
		found = found[:min(len(found), mostListed)]
	}
	collection := ""
	if len(r.collections) > 0 {
		collection = r.collections[0]
	}
	if req.Params.Context != nil && req.Params.Context.Arguments["collection"] != "" {
		collection = req.Params.Context.Arguments["collection"]
	}
	if req.Params.Argument.Name == "name" && r.caller.May(access.Read, collection) == nil {
		ix, release, err := r.o.Library.Read(ctx, collection)
		if err != nil {
			return nil, err
		}
		defer release()
		for _, prefix := range r.documents(typed) {
			list, _, err := ix.Documents(ctx, tamis.Page{Prefix: prefix, Limit: mostListed - len(found)}, r.caller.Sees(""))
			if err != nil {
				return nil, err
			}
			for _, d := range list {
				found = append(found, r.name(d.ID))
			}
			if len(found) == mostListed {
				break
			}
		}
	}
	return &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: found, HasMore: len(found) == mostListed}}, nil
}
