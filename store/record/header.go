package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tamis-search/tamis/corpus"
)

// Header is a stored document without its text.
type Header struct {
	Ordinal  uint64         `json:"-"`
	ID       string         `json:"id"`
	Path     string         `json:"path,omitempty"`
	Title    string         `json:"title,omitempty"`
	Type     string         `json:"type,omitempty"`
	Lang     string         `json:"lang,omitempty"`
	Role     string         `json:"role,omitempty"`
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

// HeaderOf is the header of a document, not yet sealed.
func HeaderOf(d *corpus.Document, analyzer string) *Header {
	return &Header{
		ID: d.ID, Path: d.Path, Title: d.Title, Type: d.Type, Lang: d.Lang, Role: d.Role, ModTime: d.ModTime,
		Metadata: d.Metadata, Analyzer: analyzer, Size: len(d.Source),
	}
}

// Seal computes the digest over the header, the source and the encoded blocks. The modification time and the coding stay out of
// it: they change nothing that is searched.
func (h *Header) Seal(source string, blocks []byte) error {
	unsealed := *h
	unsealed.Digest, unsealed.ModTime, unsealed.Coding = nil, time.Time{}, ""
	b, err := json.Marshal(&unsealed)
	if err != nil {
		return fmt.Errorf("its metadata cannot be stored: %w", err)
	}
	h.Digest = digest(b, blocks, source)
	h.Coding = CodingZstd
	return nil
}

func digest(header, blocks []byte, source string) []byte {
	sum := sha256.New()
	for _, part := range [][]byte{header, blocks, []byte(source)} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		sum.Write(n[:])
		sum.Write(part)
	}
	return sum.Sum(nil)
}

// Whole says whether a stored header, its source and its encoded blocks are what
// was sealed. It goes by the bytes of the header: a value that JSON or Go cannot
// hold, such as an integer above 2^53 or a byte that is not UTF-8, is another
// one once it was read.
func Whole(stored []byte, source string, blocks []byte) bool {
	// The fields of Header that Seal counts, in its order.
	var h struct {
		ID       json.RawMessage `json:"id"`
		Path     json.RawMessage `json:"path,omitempty"`
		Title    json.RawMessage `json:"title,omitempty"`
		Type     json.RawMessage `json:"type,omitempty"`
		Lang     json.RawMessage `json:"lang,omitempty"`
		Role     json.RawMessage `json:"role,omitempty"`
		Metadata json.RawMessage `json:"metadata,omitempty"`
		Analyzer json.RawMessage `json:"analyzer"`
		Size     json.RawMessage `json:"size"`
		Vectors  json.RawMessage `json:"vectors,omitempty"`
		Attached json.RawMessage `json:"attached,omitempty"`
		Digest   json.RawMessage `json:"digest"`
	}
	if err := json.Unmarshal(stored, &h); err != nil {
		return false
	}
	var want []byte
	if err := json.Unmarshal(h.Digest, &want); err != nil {
		return false
	}
	h.Digest = json.RawMessage("null")
	b, err := json.Marshal(&h)
	return err == nil && bytes.Equal(digest(b, blocks, source), want)
}

// Document puts header, source and blocks together again.
func (h *Header) Document(source string, blocks []corpus.Block) *corpus.Document {
	return &corpus.Document{
		ID: h.ID, Path: h.Path, Title: h.Title, Type: h.Type, Lang: h.Lang, Role: h.Role, ModTime: h.ModTime,
		Metadata: h.Metadata, Source: source, Blocks: blocks,
	}
}

// AllMetadata is what the document states plus what every document has.
func (h *Header) AllMetadata() map[string]any {
	m := make(map[string]any, len(h.Metadata)+4)
	for k, v := range h.Metadata {
		m[k] = v
	}
	m["path"], m["type"], m["lang"] = h.Path, h.Type, h.Lang
	if h.Role != "" {
		m["role"] = h.Role
	}
	if !h.ModTime.IsZero() {
		m["mtime"] = h.ModTime.UTC().Format(time.RFC3339)
	}
	return m
}
