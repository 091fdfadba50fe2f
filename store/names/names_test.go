package names

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/vector"
)

func open(t *testing.T, fs vfs.FS) *pebble.DB {
	t.Helper()
	db, err := kv.Open("db", kv.Options(disk.New(fs), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestNumbers: names keep their numbers through reopening, writers that meet a
// name at the same time agree, and a decimal number is its own.
func TestNumbers(t *testing.T) {
	fs := vfs.NewMem()
	db := open(t, fs)
	s := New(db, "ix")
	names := vector.Named{}
	for i := range 300 {
		names[fmt.Sprint("name", i)] = float32(i + 1)
	}
	done := make(chan vector.Sparse)
	for range 4 {
		go func() {
			x, err := s.Of(names, true)
			if err != nil {
				t.Error(err)
			}
			done <- x
		}()
	}
	first := <-done
	for range 3 {
		if x := <-done; !reflect.DeepEqual(x, first) {
			t.Fatal("two writers number alike names differently")
		}
	}
	if first.Len() != 300 || first.Terms[0] != firstNamed || first.Terms[299] != firstNamed+299 {
		t.Fatalf("numbers %v", first.Terms)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, fs)
	defer db.Close()
	s = New(db, "ix")
	if x, err := s.Of(names, false); err != nil || !reflect.DeepEqual(x, first) {
		t.Fatal("names have other numbers after reopening", err)
	}
	for name, want := range map[string]uint32{"0": 0, "7": 7, "2147483647": 1<<31 - 1} {
		if x, err := s.Of(vector.Named{name: 1}, false); err != nil || x.Len() != 1 || x.Terms[0] != want {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
	for _, name := range []string{"", "07", "+7", "-7", "7 ", "2147483648", "4294967296", "1e3", "٧"} {
		if x, err := s.Of(vector.Named{name: 1}, false); err != nil || x.Len() != 0 {
			t.Errorf("%q: %v, %v", name, x, err)
		}
	}
}
