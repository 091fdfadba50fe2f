package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// Listed is a document in a list.
type Listed struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Path  string `json:"path"`
	Type  string `json:"type"`
	Role  string `json:"role"`
	Lang  string `json:"lang"`
	MTime string `json:"mtime,omitempty" format:"date-time" doc:"When its file was changed last"`
	Bytes int    `json:"bytes" doc:"Length of the stored source"`
}

// List is a page of documents.
type List struct {
	Documents []Listed `json:"documents" nullable:"false"`
	Next      string   `json:"next,omitempty" doc:"The cursor of the page that follows; none after the last"`
}

// Document is a document, or a range of it.
type Document struct {
	Listed
	Metadata map[string]any `json:"metadata" nullable:"false"`
	Start    int            `json:"start" doc:"Of the range, in bytes of the stored source"`
	End      int            `json:"end"`
	Text     string         `json:"text"`
	Blocks   []Block        `json:"blocks,omitempty" doc:"Its structure within the range"`
}

// Block is a run of a document that has one role.
type Block struct {
	Kind  string       `json:"kind" example:"paragraph"`
	Level int          `json:"level,omitempty"`
	Label string       `json:"label,omitempty"`
	Start int          `json:"start"`
	End   int          `json:"end"`
	Place *tamis.Place `json:"place,omitempty" doc:"Where in its file it begins; of documents with very many blocks not told"`
}

func listed(d *tamis.Document, bytes int) Listed {
	l := Listed{ID: d.ID, Title: d.Title, Path: d.Path, Type: d.Type, Role: d.Role, Lang: d.Lang, Bytes: bytes}
	if !d.ModTime.IsZero() {
		l.MTime = d.ModTime.UTC().Format(time.RFC3339)
	}
	return l
}

func (a *API) documents() {
	tags := []string{"documents"}
	type page struct {
		In
		Prefix string `query:"prefix" maxLength:"4096" doc:"Begin of the ids"`
		Filter string `query:"filter" maxLength:"16384" doc:"Keeps documents by their metadata"`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Cursor string `query:"cursor" maxLength:"8192" doc:"The next of the page before"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "list-documents", Method: http.MethodGet, Path: "/v1/collections/{collection}/documents", Tags: tags,
		Summary:     "List documents by id",
		Description: "A page may hold fewer documents than its limit and still have a next one, where few of many pass the filter.",
	}, func(ctx context.Context, of *page) (*body[List], error) {
		after, err := base64.RawURLEncoding.DecodeString(of.Cursor)
		if err != nil || !utf8.Valid(after) {
			return nil, invalid("cursor", fmt.Errorf("this is no cursor: take the next of the page before"))
		}
		out := &body[List]{List{Documents: []Listed{}}}
		err = a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
			docs, next, err := ix.Documents(ctx, tamis.Page{Prefix: of.Prefix, After: string(after), Limit: of.Limit}, by.Sees(of.Filter))
			for i := range docs {
				out.Body.Documents = append(out.Body.Documents, listed(&docs[i].Document, docs[i].Bytes))
			}
			out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(next))
			return err
		})
		return out, err
	})
	type part struct {
		In
		ID     string `query:"id" required:"true" minLength:"1" maxLength:"4096" doc:"Of the document"`
		Start  int    `query:"start" minimum:"0" doc:"Of a range, in bytes of the stored source"`
		End    int    `query:"end" minimum:"-1" default:"-1" doc:"Of the range; -1 for the document's"`
		Blocks bool   `query:"blocks" doc:"Show the structure"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "get-document", Method: http.MethodGet, Path: "/v1/collections/{collection}/document", Tags: tags,
		Summary: "Read a document, or a range of it",
	}, func(ctx context.Context, of *part) (*body[Document], error) {
		out := &body[Document]{}
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
			read := ix.Document
			if of.Blocks {
				read = ix.Placed
			}
			d, err := read(ctx, of.ID, by.Sees(""))
			if err != nil {
				return err
			}
			end := of.End
			if end < 0 {
				end = len(d.Source)
			}
			out.Body, err = ranged(d, of.Start, end, of.Blocks)
			return err
		})
		return out, err
	})
	type passage struct {
		In
		ID     string `query:"id" required:"true" minLength:"1" maxLength:"4096" doc:"Of the document"`
		Start  int    `query:"start" minimum:"0" doc:"Of the range, in bytes of the stored source"`
		End    int    `query:"end" minimum:"0"`
		Line   int    `query:"line" minimum:"0" doc:"A line of its file, instead of a range"`
		Page   int    `query:"page" minimum:"0" doc:"A page or slide of its file, whole, instead of a range"`
		Around int    `query:"around" minimum:"0" maximum:"1000" default:"3" doc:"Lines before and after"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "show", Method: http.MethodGet, Path: "/v1/collections/{collection}/show", Tags: tags,
		Summary: "Show a passage in its surroundings",
	}, func(ctx context.Context, of *passage) (*body[*tamis.Surroundings], error) {
		out := &body[*tamis.Surroundings]{}
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) (err error) {
			if of.Line > 0 {
				out.Body, err = ix.ShowLine(ctx, of.ID, of.Line, of.Around, by.Sees(""))
			} else if of.Page > 0 {
				out.Body, err = ix.ShowPage(ctx, of.ID, of.Page, by.Sees(""))
			} else {
				out.Body, err = ix.Show(ctx, of.ID, of.Start, of.End, of.Around, by.Sees(""))
			}
			return err
		})
		return out, err
	})
}

// ranged is a range of a document.
func ranged(d *tamis.Document, start, end int, blocks bool) (Document, error) {
	if start > end || end > len(d.Source) {
		return Document{}, invalid("end", fmt.Errorf("the document has %d bytes and no range %d-%d", len(d.Source), start, end))
	}
	if !utf8.ValidString(d.Source[start:end]) {
		return Document{}, invalid("start", fmt.Errorf("%d-%d begins or ends inside a character", start, end))
	}
	out := Document{Listed: listed(d, len(d.Source)), Metadata: d.Metadata, Start: start, End: end, Text: d.Source[start:end]}
	if out.Metadata == nil {
		out.Metadata = map[string]any{}
	}
	for _, b := range d.Blocks {
		if blocks && b.Start < end && b.End > start {
			out.Blocks = append(out.Blocks, Block{Kind: b.Kind.String(), Level: int(b.Level), Label: b.Label, Start: b.Start, End: b.End, Place: b.Place})
		}
	}
	return out, nil
}
