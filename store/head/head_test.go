package head

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store/disk"
)

func example() Record {
	r := Record{Commit: 7, Documents: 12, Segments: 3, Manifest: Manifest{14, 161, 0xdeadbeef}, Logs: []Log{{17, 99}, {21, 1 << 40}}, sequence: 40}
	for i := range r.Digest {
		r.Digest[i] = byte(i)
	}
	return r
}

// TestWireFormat holds the bytes of version 1.
func TestWireFormat(t *testing.T) {
	r := example()
	const want = "54414d4953484431" + "2800000000000000" + "0700000000000000" + "0c00000000000000" + "0300000000000000" +
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" +
		"0e00000000000000" + "a100000000000000" + "efbeadde" + "02000000" +
		"1100000000000000" + "6300000000000000" + "1500000000000000" + "0000000000010000"
	b := r.encode()
	if got := hex.EncodeToString(b[:len(want)/2]); got != want || len(b) != slotSize {
		t.Fatalf("encoded\n%s\nwant\n%s", got, want)
	}
	if got, ok := decode(b); !ok || !reflect.DeepEqual(got, r) {
		t.Fatalf("decoded %+v, %v", got, ok)
	}
	// Every bit counts.
	for i := range b {
		b[i] ^= 1 << (i % 8)
		if _, ok := decode(b); ok {
			t.Fatalf("byte %d may be damaged", i)
		}
		b[i] ^= 1 << (i % 8)
	}
}

// TestTornWrites: whatever a torn write leaves of one slot, the head is what it
// was or what it was to be.
func TestTornWrites(t *testing.T) {
	mem := vfs.NewMem()
	h, err := Open(disk.New(mem), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(mem, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no head: %v", err)
	}
	if err := h.Create(Record{}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	before := contentsOf(t, mem)
	for n := uint64(1); n < 200; n++ {
		rec := example()
		rec.Commit = n
		h.Commit(rec)
		after := contentsOf(t, mem)
		if got, whole, err := Read(mem, ""); err != nil || !whole || got.Commit != n {
			t.Fatalf("commit %d: %+v, %v, %v", n, got, whole, err)
		}
		for range 20 {
			torn := bytes.Clone(before)
			from := r.IntN(len(torn))
			to := from + r.IntN(len(torn)-from)
			copy(torn[from:to], after[from:to])
			other := vfs.NewMem()
			if err := disk.WriteFile(other, Name, bytes.NewReader(torn)); err != nil {
				t.Fatal(err)
			}
			if got, _, err := Read(other, ""); err != nil || got.Commit != n && got.Commit != n-1 {
				t.Fatalf("commit %d torn: %+v, %v", n, got, err)
			}
		}
		before = after
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func contentsOf(t *testing.T, fsys vfs.FS) []byte {
	t.Helper()
	f, err := fsys.Open(Name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
