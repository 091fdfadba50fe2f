package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/filter"
)

// AddFiles is tamis.Index.AddFiles for any engine. One that does not keep track of files
// has all of them read again, finds by their documents which have changed, and removes
// those under paths whose files are gone.
func AddFiles(ctx context.Context, ix Index, paths []string, o tamis.FileOptions) (tamis.Report, error) {
	if own, ok := ix.(interface {
		AddFiles(context.Context, []string, tamis.FileOptions) (tamis.Report, error)
	}); ok {
		return own.AddFiles(ctx, paths, o)
	}
	fields, err := format.ParseFields(o.Fields)
	if err != nil {
		return tamis.Report{}, fmt.Errorf("the map of fields: %w", err)
	}
	run := &files{reader: read.New(read.Options{Stdin: o.Stdin, Exclude: o.Exclude, Passwords: o.Passwords, OCR: o.OCR, Fields: fields}), ids: map[string]bool{}}
	var list []*read.File
	var total, done int64
	for f, err := range run.reader.Files(paths...) {
		if err != nil {
			run.skip(err)
			continue
		}
		list = append(list, f)
		total += f.Size
	}
	report, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for i, f := range list {
			list[i] = nil
			for d, err := range run.reader.Documents(ctx, f) {
				if err == nil {
					run.ids[d.ID] = true
				} else if run.skip(err); ctx.Err() == nil {
					continue
				}
				if !yield(d, err) {
					return
				}
			}
			if done += f.Size; o.Progress != nil {
				o.Progress(done, total)
			}
		}
	})
	report.Skipped = append(run.skipped, report.Skipped...)
	if err != nil {
		return report, err
	}
	gone, err := run.gone(ctx, ix, paths)
	if err != nil {
		return report, err
	}
	for part := range slices.Chunk(gone, 1000) {
		n, err := ix.Delete(ctx, part...)
		if report.Removed += n; err != nil {
			return report, err
		}
	}
	return report, nil
}

// files is one call of AddFiles.
type files struct {
	reader  *read.Reader
	ids     map[string]bool // of documents that were read
	unread  []string        // files and folders that are there but cannot be read
	skipped []tamis.Skip
}

func (r *files) skip(err error) {
	var s *read.SkipError
	if errors.As(err, &s) {
		if s.Line == 0 && s.Inside == "" && !errors.Is(err, fs.ErrNotExist) {
			r.unread = append(r.unread, s.Path)
		}
	}
	r.skipped = append(r.skipped, tamis.SkipOf(err))
}

// gone lists the documents of files under paths that are not there any more, and those
// that files had before and have no longer.
func (r *files) gone(ctx context.Context, ix Index, paths []string) (ids []string, err error) {
	for _, p := range paths {
		if p == "-" {
			continue
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		name := read.Name(abs)
		of := func(op filter.Op, text string) *filter.Expr {
			return &filter.Expr{Op: op, Field: "path", Values: []filter.Value{{Kind: filter.Keyword, Text: text}}}
		}
		under := filter.Expr{Op: filter.Or, Args: []*filter.Expr{of(filter.Equal, name), of(filter.Prefix, name+string(filepath.Separator))}}
		for after := ""; ; {
			list, next, err := ix.Documents(ctx, tamis.Page{After: after, Limit: 1000}, tamis.Scope{Filter: under.String()})
			if err != nil {
				return nil, err
			}
			for _, d := range list {
				if !r.ids[d.ID] && !slices.ContainsFunc(r.unread, func(u string) bool {
					return d.Path == u || strings.HasPrefix(d.Path, u+string(filepath.Separator))
				}) {
					ids = append(ids, d.ID)
				}
			}
			if after = next; next == "" {
				break
			}
		}
	}
	return ids, nil
}
