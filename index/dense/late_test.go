package dense

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// topical makes multi-vectors whose vectors lie around few of many points, and queries like
// them.
func topical(rng *rand.Rand, rows, parts, dims int) (ms, queries []vector.Multi) {
	points := make([]vector.Dense, 400)
	for i := range points {
		points[i] = randomDense(rng, dims)
	}
	draw := func(n int) vector.Multi {
		m := make(vector.Multi, n)
		topic := rng.IntN(len(points) - 12)
		for i := range m {
			v, p := randomDense(rng, dims), points[topic+rng.IntN(12)]
			for j := range v {
				v[j] = .4*v[j] + p[j]
			}
			m[i], _ = v.Unit()
		}
		return m
	}
	for range rows {
		ms = append(ms, draw(parts))
	}
	for range 30 {
		queries = append(queries, draw(6))
	}
	return ms, queries
}

// lateSample is a segment with lists, and what it was made of, made once.
var lateSample = sync.OnceValues(func() (data []byte, of struct{ ms, queries []vector.Multi }) {
	of.ms, of.queries = topical(rand.New(rand.NewPCG(5, 6)), 1400, 24, 16)
	b := NewMultiBuilder(Config{Dims: 16, Bits: 8})
	for _, m := range of.ms {
		if err := b.Add(m); err != nil {
			panic(err)
		}
	}
	data, err := b.Bytes()
	if err != nil {
		panic(err)
	}
	return data, of
})

func openLate(t *testing.T) (m *Multi, ms, queries []vector.Multi) {
	t.Helper()
	data, of := lateSample()
	m, err := OpenMulti(data)
	if err != nil {
		t.Fatal(err)
	}
	return m, of.ms, of.queries
}

// TestLate: with lists a segment ranks exactly as the oracle does, and approximately with
// about the recall that it tells, whatever is hidden and for greater k; what is found has
// its exact score; merging is building of what is kept.
func TestLate(t *testing.T) {
	m, ms, queries := openLate(t)
	c := m.Config()
	small := buildMulti(t, c, ms[:30])
	if m.late == nil || len(m.late.recalls) == 0 || small.late != nil {
		t.Fatal("no lists, nothing measured, or lists of a few vectors")
	}
	for _, share := range []int{100, 70, 1} {
		for _, k := range []int{10, 40} {
			sources := []MultiSource{{Segment: small}, {Segment: m}}
			if share < 100 {
				sources[1].Visible = m.Hide(m.Mask(func(row uint32) bool { return int(row)%100 < share }), []uint32{0, 7})
			}
			found, all := 0, 0
			for i, q := range queries {
				exact, err := RankMulti(t.Context(), sources, q, k, 1)
				if err != nil || !exact.Exact || i == 0 && !slices.Equal(exact.Hits, exhaustiveMulti(sources, q, k)) {
					t.Fatalf("%v, %v", exact, err)
				}
				near, err := RankMulti(t.Context(), sources, q, k, .9)
				if err != nil || near.Exact != (near.Recall == 1) || near.Recall < .9 || len(near.Hits) != len(exact.Hits) || share == 100 && near.Exact {
					t.Fatalf("%+v, %v", near, err)
				}
				all += len(exact.Hits)
				for _, h := range near.Hits {
					if slices.Contains(exact.Hits, h) {
						found++
					} else if h.Score > exact.Hits[k-1].Score {
						t.Fatalf("%v is beyond the best", h)
					}
					if !sources[h.Row.Segment].Visible.Has(h.Row.Row) {
						t.Fatalf("row %v is hidden", h.Row)
					}
				}
			}
			if recall := float64(found) / float64(all); recall < .85 {
				t.Errorf("%d %% visible, k %d: recall %.3f", share, k, recall)
			}
		}
	}
	data, err := MergeMulti([]MultiPart{{Segment: m, Keep: func(row uint32) bool { return row != 9 }}, {Segment: small}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenMulti(data)
	if err != nil {
		t.Fatal(err)
	}
	want := buildMulti(t, c, slices.Concat(ms[:9], ms[10:], ms[:30]))
	if !bytes.Equal(got.late.of, want.late.of) || !bytes.Equal(got.late.rows, want.late.rows) || !slices.Equal(got.late.recalls, want.late.recalls) {
		t.Error("merged otherwise than built")
	}
}

// TestLateSteps: where every list is looked into and every row compared, finding gives all
// rows their MaxSim with the centroids, which is the plain sum of greatest products.
func TestLateSteps(t *testing.T) {
	m, _, queries := openLate(t)
	l := m.late
	for _, v := range queries[:3] {
		var qs []*query
		for _, d := range v {
			qs = append(qs, newQuery(d, m.parts.conf))
		}
		room := l.room(m.Rows())
		by := l.products(qs)
		l.find(room, by, len(qs), l.lists())
		if len(room.found) != m.Rows() {
			t.Fatalf("%d rows were found of %d", len(room.found), m.Rows())
		}
		for row := range m.Rows() {
			want := 0.0
			for _, q := range qs {
				most := math.Inf(-1)
				for first, end := m.row(row); first < end; first++ {
					sum := 0.0
					for j, x := range l.centers.rows[l.listOf(first)*l.centers.dims:][:l.centers.dims] {
						sum += float64(x) * float64(q.floats[j])
					}
					most = max(most, sum)
				}
				want += most
			}
			most := make([]float32, len(qs))
			if got := m.interact(by, most, row); math.Abs(float64(got)-want) > 1e-3 || math.Abs(float64(room.sums[row])-want) > 1e-3 {
				t.Fatalf("row %d: %g by lists, %g by its vectors, want %g", row, room.sums[row], got, want)
			}
		}
		keys := m.candidates(room, by, len(qs), lateHow{probes: 1, refined: 5}, topk.Mask{})
		if len(keys) != 5 || !slices.IsSortedFunc(keys, func(a, b uint64) int { return int(int64(b>>32) - int64(a>>32)) }) {
			t.Fatalf("%d candidates", len(keys))
		}
		odd := m.Mask(func(row uint32) bool { return row%40 == 1 }) // 35 rows, which a few lists do not hold
		keys = m.candidates(room, by, len(qs), lateHow{probes: 1, refined: 15}, odd)
		if len(keys) != 15 || slices.ContainsFunc(keys, func(key uint64) bool { return ^uint32(key)%40 != 1 }) {
			t.Fatalf("%d candidates of those that are visible", len(keys))
		}
	}
}

// TestLateDamaged: lists that do not fit are named, also where every checksum is right.
func TestLateDamaged(t *testing.T) {
	data, _ := lateSample()
	for n := 0; n < len(data); n += 1 + n/8 {
		if _, err := OpenMulti(data[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for n := range lateHeader + 8 {
		bad := bytes.Clone(data)
		bad[n] ^= 4
		if _, err := OpenMulti(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
	m, _, _ := openLate(t)
	parts := m.parts.assemble()
	for name, damage := range map[string]func(l *late){
		"a vector without list":  func(l *late) { l.of = l.of[:len(l.of)-2] },
		"a list beyond the last": func(l *late) { l.of = bytes.Clone(l.of); le.PutUint16(l.of, math.MaxUint16) },
		"a row beyond the last":  func(l *late) { l.rows = bytes.Clone(l.rows); le.PutUint32(l.rows, 1<<30) },
		"rows without list":      func(l *late) { l.rows = append(bytes.Clone(l.rows), 0, 0, 0, 0) },
		"lists out of order":     func(l *late) { l.first = bytes.Clone(l.first); le.PutUint32(l.first[4:], 1<<30) },
		"no list":                func(l *late) { l.first = l.first[:4] },
		"centroids cut short":    func(l *late) { l.centers = &centers{rows: l.centers.rows[:16], dims: 16} },
		"nothing is refined":     func(l *late) { l.recalls = []lateHow{{1, 0, 1}} },
	} {
		bad := late{centers: m.late.centers, of: m.late.of, first: m.late.first, rows: m.late.rows, recalls: m.late.recalls}
		damage(&bad)
		if _, err := OpenMulti(bad.assemble(m.Rows(), m.starts, parts)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
