// Package head keeps a small file beside a store's database that says what the
// database must hold. A log or manifest of Pebble that is damaged reads like one
// that ends early, and the database opens as an older or an empty one; compared
// with the head, it is seen to be damaged.
//
// The head says how far the store has committed, with a digest that hangs
// together with that of the commit before, and which of Pebble's files lead
// there: its manifest, as far as it was synced, and its logs, with the bytes
// that were synced. It is written after what it speaks of is durable, so that it
// is never ahead of the database; a power cut may leave an older one, which asks
// for less. It is synced on closing, where the store asks for it, and before a
// log that it names is removed.
//
// # Wire format, version 1
//
// Two slots of 512 bytes, written in turn, so that one is whole whatever becomes
// of the other; the whole one with the greater sequence number holds. Little
// endian:
//
//	magic      8 bytes "TAMISHD1"
//	sequence   u64
//	commit     u64, documents u64, segments u64
//	digest     32 bytes
//	manifest   number u64, bytes u64, CRC-32C of those bytes u32
//	logs       u32 how many, at most 24; for each number u64, bytes u64
//	           zeros up to byte 508
//	checksum   u32, CRC-32C of the bytes before
package head

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Name is the name of the file, in the folder of the store.
const Name = "head"

const (
	magic    = "TAMISHD1"
	slotSize = 512
	maxLogs  = 24
)

// ErrUnreadable says that there is a head, but no whole one.
var ErrUnreadable = errors.New("the head is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Record is what a store had made durable when it was written.
type Record struct {
	// Commit counts the commits; 0: none, or those of a format without a head.
	Commit uint64
	// Digest is that of the manifest that the commit stored.
	Digest [32]byte
	// Documents and Segments are how many the commit left.
	Documents, Segments uint64
	// Manifest and Logs are files of Pebble.
	Manifest Manifest
	Logs     []Log // ascending

	sequence uint64
}

// Manifest is a manifest of Pebble, as far as it is known to be durable; Number
// is 0 where none is.
type Manifest struct {
	Number, Bytes uint64
	Sum           uint32 // CRC-32C of the first Bytes bytes
}

// Log is a log of Pebble of which so many bytes are durable.
type Log struct{ Number, Bytes uint64 }

// Empty says whether nothing need be there.
func (r Record) Empty() bool { return r.Commit == 0 && r.Documents == 0 && r.Segments == 0 }

func (r *Record) encode() []byte {
	b := append(make([]byte, 0, slotSize), magic...)
	for _, n := range []uint64{r.sequence, r.Commit, r.Documents, r.Segments} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = append(b, r.Digest[:]...)
	b = binary.LittleEndian.AppendUint64(b, r.Manifest.Number)
	b = binary.LittleEndian.AppendUint64(b, r.Manifest.Bytes)
	b = binary.LittleEndian.AppendUint32(b, r.Manifest.Sum)
	// The newest log is known by the commit that it ends with: where there are
	// too many, the oldest are named.
	logs := r.Logs[:min(len(r.Logs), maxLogs)]
	b = binary.LittleEndian.AppendUint32(b, uint32(len(logs)))
	for _, l := range logs {
		b = binary.LittleEndian.AppendUint64(b, l.Number)
		b = binary.LittleEndian.AppendUint64(b, l.Bytes)
	}
	b = b[:slotSize-4]
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decode(b []byte) (r Record, ok bool) {
	if len(b) != slotSize || string(b[:8]) != magic ||
		binary.LittleEndian.Uint32(b[slotSize-4:]) != crc32.Checksum(b[:slotSize-4], castagnoli) {
		return Record{}, false
	}
	next := func() uint64 {
		n := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return n
	}
	b = b[8:]
	r.sequence, r.Commit, r.Documents, r.Segments = next(), next(), next(), next()
	copy(r.Digest[:], b)
	b = b[32:]
	r.Manifest.Number, r.Manifest.Bytes = next(), next()
	r.Manifest.Sum = binary.LittleEndian.Uint32(b)
	n := binary.LittleEndian.Uint32(b[4:])
	b = b[8:]
	if n > maxLogs {
		return Record{}, false
	}
	for range n {
		r.Logs = append(r.Logs, Log{next(), next()})
	}
	return r, true
}

// Read reads the head of the store in dir. whole says that nothing of the file
// is damaged: a head can be read where one slot is. Errors: fs.ErrNotExist,
// ErrUnreadable.
func Read(fsys vfs.FS, dir string) (r Record, whole bool, err error) {
	path := fsys.PathJoin(dir, Name)
	f, err := fsys.Open(path)
	if err != nil {
		return Record{}, false, err
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return Record{}, false, fmt.Errorf("%s: %w: %w", path, ErrUnreadable, err)
	}
	whole = len(b) == 2*slotSize
	found := false
	for i := range 2 {
		slot := b[min(len(b), i*slotSize):min(len(b), (i+1)*slotSize)]
		x, ok := decode(slot)
		whole = whole && ok
		if ok && (!found || x.sequence > r.sequence) {
			r, found = x, true
		}
	}
	if !found {
		return Record{}, false, fmt.Errorf("%s: %w", path, ErrUnreadable)
	}
	return r, whole, nil
}

// Missing says what a folder of Pebble's, which did not change while it was
// read, lacks of the files that the record names: one sentence each.
func (r Record) Missing(fsys vfs.FS, db string) ([]string, error) {
	names, err := fsys.List(db)
	if err != nil {
		return nil, err
	}
	var lost []string
	say := func(format string, args ...any) { lost = append(lost, fmt.Sprintf(format, args...)) }
	for _, l := range r.Logs {
		name := fmt.Sprintf("%06d.log", l.Number)
		info, err := fsys.Stat(fsys.PathJoin(db, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			say("db/%s, a log of the database, is missing", name)
		case err != nil:
			return nil, err
		case uint64(info.Size()) < l.Bytes:
			say("db/%s, a log of the database, has %d bytes of at least %d", name, info.Size(), l.Bytes)
		}
	}
	m := r.Manifest
	if m.Number == 0 {
		return lost, nil
	}
	name := fmt.Sprintf("MANIFEST-%06d", m.Number)
	switch used := manifestOf(names); {
	case used == 0:
		say("db/marker.manifest, which names the database's manifest, is missing")
	case used < m.Number:
		say("the database uses db/MANIFEST-%06d, an older manifest than db/%s", used, name)
	case used == m.Number:
		b, err := readAll(fsys, fsys.PathJoin(db, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			say("db/%s, the database's manifest, is missing", name)
		case err != nil:
			return nil, err
		case uint64(len(b)) < m.Bytes:
			say("db/%s, the database's manifest, has %d bytes of at least %d", name, len(b), m.Bytes)
		case crc32.Checksum(b[:m.Bytes], castagnoli) != m.Sum:
			say("db/%s, the database's manifest, is damaged", name)
		}
	}
	return lost, nil
}

func readAll(fsys vfs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = io.Copy(&b, f)
	return b.Bytes(), errors.Join(err, f.Close())
}

// manifestOf is the number of the manifest that a folder's marker names; 0
// where there is no marker.
func manifestOf(names []string) (number uint64) {
	last := uint64(0)
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, "marker.manifest.")
		if !ok {
			continue
		}
		var iteration, n uint64
		if _, err := fmt.Sscanf(rest, "%d.MANIFEST-%d", &iteration, &n); err == nil && iteration >= last {
			last, number = iteration, n
		}
	}
	return number
}

// HasDatabase says whether a folder holds a database of Pebble's that can be
// opened, and whether it holds anything that was stored in one.
func HasDatabase(fsys vfs.FS, db string) (opens, stored bool, err error) {
	names, err := fsys.List(db)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	stored = slices.ContainsFunc(names, func(name string) bool {
		if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob") {
			return true
		}
		info, err := fsys.Stat(fsys.PathJoin(db, name))
		return strings.HasSuffix(name, ".log") && err == nil && info.Size() > 0
	})
	return manifestOf(names) != 0, stored, nil
}
