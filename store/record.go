package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tamis-search/tamis/corpus"
)

// Keys. Ordinals are big endian, so that they sort in order of addition.
//
//	m            manifest (JSON)
//	d ordinal    header of a document (JSON)
//	b ordinal    blocks of a document (varints, see appendBlocks)
//	t ordinal n  bytes [n·chunkSize, (n+1)·chunkSize) of its source, coded as its header says
//	i id         ordinal of the document with that id
//	p path 0 ordinal   the documents that came from a file
//	f path       what is known of a file (JSON)
//	x segment    documents deleted from a segment (see tombstones)
//	v ordinal    vectors of a document (see appendVectors)
//	n name       number of a term of vectors, u32; N: how many have one, u32
const (
	keyManifest  = 'm'
	keyHeader    = 'd'
	keyBlocks    = 'b'
	keyText      = 't'
	keyID        = 'i'
	keyPath      = 'p'
	keyFile      = 'f'
	keyTombstone = 'x'
	keyVectors   = 'v'
	keyName      = 'n'
	keyNames     = 'N'
)

func ordinalKey(kind byte, ordinal uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, ordinal)
}

func textKey(ordinal uint64, chunk int) []byte {
	return binary.BigEndian.AppendUint32(ordinalKey(keyText, ordinal), uint32(chunk))
}

func stringKey(kind byte, s string) []byte { return append([]byte{kind}, s...) }

func pathKey(path string, ordinal uint64) []byte {
	k := append(stringKey(keyPath, path), 0)
	return binary.BigEndian.AppendUint64(k, ordinal)
}

// Header is a stored document without its text.
type Header struct {
	Ordinal  uint64         `json:"-"`
	ID       string         `json:"id"`
	Path     string         `json:"path,omitempty"`
	Title    string         `json:"title,omitempty"`
	Type     string         `json:"type,omitempty"`
	Lang     string         `json:"lang,omitempty"`
	ModTime  time.Time      `json:"mtime,omitzero"`
	Metadata map[string]any `json:"metadata,omitempty"`
	// Analyzer names the word analysis that the document was indexed with.
	Analyzer string `json:"analyzer"`
	// Size is the length of the source in bytes.
	Size int `json:"size"`
	// Vectors is the digest of its vectors; nil where it has none.
	Vectors []byte `json:"vectors,omitempty"`
	// Attached names the fields whose vectors came without the document.
	Attached []string `json:"attached,omitempty"`
	// Coding is how the pieces of the source are stored: "zstd", or "" for as
	// they are.
	Coding string `json:"coding,omitempty"`
	// Digest is the SHA-256 of source and structure: what tells an unchanged
	// document from a changed one.
	Digest []byte `json:"digest"`
}

func headerOf(d *corpus.Document, analyzer string) *Header {
	return &Header{
		ID: d.ID, Path: d.Path, Title: d.Title, Type: d.Type, Lang: d.Lang, ModTime: d.ModTime,
		Metadata: d.Metadata, Analyzer: analyzer, Size: len(d.Source),
	}
}

// seal computes the digest. The modification time and the coding stay out of
// it: they change nothing that is searched.
func (h *Header) seal(source string, blocks []byte) error {
	unsealed := *h
	unsealed.Digest, unsealed.ModTime, unsealed.Coding = nil, time.Time{}, ""
	b, err := json.Marshal(&unsealed)
	if err != nil {
		return &DocumentError{h.ID, "its metadata cannot be stored: " + err.Error()}
	}
	sum := sha256.New()
	for _, part := range [][]byte{b, blocks, []byte(source)} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		sum.Write(n[:])
		sum.Write(part)
	}
	h.Digest = sum.Sum(nil)
	h.Coding = codingZstd
	return nil
}

// document puts header, source and blocks together again.
func (h *Header) document(source string, blocks []corpus.Block) *corpus.Document {
	return &corpus.Document{
		ID: h.ID, Path: h.Path, Title: h.Title, Type: h.Type, Lang: h.Lang, ModTime: h.ModTime,
		Metadata: h.Metadata, Source: source, Blocks: blocks,
	}
}

// appendBlocks encodes blocks: uvarint n+1 (0 for nil), then for each its
// kind, level, gap since the block before, length, file gap, file length (the
// file gap is signed), and the label's length and bytes.
func appendBlocks(b []byte, blocks []corpus.Block) []byte {
	if blocks == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(blocks))+1)
	pos, filePos := 0, 0
	for _, x := range blocks {
		b = append(b, byte(x.Kind), x.Level)
		b = binary.AppendUvarint(b, uint64(x.Start-pos))
		b = binary.AppendUvarint(b, uint64(x.End-x.Start))
		b = binary.AppendVarint(b, int64(x.FileStart-filePos))
		b = binary.AppendVarint(b, int64(x.FileEnd-x.FileStart))
		b = binary.AppendUvarint(b, uint64(len(x.Label)))
		b = append(b, x.Label...)
		pos, filePos = x.End, x.FileEnd
	}
	return b
}

func decodeBlocks(b []byte) ([]corpus.Block, error) {
	d := decoder{b: b}
	n := d.uvarint()
	if n == 0 {
		return nil, d.done()
	}
	n--
	if n > uint64(len(b)) {
		return nil, errDecode
	}
	blocks := make([]corpus.Block, 0, n)
	pos, filePos := 0, 0
	for ; n > 0 && d.err == nil; n-- {
		var x corpus.Block
		x.Kind, x.Level = corpus.BlockKind(d.byte()), d.byte()
		x.Start = pos + int(d.uvarint())
		x.End = x.Start + int(d.uvarint())
		x.FileStart = filePos + int(d.varint())
		x.FileEnd = x.FileStart + int(d.varint())
		x.Label = d.string()
		pos, filePos = x.End, x.FileEnd
		blocks = append(blocks, x)
	}
	return blocks, d.done()
}

// decoder reads varints and remembers the first failure.
type decoder struct {
	b   []byte
	err error
}

var errDecode = fmt.Errorf("%w: record cut short", ErrCorrupt)

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
