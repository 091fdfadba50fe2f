package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index/dense"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
	"github.com/tamis-search/tamis/vector"
)

// vectorsFor are the vectors of the document with a source in tests that look at
// contents: of two in three documents in each field, with names of both kinds, and dense
// ones. Sums of their weights are exact in float32.
func vectorsFor(source string) map[string]vector.Value {
	r := rand.New(rand.NewPCG(xxhash.Sum64String(source), 1))
	all := map[string]vector.Value{}
	for _, field := range []string{"a", "b"} {
		if r.IntN(3) == 0 {
			continue
		}
		v := vector.Named{}
		for range 1 + r.IntN(12) {
			t := r.IntN(40)
			name := fmt.Sprint(t)
			if t%2 == 0 {
				name = fmt.Sprint("name", t, "-", r.IntN(3))
			}
			v[name] = float32(1+r.IntN(50)) / 8
		}
		all[field] = v
	}
	if r.IntN(3) > 0 {
		d := make(vector.Dense, 5)
		for i := range d {
			d[i] = float32(r.IntN(50)-25) / 8
		}
		all["d"] = d
		if r.IntN(2) == 0 {
			all["m"] = vector.Multi{d[:3], d[1:4], d[2:]}[r.IntN(3):]
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// document is the one that tests put under an id.
func document(id, source string) corpus.Document {
	return corpus.Document{ID: id, Source: source, Vectors: vectorsFor(source)}
}

// vectorsHold checks that every document of m has its vectors stored, and that
// searches rank the documents, in order of addition, as scoring them does. Where
// the snapshot is of an index without vectors there is nothing to check.
func vectorsHold(t *testing.T, s *Store, v *Snapshot, order []string, m model) {
	t.Helper()
	if len(s.VectorFields()) == 0 {
		return
	}
	for _, id := range order {
		h, err := v.HeaderByID(id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Vectors(h)
		if err != nil {
			t.Fatal(err)
		}
		want := vectorsFor(m[id])
		if len(got) != len(want) {
			t.Fatalf("document %s has vectors in %d fields, want %d", id, len(got), len(want))
		}
		for field, n := range want {
			if x, err := v.QueryVector(vector.Field{Kind: n.Kind()}, n); err != nil || !reflect.DeepEqual(x, got[field]) {
				t.Fatalf("document %s, field %s: %v, want %v, %v", id, field, got[field], x, err)
			}
		}
	}
	if v.Incomplete() > 0 {
		return
	}
	for _, field := range s.VectorFields() {
		query, numbers := vector.Named{}, vector.Dense{1, -2, 0, 3, .5}
		tokens := vector.Multi{{1, 0, -1}, {.5, 2, 0}}
		for t := range 40 {
			query[fmt.Sprint(t)] = float32(1 + t%3)
			query[fmt.Sprint("name", t, "-", t%3)] = float32(1 + t%2)
		}
		want := []string{}
		type scored struct {
			id    string
			score float32
		}
		var all []scored
		for _, id := range order {
			score := float32(0)
			switch v := vectorsFor(m[id])[field].(type) {
			case vector.Named:
				for name, w := range v {
					score += w * query[name]
				}
				if score == 0 {
					continue
				}
			case vector.Dense:
				for i, x := range v {
					score += x * numbers[i]
				}
			case vector.Multi:
				for _, q := range tokens {
					most := float32(math.Inf(-1))
					for _, d := range v {
						most = max(most, d[0]*q[0]+d[1]*q[1]+d[2]*q[2])
					}
					score += most
				}
			default:
				continue
			}
			all = append(all, scored{id, score})
		}
		slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
		for _, s := range all {
			want = append(want, fmt.Sprintf("%s %g", s.id, s.score))
		}
		got := []string{}
		var q vector.Value = query
		switch field {
		case "d":
			q = numbers
		case "m":
			q = tokens
		}
		for _, h := range rankVectors(t, v, field, q, len(order)+1) {
			got = append(got, fmt.Sprintf("%s %g", h.id, h.score))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("field %s:\n got %v\nwant %v", field, got, want)
		}
	}
}

type rankedDoc struct {
	id    string
	score float32
}

func rankVectors(t *testing.T, v *Snapshot, field string, query vector.Value, k int) (out []rankedDoc) {
	t.Helper()
	x, err := v.QueryVector(vector.Field{Kind: query.Kind()}, query)
	if err != nil {
		t.Fatal(err)
	}
	spaces := v.VectorSpaces(field)
	var hits []topk.Hit
	if tokens, ok := x.(vector.Multi); ok {
		sources := make([]dense.MultiSource, len(spaces))
		for i, s := range spaces {
			sources[i] = dense.MultiSource{Segment: s.Vectors.Multi, Visible: s.Visible}
		}
		r, err := dense.RankMulti(t.Context(), sources, tokens, k, 1)
		if err != nil {
			t.Fatal(err)
		}
		hits = r.Hits
	} else if numbers, ok := x.(vector.Dense); ok {
		sources := make([]dense.Source, len(spaces))
		for i, s := range spaces {
			sources[i] = dense.Source{Segment: s.Vectors.Dense, Visible: s.Visible}
		}
		r, err := dense.Rank(t.Context(), sources, numbers, k, 1)
		if err != nil {
			t.Fatal(err)
		}
		hits = r.Hits
	} else {
		sources := make([]impact.Source, len(spaces))
		for i, s := range spaces {
			sources[i] = impact.Source{Segment: s.Vectors.Sparse, Visible: s.Visible}
		}
		hits = impact.TopK(sources, x.(vector.Sparse), k, 1).Hits
	}
	for _, hit := range hits {
		h, err := v.Header(v.Ordinal(Row{Segment: spaces[hit.Segment].Segment, Row: spaces[hit.Segment].Vectors.Document(hit.Row.Row)}))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rankedDoc{h.ID, hit.Score})
	}
	return out
}

// TestDamagedVectors: a damaged copy is lost, and said to be; a damaged segment is
// built anew from it.
func TestDamagedVectors(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{Vectors: map[string]VectorField{"b": {Bits: 8, Max: 255. / 8}}})
	m := model{}
	commit(t, s, func(b *Batch) {
		for i := range 60 {
			id := fmt.Sprint("d", i)
			m[id] = fmt.Sprint("source ", i)
			put(t, b, document(id, m[id]))
		}
	})
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, s); !maps.Equal(got, m) {
		t.Fatal("stored", ids(got))
	}
	closeStore(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "segments", "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)-100] ^= 4 // in the vectors, the last section
	if err := os.WriteFile(files[0], whole, 0o644); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, Options{})
	defer closeStore(t, s)
	ready(t, s)
	if got := contents(t, s); !maps.Equal(got, m) {
		t.Fatal("stored", ids(got))
	}
	st, err := s.Stats()
	if err != nil || len(st.Vectors) != 4 || st.Vectors[1].Bits != 8 || st.VectorBytes == 0 {
		t.Fatalf("%+v, %v", st, err)
	}
	for _, id := range []string{"d0", "d1", "d2", "d3"} {
		h, err := view.HeaderByID(s.db, id)
		if err != nil {
			t.Fatal(err)
		}
		if h.Vectors == nil {
			continue
		}
		if err := s.db.Set(record.VectorsKey(h.Ordinal), []byte("other"), pebble.Sync); err != nil {
			t.Fatal(err)
		}
		commit(t, s, func(b *Batch) { put(t, b, corpus.Document{ID: "last", Source: "x"}) })
		r, err := s.Check(context.Background(), false)
		if err != nil || len(r.Lost) != 1 {
			t.Fatalf("check: %+v, %v", r, err)
		}
		return
	}
}

// TestVersion2: an index that version 2 of the store wrote opens, and takes
// vectors.
func TestVersion2(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs})
	fill(t, s, 5)
	s.mu.Lock()
	m := s.manifest.Clone()
	m.Format = 2
	err := s.publish(m, s.db.NewBatch(), nil)
	s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = openAt(t, "ix", Options{FS: fs})
	defer closeStore(t, s)
	commit(t, s, func(b *Batch) {
		put(t, b, corpus.Document{ID: "v", Vectors: map[string]vector.Value{"a": vector.Named{"x": 1}}})
	})
	v := snapshot(t, s)
	defer v.Release()
	if got := rankVectors(t, v, "a", vector.Named{"x": 2}, 9); len(got) != 1 || got[0] != (rankedDoc{"v", 2}) {
		t.Fatal(got)
	}
	if n := v.Rows(Documents); n != 6 {
		t.Fatalf("%d documents", n)
	}
}

// TestMergingKeepsVectorsSmall: segments whose vectors are too many for one stay
// apart.
func TestMergingKeepsVectorsSmall(t *testing.T) {
	s := openAt(t, "ix", Options{FS: vfs.NewMem(), Tuning: Tuning{Inline: true, MaxSegmentBytes: 32 << 10, SealBytes: 1}})
	defer closeStore(t, s)
	m := model{}
	for i := range 12 {
		commit(t, s, func(b *Batch) {
			for j := range 90 {
				id := fmt.Sprint("d", i, "-", j)
				m[id] = fmt.Sprint(i, " ", j)
				put(t, b, document(id, m[id]))
			}
		})
	}
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, s); !maps.Equal(got, m) {
		t.Fatal("stored", ids(got))
	}
	v := snapshot(t, s)
	defer v.Release()
	weights := uint64(0)
	for _, o := range v.Segments() {
		n := o.Rows().Vectors("a").Sparse.Postings()
		if weights += n; n > 4<<10 {
			t.Errorf("a segment has %d weights", n)
		}
	}
	if len(v.Segments()) < 2 || weights < 4<<10 {
		t.Errorf("%d segments hold %d weights", len(v.Segments()), weights)
	}
}
