package tamis_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
)

// blockSize is what a damaged disk loses at once.
const blockSize = 512

// smallFiles makes everything in an index small, so that it has all kinds of
// files.
var smallFiles = tamis.Tuning{MemTable: 64 << 10, SealBytes: 6 << 10, SealAfter: time.Hour, MergeFactor: 3, StepBytes: 24 << 10}

// A trial damages one place of one file of an index.
type trial struct {
	file string // relative
	what string // "flip", "zero", "cut" or "remove"
	at   int    // of the block
}

func (x trial) String() string { return fmt.Sprintf("%s %s at %d", x.what, x.file, x.at) }

// apply damages the file below dir; false where that changes nothing.
func (x trial) apply(t *testing.T, dir string, r *rand.Rand) bool {
	t.Helper()
	path := filepath.Join(dir, x.file)
	if x.what == "remove" {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return true
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	end := min(len(b), x.at+blockSize)
	switch x.what {
	case "flip":
		b[x.at+r.IntN(end-x.at)] ^= 1 << r.IntN(8)
	case "zero":
		if !slices.ContainsFunc(b[x.at:end], func(c byte) bool { return c != 0 }) {
			return false
		}
		clear(b[x.at:end])
	case "cut":
		b = b[:x.at]
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return true
}

// trialsOf lists every damage of the files below dir.
func trialsOf(t *testing.T, dir string) (trials []trial) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		trials = append(trials, trial{rel, "remove", 0})
		for at := 0; at < int(info.Size()); at += blockSize {
			for _, what := range []string{"flip", "zero", "cut"} {
				trials = append(trials, trial{rel, what, at})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return trials
}

// readTree is every file below dir with its bytes.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for rel, b := range files {
		path := filepath.Join(dir, rel)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, []byte(b), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// damageDocs are documents of several sizes, some with vectors.
func damageDocs(from, to int) []tamis.Document {
	words := strings.Fields("sieve mill river thaw flour mesh segment merge index winter miller crown sack wind log")
	r := rand.New(rand.NewPCG(uint64(from), 77))
	var docs []tamis.Document
	for i := from; i < to; i++ {
		var b strings.Builder
		for range 20 + r.IntN(80) {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteString([]string{" ", " ", " ", ". ", ".\n\n"}[r.IntN(5)])
		}
		if i%11 == 3 {
			for j := range 3000 {
				fmt.Fprintf(&b, "%s%d ", words[j%len(words)], r.IntN(500))
			}
		}
		d := tamis.Document{ID: fmt.Sprint("d", i), Title: words[i%len(words)], Source: b.String(), Metadata: map[string]any{"n": float64(i)}}
		if i%2 == 0 {
			d.Vectors = map[string]tamis.Vector{"vector": tamis.Sparse{words[i%len(words)]: float32(i + 1), words[(i+3)%len(words)]: 0.5}}
		}
		docs = append(docs, d)
	}
	return docs
}

func each(docs []tamis.Document) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// grow fills an index in several commits, with deletes between them.
func grow(t *testing.T, ix *tamis.Index) {
	t.Helper()
	ctx := context.Background()
	for from := 0; from < 24; from += 4 {
		if _, err := ix.Add(ctx, each(damageDocs(from, from+4))); err != nil {
			t.Fatal(err)
		}
		if from%8 == 4 {
			if _, err := ix.Delete(ctx, fmt.Sprint("d", from-2)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// allAnswers are what an index answers: searches with the bits of scores, vectors
// and sources.
func allAnswers(ix *tamis.Index) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := ix.Ready(ctx); err != nil {
		return "", err
	}
	var b strings.Builder
	ask := func(q tamis.Query) error {
		q.K = 100
		r, err := ix.Search(ctx, q)
		if err != nil {
			return err
		}
		for _, h := range r.Hits {
			fmt.Fprintln(&b, h.Doc, h.Start, h.End, math.Float32bits(h.Score))
		}
		return nil
	}
	for _, text := range []string{"sieve mill", "river thaw winter", "flour sack crown", "segment merge index", "mesh wind log miller"} {
		for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
			if err := ask(tamis.Query{Text: text, Unit: unit}); err != nil {
				return "", err
			}
		}
	}
	if err := ask(tamis.Query{Text: "sieve river flour", Unit: tamis.Documents, Filter: "n < 15"}); err != nil {
		return "", err
	}
	if err := ask(tamis.Query{Vector: tamis.Sparse{"sieve": 1, "mill": 2, "thaw": 0.25, "log": 1}, Unit: tamis.Documents}); err != nil {
		return "", err
	}
	for i := range 40 {
		s, err := ix.Source(ctx, fmt.Sprint("d", i), tamis.Scope{})
		if err != nil && !errors.Is(err, tamis.ErrNotFound) {
			return "", err
		}
		fmt.Fprintln(&b, s)
	}
	return b.String(), nil
}

// verdict is what came of a trial.
type verdict string

const (
	same    verdict = "as before"
	refused verdict = "refused to open"
	said    verdict = "an error"
	listed  verdict = "damage listed"
	silent  verdict = "SILENT"
)

// judge opens a damaged index and asks it. Nothing may be silent.
func judge(dir string, o tamis.Options, want string) (v verdict, detail string) {
	defer func() {
		if r := recover(); r != nil {
			v, detail = silent, fmt.Sprint("panic: ", r)
		}
	}()
	ix, err := tamis.Open(dir, o)
	if errors.Is(err, tamis.ErrNotFound) || errors.Is(err, tamis.ErrNewer) {
		return silent, err.Error()
	}
	if err != nil {
		return refused, err.Error()
	}
	defer ix.Close()
	damage := ix.Damage()
	r, checkErr := ix.Check(context.Background(), false)
	if len(damage) > 0 && checkErr == nil && len(r.Lost) == 0 {
		return silent, "check does not list " + damage[0]
	}
	got, err := allAnswers(ix)
	switch {
	case err != nil:
		return said, err.Error()
	case len(damage) > 0:
		return listed, damage[0]
	case got == want:
		return same, ""
	case checkErr != nil:
		return listed, checkErr.Error()
	case len(r.Lost) > 0:
		return listed, r.Lost[0]
	}
	return silent, "another answer"
}

// TestDamageIsNamed damages every block of every file of an index, flipped,
// zeroed and cut, and removes each file: it answers as before, or says what is
// wrong, for readers and for writers; where a writer is refused, nothing has
// changed. The default run takes a sample.
func TestDamageIsNamed(t *testing.T) {
	stride := 60
	if os.Getenv("TAMIS_PEERS") != "" {
		stride = 10
	}
	if os.Getenv("TAMIS_HEAVY") == "full" {
		stride = 1
	}
	t.Run("closed", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ix")
		ix := openDamage(t, dir)
		grow(t, ix)
		closeIndex(t, ix)
		damageAll(t, dir, stride, true)
	})
	t.Run("killed", func(t *testing.T) {
		live := filepath.Join(t.TempDir(), "ix")
		ix := openDamage(t, live)
		grow(t, ix)
		killed := filepath.Join(t.TempDir(), "ix")
		writeTree(t, killed, stillTree(t, live))
		closeIndex(t, ix)
		damageAll(t, killed, stride, true)
	})
	t.Run("being written", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ix")
		ix := openDamage(t, dir)
		grow(t, ix)
		// A call of Add that has made steps durable and goes on.
		more, reached, done := damageDocs(24, 38), make(chan bool), make(chan error)
		goOn := make(chan bool)
		go func() {
			_, err := ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
				for i, d := range more {
					if i == len(more)-1 {
						reached <- true
						<-goOn
					}
					if !yield(d, nil) {
						return
					}
				}
			})
			done <- err
		}()
		<-reached
		ix.PauseMerging()
		damageAll(t, dir, stride, false)
		close(goOn)
		<-done // what it says does not count: its files were exchanged
		_ = ix.Close()
	})
}

func openDamage(t *testing.T, dir string) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open(dir, tamis.Options{Tuning: smallFiles, Vectors: map[string]tamis.VectorField{"vector": {Bits: 16, Max: 40}}})
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func closeIndex(t *testing.T, ix *tamis.Index) {
	t.Helper()
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
}

// damageAll tries every stride-th trial on the index in dir.
func damageAll(t *testing.T, dir string, stride int, writing bool) {
	readOnly := tamis.Options{ReadOnly: true, Tuning: smallFiles}
	whole := stillTree(t, dir)
	undamaged := func() string {
		t.Helper()
		ix, err := tamis.Open(dir, readOnly)
		if err != nil {
			t.Fatal(err)
		}
		defer closeIndex(t, ix)
		got, err := allAnswers(ix)
		if err != nil || len(got) < 1000 || len(ix.Damage()) > 0 {
			t.Fatal(len(got), ix.Damage(), err)
		}
		return got
	}
	want := undamaged()
	trials := trialsOf(t, dir)
	r := rand.New(rand.NewPCG(9, 10))
	// Files have different lengths: a sample shall meet all.
	if stride > 1 {
		r.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
		trials = trials[:len(trials)/stride]
	}
	counts := map[string]int{}
	copied := filepath.Join(t.TempDir(), "ix")
	n := 0
	for _, x := range trials {
		if !x.apply(t, dir, r) {
			continue
		}
		n++
		damaged := readTree(t, dir)
		v, detail := judgeWithin(t, x, dir, readOnly, want)
		counts["read: "+string(v)]++
		if v == silent {
			t.Errorf("%v, opened for reading: %s", x, detail)
		} else if os.Getenv("TAMIS_DAMAGE_DETAILS") != "" {
			t.Logf("%v: %s: %s", x, v, detail)
		}
		if after := readTree(t, dir); !sameTree(damaged, after) {
			t.Errorf("%v: a reader changed something", x)
		}
		restore(t, dir, x, whole)
		if !writing {
			continue
		}
		if err := os.RemoveAll(copied); err != nil {
			t.Fatal(err)
		}
		writeTree(t, copied, damaged)
		v, detail = judgeWithin(t, x, copied, tamis.Options{Tuning: smallFiles}, want)
		counts["write: "+string(v)]++
		if v == silent {
			t.Errorf("%v, opened for writing: %s", x, detail)
		}
		if v == refused && !sameTree(damaged, readTree(t, copied)) {
			t.Errorf("%v: refused, but something was changed: %s", x, detail)
		}
	}
	if got := undamaged(); got != want || !sameTree(whole, readTree(t, dir)) {
		t.Fatal("the trials changed something")
	}
	t.Logf("%d files, %d trials of %d: %v", len(whole), n, len(trials)*stride, counts)
}

// stillTree reads the files below dir once nothing changes them any more.
func stillTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := readTree(t, dir)
	for still := 0; still < 5; still++ {
		time.Sleep(100 * time.Millisecond)
		if now := readTree(t, dir); !sameTree(files, now) {
			files, still = now, 0
		}
	}
	return files
}

// restore puts the file of a trial back.
func restore(t *testing.T, dir string, x trial, whole map[string]string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, x.file), []byte(whole[x.file]), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sameTree(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, x := range a {
		if y, ok := b[name]; !ok || x != y {
			return false
		}
	}
	return true
}

func judgeWithin(t *testing.T, x trial, dir string, o tamis.Options, want string) (v verdict, detail string) {
	t.Helper()
	done := make(chan bool)
	go func() { defer close(done); v, detail = judge(dir, o, want) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%v hangs", x)
	}
	return v, detail
}
