package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/record"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// Record is a document as a line of JSON Lines has it.
type Record struct {
	ID       string         `json:"id" minLength:"1" maxLength:"4096" doc:"Names the document; one that is known is replaced" example:"policy/backup"`
	Title    string         `json:"title,omitempty" example:"Backups"`
	Text     string         `json:"text,omitempty" doc:"The source: ranges count its bytes" example:"Backups are kept for 90 days."`
	Metadata map[string]any `json:"metadata,omitempty" doc:"What it can be filtered by; groups is its access list" example:"{\"year\": 2024, \"groups\": [\"staff\"]}"`
	Vectors  map[string]any `json:"vectors,omitempty" doc:"By field: a list of numbers (dense), an object of weights by term (sparse), a list of lists (multi)"`
}

const (
	ndjson = "application/x-ndjson"
	// mostRecord is the longest record.
	mostRecord = 64 << 20
)

// streamed is a request whose body is read as it comes.
type streamed struct {
	body *incoming
	kind string
}

// Resolve keeps the body.
func (s *streamed) Resolve(ctx huma.Context) []error {
	s.body, s.kind = &incoming{r: ctx.BodyReader()}, ctx.Header("Content-Type")
	return nil
}

func (a *API) adding() {
	tags := []string{"documents"}
	records := huma.Operation{
		OperationID: "add-documents", Method: http.MethodPost, Path: "/v1/collections/{collection}/documents", Tags: tags,
		Summary:     "Add or replace documents",
		Description: "One record as application/json, or many, a line each, as application/x-ndjson. What the report counts is durable; records that cannot be added are named in it with their lines, and the rest goes in. A body that is longer than the server takes, or breaks off, is answered as an error: errors[0].value counts what had been added before, which stays; the whole may be sent again, in parts.",
		Errors:      []int{http.StatusConflict, http.StatusUnsupportedMediaType, http.StatusInsufficientStorage},
	}
	type input struct {
		In
		streamed
	}
	route(a, access.Write, records, func(ctx context.Context, of *input) (*body[tamis.Report], error) {
		docs, err := of.records(ctx)
		if err != nil {
			return nil, err
		}
		out := &body[tamis.Report]{}
		err = a.writing(ctx, of.In, func(ix engine.Index, by *access.Caller) (err error) {
			out.Body, err = ix.Add(ctx, allowedTo(by, ix, docs))
			return err
		})
		if why := of.body.broken(); why != nil && err == nil {
			return nil, partly(why, &out.Body)
		}
		return out, err
	})
	a.takes("add-documents", map[string]*huma.MediaType{
		"application/json": {Schema: huma.SchemaFromType(a.huma.OpenAPI().Components.Schemas, typeOf[Record]())},
		ndjson:             {Schema: &huma.Schema{Type: huma.TypeString, Description: "A record a line"}},
	})
	type named struct {
		In
		ID string `query:"id" required:"true" minLength:"1" maxLength:"4096" doc:"Of the document"`
	}
	type deleted struct {
		Deleted int `json:"deleted"`
	}
	route(a, access.Write, huma.Operation{
		OperationID: "delete-document", Method: http.MethodDelete, Path: "/v1/collections/{collection}/document", Tags: tags,
		Summary: "Delete a document", Errors: []int{http.StatusConflict},
	}, func(ctx context.Context, of *named) (*body[deleted], error) {
		out := &body[deleted]{}
		err := a.writing(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
			if hidden, err := ix.Hides(of.ID, by.Sees("")); err != nil || hidden {
				return errors.Join(err, errUnseen)
			}
			var err error
			if out.Body.Deleted, err = ix.Delete(ctx, of.ID); err == nil && out.Body.Deleted == 0 {
				err = errUnseen
			}
			return err
		})
		return out, err
	})
}

// errUnseen is the same for a document that is not there and one that may not be seen.
var errUnseen = fmt.Errorf("there is no such document among those that may be seen here: %w", tamis.ErrNotFound)

// writing calls do with the index of a collection, to write.
func (a *API) writing(ctx context.Context, of In, do func(ix engine.Index, by *access.Caller) error) error {
	ix, release, err := a.o.Library.Write(ctx, of.Collection)
	if err != nil {
		return err
	}
	return release(do(ix, access.From(ctx)))
}

// records are those of the body.
func (s *streamed) records(ctx context.Context) (iter.Seq2[tamis.Document, error], error) {
	kind, _, err := mime.ParseMediaType(s.kind)
	if err != nil || kind != ndjson && kind != "application/json" {
		return nil, huma.Error415UnsupportedMediaType(fmt.Sprintf("the body is %q: send one record as application/json, or a line each as %s", s.kind, ndjson))
	}
	var in io.Reader = s.body
	if kind == "application/json" {
		all, err := io.ReadAll(io.LimitReader(in, mostRecord+1))
		if err != nil {
			return nil, bodyError(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, all); err != nil || len(all) > mostRecord {
			return nil, invalid("", fmt.Errorf("the body is no JSON object of at most %d bytes: %w", mostRecord, err))
		}
		if err := oneRecord(line.Bytes()); err != nil {
			return nil, err
		}
		in = &line
	}
	ids := map[string]bool{}
	f := &format.File{Path: "body", Name: "body.jsonl", Size: -1, ReaderAt: &inOrder{r: in}, Claim: func(id string) bool {
		known := ids[id]
		ids[id] = true
		return !known
	}}
	return func(yield func(tamis.Document, error) bool) {
		stopped := false
		err := record.Read(ctx, f, &format.Options{MaxBytes: mostRecord}, func(d tamis.Document, err error) bool {
			stopped = !yield(d, err)
			return !stopped
		})
		if err != nil && !stopped && ctx.Err() == nil {
			yield(tamis.Document{}, err)
		}
	}, nil
}

// oneRecord says what of a single record cannot be: of many, the report does.
func oneRecord(line []byte) error {
	var why error
	f := &format.File{Path: "body", Size: int64(len(line)), ReaderAt: bytes.NewReader(line), Claim: func(string) bool { return true }}
	err := record.Read(context.Background(), f, &format.Options{MaxBytes: mostRecord}, func(d tamis.Document, err error) bool {
		why = err
		return false
	})
	var skip *format.SkipError
	if errors.As(errors.Join(err, why), &skip) {
		return invalid("", errors.New(skip.Reason))
	}
	return err
}

// inOrder is a ReaderAt of bytes that come in order.
type inOrder struct {
	r  io.Reader
	at int64
}

func (s *inOrder) ReadAt(p []byte, off int64) (n int, err error) {
	if off != s.at {
		return 0, errors.New("a body is read from its beginning to its end")
	}
	n, err = io.ReadFull(s.r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		err = io.EOF
	}
	s.at += int64(n)
	return n, err
}

// allowedTo leaves out, by name, what would take the place of documents that a caller
// does not see.
func allowedTo(by *access.Caller, ix engine.Index, docs iter.Seq2[tamis.Document, error]) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for d, err := range docs {
			if err == nil {
				var hidden bool
				if hidden, err = ix.Hides(d.ID, by.Sees("")); err == nil && hidden {
					err = &format.SkipError{Path: d.ID, Reason: "this id cannot be used here: take another"}
				}
			}
			if !yield(d, err) {
				return
			}
		}
	}
}
