package impact

import (
	"bytes"
	"errors"
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file anew")

func golden(t testing.TB, p Precision) []byte {
	rng := rand.New(rand.NewPCG(8, 8))
	b := NewBuilder(Config{Precision: p})
	for _, v := range randomVectors(rng, 300) {
		if _, err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	data, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden: what a Builder writes does not change within a version.
func TestGolden(t *testing.T) {
	file := filepath.Join("testdata", "impact-v2.golden")
	data := append(golden(t, Bits8), golden(t, Bits16)...)
	if *update {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, want) {
		t.Fatal("the bytes differ from those of version 2: raise the version, then go test -update")
	}
}

func TestOpenDamaged(t *testing.T) {
	data := golden(t, Bits8)
	for _, n := range []int{0, 7, headerSize - 1, headerSize, len(data) - 1} {
		if _, err := Open(data[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for _, at := range []int{0, 9, 20, headerSize - 1, headerSize + 80, len(data) - 50} {
		bad := bytes.Clone(data)
		bad[at] ^= 4
		if _, err := Open(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	if _, err := Open(append(bytes.Clone(data), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte more: %v", err)
	}
}

// repair makes checksums fit what they cover.
func repair(data []byte) {
	if len(data) < headerSize {
		return
	}
	at := headerSize
	for i := range sections {
		at = aligned(at)
		size := le.Uint64(data[48+12*i:])
		if at > len(data) || size > uint64(len(data)-at) {
			break
		}
		le.PutUint32(data[56+12*i:], crc32.Checksum(data[at:at+int(size)], castagnoli))
		at += int(size)
	}
	le.PutUint32(data[headerSize-4:], crc32.Checksum(data[:headerSize-4], castagnoli))
}

// use does all that can be done with opened bytes; whatever they hold, it must not
// panic.
func use(t testing.TB, data []byte) {
	g, err := Open(data)
	if err != nil {
		return
	}
	rng := rand.New(rand.NewPCG(8, 1))
	pool := randomVectors(rng, 60)
	for range 6 {
		q := randomQuery(rng, pool)
		src := []Source{{Segment: g}, {Segment: g, Visible: g.Show([]uint32{1, 5, 70, 1 << 30})}}
		for _, k := range []int{1, 10, 400} {
			TopK(src, q, k, 1)
			TopK(src, q, k, .5)
		}
		Exhaustive(src, q, 3)
	}
	if data, err := Merge(Config{}, []Part{{Segment: g}}); err == nil {
		if _, err := Open(data); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUseDamaged: bytes that checksums do not protect from make a search wrong,
// never panic.
func TestUseDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 2))
	for _, p := range []Precision{Bits8, Bits16, Float32} {
		data := golden(t, p)
		for range 60 {
			bad := bytes.Clone(data)
			for range 1 + rng.IntN(30) {
				bad[headerSize+rng.IntN(len(bad)-headerSize)] = byte(rng.Uint32())
			}
			repair(bad)
			use(t, bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(golden(f, Bits8))
	f.Add(golden(f, Float32))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		repair(data)
		use(t, data)
	})
}
