package tamis_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// goldenAnswers are what the program that wrote a golden store answered from
// it; store/testdata/golden/README.md says more.
type goldenAnswers struct {
	Searches []goldenSearch    `json:"searches"`
	Sources  map[string]string `json:"sources"` // SHA-256 by id
	Gone     []string          `json:"gone"`
	Contexts []json.RawMessage `json:"contexts"`
}

type goldenSearch struct {
	Query  string             `json:"query"`
	Unit   string             `json:"unit"`
	Filter string             `json:"filter"`
	Field  string             `json:"field"`
	Vector map[string]float32 `json:"vector"`
	Hits   []goldenHit        `json:"hits"`
}

type goldenHit struct {
	Doc   string `json:"doc"`
	Title string `json:"title"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Bits  uint32 `json:"bits"` // of the score, a float32
}

const goldenDir = "store/testdata/golden"

// unpack puts a golden store into a folder of its own.
func unpack(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(goldenDir, name+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ix")
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, b, 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoldenStores: an index that any version wrote opens for reading and for
// writing, answers as that version did, is whole, and counts what is deleted
// and added as if it had always been so; then it is of today's format.
func TestGoldenStores(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(goldenDir, "*.tar.gz"))
	if err != nil || len(names) < 6 {
		t.Fatal(names, err)
	}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".tar.gz")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join(goldenDir, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want goldenAnswers
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			dir := unpack(t, name)
			for _, open := range []struct {
				how string
				o   tamis.Options
			}{{"for reading", tamis.Options{ReadOnly: true}}, {"for writing", tamis.Options{MustExist: true}}, {"again", tamis.Options{MustExist: true}}} {
				ix := openGolden(t, dir, open.o)
				want.hold(t, ix, open.how)
				if open.how == "again" {
					want.carriedOver(t, ix)
				}
				if err := ix.Close(); err != nil {
					t.Fatal(err)
				}
			}
			ix := openGolden(t, dir, tamis.Options{ReadOnly: true})
			want.holdScores(t, ix, "closed again")
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func openGolden(t *testing.T, dir string, o tamis.Options) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open(dir, o)
	if err == nil {
		err = ix.Ready(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

// hold compares all answers with those of the version that wrote the index.
func (want goldenAnswers) hold(t *testing.T, ix *tamis.Index, how string) {
	t.Helper()
	ctx := context.Background()
	for _, s := range want.Searches {
		if got := s.ask(t, ix); !slices.Equal(got, s.Hits) {
			t.Errorf("%s: %q %v by %s, filter %q:\ngot  %v\nwant %v", how, s.Query, s.Vector, s.Unit, s.Filter, got, s.Hits)
		}
	}
	for id, sum := range want.Sources {
		if s, err := ix.Source(ctx, id, tamis.Scope{}); err != nil || fmt.Sprintf("%x", sha256.Sum256([]byte(s))) != sum {
			t.Errorf("%s: source of %s: %v", how, id, err)
		}
	}
	for _, id := range want.Gone {
		if _, err := ix.Source(ctx, id, tamis.Scope{}); !errors.Is(err, tamis.ErrNotFound) {
			t.Errorf("%s: deleted document %s: %v", how, id, err)
		}
	}
	for _, receipt := range want.Contexts {
		var c tamis.Context
		if err := json.Unmarshal(receipt, &c); err != nil {
			t.Fatal(err)
		}
		if text, err := ix.Replay(ctx, &c, tamis.Scope{}); err != nil || text != c.Text {
			t.Errorf("%s: %q replayed: %v\ngot  %q\nwant %q", how, c.Question, err, text, c.Text)
		}
	}
	r, err := ix.Check(ctx, false)
	if err != nil || len(r.Lost)+len(r.Derivable) > 0 {
		t.Errorf("%s: check: %+v, %v", how, r, err)
	}
}

func (s goldenSearch) ask(t *testing.T, ix *tamis.Index) []goldenHit {
	t.Helper()
	q := tamis.Query{Text: s.Query, K: 20, Filter: s.Filter, Unit: tamis.Passages, Field: s.Field}
	if s.Unit == "document" {
		q.Unit = tamis.Documents
	}
	if s.Vector != nil {
		q.Vector = tamis.Sparse(s.Vector)
	}
	r, err := ix.Search(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	hits := []goldenHit{}
	for _, h := range r.Hits {
		hits = append(hits, goldenHit{h.Doc, h.Title, h.Start, h.End, math.Float32bits(h.Score)})
	}
	return hits
}

// holdScores compares hits where ties may stand in another order.
func (want goldenAnswers) holdScores(t *testing.T, ix *tamis.Index, how string) {
	t.Helper()
	for _, s := range want.Searches {
		got := s.ask(t, ix)
		s.Hits = slices.Clone(s.Hits)
		for _, hits := range [][]goldenHit{got, s.Hits} {
			slices.SortFunc(hits, func(a, b goldenHit) int {
				return strings.Compare(fmt.Sprint(a.Bits, a.Doc, a.Start), fmt.Sprint(b.Bits, b.Doc, b.Start))
			})
		}
		if !slices.Equal(got, s.Hits) {
			t.Errorf("%s: %q %v by %s, filter %q:\ngot  %v\nwant %v", how, s.Query, s.Vector, s.Unit, s.Filter, got, s.Hits)
		}
	}
}

// carriedOver deletes a document and adds it again, adds one and deletes it:
// statistics, and with them every score, are as they were, before and after all
// segments are written anew.
func (want goldenAnswers) carriedOver(t *testing.T, ix *tamis.Index) {
	t.Helper()
	ctx := context.Background()
	add := func(d tamis.Document) {
		t.Helper()
		docs := iter.Seq2[tamis.Document, error](func(yield func(tamis.Document, error) bool) { yield(d, nil) })
		if r, err := ix.Add(ctx, docs); err != nil || r.Added != 1 {
			t.Fatalf("adding: %+v, %v", r, err)
		}
	}
	del := func(id string) {
		t.Helper()
		if n, err := ix.Delete(ctx, id); n != 1 || err != nil {
			t.Fatalf("deleting %s: %d, %v", id, n, err)
		}
	}
	source, err := ix.Source(ctx, "log", tamis.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := ix.Stats()
	if err != nil {
		t.Fatal(err)
	}
	// What other documents score shows whether the statistics are right.
	others := slices.DeleteFunc(slices.Clone(want.Searches), func(s goldenSearch) bool { return s.Vector != nil })
	add(tamis.Document{ID: "new", Title: "Sieve mesh", Source: "A new sieve for the river, the mill and the thaw. Merge sorted runs."})
	changed := 0
	for _, s := range others {
		if !slices.Equal(s.ask(t, ix), s.Hits) {
			changed++
		}
	}
	if changed == 0 {
		t.Error("adding a document changed no score")
	}
	del("new")
	want.hold(t, ix, "after adding and deleting")
	del("log")
	if after, err := ix.Stats(); err != nil || after.Documents != before.Documents-1 || after.Passages >= before.Passages {
		t.Errorf("after deleting: %d documents, %d passages, before %d and %d; %v", after.Documents, after.Passages, before.Documents, before.Passages, err)
	}
	d := tamis.Document{ID: "log", Title: "Log of the mill", Source: source, Metadata: map[string]any{"tags": []string{"mill", "log"}}}
	for _, s := range want.Searches {
		if s.Field == "exact" || s.Field == "coarse" {
			// As the golden store's program gave them to its fourth document.
			v := tamis.Sparse{}
			for j, w := range []string{"sieve", "mill", "river", "thaw", "17"} {
				if (3+j)%3 != 0 {
					v[w] = float32(3+1) * 0.37 / float32(j+1)
				}
			}
			d.Vectors = map[string]tamis.Vector{"exact": v}
		}
	}
	add(d)
	want.holdScores(t, ix, "after deleting and adding")
	if err := ix.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	want.holdScores(t, ix, "after compacting")
	if r, err := ix.Check(ctx, false); err != nil || len(r.Lost)+len(r.Derivable) > 0 {
		t.Errorf("after compacting: check: %+v, %v", r, err)
	}
}
