// Package tamis is a sparse context engine: from a large corpus to the
// smallest context that still answers a question, every byte traceable to its
// source.
//
//	ix, err := tamis.Open("notes.tamis", tamis.Options{})
//	report, err := ix.Add(ctx, docs)
//	hits, err := ix.Search(ctx, tamis.Query{Text: "how are segments merged", K: 10})
//	c, err := ix.Context(ctx, "how are segments merged", tamis.Budget{Tokens: 1000})
//	fmt.Println(c.Text)
//	text, err := ix.Replay(ctx, c, tamis.Scope{}) // the same bytes, rebuilt from the sources
//
// An Index is safe for concurrent use, by several writers too. What Add and
// Delete returned without error is durable and found by every search that
// begins later; every search sees one commit and waits for no writer. The same index, question and
// options give the same bytes on every machine.
package tamis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// Document is one unit of ingest; ID is required, and Source or Vectors.
type Document = corpus.Document

// Similarity says how words are analysed and weighed.
type Similarity string

// The similarities.
const (
	// BM25F, the default: title, heading path and body as weighted fields.
	BM25F Similarity = "bm25f"
	// Lucene: Lucene's English analysis, one field, one-byte lengths.
	Lucene Similarity = "lucene"
)

// Options are settings of an index. They are stored when it is made; zero
// values stand for what is stored, else for the defaults.
type Options struct {
	// Language is how prose is analysed: "auto", the default, as the language of each
	// document is, stated or guessed; or one for all, in English ("english", "german" …).
	Language string
	// Similarity is BM25F by default.
	Similarity Similarity
	// Dates has words such as "yesterday" found by the days that they mean, of documents
	// that state their own date, and marked where they are shown. An index that it is set
	// for once has it from then on.
	Dates bool
	// Chapters has long texts without headings, transcripts say, divided where their subject
	// changes: hits and spans have the title of their chapter as heading, with its time where
	// that is known, marked as made by "≈ ", and searches look into it. An index that it is
	// set for once has it from then on.
	Chapters bool
	// MustExist makes opening fail with ErrNotFound where there is no index.
	MustExist bool
	// ReadOnly opens the index as it is now without locking or changing
	// anything, also while another process writes it. It must exist, and what is
	// written later is not seen: open it again.
	ReadOnly bool
	// AcceptLoss opens an index for writing that lacks what was acknowledged, which
	// is ErrCorrupt else: what is missing is given up for good; Damage says what.
	AcceptLoss bool
	// Vectors says how fields store their vectors, from their first use on; a field
	// that is not named keeps float32.
	Vectors map[string]VectorField
	// Tuning trades memory, latency and work in the background; it changes no
	// answer and is not stored.
	Tuning Tuning
	// Counters are token counters beside those that a Budget can name; they are
	// not stored.
	Counters []Counter
}

// Counter counts the tokens of a text, exactly. It is safe for concurrent use.
type Counter interface {
	Name() string // what a Budget names it by
	Count(text string) int
}

// Index is an open index.
type Index struct {
	store     *store.Store
	dir       string
	analyzers text.Pool
	counters  map[string]Counter
	memory    int64 // Tuning.Memory
	encoder   atomic.Pointer[Encoder]
}

// Open opens the index in dir and makes it where there is none. An empty dir
// is an index in memory, gone when it is closed. Derived files that are missing
// or damaged are built anew in the background; until then searches say how many
// documents they lack (Ready waits). Errors: ErrLocked, ErrNewer, ErrCorrupt,
// ErrConfig, ErrNotFound.
func Open(dir string, o Options) (*Index, error) { return open(dir, o, ingest.Variant{}) }

func open(dir string, o Options, v ingest.Variant) (*Index, error) {
	so := store.Options{
		Variant:   v,
		Config:    ingest.Config{Similarity: ingest.Similarity(o.Similarity), Language: o.Language, Dates: o.Dates, Chapters: o.Chapters},
		MustExist: o.MustExist, ReadOnly: o.ReadOnly, AcceptLoss: o.AcceptLoss, Tuning: store.Tuning(o.Tuning), Vectors: o.Vectors,
	}
	if dir == "" {
		so.FS = vfs.NewMem()
	}
	s, err := store.Open(dir, so)
	if err != nil {
		return nil, err
	}
	ix := &Index{store: s, dir: dir, counters: map[string]Counter{}, memory: o.Tuning.Memory}
	for _, c := range o.Counters {
		ix.counters[c.Name()] = c
	}
	return ix, nil
}

// Counter is the token counter of a name: one of Options.Counters, or o200k_base
// (also for ""), cl100k_base, words or bytes. Error: ErrInvalid.
func (ix *Index) Counter(name string) (Counter, error) { return ix.counter(name) }

func (ix *Index) counter(name string) (tokens.Counter, error) {
	name = cmp.Or(name, tokens.Default)
	if c, ok := ix.counters[name]; ok {
		return c, nil
	}
	c, err := tokens.New(name)
	return c, AsInvalid(err)
}

// Close waits for searches under way and releases the directory.
func (ix *Index) Close() error { return ix.store.Close() }

// OpenReadOnly opens the index in dir as it is now, without locking or changing
// anything; see Options.ReadOnly.
func OpenReadOnly(dir string) (*Index, error) { return Open(dir, Options{ReadOnly: true}) }

// Report says what adding did.
type Report struct {
	Added     int    `json:"added"`
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Removed   int    `json:"removed"`
	Skipped   []Skip `json:"skipped"`
	// Moved are files that are elsewhere, with the same bytes. Their documents are among
	// those that were added and removed.
	Moved []Move `json:"moved,omitempty"`
	// Warnings are what of documents was left out although they went in; the first
	// 1,000 kinds.
	Warnings []Warning `json:"warnings,omitempty"`
}

// Move is a file that was moved.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Skip names something that was not added, and why.
type Skip struct {
	Path   string `json:"path"`           // file, or id of a document without one
	Line   int    `json:"line,omitempty"` // from 1; 0 when the whole file was skipped
	Reason string `json:"reason"`
	Status string `json:"status,omitempty"` // encrypted, damaged, scanned or unsupported; empty for all else
}

// Warning says that a key of metadata was not taken, once for all documents that
// have it for the same reason.
type Warning struct {
	Path      string `json:"path"` // of the first: file, or id of a document without one
	Line      int    `json:"line,omitempty"`
	Key       string `json:"key"`
	Reason    string `json:"reason"`    // a clause that follows the key
	Documents int    `json:"documents"` // how many
}

// Warn notes what of a document that went in was left out.
func (r *Report) Warn(d *Document) {
	for _, w := range d.Warnings {
		r.warn(Warning{Path: cmp.Or(d.Path, d.ID), Line: w.Line, Key: w.Key, Reason: w.Reason})
	}
	for _, k := range slices.Sorted(maps.Keys(d.Metadata)) {
		switch v := d.Metadata[k]; {
		case v == nil || filter.Takes(v):
		case k == corpus.GroupsKey:
			r.warn(Warning{Path: d.Name(), Key: k, Reason: fmt.Sprintf("is an access list of type %T, not a string or []string: nobody sees the document who searches as a member of a group", v)})
		default:
			r.warn(Warning{Path: d.Name(), Key: k, Reason: fmt.Sprintf("cannot be filtered by: it is of type %T, not string, float64, bool or []string", v)})
		}
	}
}

// warn notes a warning of one document, or of as many as it says.
func (r *Report) warn(w Warning) {
	w.Documents = max(w.Documents, 1)
	for i := range r.Warnings {
		if old := &r.Warnings[i]; old.Key == w.Key && old.Reason == w.Reason {
			old.Documents += w.Documents
			return
		}
	}
	if len(r.Warnings) == 1000 {
		return // enough to see what is wrong
	}
	r.Warnings = append(r.Warnings, w)
}

// Join adds what another report says, which came later.
func (r *Report) Join(o *Report) {
	r.Added, r.Updated, r.Unchanged, r.Removed = r.Added+o.Added, r.Updated+o.Updated, r.Unchanged+o.Unchanged, r.Removed+o.Removed
	r.Skipped, r.Moved = append(r.Skipped, o.Skipped...), append(r.Moved, o.Moved...)
	for _, w := range o.Warnings {
		r.warn(w)
	}
}

// only keeps of the counts what a batch that failed has made durable.
func (r *Report) only(b *store.Batch) {
	d := b.Durable()
	r.Added, r.Updated, r.Removed = d.Added, d.Updated, d.Removed
}

func (r *Report) count(o store.Outcome) {
	switch o {
	case store.Added:
		r.Added++
	case store.Updated:
		r.Updated++
	case store.Unchanged:
		r.Unchanged++
	}
}

// Add adds documents, replaces those whose id is known, and leaves unchanged
// ones alone. When it returns, everything it counted is durable, also where ctx
// was cancelled. A document that cannot be added, an error from docs, and an id that comes twice are
// reported under Skipped and the rest goes in; the error is for what stopped
// the whole: a cancelled context or a failing disk.
func (ix *Index) Add(ctx context.Context, docs iter.Seq2[Document, error]) (report Report, err error) {
	report = Report{Skipped: []Skip{}}
	b, err := ix.store.Begin()
	if err != nil {
		return report, err
	}
	defer b.Discard()
	b.Until(ctx)
	defer func() {
		if err != nil {
			report.only(b)
		}
	}()
	seen, cancelled := map[string]bool{}, false
	for d := range ix.prepared(ctx, docs, &cancelled) {
		if d.err != nil {
			report.Skipped = append(report.Skipped, SkipOf(d.err))
			continue
		}
		if err := ix.put(b, d, seen, &report); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return report, stop(ctx, b)
		} else if err != nil {
			return report, err
		}
	}
	if cancelled {
		return report, stop(ctx, b)
	}
	return report, b.Commit()
}

// stop ends a cancelled call: what it has done so far is made durable, because
// it was counted.
func stop(ctx context.Context, b *store.Batch) error {
	if err := b.Commit(); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return ctx.Err()
}

// put adds one document to a batch; what is wrong with the document itself is
// reported, not returned.
func (ix *Index) put(b *store.Batch, p prepared, seen map[string]bool, report *Report) error {
	d := &p.Document
	if seen[d.ID] {
		p.unfit = ingest.Repeated(d.ID)
	}
	if p.unfit != "" {
		report.Skipped = append(report.Skipped, Skip{Path: d.Name(), Reason: p.unfit})
		return nil
	}
	seen[d.ID] = true
	outcome, err := b.PutPrepared(p.Prepared)
	var bad *store.DocumentError
	if errors.As(err, &bad) {
		report.Skipped = append(report.Skipped, Skip{Path: d.Name(), Reason: bad.Reason})
		return nil
	}
	if err != nil {
		return err
	}
	report.count(outcome)
	report.Warn(d)
	return nil
}

// Delete removes documents by id and returns how many it removed. Ids that are
// not in the index are no error. The removal of those that it counts is durable
// when it returns, also where it returns an error.
func (ix *Index) Delete(ctx context.Context, ids ...string) (int, error) {
	b, err := ix.store.Begin()
	if err != nil {
		return 0, err
	}
	defer b.Discard()
	for _, id := range ids {
		if ctx.Err() != nil {
			err := stop(ctx, b)
			return b.Durable().Removed, err
		}
		if _, err := b.Delete(id); err != nil {
			return b.Durable().Removed, fmt.Errorf("delete %q: %w", id, err)
		}
	}
	err = b.Commit()
	return b.Durable().Removed, err
}
