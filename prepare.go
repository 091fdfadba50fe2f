package tamis

import (
	"context"
	"iter"

	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/store"
)

// Documents are prepared on all processors, and put in their order: what is
// stored, and under which number, does not depend on how many there are.

const (
	// aheadBytes of files or texts at most are read and prepared before their
	// turn, beside one that is larger.
	aheadBytes = 8 << 20
	// aheadFile is the largest file that is read before its turn.
	aheadFile = aheadBytes / 2
	// aheadUnzipped is how many times its size such a file may have unzipped.
	aheadUnzipped = 8
	// aheadCost is what a file or a document counts beside its bytes.
	aheadCost = 2 << 10
)

// prepared is a document that is ready to be put, or an error in its place.
type prepared struct {
	*store.Prepared
	unfit string // why it cannot be put
	err   error
}

func (ix *Index) prepare(d Document) prepared {
	if reason := ingest.Unfit(&d); reason != "" {
		return prepared{Prepared: &store.Prepared{Document: d}, unfit: reason}
	}
	return prepared{Prepared: ix.store.Prepare(d)}
}

// prepared prepares documents until ctx ends, which it tells; what was taken of
// docs by then still comes.
func (ix *Index) prepared(ctx context.Context, docs iter.Seq2[Document, error], cancelled *bool) iter.Seq[prepared] {
	type item struct {
		d   Document
		err error
	}
	items := func(yield func(item) bool) {
		for d, err := range docs {
			if ctx.Err() != nil {
				*cancelled = true
				return
			}
			if !yield(item{d, err}) {
				return
			}
		}
	}
	size := func(i item) int64 { return int64(len(i.d.Source)) + aheadCost }
	return inorder.Map(items, size, aheadBytes, func(i item) prepared {
		if i.err != nil {
			return prepared{err: i.err}
		}
		return ix.prepare(i.d)
	})
}

// readFile is a file whose turn has come, and its document if that was read and
// prepared before.
type readFile struct {
	*read.File
	ready *prepared
}

// readAhead reads and prepares the documents of small files that have changed
// before their turn.
func (ix *Index) readAhead(ctx context.Context, r *read.Reader, same func(string) bool, files iter.Seq[*read.File]) iter.Seq[readFile] {
	size := func(f *read.File) int64 {
		if f.IsStdin() || f.Size > aheadFile {
			return aheadCost
		}
		return f.Size + aheadCost
	}
	return inorder.Map(files, size, aheadBytes, func(f *read.File) readFile {
		if f.IsStdin() || f.Size > aheadFile || ctx.Err() != nil {
			return readFile{File: f}
		}
		known, ok, err := ix.store.FileInfo(f.Path)
		if err != nil {
			return readFile{File: f}
		}
		if ok && trusted(known, r, f, same) {
			return readFile{File: f}
		}
		if sum, err := f.Digest(ctx); err != nil || ok && unchanged(known, r, sum) {
			return readFile{File: f}
		}
		d, ok := r.Ahead(ctx, f, min(aheadFile, aheadUnzipped*f.Size))
		if !ok {
			return readFile{File: f}
		}
		p := ix.prepare(d)
		return readFile{f, &p}
	})
}
