// Package record is the format of what a store keeps in Pebble: the keys, and
// what is under each. It knows bytes, not what they are for.
//
// # Keys
//
// A key is a letter and what follows it; numbers are big endian, so that they
// sort in order of addition.
//
//	m                  the manifest (JSON, see Manifest)
//	d ordinal          header of a document (JSON, see Header)
//	b ordinal          blocks of a document (see AppendBlocks)
//	l ordinal          where it stands in its file (see AppendPlaces); none where
//	                   nothing is known
//	t ordinal n        piece n of its source (see EncodePiece), n a u32
//	v ordinal          vectors that came with a document (see AppendVectors)
//	a ordinal field    a vector that was attached to a stored document (see
//	                   AppendAttached); it takes the place of one in v
//	i id               ordinal of the document with that id, u64
//	p path 0 ordinal   the documents that came from a file; no value
//	f path             what is known of a file (JSON, see File)
//	x segment number   documents deleted from a segment (see AppendDeleted)
//	n name             number of a term of vectors, u32
//	N                  how many terms of vectors have a name, u32
//
// Ordinals and numbers of segments are u64.
package record

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	// ErrCorrupt says that what is stored is damaged.
	ErrCorrupt = errors.New("index is damaged")
	// ErrNewer says that a later version of tamis wrote it.
	ErrNewer = errors.New("index has a newer format")
	// ErrNotFound says that it is not there.
	ErrNotFound = errors.New("not found")
	// ErrConfig says that it was made with other settings.
	ErrConfig = errors.New("index was made with other settings")
)

var errDecode = fmt.Errorf("%w: record cut short", ErrCorrupt)

// The letters of keys that other packages make ranges of.
const (
	kindManifest = 'm'
	kindHeader   = 'd'
	kindBlocks   = 'b'
	kindPlaces   = 'l'
	kindText     = 't'
	kindID       = 'i'
	kindPath     = 'p'
	kindFile     = 'f'
	kindDeleted  = 'x'
	kindVectors  = 'v'
	kindAttached = 'a'
	kindName     = 'n'
	kindNames    = 'N'
)

// OfDocument are the kinds of records that a document has under its ordinal.
var OfDocument = []byte{kindHeader, kindBlocks, kindPlaces, kindText, kindVectors, kindAttached}

// OrdinalKey is the beginning of all keys of a kind for an ordinal.
func OrdinalKey(kind byte, ordinal uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, ordinal)
}

func stringKey(kind byte, s string) []byte { return append([]byte{kind}, s...) }

// ManifestKey is the key of the manifest.
func ManifestKey() []byte { return []byte{kindManifest} }

// HeaderKey is the key of a document's header.
func HeaderKey(ordinal uint64) []byte { return OrdinalKey(kindHeader, ordinal) }

// HeaderOrdinal is the ordinal in a HeaderKey.
func HeaderOrdinal(key []byte) uint64 { return binary.BigEndian.Uint64(key[1:]) }

// BlocksKey is the key of a document's blocks.
func BlocksKey(ordinal uint64) []byte { return OrdinalKey(kindBlocks, ordinal) }

// PlacesKey is the key of where a document stands in its file.
func PlacesKey(ordinal uint64) []byte { return OrdinalKey(kindPlaces, ordinal) }

// TextKey is the key of a piece of a document's source.
func TextKey(ordinal uint64, piece int) []byte {
	return binary.BigEndian.AppendUint32(OrdinalKey(kindText, ordinal), uint32(piece))
}

// VectorsKey is the key of the vectors that came with a document.
func VectorsKey(ordinal uint64) []byte { return OrdinalKey(kindVectors, ordinal) }

// AttachedKey is the key of a vector that was attached in a field.
func AttachedKey(ordinal uint64, field string) []byte {
	return append(OrdinalKey(kindAttached, ordinal), field...)
}

// AttachedField is the ordinal and the field in an AttachedKey.
func AttachedField(key []byte) (ordinal uint64, field string) {
	return binary.BigEndian.Uint64(key[1:]), string(key[9:])
}

// VectorRanges are the borders of all keys of vectors of either kind.
func VectorRanges() [2][2][]byte {
	return [2][2][]byte{{{kindVectors}, {kindVectors + 1}}, {{kindAttached}, {kindAttached + 1}}}
}

// IDKey is the key that leads from an id to an ordinal.
func IDKey(id string) []byte { return stringKey(kindID, id) }

// PathKey says that a document came from a file.
func PathKey(path string, ordinal uint64) []byte {
	return binary.BigEndian.AppendUint64(PathPrefix(path), ordinal)
}

// PathPrefix is what the keys of all documents of a file begin with.
func PathPrefix(path string) []byte { return append(stringKey(kindPath, path), 0) }

// PathOrdinal is the ordinal in a PathKey with a prefix; ok is false for the
// key of a longer path that goes on after a NUL.
func PathOrdinal(key, prefix []byte) (ordinal uint64, ok bool) {
	if len(key) != len(prefix)+8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[len(key)-8:]), true
}

// FileKey is the key of what is known of a file.
func FileKey(path string) []byte { return stringKey(kindFile, path) }

// FileOfKey is the path in a FileKey.
func FileOfKey(key []byte) string { return string(key[1:]) }

// DeletedKey is the key of a layer of what was deleted from a segment. Number 0
// has no number: format 1 had one layer.
func DeletedKey(segment uint64, number uint32) []byte {
	k := OrdinalKey(kindDeleted, segment)
	if number == 0 {
		return k
	}
	return binary.BigEndian.AppendUint32(k, number)
}

// DeletedNumber is the number in a DeletedKey.
func DeletedNumber(key []byte) uint32 {
	if len(key) < 1+8+4 {
		return 0
	}
	return binary.BigEndian.Uint32(key[1+8:])
}

// NameKey is the key of the number of a term of vectors.
func NameKey(name string) []byte { return stringKey(kindName, name) }

// NamesKey is the key of how many terms have a name.
func NamesKey() []byte { return []byte{kindNames} }

// Uint64 is a number as it is stored.
func Uint64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Uint32 is a number as it is stored.
func Uint32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// ReadUint64 reads what Uint64 made; ok is false for anything else.
func ReadUint64(b []byte) (n uint64, ok bool) {
	if len(b) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(b), true
}

// ReadUint32 reads what Uint32 made; ok is false for anything else.
func ReadUint32(b []byte) (n uint32, ok bool) {
	if len(b) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(b), true
}

// decoder reads varints and remembers the first failure.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() { d.b, d.err = nil, errDecode }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) done() error {
	if d.err == nil && len(d.b) != 0 {
		return errDecode
	}
	return d.err
}
