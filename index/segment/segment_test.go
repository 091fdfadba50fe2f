package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

// doc is a document as the tests make them.
type doc struct {
	ordinal  uint64
	title    []string
	size     int
	passages []corpus.Passage
	words    [][]string
	vectors  map[string]vector.Sparse
	parts    map[int]vector.Sparse // vectors of passages, in field "c"
}

func (d doc) meta() filter.Fields {
	f := filter.Fields{}
	f.Set("ordinal", float64(d.ordinal))
	if len(d.title) > 0 {
		f.Set("title", d.title[1])
	}
	return f
}

func randomDocs(r *rand.Rand, n int) []doc {
	var docs []doc
	for i := range n {
		d := doc{ordinal: uint64(3*i + 1)}
		if r.IntN(4) > 0 {
			d.title = []string{"title", fmt.Sprint(r.IntN(5))}
		}
		pos := 0
		for range r.IntN(4) {
			p := corpus.Passage{Start: pos}
			if r.IntN(2) == 0 {
				p.Headings = []string{"part", fmt.Sprint(r.IntN(3))}
			}
			for range r.IntN(5) {
				start := pos + r.IntN(3)
				pos = start + 1 + r.IntN(40)
				p.Sentences = append(p.Sentences, corpus.Sentence{Start: start, End: pos, Kind: corpus.BlockKind(r.IntN(7))})
			}
			pos++
			p.End = pos
			d.passages = append(d.passages, p)
			var words []string
			for range r.IntN(8) {
				words = append(words, fmt.Sprint("w", r.IntN(20)))
			}
			d.words = append(d.words, words)
		}
		d.size = pos
		docs = append(docs, d)
	}
	return docs
}

// fields are how the tests store vectors; fewer documents have the second, and the
// last is of passages.
var fields = map[string]vector.Field{"a": {Bits: 32}, "b": {Bits: 8, Max: 255. / 2}, "c": {Unit: vector.Passages, Bits: 16, Max: 65535. / 4}}

func addVectors(docs []doc) []doc {
	for i := range docs {
		docs[i].vectors = map[string]vector.Sparse{}
		for name, share := range map[string]int{"a": 3, "b": 1} {
			// By document and field, so that the order of the map does not matter.
			r := rand.New(rand.NewPCG(uint64(i), uint64(share)))
			if r.IntN(4) >= share {
				continue
			}
			if v := randomVector(r); v.Len() > 0 {
				docs[i].vectors[name] = v
			}
		}
	}
	return docs
}

// addParts gives half of the passages vectors.
func addParts(docs []doc) []doc {
	for i := range docs {
		docs[i].parts = map[int]vector.Sparse{}
		r := rand.New(rand.NewPCG(uint64(i), 7))
		for j := range docs[i].passages {
			if v := randomVector(r); v.Len() > 0 && r.IntN(2) == 0 {
				docs[i].parts[j] = v
			}
		}
	}
	return docs
}

func randomVector(r *rand.Rand) (v vector.Sparse) {
	for term := range uint32(30) {
		if r.IntN(4) == 0 {
			v.Terms, v.Weights = append(v.Terms, term*term*term*term*5), append(v.Weights, float32(1+r.IntN(40))/2)
		}
	}
	return v
}

func build(t testing.TB, docs []doc) []byte {
	t.Helper()
	b := NewBuilder(index.Config{TitleWeight: 3, HeadingWeight: 1})
	for _, d := range docs {
		if err := b.BeginDocument(d.ordinal, d.title, d.meta(), d.size); err != nil {
			t.Fatal(err)
		}
		for i, p := range d.passages {
			b.AddPassage(p, index.Fields{Title: d.title, Headings: p.Headings, Body: d.words[i]})
			if v, ok := d.parts[i]; ok {
				b.AddPassageVector("c", v)
			}
		}
		b.EndDocument(index.Fields{Title: d.title, Body: slices.Concat(d.words...)})
		for field, v := range d.vectors {
			b.AddVector(field, v)
		}
	}
	data, err := b.Bytes(fields)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t testing.TB, data []byte) *Segment {
	t.Helper()
	s, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		docs := addParts(addVectors(randomDocs(r, r.IntN(12))))
		s := open(t, build(t, docs))
		row := uint32(0)
		for i, d := range docs {
			if got := s.Ordinal(uint32(i)); got != d.ordinal {
				t.Fatalf("row %d has ordinal %d, want %d", i, got, d.ordinal)
			}
			if got, ok := s.Row(d.ordinal); !ok || got != uint32(i) {
				t.Fatalf("ordinal %d is in row %d, %v", d.ordinal, got, ok)
			}
			if _, ok := s.Row(d.ordinal + 1); ok {
				t.Fatalf("ordinal %d is in the segment", d.ordinal+1)
			}
			first, end := s.PassageRows(uint32(i))
			if first != row || int(end-first) != len(d.passages) {
				t.Fatalf("document %d has passages [%d, %d), want %d from %d", i, first, end, len(d.passages), row)
			}
			for j, p := range d.passages {
				if j == len(d.passages)-1 {
					p.End = d.size
				}
				got := s.Passage(row)
				if len(got.Sentences) == 0 {
					got.Sentences = nil
				}
				if !reflect.DeepEqual(got, p) || s.DocumentOf(row) != uint32(i) {
					t.Fatalf("passage %d of document %d: got %+v, want %+v", j, i, got, p)
				}
				row++
			}
			if len(d.title) > 0 && !slices.Contains(s.FindTitle(TitleHash(d.title)), uint32(i)) {
				t.Fatalf("document %d is not found by its title", i)
			}
		}
		found := make([]map[string]vector.Sparse, len(docs))
		for i := range found {
			found[i] = map[string]vector.Sparse{}
		}
		for _, field := range s.Fields() {
			v := s.Vectors(field)
			if v.Kind() != vector.KindSparse || v.Unit() != fields[field].Unit {
				t.Fatalf("field %s: %s vectors of the unit %s", field, v.Kind(), v.Unit())
			}
			if v.Unit() == vector.Passages {
				checkParts(t, s, v, docs)
				continue
			}
			for row, x := range v.Sparse.Vectors {
				found[v.Document(row)][field] = x
				if first, end := v.OfDocument(v.Document(row)); first != row || end != row+1 {
					t.Fatalf("document %d has the rows [%d, %d), want %d", v.Document(row), first, end, row)
				}
			}
		}
		for i, d := range docs {
			for _, field := range s.Fields() {
				if first, end := s.Vectors(field).OfDocument(uint32(i)); field != "c" && (first < end) != (d.vectors[field].Len() > 0) {
					t.Fatalf("document %d has a row in field %s: %d to %d", i, field, first, end)
				}
			}
			if !reflect.DeepEqual(found[i], d.vectors) {
				t.Fatalf("document %d has the vectors %v, want %v", i, found[i], d.vectors)
			}
		}
		if got := s.FindTitle(TitleHash([]string{"absent"})); got != nil {
			t.Fatalf("found an absent title in rows %v", got)
		}
	}
}

// checkParts checks the vectors of passages.
func checkParts(t *testing.T, s *Segment, v *Vectors, docs []doc) {
	t.Helper()
	n := 0
	for row, x := range v.Sparse.Vectors {
		doc := v.Document(row)
		from, _ := s.PassageRows(doc)
		if want := docs[doc].parts[int(v.Row(row)-from)]; s.DocumentOf(v.Row(row)) != doc || !reflect.DeepEqual(x, want) {
			t.Fatalf("passage %d of document %d has the vector %v, want %v", v.Row(row), doc, x, want)
		}
		n++
	}
	for i, d := range docs {
		first, end := v.OfDocument(uint32(i))
		if n -= len(d.parts); int(end-first) != len(d.parts) || first < end && (v.Document(first) != uint32(i) || v.Document(end-1) != uint32(i)) {
			t.Fatalf("document %d has the rows [%d, %d), want %d", i, first, end, len(d.parts))
		}
	}
	if n != 0 {
		t.Fatalf("%d vectors too many", n)
	}
}

// TestMergeEqualsBuild: merging equals building from the live documents.
func TestMergeEqualsBuild(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		docs := addParts(addVectors(randomDocs(r, 20)))
		dead := map[uint64]bool{}
		var live []doc
		for _, d := range docs {
			if r.IntN(4) == 0 {
				dead[d.ordinal] = true
			} else {
				live = append(live, d)
			}
		}
		cuts := []int{0, r.IntN(21), r.IntN(21), 20}
		slices.Sort(cuts)
		var parts []Part
		for i := range 3 {
			s := open(t, build(t, docs[cuts[i]:cuts[i+1]]))
			parts = append(parts, Part{Segment: s, Deleted: func(row uint32) bool { return dead[s.Ordinal(row)] }})
		}
		got, n, err := Merge(index.Config{TitleWeight: 3, HeadingWeight: 1}, parts)
		if err != nil {
			t.Fatal(err)
		}
		if n != len(live) {
			t.Fatalf("%d live, want %d", n, len(live))
		}
		if !bytes.Equal(got, build(t, live)) {
			t.Fatal("the merged segment differs from the one built from the live documents")
		}
	}
}

func TestDamage(t *testing.T) {
	data := build(t, addParts(addVectors(randomDocs(rand.New(rand.NewPCG(5, 6)), 10))))
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		_, err := Open(bad)
		if err == nil && !padding(data, i) {
			t.Fatalf("a flipped bit in byte %d of %d was not noticed", i, len(data))
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewer) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for n := range data {
		if _, err := Open(data[:n]); err == nil {
			t.Fatalf("a segment cut to %d of %d bytes was opened", n, len(data))
		}
	}
}

// padding says that byte i lies between sections.
func padding(data []byte, i int) bool {
	n := int(binary.LittleEndian.Uint32(data[12:]))
	if i < headerLen+n*dirEntryLen+4 {
		return false
	}
	for s := range n {
		e := data[headerLen+s*dirEntryLen:]
		off, length := binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
		if uint64(i) >= off && uint64(i) < off+length {
			return false
		}
	}
	return true
}

// TestCheckSentences: a table of sentences that was written wrongly, under a checksum that is
// right, is found by the check, and read as far as it goes.
func TestCheckSentences(t *testing.T) {
	s := open(t, build(t, randomDocs(rand.New(rand.NewPCG(3, 3)), 40)))
	if err := s.CheckSentences(); err != nil {
		t.Fatal(err)
	}
	for i := range s.sentences {
		was := s.sentences[i]
		s.sentences[i] = 0xff
		found := s.CheckSentences()
		for row := range uint32(s.numPass) {
			p := s.Passage(row)
			for _, x := range p.Sentences {
				if x.Start < p.Start || x.End < x.Start || x.End > p.End {
					t.Fatalf("byte %d: sentence %+v of passage %d to %d", i, x, p.Start, p.End)
				}
			}
		}
		if i == 0 && !errors.Is(found, ErrCorrupt) {
			t.Errorf("byte %d: %v", i, found)
		}
		s.sentences[i] = was
	}
}

func TestNewerFormat(t *testing.T) {
	data := build(t, nil)
	binary.LittleEndian.PutUint32(data[8:], Version+1)
	if _, err := Open(data); !errors.Is(err, ErrNewer) {
		t.Fatalf("got %v, want ErrNewer", err)
	}
}

// FuzzOpen: no bytes make a segment that panics when it is read, not even with
// right checksums.
func FuzzOpen(f *testing.F) {
	b := NewBuilder(index.Config{TitleWeight: 3, HeadingWeight: 1})
	_ = b.BeginDocument(7, []string{"a"}, nil, 10)
	b.AddPassage(corpus.Passage{End: 10, Headings: []string{"h"}, Sentences: []corpus.Sentence{{Start: 1, End: 9}}}, index.Fields{Body: []string{"x"}})
	b.AddPassageVector("c", vector.Sparse{Terms: []uint32{3}, Weights: []float32{2}})
	b.EndDocument(index.Fields{Body: []string{"x"}})
	b.AddVector("a", vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}})
	data, err := b.Bytes(fields)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, 200, byte(1))
	f.Fuzz(func(t *testing.T, data []byte, at int, x byte) {
		if at >= 0 && at < len(data) {
			data[at] ^= x
		}
		reseal(data)
		s, err := Open(data)
		if err != nil {
			return
		}
		for d := range uint32(s.Documents().Rows()) {
			s.Ordinal(d)
			first, end := s.PassageRows(d)
			for p := first; p < end; p++ {
				s.Passage(p)
				s.DocumentOf(p)
			}
		}
		for _, field := range s.Fields() {
			v := s.Vectors(field)
			for _, h := range impact.TopK([]impact.Source{{Segment: v.Sparse}}, vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}}, 2, 1).Hits {
				s.Ordinal(v.Document(h.Row.Row))
			}
			for d := range uint32(s.Documents().Rows()) {
				v.OfDocument(d)
			}
		}
	})
}

// reseal makes the checksums right again.
func reseal(data []byte) {
	if len(data) < headerLen {
		return
	}
	n := int(min(binary.LittleEndian.Uint32(data[12:]), maxSections))
	end := headerLen + n*dirEntryLen
	if len(data) < end+4 {
		return
	}
	for s := range n {
		e := data[headerLen+s*dirEntryLen:]
		off, length := binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
		if off <= uint64(len(data)) && length <= uint64(len(data))-off {
			binary.LittleEndian.PutUint32(e[4:], crc32.Checksum(data[off:off+length], castagnoli))
		}
	}
	binary.LittleEndian.PutUint32(data[end:], crc32.Checksum(data[:end], castagnoli))
}

var update = flag.Bool("update", false, "write the golden file of the current version")

// TestGolden: the bytes of a version stay what they are, and it stays readable;
// a version that is no longer read says so.
func TestGolden(t *testing.T) {
	path := fmt.Sprintf("testdata/v%d.seg", Version)
	docs := addParts(addVectors(randomDocs(rand.New(rand.NewPCG(1, 2)), 12)))
	data := build(t, docs)
	if *update {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden := readGolden(t, Version)
	if !bytes.Equal(data, golden) {
		t.Fatalf("version %d has other bytes than %s: a change of format needs a new version", Version, path)
	}
	if s := open(t, golden); s.Documents().Rows() != 12 || s.Columns().Rows() != 12 || !slices.Equal(s.Fields(), []string{"a", "b", "c"}) {
		t.Fatal(s.Fields())
	}
	for v, want := range map[byte]error{1: ErrOlder, Version + 1: ErrNewer} {
		other := slices.Clone(golden)
		other[8] = v
		if _, err := Open(other); !errors.Is(err, want) {
			t.Fatalf("version %d: %v", v, err)
		}
	}
	// Version 3 holds the same documents without vectors of passages, version 2
	// without any.
	for version := byte(3); version >= 2; version-- {
		for i := range docs {
			docs[i].parts = nil
			if version == 2 {
				docs[i].vectors = nil
			}
		}
		old := readGolden(t, int(version))
		if old[8] != version {
			t.Fatalf("the golden file of version %d is of version %d", version, old[8])
		}
		if merged, n, err := Merge(index.Config{TitleWeight: 3, HeadingWeight: 1}, []Part{{Segment: open(t, old)}}); err != nil || n != 12 || !bytes.Equal(merged, build(t, docs)) {
			t.Fatalf("version %d merged: %d documents, %v", version, n, err)
		}
	}
}

// TestUnknownVectors: a field of a kind or a unit that is not known is named, and
// not read as another.
func TestUnknownVectors(t *testing.T) {
	docs := addVectors(randomDocs(rand.New(rand.NewPCG(1, 2)), 12))
	for at, what := range map[int]string{16: "kind number 9", 17: "unit number 9"} {
		data := build(t, docs)
		e := data[headerLen+(secVectors-1)*dirEntryLen:]
		entry := data[binary.LittleEndian.Uint64(e[8:])+4:]
		entry[at] = 9
		reseal(data)
		if _, err := Open(data); !errors.Is(err, ErrNewer) || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), `"a"`) || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %s of field a", err, what)
		}
	}
}

// TestVectorsOfOtherKinds: what a field does not hold is refused, whole.
func TestVectorsOfOtherKinds(t *testing.T) {
	sparse := vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}}
	for name, add := range map[string]func(b *Builder){
		"dense":                             func(b *Builder) { b.AddVector("a", vector.Dense{1, 2}) },
		"multi":                             func(b *Builder) { b.AddVector("a", vector.Multi{{1, 2}}) },
		"a passage in a field of documents": func(b *Builder) { b.AddPassageVector("a", sparse) },
		"a document in a field of passages": func(b *Builder) { b.AddVector("c", sparse) },
		"both":                              func(b *Builder) { b.AddVector("a", sparse); b.AddPassageVector("a", sparse) },
	} {
		b := NewBuilder(index.Config{})
		if err := b.BeginDocument(7, nil, nil, 10); err != nil {
			t.Fatal(err)
		}
		b.AddPassage(corpus.Passage{End: 10}, index.Fields{Body: []string{"x"}})
		b.EndDocument(index.Fields{Body: []string{"x"}})
		add(b)
		if _, err := b.Bytes(fields); !errors.Is(err, vector.ErrKind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func readGolden(t *testing.T, version int) []byte {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("testdata/v%d.seg", version))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
