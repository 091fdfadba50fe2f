package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

const (
	// mostUpload is the largest file that is taken.
	mostUpload = 256 << 20
	// mostFiles is how many one request may bring.
	mostFiles = 10_000
)

// Uploaded says what became of a file.
type Uploaded struct {
	Name string `json:"name" doc:"As it was sent"`
	ID   string `json:"id" doc:"Of its document, or what the ids of those in it begin with"`
	tamis.Report
}

// Uploads says what became of the files of one request.
type Uploads struct {
	tamis.Report
	Files []Uploaded `json:"files" nullable:"false"`
}

func (a *API) uploading() {
	type input struct {
		In
		Prefix string   `query:"prefix" maxLength:"1024" default:"upload/" doc:"What ids begin with: the name of the file follows"`
		Groups []string `query:"groups" maxItems:"100" doc:"Access list of what is read, where the files state none"`
		streamed
	}
	file := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"id":   {Type: huma.TypeString, Description: "Id of the file that follows, instead of prefix and name"},
		"file": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Description: "Files of any format that tamis reads, archives and mailboxes too"},
	}, Required: []string{"file"}}
	route(a, access.Write, huma.Operation{
		OperationID: "upload-files", Method: http.MethodPost, Path: "/v1/collections/{collection}/files", Tags: []string{"documents"},
		Summary:     "Upload files to be read and added",
		Description: "Names say what a file is where its bytes do not; they never lead to a place on the server's disk. What is in archives and mailboxes has the id of the file, !/ and its name there. Of a body that is longer than the server takes, or breaks off, errors[0].value counts what had been added, which stays.",
		Errors:      []int{http.StatusBadRequest, http.StatusConflict, http.StatusUnsupportedMediaType, http.StatusInsufficientStorage},
	}, func(ctx context.Context, of *input) (*body[Uploads], error) {
		kind, params, err := mime.ParseMediaType(of.kind)
		if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
			return nil, huma.Error415UnsupportedMediaType("send the files as multipart/form-data")
		}
		out := &body[Uploads]{Uploads{Report: tamis.Report{Skipped: []tamis.Skip{}}, Files: []Uploaded{}}}
		dir, err := os.MkdirTemp("", "tamis-upload-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		err = a.writing(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
			u := &uploads{ix: ix, by: by, dir: dir, prefix: of.Prefix, groups: of.Groups, out: &out.Body, reader: read.New(read.Options{})}
			return u.all(ctx, multipart.NewReader(of.body, params["boundary"]))
		})
		if why := of.body.broken(); why != nil {
			return nil, partly(why, &out.Body.Report)
		}
		return out, err
	})
	a.takes("upload-files", map[string]*huma.MediaType{"multipart/form-data": {Schema: file}})
}

// uploads is one request.
type uploads struct {
	ix     engine.Index
	by     *access.Caller
	dir    string // where files lie while they are read
	prefix string
	groups []string
	reader *read.Reader
	out    *Uploads
}

func (u *uploads) all(ctx context.Context, parts *multipart.Reader) error {
	id := ""
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			if len(u.out.Files) == 0 {
				return invalid("file", errors.New("there is no file in the request"))
			}
			return nil
		}
		if err != nil {
			return bodyError(err)
		}
		if n >= 2*mostFiles {
			return invalid("file", fmt.Errorf("one request brings at most %d files", mostFiles))
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, 4097))
			if err != nil {
				return bodyError(err)
			}
			if part.FormName() != "id" || len(value) > 4096 {
				return invalid(part.FormName(), fmt.Errorf("the form has the fields id (of the file that follows, at most 4096 bytes) and file, not %.100q", part.FormName()))
			}
			id = clean(string(value))
			continue
		}
		name := clean(part.FileName())
		if id == "" {
			id = u.prefix + name
		}
		if err := u.one(ctx, id, name, part); err != nil {
			return err
		}
		id = ""
	}
}

// clean is a name as an id may have it: valid, without what controls terminals, and
// without the sign that parts files in files.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	return strings.ReplaceAll(name, "!/", "!_/")
}

// one adds what a file holds, and removes what it held before and holds no longer.
func (u *uploads) one(ctx context.Context, id, name string, in io.Reader) error {
	done := Uploaded{Name: name, ID: id, Report: tamis.Report{Skipped: []tamis.Skip{}}}
	defer func() { u.count(done) }()
	disk := filepath.Join(u.dir, "file")
	if err := spool(disk, in); err != nil {
		var large *tooLarge
		if errors.As(err, &large) {
			done.Skipped = append(done.Skipped, tamis.Skip{Path: id, Reason: err.Error()})
			return nil
		}
		return err
	}
	f, err := u.reader.Lying(disk, id)
	if err != nil {
		return err
	}
	kept, whole := map[string]bool{}, true
	docs := func(yield func(tamis.Document, error) bool) {
		for d, err := range u.reader.Documents(ctx, f) {
			if whole = whole && err == nil; err == nil {
				kept[d.ID] = true
				u.restrict(&d)
			}
			if !yield(d, err) {
				return
			}
		}
	}
	if done.Report, err = u.ix.Add(ctx, allowedTo(u.by, u.ix, docs)); err != nil || !whole {
		return err
	}
	gone, err := u.stale(ctx, id, kept)
	if err == nil && len(gone) > 0 {
		done.Removed, err = u.ix.Delete(ctx, gone...)
	}
	return err
}

// restrict gives a document that states no access list the one of the request.
func (u *uploads) restrict(d *tamis.Document) {
	if len(u.groups) == 0 || d.Metadata[corpus.GroupsKey] != nil {
		return
	}
	m := map[string]any{corpus.GroupsKey: u.groups}
	for k, v := range d.Metadata {
		m[k] = v
	}
	d.Metadata = m
}

// stale are the documents that were in a file of this id and are no longer.
func (u *uploads) stale(ctx context.Context, id string, kept map[string]bool) (gone []string, err error) {
	scan := func(yield func(string) bool) {
		for page := (tamis.Page{Prefix: id + "!/", Limit: 1000}); err == nil; {
			var list []tamis.Listed
			list, page.After, err = u.ix.Documents(ctx, page, u.by.Sees(""))
			for i := range list {
				if !yield(list[i].ID) {
					return
				}
			}
			if page.After == "" {
				return
			}
		}
	}
	for old := range iter.Seq[string](scan) {
		if !kept[old] {
			gone = append(gone, old)
		}
	}
	return gone, err
}

// count adds a file to the report.
func (u *uploads) count(f Uploaded) {
	all := &u.out.Report
	all.Added += f.Added
	all.Updated += f.Updated
	all.Unchanged += f.Unchanged
	all.Removed += f.Removed
	all.Skipped = append(all.Skipped, f.Skipped...)
	all.Warnings = append(all.Warnings, f.Warnings...)
	u.out.Files = append(u.out.Files, f)
}

type tooLarge struct{}

func (*tooLarge) Error() string {
	return fmt.Sprintf("larger than the limit of %d bytes for one file", mostUpload)
}

// spool writes a file to disk, to be read in any order.
func spool(disk string, in io.Reader) error {
	out, err := os.OpenFile(disk, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(onlyDisk{out}, io.LimitReader(in, mostUpload+1))
	if err == nil && n > mostUpload {
		_, err = io.Copy(io.Discard, in)
		if err == nil {
			err = &tooLarge{}
		}
	}
	var disked *diskError
	if err = errors.Join(err, out.Close()); err != nil && !errors.As(err, &disked) && !errors.As(err, new(*tooLarge)) {
		return bodyError(err)
	}
	return err
}

// onlyDisk tells an error of the disk from one of what is copied.
type onlyDisk struct{ w io.Writer }

type diskError struct{ error }

func (e *diskError) Unwrap() []error { return []error{e.error, tamis.ErrFailed} }

func (d onlyDisk) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		err = &diskError{err}
	}
	return n, err
}
