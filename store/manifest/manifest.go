// Package manifest is the record that says what an index consists of at one
// commit: its format and settings, and its segments with the ordinals that each holds.
package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/head"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// Format is the version of the store's layout that this program writes;
// OldestFormat the oldest it reads.
//
//	1  2026-11  first
//	2  2026-11  segments may live in memory alone (live, docs in the manifest);
//	            deletes in layers
//	3  2026-11  sources compressed (coding in the header)
//	4  2026-11  vectors
//	5  2026-11  the head (package store/head), and commit and chain in the
//	            manifest, which names what segments were made with, and which formats
//	            a program must know to read and to write; deletes without counts;
//	            attached vectors; places. Readers: 5; they read 1 to 4. Writers: 5.
const (
	Format        = 5
	OldestFormat  = 1
	firstWithHead = 5
)

// A Manifest is what an index consists of at one commit.
type Manifest struct {
	Format int `json:"format"`
	// MinReader and MinWriter are the oldest formats whose programs can read and
	// write the index; 0 stands for Format.
	MinReader   int           `json:"min_reader,omitempty"`
	MinWriter   int           `json:"min_writer,omitempty"`
	Config      ingest.Config `json:"config"`
	NextOrdinal uint64        `json:"next_ordinal"`
	NextSegment uint64        `json:"next_segment"`
	Segments    []Entry       `json:"segments"`
	// Analyzers counts the documents by analyzer: a question is analysed once
	// for each that is in use.
	Analyzers map[string]int `json:"analyzers"`
	// Vectors says how each field of vectors is stored.
	Vectors map[string]vector.Field `json:"vectors,omitempty"`
	// Attached says that vectors were ever attached to stored documents.
	Attached bool `json:"attached,omitempty"`
	// Commit counts the commits since format 5; Chain is the digest of the manifest
	// before.
	Commit uint64 `json:"commit,omitempty"`
	Chain  []byte `json:"chain,omitempty"`

	Digest [32]byte `json:"-"` // SHA-256 of it as it is stored
	Stored int      `json:"-"` // the format that it is stored in
}

// ToWrite makes it one that this program writes, with what of settings may come later: what was
// made without is made anew.
func (m *Manifest) ToWrite(c ingest.Config) {
	m.Format, m.MinReader, m.MinWriter = max(m.Format, Format), max(m.MinReader, Format), max(m.MinWriter, Format)
	m.Config.Dates = m.Config.Dates || c.Dates
	m.Config.Chapters = m.Config.Chapters || c.Chapters
}

// Old says that a format without a head wrote it; nil is of none.
func (m *Manifest) Old() bool { return m == nil || m.Stored < firstWithHead }

// Documents is how many can be seen.
func (m *Manifest) Documents() (n int) {
	for _, count := range m.Analyzers {
		n += count
	}
	return n
}

// Head is what the head of an index with this manifest says.
func (m *Manifest) Head() head.Record {
	return head.Record{Commit: m.Commit, Digest: m.Digest, Documents: uint64(max(0, m.Documents())), Segments: uint64(len(m.Segments))}
}

// An Entry names a segment: every stored document with an ordinal in
// [First, Last] is in it.
type Entry struct {
	ID    uint64 `json:"id"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	// Docs is how many documents were put into it; 0 where version 1 wrote it.
	Docs int `json:"docs,omitempty"`
	// Live says that it is in memory alone and has no file yet.
	Live bool `json:"live,omitempty"`
	// Made names what its rows were made with (ingest.Pipeline.Made); "" before
	// format 5. Where it is not what this program makes rows with, the segment is
	// made anew in the background.
	Made string `json:"made,omitempty"`
	// Attached counts the steps that attached vectors to its documents, Holds those
	// whose vectors are in it: see package store.
	Attached int `json:"attached,omitempty"`
	Holds    int `json:"holds,omitempty"`
}

// Clone is a copy that can be changed.
func (m *Manifest) Clone() *Manifest {
	c := *m
	c.Segments = slices.Clone(m.Segments)
	c.Analyzers = make(map[string]int, len(m.Analyzers))
	for k, v := range m.Analyzers {
		c.Analyzers[k] = v
	}
	return &c
}

// Insert adds an entry where its ordinals belong.
func (m *Manifest) Insert(e Entry) {
	at, _ := slices.BinarySearchFunc(m.Segments, e, func(a, b Entry) int {
		if a.First < b.First {
			return -1
		}
		return 1
	})
	m.Segments = slices.Insert(m.Segments, at, e)
}

// Covering finds the segment that holds an ordinal; nil where none does.
func (m *Manifest) Covering(ordinal uint64) *Entry {
	for i := range m.Segments {
		if e := &m.Segments[i]; e.First <= ordinal && ordinal <= e.Last {
			return e
		}
	}
	return nil
}

// AnalyzerNames are the word analyses in use, that of code last: a question is prose
// first.
func (m *Manifest) AnalyzerNames() []string {
	var names []string
	for name := range m.Analyzers {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == "code") != (b == "code") {
			if a == "code" {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return names
}

// rareAnalyzer is the share of documents, one of so many, below which the analysis
// of theirs is rare.
const rareAnalyzer = 50

// RareAnalyzers are the word analyses of few documents.
func (m *Manifest) RareAnalyzers() map[string]bool {
	all := 0
	for _, n := range m.Analyzers {
		all += n
	}
	rare := map[string]bool{}
	for name, n := range m.Analyzers {
		if n*rareAnalyzer < all {
			rare[name] = true
		}
	}
	return rare
}

// Visit calls visit with the ordinals of the documents that r stores in the
// segment's range.
func (e Entry) Visit(r pebble.Reader, visit func(ordinal uint64) error) (err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: record.HeaderKey(e.First), UpperBound: record.HeaderKey(e.Last + 1)})
	if err != nil {
		return kv.Damaged(err)
	}
	defer func() { err = kv.Damaged(errors.Join(err, it.Close())) }()
	for it.First(); it.Valid(); it.Next() {
		if err := visit(record.HeaderOrdinal(it.Key())); err != nil {
			return err
		}
	}
	return it.Error()
}

// Orphans visits the ranges of ordinals that no segment covers and that hold
// documents.
func (m *Manifest) Orphans(db *pebble.DB, visit func(from, to uint64) error) error {
	gap := func(from, to uint64) error {
		if from >= to {
			return nil
		}
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: record.HeaderKey(from), UpperBound: record.HeaderKey(to)})
		if err != nil {
			return kv.Damaged(err)
		}
		found := it.First()
		if err := errors.Join(it.Error(), it.Close()); err != nil || !found {
			return kv.Damaged(err)
		}
		return visit(from, to)
	}
	from := uint64(0)
	for _, e := range m.Segments {
		if err := gap(from, e.First); err != nil {
			return err
		}
		from = e.Last + 1
	}
	return gap(from, math.MaxUint64)
}

// Read reads the manifest of the index dir; nil where there is none. ErrNewer
// says that this program cannot read it or, where write is set, cannot write it.
func Read(r pebble.Reader, dir string, write bool) (*Manifest, error) {
	b, err := kv.Get(r, record.ManifestKey())
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read manifest of %s: %w", dir, err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("index %s: manifest: %w: %w", dir, record.ErrCorrupt, err)
	}
	if reads := cmp.Or(m.MinReader, m.Format); reads > Format || m.Format < OldestFormat {
		return nil, fmt.Errorf("index %s: %w: it has format %d, this program reads %d to %d: use a newer tamis, or index anew into another directory",
			dir, record.ErrNewer, reads, OldestFormat, Format)
	}
	if writes := cmp.Or(m.MinWriter, m.Format); writes > Format && write {
		return nil, fmt.Errorf("index %s: %w: it can be read, but to write it takes a program that knows format %d, this one knows %d: use a newer tamis",
			dir, record.ErrNewer, writes, Format)
	}
	if m.Analyzers == nil {
		m.Analyzers = map[string]int{}
	}
	m.Digest, m.Stored = sha256.Sum256(b), m.Format
	return &m, nil
}

// Encode gives the bytes that are stored, and notes their digest.
func (m *Manifest) Encode() ([]byte, error) {
	b, err := json.Marshal(m)
	m.Stored, m.Digest = m.Format, sha256.Sum256(b)
	return b, err
}
