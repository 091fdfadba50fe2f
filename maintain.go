package tamis

import (
	"context"
	"time"

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
type CheckReport struct {
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	Segments  int `json:"segments"`
	// Lost are stored things that are damaged and cannot be derived.
	Lost []string `json:"lost"`
	// Derivable are damaged things that can be built anew.
	Derivable []string `json:"derivable"`
	// Repaired counts those of Derivable that were built anew.
	Repaired int `json:"repaired"`
}

// Check verifies everything stored; with repair, damaged derived files are
// built anew.
func (ix *Index) Check(ctx context.Context, repair bool) (CheckReport, error) {
	r, err := ix.store.Check(ctx, repair)
	return CheckReport(r), err
}

// Stats counts what an index holds.
type Stats struct {
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	// Roles counts the documents by what they are for: documentation, source, test,
	// declaration, generated, log, copy. Records that state none are not counted.
	Roles        map[string]int `json:"roles,omitempty"`
	Segments     int            `json:"segments"`
	LiveSegments int            `json:"live_segments"`      // of Segments, in memory alone
	Incomplete   int            `json:"incomplete"`         // documents that cannot be found yet
	Outdated     int            `json:"outdated,omitempty"` // documents whose rows another version made: they are made anew
	Deleted      int            `json:"deleted"`            // documents that a merge will drop
	SourceBytes  int64          `json:"source_bytes"`       // text of the documents that can be found
	SegmentBytes int64          `json:"segment_bytes"`      // derived, those in memory included
	LiveBytes    int64          `json:"live_bytes"`         // of SegmentBytes, in memory alone
	StoreBytes   int64          `json:"store_bytes"`        // Pebble: documents, their text, its log
	LogBytes     int64          `json:"log_bytes"`          // of StoreBytes, its log
	// MergeDebt is how many bytes merging would rewrite now, here and in Pebble.
	MergeDebt int64 `json:"merge_debt_bytes"`
	// Amplification is the bytes of segments and store by those of the text.
	Amplification float64 `json:"amplification"`
	// Merged is how many bytes of segments merging has written since opening.
	Merged int64 `json:"merged_bytes"`
	// Vectors are counted by field; their bytes are in SegmentBytes.
	Vectors []VectorStats `json:"vectors,omitempty"`
	// VectorBytes is what the durable copy of the vectors takes of StoreBytes, as
	// far as it has left the log.
	VectorBytes int64      `json:"vector_store_bytes,omitempty"`
	Similarity  Similarity `json:"similarity"`
	Language    string     `json:"language"`
	Analyzers   []string   `json:"analyzers"`
}

// VectorStats counts a field of vectors.
type VectorStats struct {
	Field string `json:"field"`
	VectorField
	Documents  int   `json:"documents"`
	Weights    int64 `json:"weights"`     // of deleted documents too, until they are merged away
	IndexBytes int64 `json:"index_bytes"` // of segments
	// Loss is the error of the stored weights when segments were built: the root of
	// its mean square by that of the weights, the greatest over segments.
	Loss float32 `json:"loss"`
}

// Stats reports counts, sizes and settings.
func (ix *Index) Stats() (Stats, error) {
	st, err := ix.store.Stats()
	if err != nil {
		return Stats{}, err
	}
	out := Stats{
		Documents:     st.Documents,
		Passages:      st.Passages,
		Roles:         st.Roles,
		Segments:      st.Segments,
		LiveSegments:  st.LiveSegments,
		Incomplete:    st.Incomplete,
		Outdated:      st.Outdated,
		Deleted:       st.Deleted,
		SourceBytes:   st.SourceBytes,
		SegmentBytes:  st.SegmentBytes,
		LiveBytes:     st.LiveBytes,
		StoreBytes:    st.StoreBytes,
		LogBytes:      st.LogBytes,
		MergeDebt:     st.MergeDebt,
		Amplification: st.Amplification,
		Merged:        st.Merged,
		VectorBytes:   st.VectorBytes,
		Analyzers:     st.Analyzers,
		Similarity:    Similarity(st.Similarity), Language: st.Language,
	}
	for _, v := range st.Vectors {
		out.Vectors = append(out.Vectors, VectorStats(v))
	}
	return out, nil
}

// Analyzers name the word analyses that the documents are indexed with.
func (ix *Index) Analyzers() ([]string, error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer v.Release()
	return v.Analyzers(), nil
}

// Settings are what the index was made with.
func (ix *Index) Settings() Options {
	c := ix.store.Config()
	return Options{Language: c.Language, Similarity: Similarity(c.Similarity), Dates: c.Dates, Chapters: c.Chapters}
}

// Damage says what the index lacks of what was acknowledged, one sentence each:
// nothing where it is whole. Such an index can be opened for reading only, and
// goes on with what is whole, or with Options.AcceptLoss.
func (ix *Index) Damage() []string { return ix.store.Damage() }

// Tuning trades memory, latency and work in the background; it changes no
// answer. Zero values stand for the defaults.
type Tuning struct {
	// StepBytes is how much source a batch gathers before it commits a step
	// (32 MiB); all batches together gather at most twice as much.
	StepBytes int
	// SealBytes is how many bytes of segments may live in memory alone
	// (1 MiB). A segment of a quarter of it or more is written to a file at once.
	SealBytes int
	// SealAfter is how long a segment may live in memory alone (2 s).
	SealAfter time.Duration
	// MergeFactor is how many neighbouring segments of one size class become
	// one (6).
	MergeFactor int
	// MergeRate limits what merging writes, in bytes a second; 0: no limit.
	MergeRate int64
	// MaxSegmentBytes is the size beyond which segments are not merged (512 MiB);
	// a weight of a vector counts at least eight.
	MaxSegmentBytes int
	// MaxSegments is how many segments make writers wait for merging (64).
	MaxSegments int
	// Memory is how much memory indexing one document or file may take, about
	// (1 GiB). One that needs more is reported as skipped.
	Memory int64
	// MemTable is the size of Pebble's memtables (16 MiB).
	MemTable uint64
	// Inline sets sealing, merging and rebuilding to work in the goroutine that
	// commits or opens, in an order that is always the same.
	Inline bool
}
