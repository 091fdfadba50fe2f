// Package office tells what an office file is by what it holds, and reads it.
package office

import (
	"context"
	"io"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/archive"
	"github.com/tamis-search/tamis/corpus/read/book"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/odf"
	"github.com/tamis-search/tamis/corpus/read/office/ooxml"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// Zip reads a ZIP archive that is a document: Office Open XML, ODF or EPUB.
func Zip(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	return zipOf(ctx, f, o, f, f.Size, yield)
}

// zipOf is Zip of a file whose bytes are in r.
func zipOf(ctx context.Context, f *format.File, o *format.Options, r io.ReaderAt, size int64, yield func(corpus.Document, error) bool) error {
	p, err := parts.Open(ctx, f, o, r, size)
	if err != nil {
		return err
	}
	if book.Is(p) {
		return book.EPUB(ctx, p, o, yield)
	}
	kind, main, err := ooxml.Kind(p)
	if err != nil {
		return err
	}
	if kind != "" {
		return ooxml.Read(ctx, p, kind, main, o, yield)
	}
	if kind, err = odf.Kind(p); err != nil {
		return err
	}
	if kind != "" {
		return odf.Read(ctx, p, kind, o, yield)
	}
	if r != io.ReaderAt(f) {
		return f.SkipAs(format.Unsupported, "no reader for the ZIP file that is encrypted in it")
	}
	return archive.Zip(ctx, f, o, yield)
}
