package tamis_test

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/hostile"
	"github.com/tamis-search/tamis/store/kv"
)

// TestSameBytes: an index and its reports are the same, byte for byte, whatever
// the number of processors.
func TestSameBytes(t *testing.T) {
	f := newFolder(t)
	var first []string
	for _, procs := range []int{1, 4} {
		before := runtime.GOMAXPROCS(procs)
		got := history(t, f)
		runtime.GOMAXPROCS(before)
		if first == nil {
			first = got
		}
		for i := range got {
			if got[i] != first[i] {
				t.Fatalf("%d processors: step %d gives\n%.2000s\nwith one\n%.2000s", procs, i, got[i], first[i])
			}
		}
	}
}

// history brings an index up to date with a folder that changes, and returns the
// reports, what progress was told, and the bytes of the index.
func history(t *testing.T, f folder) (steps []string) {
	dir := t.TempDir()
	ix, err := tamis.Open(dir, tamis.Options{Tuning: tamis.Tuning{StepBytes: 30 << 10, SealBytes: 1, Inline: true}})
	if err != nil {
		t.Fatal(err)
	}
	did := func(what string, r tamis.Report, err error) {
		for i := range r.Skipped {
			r.Skipped[i].Reason = strings.ReplaceAll(r.Skipped[i].Reason, f.dir, "")
		}
		steps = append(steps, fmt.Sprintf("%s: %+v, %v", what, r, err))
	}
	update := func(what string) {
		t.Helper()
		old := time.Unix(1_700_000_000, 0)
		err := filepath.WalkDir(f.dir, func(p string, _ os.DirEntry, _ error) error { return os.Chtimes(p, old, old) })
		if err != nil {
			t.Fatal(err)
		}
		var told []int64
		r, err := ix.AddFiles(t.Context(), []string{f.dir, f.path("none")}, tamis.FileOptions{Progress: func(done, _ int64) { told = append(told, done) }})
		did(what, r, err)
		steps = append(steps, fmt.Sprint(told))
	}
	f.remove(".")
	for i := range 60 {
		name, text := hostile.New(uint64(i)).File(i)
		if len(text) > 20<<10 {
			text = strings.ToValidUTF8(text[:20<<10], "")
		}
		f.write(fmt.Sprintf("h%03d%s", i, filepath.Ext(name)), text)
		f.write(fmt.Sprintf("p%03d.md", i), fmt.Sprintf("# Walrus %d\n\n", i), strings.Repeat(fmt.Sprintf("The walrus of field %d met an otter. ", i), i))
	}
	var many []string
	for i := range 200 {
		many = append(many, record(fmt.Sprint("r", i%190), strings.Repeat(fmt.Sprint("Zebra ", i, ". "), i%40+1)))
	}
	f.write("m.jsonl", many...)
	f.write("n.jsonl", record("r5", "Taken."), "no record", record("s", "A stoat."))
	f.write("x.bin", "\x00\x01")
	z, err := os.Create(f.path("zipped.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(z)
	fmt.Fprint(w, strings.Repeat("An ibex. ", 2000))
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	update("new")
	update("same")
	for i := range 20 {
		f.write(fmt.Sprintf("p%03d.md", 3*i), "A changed walrus.", fmt.Sprint(i))
	}
	f.remove("p050.md")
	f.write("a.jsonl", record("r7", "Zebra seven has moved."), record("s", "The stoat has moved."))
	update("changed")
	f.remove("a.jsonl")
	update("back")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for i := range 200 {
			if i == 180 {
				cancel()
			}
			d := animal(i, i)
			if i%7 == 0 {
				d.Vectors = map[string]tamis.Vector{"v": tamis.Sparse{fmt.Sprint("t", i%50): 1, "u": float32(i + 1)}}
			}
			if i%11 == 0 {
				d.Source += "\xff"
			}
			if i%13 == 0 {
				d.ID = "again"
			}
			var err error
			if i%17 == 0 {
				err = errors.New("broken")
			}
			if !yield(d, err) {
				return
			}
		}
	})
	did("documents", r, err)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	return append(steps, dump(t, dir)...)
}

// dump is what the files of segments hold, and every record.
func dump(t *testing.T, dir string) (lines []string) {
	segments, err := filepath.Glob(filepath.Join(dir, "segments", "*"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	for _, name := range segments {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %x", filepath.Base(name), sha256.Sum256(data)))
	}
	db, err := pebble.Open(filepath.Join(dir, "db"), &pebble.Options{ReadOnly: true, FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = kv.Scan(db, nil, func(key, value []byte) error {
		lines = append(lines, fmt.Sprintf("%q %q", key, value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) < 1000 {
		t.Fatalf("%d records", len(lines))
	}
	return lines
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) {}
