package record

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/vector"
)

// TestBytes holds the bytes of every key and record: they are stored. Another
// one needs a new format of the store.
func TestBytes(t *testing.T) {
	deleted := roaring64.BitmapOf(3, 1<<40)
	layer, err := AppendDeleted(nil, deleted)
	if err != nil {
		t.Fatal(err)
	}
	blocks := []corpus.Block{
		{Kind: corpus.Heading, Level: 2, Start: 0, End: 8, FileStart: 4, FileEnd: 20, Label: "How"},
		{Kind: corpus.Paragraph, Start: 10, End: 300, FileStart: 0, FileEnd: 2},
	}
	vectors := Vectors{
		"whole": vector.Sparse{Terms: []uint32{1, 300}, Weights: []float32{2, 255}},
		"float": vector.Sparse{Terms: []uint32{7}, Weights: []float32{1. / 3}},
		"cents": vector.Sparse{Terms: []uint32{9}, Weights: []float32{1.25}},
	}
	for what, c := range map[string]struct {
		got  []byte
		want string // hexadecimal, and text in quotes
	}{
		"manifest": {ManifestKey(), `"m"`},
		"header":   {HeaderKey(258), `"d" 0000000000000102`},
		"blocks":   {BlocksKey(1), `"b" 0000000000000001`},
		"places":   {PlacesKey(1), `"l" 0000000000000001`},
		"text":     {TextKey(1, 2), `"t" 0000000000000001 00000002`},
		"vectors":  {VectorsKey(1), `"v" 0000000000000001`},
		"attached": {AttachedKey(1, "f"), `"a" 0000000000000001 "f"`},
		"id":       {IDKey("x"), `"ix"`},
		"path":     {PathKey("/a", 1), `"p/a" 00 0000000000000001`},
		"file":     {FileKey("/a"), `"f/a"`},
		"deleted":  {DeletedKey(1, 2), `"x" 0000000000000001 00000002`},
		"first":    {DeletedKey(1, 0), `"x" 0000000000000001`},
		"name":     {NameKey("x"), `"nx"`},
		"names":    {NamesKey(), `"N"`},
		"u64":      {Uint64(258), `0000000000000102`},
		"u32":      {Uint32(258), `00000102`},

		"no blocks":       {AppendBlocks(nil, nil), `00`},
		"empty blocks":    {AppendBlocks(nil, []corpus.Block{}), `01`},
		"two blocks":      {AppendBlocks(nil, blocks), `03 01 02 00 08 08 20 03 "How" 00 00 02 a202 27 04 00`},
		"three fields":    {AppendVectors(nil, vectors), `03 05 "cents" 01 02 09 7d 05 "float" 01 00 07 abaaaa3e 05 "whole" 02 01 01 02 ab02 ff01`},
		"dense":           {AppendVectors(nil, Vectors{"d": vector.Dense{1, -2}}), `01 01 "d" 02 10 0000803f 000000c0`},
		"multi":           {AppendVectors(nil, Vectors{"m": vector.Multi{{1}, {-2}}}), `01 01 "m" 02 11 01 0000803f 000000c0`},
		"parts":           {AppendVectors(nil, Vectors{"p": vector.Parts{{Start: 3, End: 5, Vector: vector.Dense{1}}, {Start: 6, End: 300, Vector: vector.Dense{2}}}}), `01 01 "p" 02 12 03 02 01 10 0000803f 01 a602 01 10 00000040`},
		"attached vector": {AppendAttached(nil, "f", vector.Sparse{Terms: []uint32{1}, Weights: []float32{1}})[16:], `01 01 "f" 01 01 01 01`},
		"deleted layer":   {layer, hex.EncodeToString(layer)}, // roaring's own; read back below
	} {
		if want := bytesOf(t, c.want); !slices.Equal(c.got, want) {
			t.Errorf("%s: %x, want %x", what, c.got, want)
		}
	}
	if got, err := DecodeDeleted(layer); err != nil || !got.Equals(deleted) {
		t.Errorf("deleted: %v, %v", got, err)
	}
}

// bytesOf reads hexadecimal and quoted text.
func bytesOf(t *testing.T, s string) (out []byte) {
	t.Helper()
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			out = append(out, part...)
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// TestOlderRecords: what earlier formats wrote is read.
func TestOlderRecords(t *testing.T) {
	// Formats 1 to 4: counts behind the bitmap, here of one document and two
	// passages.
	layer, err := AppendDeleted(nil, roaring64.BitmapOf(5))
	if err != nil {
		t.Fatal(err)
	}
	layer = append(layer, bytesOf(t, `01 0c 02 01 "a" 01 01 "b" 01 02 0c 01 01 "a" 02`)...)
	if got, err := DecodeDeleted(layer); err != nil || !slices.Equal(got.ToArray(), []uint64{5}) {
		t.Errorf("a layer with counts: %v, %v", got, err)
	}
	// Formats 1 and 2: a source as it is. Formats 1 to 4: attached vectors among
	// those of the document.
	stored := `{"id":"x","path":"/a","analyzer":"english","size":3,"vectors":"AQI=","attached":["f"],"digest":"AA=="}`
	var h Header
	if err := json.Unmarshal([]byte(stored), &h); err != nil || h.Coding != "" || !slices.Equal(h.Attached, []string{"f"}) || h.Size != 3 {
		t.Errorf("header %+v, %v", h, err)
	}
	if text, err := DecodePiece(&h, []byte("abc")); err != nil || string(text) != "abc" {
		t.Errorf("piece %q, %v", text, err)
	}
	h.Coding = "later"
	if _, err := DecodePiece(&h, []byte("abc")); err == nil {
		t.Error("a piece of an unknown coding was read")
	}
	if _, err := DecodeDeleted([]byte{200}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a layer cut short: %v", err)
	}
}

// TestWholeCountsEveryField: each field of a header that its digest covers is
// missed where it has another value.
func TestWholeCountsEveryField(t *testing.T) {
	h := &Header{
		ID: "id", Path: "/p", Title: "title", Type: "text", Lang: "en", Role: "log", ModTime: time.Unix(1e9, 0), Metadata: map[string]any{"n": int64(1)<<53 + 1, "s": "bad \xff"},
		Analyzer: "english", Size: 6, Vectors: []byte{1}, Attached: []string{"f"},
	}
	if err := h.Seal("source", []byte{1}); err != nil {
		t.Fatal(err)
	}
	whole := func(h *Header, source string, blocks []byte) bool {
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return Whole(b, source, blocks)
	}
	if !whole(h, "source", []byte{1}) || whole(h, "Source", []byte{1}) || whole(h, "source", []byte{2}) {
		t.Fatal("the source or the blocks are not what the digest is of")
	}
	outside := []string{"Ordinal", "ModTime", "Coding"}
	typ := reflect.TypeOf(*h)
	for i := range typ.NumField() {
		other := *h
		f := reflect.ValueOf(&other).Elem().Field(i)
		if f.IsZero() && typ.Field(i).Name != "Ordinal" {
			t.Errorf("field %s: the test does not set it", typ.Field(i).Name)
		}
		f.SetZero()
		if got, want := whole(&other, "source", []byte{1}), slices.Contains(outside, typ.Field(i).Name); got != want {
			t.Errorf("without %s the header is whole: %v, want %v", typ.Field(i).Name, got, want)
		}
	}
}
