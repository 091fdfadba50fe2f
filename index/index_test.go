package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file anew")

// randomRows makes rows with a skewed vocabulary: a few terms in most rows,
// most terms in one.
func randomRows(rng *rand.Rand, n int) []Fields {
	words := func(n int) (out []string) {
		for range n {
			switch rng.IntN(4) {
			case 0:
				out = append(out, fmt.Sprintf("common%d", rng.IntN(3)))
			case 1:
				out = append(out, fmt.Sprintf("rare-%d-with-a-long-name", rng.IntN(1<<20)))
			default:
				out = append(out, fmt.Sprintf("w%d", int(500*rng.Float64()*rng.Float64())))
			}
		}
		return out
	}
	rows := make([]Fields, n)
	for i := range rows {
		rows[i] = Fields{Title: words(rng.IntN(3)), Headings: words(rng.IntN(2)), Body: words(rng.IntN(40))}
		if rng.IntN(50) == 0 {
			for range rng.IntN(3000) {
				rows[i].Body = append(rows[i].Body, "again", "") // the empty term is one, too
			}
		}
	}
	return rows
}

func build(c Config, rows []Fields) []byte {
	b := NewBuilder(c)
	for _, f := range rows {
		b.Add(f)
	}
	return b.Bytes()
}

func open(t testing.TB, data []byte) *Inverted {
	t.Helper()
	v, err := OpenInverted(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Check(); err != nil {
		t.Fatal(err)
	}
	return v
}

type posting struct{ row, tf uint32 }

// TestBuild compares what an index returns with maps.
func TestBuild(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 2))
		c := Config{TitleWeight: rng.IntN(4), HeadingWeight: rng.IntN(3), LuceneLengths: seed%2 == 0}
		rows := randomRows(rng, []int{0, 1, 2, 100, 2000}[seed%5])
		v := open(t, build(c, rows))
		want := map[string][]posting{}
		total := uint64(0)
		for row, f := range rows {
			tfs := map[string]uint32{}
			for _, x := range []struct {
				terms  []string
				weight int
			}{{f.Title, max(1, c.TitleWeight)}, {f.Headings, max(1, c.HeadingWeight)}, {f.Body, 1}} {
				for _, s := range x.terms {
					tfs[s] += uint32(x.weight)
				}
			}
			length := uint32(0)
			for s, tf := range tfs {
				want[s] = append(want[s], posting{uint32(row), tf})
				length += tf
			}
			if got := v.Codes()[row]; got != lengthCode(c.LuceneLengths, length) {
				t.Fatalf("row %d of length %d: code %d", row, length, got)
			}
			total += uint64(length)
		}
		if v.Rows() != len(rows) || v.TotalLength() != total || v.Terms() != len(want) {
			t.Fatalf("%d rows, length %d, %d terms for %d, %d, %d", v.Rows(), v.TotalLength(), v.Terms(), len(rows), total, len(want))
		}
		terms := slices.Sorted(maps.Keys(want))
		i := 0
		for term, list := range v.All() {
			if string(term) != terms[i] {
				t.Fatalf("term %d is %q, want %q", i, term, terms[i])
			}
			comparePostings(t, terms[i], list, want[terms[i]])
			found, ok := v.Lookup(terms[i])
			if !ok || v.DF(terms[i]) != len(want[terms[i]]) {
				t.Fatalf("%q is not found", terms[i])
			}
			comparePostings(t, terms[i], found, want[terms[i]])
			if v.DF(terms[i]+"\x00") != 0 || v.DF("common"+terms[i]) != len(want["common"+terms[i]]) {
				t.Fatalf("beside %q something is found", terms[i])
			}
			i++
		}
	}
}

func comparePostings(t *testing.T, term string, list List, want []posting) {
	t.Helper()
	var got []posting
	for row, tf := range list.All() {
		got = append(got, posting{row, tf})
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%q: %d postings, want %d", term, len(got), len(want))
	}
	d, ok := list.Dense()
	if !ok {
		return
	}
	// Bounds hold for every posting, and Seek and Load find each.
	v := list.v
	var b Block
	for _, p := range want {
		bound := float32(p.tf) / (float32(p.tf) + v.BoundNorms()[v.Codes()[p.row]])
		if float32(d.Bounds[p.row/WindowRows])/255 < bound {
			t.Fatalf("%q: bound %d of window %d is below %g", term, d.Bounds[p.row/WindowRows], p.row/WindowRows, bound)
		}
		d.Load(d.Seek(0, p.row), &b)
		b.Frequencies()
		if i, ok := slices.BinarySearch(b.Rows[:b.N], p.row); !ok || b.TFs[i] != p.tf {
			t.Fatalf("%q: row %d is not in its block", term, p.row)
		}
	}
	if d.Seek(0, uint32(v.Rows())) != d.Blocks {
		t.Fatalf("%q: a block ends behind the last row", term)
	}
}

// TestMerge: merging with deletions equals building from what is left.
func TestMerge(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		c := Config{TitleWeight: 3, HeadingWeight: 2, LuceneLengths: seed%2 == 0}
		var parts []Part
		var left []Fields
		for range 1 + rng.IntN(4) {
			rows := randomRows(rng, rng.IntN(700))
			p := Part{Inverted: open(t, build(c, rows))}
			if every := uint32(1 + rng.IntN(4)); every > 1 {
				p.Live = func(row uint32) bool { return row%every != 0 }
			}
			for i, f := range rows {
				if p.Live == nil || p.Live(uint32(i)) {
					left = append(left, f)
				}
			}
			parts = append(parts, p)
		}
		got, lengths, err := Merge(c, parts)
		if err != nil {
			t.Fatal(err)
		}
		v := open(t, got)
		for row, length := range lengths {
			f := left[row]
			if want := 3*len(f.Title) + 2*len(f.Headings) + len(f.Body); length != uint64(want) {
				t.Fatalf("seed %d: row %d has the length %d, want %d", seed, row, length, want)
			}
			if row%50 == 0 && v.LengthIn([]uint32{uint32(row)}) != length {
				t.Fatalf("seed %d: by its postings row %d has the length %d, want %d", seed, row, v.LengthIn([]uint32{uint32(row)}), length)
			}
		}
		if !bytes.Equal(got, build(c, left)) {
			t.Fatalf("seed %d: the merged bytes differ from those built from scratch", seed)
		}
	}
}

// TestCountIn: counting rows in a list finds those that walking it does.
func TestCountIn(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{1, 40, 700, 9000} {
		v := open(t, build(Config{}, randomRows(rng, n)))
		for range 6 {
			var rows []uint32
			share := []float64{0, .001, .02, .3, .9, 1}[rng.IntN(6)]
			for row := range uint32(n) {
				if rng.Float64() < share {
					rows = append(rows, row)
				}
			}
			for term, list := range v.All() {
				want := 0
				for row := range list.All() {
					if _, ok := slices.BinarySearch(rows, row); ok {
						want++
					}
				}
				if got := list.CountIn(rows); got != want {
					t.Fatalf("%d rows, term %q: %d of %d rows are in it, want %d", n, term, got, len(rows), want)
				}
			}
		}
	}
}

// TestBytesTwice: a Builder can go on after Bytes.
func TestBytesTwice(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(1, 4)), 300)
	b := NewBuilder(Config{})
	for i, f := range rows {
		if got := b.Add(f); int(got) != i {
			t.Fatalf("row %d is numbered %d", i, got)
		}
		if i == 100 && !bytes.Equal(b.Bytes(), build(Config{}, rows[:101])) {
			t.Fatal("bytes of the first rows differ")
		}
	}
	if got := b.Append([]byte("x")); !bytes.Equal(got[1:], build(Config{}, rows)) {
		t.Fatal("bytes of all rows differ")
	}
}

// TestGolden holds the format still.
func TestGolden(t *testing.T) {
	got := build(Config{TitleWeight: 3, HeadingWeight: 2}, randomRows(rand.New(rand.NewPCG(7, 7)), 150))
	file := filepath.Join("testdata", "inverted-v1.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("the format has changed: raise the version (go test -update writes the file anew)")
	}
	open(t, want)
}

// TestLengthCodes: both tables ascend and codes name the right entry.
func TestLengthCodes(t *testing.T) {
	// From Lucene's SmallFloat.byte4ToInt.
	for code, want := range map[int]uint32{0: 0, 23: 23, 24: 24, 40: 40, 41: 42, 48: 56, 56: 88, 255: 2013265944} {
		if got := luceneLengths[code]; got != want {
			t.Errorf("Lucene's code %d stands for %d, got %d", code, want, got)
		}
	}
	for _, lucene := range []bool{true, false} {
		table := lengthTable(lucene)
		for code := range table {
			if code > 0 && table[code] <= table[code-1] {
				t.Fatalf("lucene %v: code %d does not ascend", lucene, code)
			}
			if got := lengthCode(lucene, table[code]); int(got) != code {
				t.Errorf("lucene %v: length %d has code %d, want %d", lucene, table[code], got, code)
			}
		}
		for n := uint32(1); n < 120000; n++ {
			value := float64(table[lengthCode(lucene, n)])
			if off := value/float64(n) - 1; !lucene && (off > .028 || off < -.028) || lucene && (off > 0 || off < -.12) {
				t.Fatalf("lucene %v: length %d becomes %g", lucene, n, value)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	data := build(Config{}, randomRows(rand.New(rand.NewPCG(1, 5)), 50))
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		if _, err := OpenInverted(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := OpenInverted(data[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	newer := bytes.Clone(data)
	newer[8]++
	if _, err := OpenInverted(newer); !errors.Is(err, ErrVersion) {
		t.Fatal(err)
	}
}

// repair makes the checksums right again, so that only the checks behind them
// stand between damaged bytes and the decoders.
func repair(data []byte) {
	if len(data) < headerSize {
		return
	}
	le := binary.LittleEndian
	at := uint64(headerSize)
	for i := range sections {
		size := le.Uint64(data[48+12*i:])
		if size > uint64(len(data))-at {
			break
		}
		le.PutUint32(data[56+12*i:], crc32.Checksum(data[at:at+size], castagnoli))
		at += size
	}
	le.PutUint32(data[headerSize-4:], crc32.Checksum(data[:headerSize-4], castagnoli))
}

// exercise calls everything that decodes; it must not panic.
func exercise(data []byte) {
	v, err := OpenInverted(data)
	if err != nil {
		return
	}
	_ = v.Check()
	_, _, _ = Merge(Config{}, []Part{{Inverted: v}, {Inverted: v, Live: func(row uint32) bool { return row%2 == 0 }}})
	var b Block
	for _, term := range []string{"", "common0", "again", "w3", "zzz"} {
		list, _ := v.Lookup(term)
		if d, ok := list.Dense(); ok {
			for i := range d.Blocks {
				d.Load(i, &b)
				b.Frequencies()
			}
			for row := 0; row < v.Rows(); row += 7 {
				d.Seek(0, uint32(row))
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	data := build(Config{}, randomRows(rand.New(rand.NewPCG(1, 6)), 300))
	f.Add(uint32(0), byte(0), uint32(100), byte(1), uint16(0))
	f.Fuzz(func(_ *testing.T, at1 uint32, x1 byte, at2 uint32, x2 byte, cut uint16) {
		bad := bytes.Clone(data)
		bad[int(at1)%len(bad)] ^= x1
		bad[int(at2)%len(bad)] ^= x2
		bad = bad[:len(bad)-int(cut)%len(bad)]
		repair(bad)
		exercise(bad)
	})
}

func TestFlippedBytes(t *testing.T) {
	data := build(Config{}, randomRows(rand.New(rand.NewPCG(1, 6)), 260))
	rng := rand.New(rand.NewPCG(9, 9))
	for range 300 {
		bad := bytes.Clone(data)
		for range 1 + rng.IntN(4) {
			bad[rng.IntN(len(bad))] = byte(rng.Uint32())
		}
		repair(bad)
		exercise(bad)
	}
}
