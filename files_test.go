package tamis_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// folder is a folder of files that tests change.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f folder) write(name string, lines ...string) {
	f.t.Helper()
	p := f.path(name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(strings.Join(lines, "\n")), 0o644)); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) remove(name string) {
	f.t.Helper()
	if err := os.RemoveAll(f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

// index adds the named files, else the folder, and compares the report: added,
// updated, unchanged, removed, skipped.
func (f folder) index(ix *tamis.Index, want [5]int, names ...string) tamis.Report {
	f.t.Helper()
	paths := []string{f.dir}
	if len(names) > 0 {
		paths = nil
		for _, n := range names {
			paths = append(paths, f.path(n))
		}
	}
	r, err := ix.AddFiles(f.t.Context(), paths, tamis.FileOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	if got := counts(r); got != want {
		f.t.Fatalf("report %v, want %v: %+v", got, want, r.Skipped)
	}
	return r
}

func (f folder) finds(ix *tamis.Index, query string, want ...string) {
	f.t.Helper()
	got := found(f.t, ix, query)
	for i, id := range got {
		if rel, err := filepath.Rel(f.dir, id); err == nil && filepath.IsAbs(id) {
			got[i] = rel
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		f.t.Fatalf("%q finds %q, want %q", query, got, want)
	}
}

func record(id, text string) string { return `{"_id": "` + id + `", "text": "` + text + `"}` }

func TestFilesFollowTheFolder(t *testing.T) {
	ix, f := open(t, t.TempDir()), newFolder(t)
	f.write("a.txt", "The first walrus.")
	f.write("sub/b.txt", "The second walrus.")
	f.write("c.jsonl", record("one", "A zebra."), record("two", "A zebra too."), record("three", "A third zebra."))
	f.index(ix, [5]int{5})
	f.index(ix, [5]int{2: 5})
	// The same bytes at another time are no change.
	f.write("a.txt", "The first walrus.")
	f.index(ix, [5]int{2: 5})
	// Changed, vanished, and a record less.
	f.write("a.txt", "The changed walrus.")
	f.remove("sub")
	f.write("c.jsonl", record("one", "A zebra."), record("three", "A changed zebra."))
	f.index(ix, [5]int{0, 2, 1, 2, 0})
	f.finds(ix, "walrus zebra", "a.txt", "one", "three")
	f.finds(ix, "second too")
	// What is indexed by itself leaves the rest alone.
	f.remove("a.txt")
	f.index(ix, [5]int{2: 2}, "c.jsonl")
	f.finds(ix, "walrus", "a.txt")
	// A deleted document comes back when its file is indexed again, and the
	// others of the file are still known to be its.
	if n, err := ix.Delete(t.Context(), "one"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	f.index(ix, [5]int{1, 0, 1, 1, 0})
	if n, err := ix.Delete(t.Context(), "one"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	f.remove("c.jsonl")
	f.index(ix, [5]int{3: 1})
	clean(t, ix, 0)
}

// TestFilesUnreadable: what could be read before and cannot now stays.
func TestFilesUnreadable(t *testing.T) {
	ix, f := open(t, ""), newFolder(t)
	f.write("a.txt", "The first walrus.")
	f.write("dir/b.txt", "The second walrus.")
	f.write("good.txt", "A walrus as well.")
	f.write("r.jsonl", record("one", "A zebra."), record("two", "A zebra too."))
	f.index(ix, [5]int{5})
	f.write("a.txt", "Now binary\x00.")
	f.remove("dir")
	if err := os.Symlink(f.path("dir"), f.path("dir")); err != nil { // a cycle
		t.Fatal(err)
	}
	f.write("r.jsonl", record("one", "A changed zebra."), `{"_id": "two", "te`)
	r := f.index(ix, [5]int{0, 1, 1, 0, 3})
	for i, want := range []string{"dir", "a.txt", "r.jsonl"} {
		if s := r.Skipped[i]; filepath.Base(s.Path) != want || want == "r.jsonl" && s.Line != 2 {
			t.Fatalf("%+v", r.Skipped)
		}
	}
	f.finds(ix, "walrus zebra", "a.txt", "dir/b.txt", "good.txt", "one", "two")
	// Once it can be read again, what is gone is gone.
	f.remove("dir")
	f.write("a.txt", "The first walrus.")
	f.write("r.jsonl", record("one", "A changed zebra."))
	f.index(ix, [5]int{0, 0, 3, 2, 0})
	f.finds(ix, "walrus zebra", "a.txt", "good.txt", "one")
	clean(t, ix, 3)
}

func TestFilesDamagedEnd(t *testing.T) {
	ix, f := open(t, ""), newFolder(t)
	var lines []string
	for i := range 200 {
		lines = append(lines, record(strings.Repeat("x", i+1), "A zebra."))
	}
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(strings.Join(lines, "\n"))); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	f.write("r.jsonl.gz", b.String())
	f.index(ix, [5]int{200})
	f.write("r.jsonl.gz", b.String()[:b.Len()*2/3]) // cut off while it was copied
	r, err := ix.AddFiles(t.Context(), []string{f.dir}, tamis.FileOptions{})
	if err != nil || r.Removed != 0 || len(r.Skipped) != 1 || !strings.Contains(r.Skipped[0].Reason, "damaged gzip file") {
		t.Fatalf("%+v, %v", r, err)
	}
	clean(t, ix, 200)
}

// TestFilesIDMoves: a record whose id moves to another file is never deleted
// for having left the first, in whichever order the files come.
func TestFilesIDMoves(t *testing.T) {
	for _, to := range []string{"a.jsonl", "z.jsonl"} { // before and after m.jsonl
		ix, f := open(t, ""), newFolder(t)
		f.write("m.jsonl", record("moves", "A zebra."), record("stays", "A walrus."))
		f.write(to, record("other", "An otter."))
		f.index(ix, [5]int{3})
		f.write("m.jsonl", record("stays", "A walrus."))
		f.write(to, record("other", "An otter."), record("moves", "A zebra."))
		r, err := ix.AddFiles(t.Context(), []string{f.dir}, tamis.FileOptions{})
		if err != nil || len(r.Skipped) > 0 || r.Unchanged != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		f.finds(ix, "zebra walrus otter", "moves", "other", "stays")
		clean(t, ix, 3)
		f.index(ix, [5]int{2: 3})
		// Now it belongs to the other file.
		f.remove("m.jsonl")
		f.index(ix, [5]int{2: 2, 3: 1})
		f.finds(ix, "zebra walrus otter", "moves", "other")
		f.remove(to)
		f.index(ix, [5]int{3: 2})
		clean(t, ix, 0)
	}
}

// TestFilesSharedID: of two files with the same id the first keeps it, run
// after run; when it lets go, the other has it.
func TestFilesSharedID(t *testing.T) {
	ix, f := open(t, ""), newFolder(t)
	f.write("a.jsonl", record("x", "A zebra of a."), record("a", "A walrus."))
	f.write("b.jsonl", record("x", "A zebra of b."), record("b", "An otter."))
	f.index(ix, [5]int{3, 0, 0, 0, 1})
	for range 2 {
		r := f.index(ix, [5]int{0, 0, 3, 0, 1})
		if s := r.Skipped[0]; filepath.Base(s.Path) != "b.jsonl" || !strings.Contains(s.Reason, `"x"`) {
			t.Fatalf("%+v", s)
		}
	}
	f.write("a.jsonl", record("a", "A walrus."))
	r, err := ix.AddFiles(t.Context(), []string{f.dir}, tamis.FileOptions{})
	if err != nil || len(r.Skipped) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	f.finds(ix, "zebra walrus otter", "a", "b", "x")
	f.index(ix, [5]int{2: 3})
	// An earlier file that gains the id takes it over, and only once.
	f.write("a.jsonl", record("x", "A zebra of a."), record("a", "A walrus."))
	f.index(ix, [5]int{0, 1, 2, 0, 1})
	f.index(ix, [5]int{0, 0, 3, 0, 1})
	f.remove("a.jsonl")
	r, err = ix.AddFiles(t.Context(), []string{f.dir}, tamis.FileOptions{})
	if err != nil || len(r.Skipped) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	f.finds(ix, "zebra walrus otter", "b", "x")
	clean(t, ix, 2)
}

// TestFilesNotTheIndex: the index inside the indexed folder is never read, also
// where it is reached by another name.
func TestFilesNotTheIndex(t *testing.T) {
	f := newFolder(t)
	f.write("a.txt", "The first walrus.")
	t.Chdir(f.dir)
	if err := os.Symlink(f.path(".tamis"), f.path("link")); err != nil {
		t.Fatal(err)
	}
	ix := open(t, ".tamis")
	f.index(ix, [5]int{1})
	f.index(ix, [5]int{2: 1})
	for _, p := range []string{".tamis", "link", "./.tamis/db"} {
		r, err := ix.AddFiles(t.Context(), []string{p}, tamis.FileOptions{})
		if err != nil || r.Added != 0 {
			t.Errorf("%s: %+v, %v", p, r, err)
		}
	}
	clean(t, ix, 1)
}

func TestFilesChangeWhileRead(t *testing.T) {
	ix, f := open(t, ""), newFolder(t)
	for _, n := range []string{"a.txt", "b.txt", "c.txt"} {
		f.write(n, "The walrus of "+n)
	}
	f.index(ix, [5]int{3})
	f.write("a.txt", "The changed walrus.")
	// Between listing and reading, one vanishes, one changes, one appears.
	once := false
	r, err := ix.AddFiles(t.Context(), []string{f.dir}, tamis.FileOptions{Progress: func(done, total int64) {
		if !once {
			once = true
			f.remove("b.txt")
			f.write("c.txt", "The zebra instead.")
			f.write("d.txt", "The walrus that came late.")
		}
	}})
	if err != nil || counts(r) != [5]int{0, 2, 0, 1, 1} || !strings.Contains(r.Skipped[0].Reason, "vanished") {
		t.Fatalf("%+v, %v", r, err)
	}
	f.finds(ix, "walrus zebra", "a.txt", "c.txt")
	f.index(ix, [5]int{1, 0, 2, 0, 0})
	clean(t, ix, 3)
}

// TestFilesNotUTF8: a path that is no text cannot be named by anything stored.
// It is left out with one reason, and what is stored stays whole.
func TestFilesNotUTF8(t *testing.T) {
	ix, f := open(t, ""), newFolder(t)
	if err := os.WriteFile(f.path("a\xff.txt"), []byte("A walrus."), 0o644); err != nil {
		t.Skip("no such names here:", err)
	}
	f.write("caf\xe9/r.jsonl", record("one", "A zebra."), record("two", "A zebra too."))
	f.write(`b\xFF.txt`, "A walrus.") // is no file that another is named like
	f.write("b\xff.txt", "A walrus.")
	f.write("good.jsonl", `{"_id": "three", "text": "A walrus.", "metadata": {"n": 9007199254740993, "s": "a`+"\xff"+`b"}}`)
	f.index(ix, [5]int{6, 0, 0, 0, 0})
	f.index(ix, [5]int{0, 0, 6, 0, 0})
	f.index(ix, [5]int{0, 0, 2, 0, 0}, "caf\xe9/r.jsonl")
	for _, id := range []string{f.path(`a\xFF.txt`), f.path(`b\xFF.txt`), f.path(`b\x5CxFF.txt`)} {
		if res, err := ix.Search(t.Context(), tamis.Query{Text: "walrus", Filter: fmt.Sprintf("path = %q", id)}); err != nil || len(res.Hits) != 1 || res.Hits[0].Doc != id {
			t.Errorf("%s: %+v, %v", id, res, err)
		}
	}
	// What vanishes is removed, below a folder of such a name too.
	f.remove("a\xff.txt")
	f.remove("b\xff.txt")
	f.remove(`b\xFF.txt`)
	f.index(ix, [5]int{0, 0, 3, 3, 0})
	f.write("caf\xe9/r.jsonl", record("one", "A zebra."))
	f.index(ix, [5]int{0, 0, 1, 1, 0}, "caf\xe9")
	f.remove("caf\xe9/r.jsonl")
	f.index(ix, [5]int{0, 0, 0, 1, 0}, "caf\xe9")
	clean(t, ix, 1)
	res, err := ix.Search(t.Context(), tamis.Query{Text: "walrus"})
	if err != nil || len(res.Hits) != 1 || res.Hits[0].Metadata["n"] != float64(1<<53) || res.Hits[0].Metadata["s"] != "a\uFFFDb" {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestFilesWatched: what is known to be the same is not looked at, what changed is told
// file by file, and a file that was moved is known again.
func TestFilesWatched(t *testing.T) {
	f := newFolder(t)
	f.write("a.md", "# One", "", "The first.")
	f.write("b.md", "# Two", "", "The second.")
	f.write("c.md", "# Three", "", "The third.")
	ix, err := tamis.Open(filepath.Join(t.TempDir(), "ix"), tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	f.index(ix, [5]int{3, 0, 0, 0, 0})
	f.write("a.md", "# One", "", "The first, again.")
	f.write("b.md", "# Two", "", "Not looked at.")
	f.write("d.md", "# Four", "", "New.")
	if err := os.Rename(f.path("c.md"), f.path("e.md")); err != nil {
		t.Fatal(err)
	}
	var told []string
	r, err := ix.AddFiles(t.Context(), []string{f.dir}, tamis.FileOptions{
		Same: func(path string) bool { return filepath.Base(path) == "b.md" },
		Changed: func(c tamis.FileChange) {
			told = append(told, fmt.Sprintln(filepath.Base(c.Path), c.Added, c.Updated, c.Removed, filepath.Base(c.From)))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := counts(r), [5]int{2, 1, 1, 1, 0}; got != want {
		t.Errorf("report %v, want %v", got, want)
	}
	if got, want := strings.Join(told, ""), "a.md 0 1 0 .\nd.md 1 0 0 .\ne.md 1 0 0 c.md\n"; got != want {
		t.Errorf("told\n%swant\n%s", got, want)
	}
	if len(r.Moved) != 1 || r.Moved[0] != (tamis.Move{From: f.path("c.md"), To: f.path("e.md")}) {
		t.Errorf("moved %v", r.Moved)
	}
	f.index(ix, [5]int{0, 1, 3, 0, 0}) // b.md, at last
	f.remove("d.md")
	f.remove("e.md")
	r = f.index(ix, [5]int{0, 0, 2, 2, 0})
	if len(r.Moved) != 0 {
		t.Errorf("moved %v", r.Moved)
	}
}
