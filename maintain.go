package tamis

import (
	"context"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store"
)

// Ready waits until nothing is missing from searches: until damaged files that
// opening found are built anew. The error is the context's, or says why they
// cannot be.
func (ix *Index) Ready(ctx context.Context) error { return ix.store.Ready(ctx) }

// Incomplete counts the documents that cannot be found yet, because damaged files
// are being built anew.
func (ix *Index) Incomplete() int {
	v, err := ix.store.Snapshot()
	if err != nil {
		return 0
	}
	defer v.Release()
	return v.Incomplete()
}

// Compact merges all it can and gives the bytes of deleted documents back, at
// full speed. Searches and writers go on meanwhile.
func (ix *Index) Compact(ctx context.Context) error { return ix.store.Compact(ctx) }

// PauseMerging stops sealing, merging and rebuilding in the background, after the
// piece of work that is under way, until ResumeMerging. Adding goes on, and searches slow down with the number of
// segments.
func (ix *Index) PauseMerging() { ix.store.PauseMerging() }

// ResumeMerging ends a pause.
func (ix *Index) ResumeMerging() { ix.store.ResumeMerging() }

// Backup copies the index in dir, as it is at one moment, into a new directory,
// durably, with all that was acknowledged before. It needs no lock: this process
// or another may have the index open and write it. A backup is an index; to
// restore one, copy it back with the same call. Errors: ErrNotFound, ErrNewer,
// ErrCorrupt.
func Backup(ctx context.Context, dir, target string) error {
	return store.Backup(ctx, vfs.Default, dir, vfs.Default, target)
}

// CheckReport says what Check found.
type CheckReport = store.CheckReport

// Check verifies everything stored; with repair, damaged derived files are
// built anew.
func (ix *Index) Check(ctx context.Context, repair bool) (CheckReport, error) {
	return ix.store.Check(ctx, repair)
}

// Stats counts what an index holds.
type Stats = store.Stats

// Stats reports counts, sizes and settings.
func (ix *Index) Stats() (Stats, error) { return ix.store.Stats() }

// Settings are what the index was made with.
func (ix *Index) Settings() Options {
	c := ix.store.Config()
	return Options{Language: c.Language, Similarity: c.Similarity}
}

// Damage says what the index lacks of what was acknowledged, one sentence each:
// nothing where it is whole. Such an index can be opened for reading only, and
// goes on with what is whole, or with Options.AcceptLoss.
func (ix *Index) Damage() []string { return ix.store.Damage() }
