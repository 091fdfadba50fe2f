package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
)

func openAt(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// ready waits until nothing is missing.
func ready(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

// commit runs f in a batch.
func commit(t *testing.T, s *Store, f func(b *Batch)) {
	t.Helper()
	b, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Discard()
	f(b)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, b *Batch, d corpus.Document) Outcome {
	t.Helper()
	o, err := b.Put(d)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func snapshot(t *testing.T, s *Store) *Snapshot {
	t.Helper()
	v, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPutGetReplaceDelete(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	long := strings.Repeat("A sentence about segments. ", 3000) // several pieces
	d := corpus.Document{
		ID: "a", Path: "/x/a", Title: "Alpha", Type: "text", Lang: "en", ModTime: time.Unix(7, 5).UTC(), Source: long,
		Metadata: map[string]any{"n": 1.5, "s": "x", "b": true, "l": []string{"p", "q"}},
		Blocks:   []corpus.Block{{Kind: corpus.Heading, Level: 2, Start: 0, End: 10, FileStart: 5, FileEnd: 15, Label: "H"}, {Start: 12, End: 40, FileStart: 3, FileEnd: 31}},
	}
	commit(t, s, func(b *Batch) {
		if o := put(t, b, d); o != Added {
			t.Fatalf("outcome %v", o)
		}
	})
	closeStore(t, s)
	s = openAt(t, dir, Options{MustExist: true})
	v := snapshot(t, s)
	h, err := v.HeaderByID("a")
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Document(h)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, d) {
		t.Fatalf("read back %+v\nwant %+v", *got, d)
	}
	for _, r := range [][2]int{{0, 0}, {0, 5}, {record.PieceSize - 3, record.PieceSize + 3}, {record.PieceSize, 2 * record.PieceSize}, {len(long) - 4, len(long)}} {
		if text, err := v.Text(h, r[0], r[1]); err != nil || text != long[r[0]:r[1]] {
			t.Fatalf("bytes %v: %v", r, err)
		}
	}
	if _, err := v.Text(h, 0, len(long)+1); !errors.Is(err, ErrNotFound) {
		t.Fatalf("reading past the end: %v", err)
	}
	commit(t, s, func(b *Batch) {
		touched := d
		touched.ModTime = time.Unix(9, 0)
		if o := put(t, b, touched); o != Unchanged {
			t.Fatalf("outcome %v for the same text", o)
		}
		changed := d
		changed.Source = "Another text."
		changed.Blocks = nil
		if o := put(t, b, changed); o != Updated {
			t.Fatalf("outcome %v", o)
		}
	})
	// The snapshot from before still sees what it saw.
	if text, err := v.Text(h, 0, 10); err != nil || text != long[:10] {
		t.Fatalf("older snapshot: %q, %v", text, err)
	}
	if err := v.Release(); err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(b *Batch) {
		if ok, err := b.Delete("a"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, err := b.Delete("a"); ok || err != nil {
			t.Fatal("deleted twice", ok, err)
		}
	})
	v = snapshot(t, s)
	if _, err := v.HeaderByID("a"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("deleted document: %v", err)
	}
	if n := v.Rows(Documents); n != 0 {
		t.Fatalf("%d documents are left", n)
	}
	if err := v.Release(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if _, err := s.Snapshot(); !errors.Is(err, ErrClosed) {
		t.Fatalf("snapshot of a closed store: %v", err)
	}
	if _, err := s.Begin(); !errors.Is(err, ErrClosed) {
		t.Fatalf("batch of a closed store: %v", err)
	}
}

// view is everything a search can see: statistics and documents, in order.
type seen struct {
	docs    []string
	units   [2]int
	lengths [2]uint64
	df      [2][]int
}

var vocabulary = strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon")

func look(t *testing.T, s *Store) seen {
	t.Helper()
	v := snapshot(t, s)
	defer v.Release()
	var out seen
	for _, o := range v.Segments() {
		for row := range uint32(o.Rows().Documents().Rows()) {
			ordinal := o.Rows().Ordinal(row)
			if o.Dead().Since(nil).Contains(ordinal) {
				continue
			}
			h, err := v.Header(ordinal)
			if err != nil {
				t.Fatal(err)
			}
			text, err := v.Text(h, 0, h.Size)
			if err != nil {
				t.Fatal(err)
			}
			out.docs = append(out.docs, h.ID+": "+text)
		}
	}
	for u := range Unit(2) {
		st := v.Statistics(u, vocabulary)
		out.units[u], out.lengths[u] = st.Rows, st.TotalLength
		out.df[u] = st.DF
	}
	return out
}

// TestHistoryDoesNotShow: after any history of puts, deletes, commits, merges
// and reopenings, everything a search can see equals a fresh index of the live
// documents in their order of addition.
func TestHistoryDoesNotShow(t *testing.T) {
	rounds := 12
	if os.Getenv("TAMIS_HEAVY") == "full" {
		rounds = 200
	}
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewMem()
		s := openAt(t, "ix", Options{FS: fs})
		type entry struct{ id, source string }
		var model []entry
		drop := func(id string) {
			model = slices.DeleteFunc(model, func(e entry) bool { return e.id == id })
		}
		for range 25 {
			commit(t, s, func(b *Batch) {
				for range r.IntN(6) {
					id := fmt.Sprint("doc", r.IntN(15))
					if r.IntN(4) == 0 {
						if _, err := b.Delete(id); err != nil {
							t.Fatal(err)
						}
						drop(id)
						continue
					}
					var words []string
					for range 1 + r.IntN(300) {
						words = append(words, vocabulary[r.IntN(len(vocabulary))])
					}
					d := corpus.Document{ID: id, Title: vocabulary[r.IntN(len(vocabulary))], Source: strings.Join(words, " ") + "."}
					if put(t, b, d) != Unchanged {
						drop(id)
						model = append(model, entry{id, d.Title + "\x00" + d.Source})
					}
				}
			})
			if r.IntN(5) == 0 {
				closeStore(t, s)
				s = openAt(t, "ix", Options{FS: fs})
			}
		}
		fresh := openAt(t, "ix", Options{FS: vfs.NewMem()})
		commit(t, fresh, func(b *Batch) {
			for _, e := range model {
				title, source, _ := strings.Cut(e.source, "\x00")
				put(t, b, corpus.Document{ID: e.id, Title: title, Source: source})
			}
		})
		if got, want := look(t, s), look(t, fresh); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		r2, err := s.Check(context.Background(), false)
		if err != nil || len(r2.Lost)+len(r2.Derivable) > 0 {
			t.Fatalf("seed %d: check: %+v, %v", seed, r2, err)
		}
		closeStore(t, s)
		closeStore(t, fresh)
	}
}

func fill(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		commit(t, s, func(b *Batch) {
			put(t, b, corpus.Document{ID: fmt.Sprint("d", i), Title: "T", Source: vocabulary[i%len(vocabulary)] + " text."})
		})
	}
}

func TestDamagedSegmentsAreRebuilt(t *testing.T) {
	for _, damage := range []string{"missing", "truncated", "flipped", "empty"} {
		t.Run(damage, func(t *testing.T) {
			dir := t.TempDir()
			s := openAt(t, dir, Options{})
			fill(t, s, 9)
			commit(t, s, func(b *Batch) {
				if ok, err := b.Delete("d3"); !ok || err != nil {
					t.Fatal(ok, err)
				}
			})
			want := look(t, s)
			closeStore(t, s)
			files, err := filepath.Glob(filepath.Join(dir, "segments", "*.seg"))
			if err != nil || len(files) == 0 {
				t.Fatal(files, err)
			}
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				switch damage {
				case "missing":
					err = os.Remove(f)
				case "truncated":
					err = os.WriteFile(f, data[:len(data)/2], 0o644)
				case "flipped":
					data[len(data)*2/3] ^= 1
					err = os.WriteFile(f, data, 0o644)
				case "empty":
					err = os.WriteFile(f, nil, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			s = openAt(t, dir, Options{})
			defer closeStore(t, s)
			ready(t, s)
			if got := look(t, s); !reflect.DeepEqual(got, want) {
				t.Fatalf("after rebuilding: got %v\nwant %v", got, want)
			}
			r, err := s.Check(context.Background(), false)
			if err != nil || len(r.Lost)+len(r.Derivable) > 0 || r.Documents != 8 {
				t.Fatalf("check: %+v, %v", r, err)
			}
		})
	}
}

func TestCheckFindsAndRepairs(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	fill(t, s, 3)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "segments", "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	// Replaced, not overwritten: the open mapping stays whole.
	if err := errors.Join(os.Remove(files[0]), os.WriteFile(files[0], []byte("no segment"), 0o644)); err != nil {
		t.Fatal(err)
	}
	r, err := s.Check(context.Background(), false)
	if err != nil || len(r.Derivable) != 1 || len(r.Lost) != 0 {
		t.Fatalf("check: %+v, %v", r, err)
	}
	if r, err = s.Check(context.Background(), true); err != nil || r.Repaired != 1 {
		t.Fatalf("repair: %+v, %v", r, err)
	}
	if r, err = s.Check(context.Background(), false); err != nil || len(r.Derivable) != 0 {
		t.Fatalf("check after repair: %+v, %v", r, err)
	}
	// What cannot be derived is reported as lost.
	h, err := view.HeaderByID(s.db, "d1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Set(record.TextKey(h.Ordinal, 0), []byte("other"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 4) // so that there is a snapshot that sees it
	if r, err = s.Check(context.Background(), false); err != nil || len(r.Lost) != 1 || !strings.Contains(r.Lost[0], "d1") {
		t.Fatalf("check of a changed source: %+v, %v", r, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "absent"), Options{MustExist: true}); !errors.Is(err, ErrNotFound) {
		t.Fatalf("absent index: %v", err)
	}
	s := openAt(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("second open: %v", err)
	}
	closeStore(t, s)
	if _, err := Open(t.TempDir(), Options{Config: ingest.Config{Language: "klingon"}}); err == nil {
		t.Fatal("an unknown language was accepted")
	}
	s = openAt(t, dir, Options{})
	fill(t, s, 1)
	closeStore(t, s)
	for _, c := range []struct {
		format, reader, writer int
		read, write            error
	}{
		{manifest.Format + 1, 0, 0, ErrNewer, ErrNewer},
		{manifest.Format + 2, manifest.Format + 1, manifest.Format + 1, ErrNewer, ErrNewer},
		{manifest.Format + 1, manifest.Format, manifest.Format + 1, nil, ErrNewer},
		{manifest.Format + 1, manifest.Format, manifest.Format, nil, nil},
	} {
		fs := vfs.NewMem()
		s = openAt(t, "ix", Options{FS: fs})
		fill(t, s, 1)
		m := s.manifest.Clone()
		m.Format, m.MinReader, m.MinWriter = c.format, c.reader, c.writer
		s.mu.Lock()
		err := s.publish(m, s.db.NewBatch(), nil)
		s.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		for _, readOnly := range []bool{true, false} {
			s, err := Open("ix", Options{FS: fs, ReadOnly: readOnly})
			want := c.write
			if readOnly {
				want = c.read
			}
			if !errors.Is(err, want) {
				t.Fatalf("%+v, read only %v: %v", c, readOnly, err)
			}
			if err == nil {
				if format := s.manifest.Format; format != c.format {
					t.Fatalf("%+v became format %d", c, format)
				}
				closeStore(t, s)
			}
		}
	}
}

func TestConfigIsKept(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{Config: ingest.Config{Similarity: ingest.Lucene}})
	fill(t, s, 1)
	closeStore(t, s)
	s = openAt(t, dir, Options{})
	if s.Config().Similarity != ingest.Lucene {
		t.Fatalf("config %+v", s.Config())
	}
	closeStore(t, s)
	if _, err := Open(dir, Options{Config: ingest.Config{Similarity: ingest.BM25F}}); !errors.Is(err, ErrConfig) {
		t.Fatalf("other similarity: %v", err)
	}
}

// TestMemoryStaysFlat: replaced documents, merged segments and snapshots that
// overlap commits leave nothing behind on the heap.
func TestMemoryStaysFlat(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{Tuning: Tuning{MemTable: 256 << 10, SealBytes: 64 << 10, MergeFactor: 2}})
	defer closeStore(t, s)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before uint64
	var held *Snapshot
	for round := range 1500 {
		commit(t, s, func(b *Batch) {
			for i := range 20 {
				put(t, b, corpus.Document{ID: fmt.Sprint("d", (round*20+i)%2000), Source: fmt.Sprint(vocabulary[i], " ", round)})
			}
		})
		// There is always a reader when the next commit is shown.
		v := snapshot(t, s)
		if held != nil {
			if err := held.Release(); err != nil {
				t.Fatal(err)
			}
		}
		if held = v; round == 500 {
			before = heap()
		}
	}
	after := heap()
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	if after > before+before/2+8<<20 {
		t.Fatalf("the heap grew from %d to %d bytes while as many documents were replaced", before, after)
	}
}
