package dense

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

var update = flag.Bool("update", false, "write the golden file anew")

var precisions = []int{32, 16, 8}

func randomDense(rng *rand.Rand, dims int) vector.Dense {
	v := make(vector.Dense, dims)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// randomVectors are some of which many are alike, so that scores are.
func randomVectors(rng *rand.Rand, n, dims int) []vector.Dense {
	vs := make([]vector.Dense, n)
	for i := range vs {
		if i > 0 && rng.IntN(3) == 0 {
			vs[i] = vs[rng.IntN(i)]
		} else {
			vs[i] = randomDense(rng, dims)
		}
	}
	if n > 2 {
		vs[n/2] = make(vector.Dense, dims)
	}
	return vs
}

func build(t testing.TB, c Config, vs []vector.Dense) []byte {
	t.Helper()
	b := NewBuilder(c)
	for _, v := range vs {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	data, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t testing.TB, data []byte) *Segment {
	t.Helper()
	s, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRank: over any number of segments, masks and k, the ranking is that of the
// oracle, bit for bit; what is stored differs from what was given by no more than
// half a step.
func TestRank(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for round := range 60 {
		c := Config{Dims: 1 + rng.IntN(70), Bits: precisions[round%3]}
		var sources []Source
		for range rng.IntN(4) {
			vs := randomVectors(rng, rng.IntN(150), c.Dims)
			s := open(t, build(t, c, vs))
			for row, v := range vs {
				checkStored(t, c, v, s.Vector(uint32(row)))
			}
			src := Source{Segment: s}
			if rng.IntN(2) == 0 {
				share := rng.IntN(100)
				src.Visible = s.Mask(func(uint32) bool { return rng.IntN(100) < share })
				src.Visible = s.Hide(src.Visible, []uint32{uint32(rng.IntN(200)), 1 << 30})
			}
			sources = append(sources, src)
		}
		query := randomDense(rng, c.Dims)
		if round%10 == 0 {
			clear(query)
		}
		for _, k := range []int{0, 1, 10, 100, math.MaxInt} {
			got, err := Rank(t.Context(), sources, query, k, 1)
			want := Exhaustive(sources, query, k)
			if err != nil || !got.Exact || got.Recall != 1 || !slices.Equal(got.Hits, want) {
				t.Fatalf("round %d, %+v, k %d: %v, %v, want %v", round, c, k, got, err, want)
			}
		}
	}
}

func checkStored(t *testing.T, c Config, given, stored vector.Dense) {
	t.Helper()
	most := 0.0
	for _, x := range given {
		most = max(most, math.Abs(float64(x)))
	}
	for i, x := range given {
		off := math.Abs(float64(stored[i] - x))
		bound := map[int]float64{32: 0, 16: math.Abs(float64(x))/2047 + 3e-8, 8: most / 253}[c.Bits]
		if off > bound {
			t.Fatalf("%d bits: %g is stored as %g", c.Bits, x, stored[i])
		}
	}
}

// TestMerge: merging is building of what is kept, bit for bit but for the loss, which
// is estimated.
func TestMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	for round := range 30 {
		c := Config{Dims: 1 + rng.IntN(40), Bits: precisions[round%3]}
		var kept []vector.Dense
		var parts []Part
		for range 1 + rng.IntN(4) {
			vs := randomVectors(rng, rng.IntN(60), c.Dims)
			keep := make([]bool, len(vs))
			for i := range keep {
				if keep[i] = rng.IntN(4) > 0; keep[i] {
					kept = append(kept, vs[i])
				}
			}
			parts = append(parts, Part{open(t, build(t, c, vs)), func(row uint32) bool { return keep[row] }})
		}
		data, err := Merge(parts)
		if err != nil {
			t.Fatal(err)
		}
		got, want := open(t, data), open(t, build(t, c, kept))
		if got.rows != want.rows || math.Abs(float64(got.loss-want.loss)) > .01 {
			t.Fatalf("%d rows with the loss %g, want %d, %g", got.rows, got.loss, want.rows, want.loss)
		}
		for i := range got.data {
			if !bytes.Equal(got.data[i], want.data[i]) {
				t.Fatalf("round %d: section %d differs", round, i)
			}
		}
	}
	one, other := open(t, build(t, Config{2, 32}, nil)), open(t, build(t, Config{3, 32}, nil))
	if _, err := Merge([]Part{{Segment: one}, {Segment: other}}); err == nil {
		t.Error("vectors of 2 and of 3 numbers are merged")
	}
	if _, err := Rank(t.Context(), []Source{{Segment: one}}, vector.Dense{1, 2, 3}, 1, 1); !errors.Is(err, vector.ErrFormat) {
		t.Errorf("a query of 3 numbers over vectors of 2: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Rank(ctx, []Source{{Segment: open(t, build(t, Config{1, 32}, []vector.Dense{{1}}))}}, vector.Dense{1}, 1, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func golden(t testing.TB) []byte {
	var all []byte
	for _, bits := range precisions {
		all = append(all, build(t, Config{Dims: 20, Bits: bits}, randomVectors(rand.New(rand.NewPCG(8, 8)), 40, 20))...)
	}
	m := NewMultiBuilder(Config{Dims: 3, Bits: 16})
	for _, v := range []vector.Multi{{{1, 2, 3}, {4, 5, 6}}, {{7, 8, 9}}} {
		if err := m.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	multi, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, multi...)
	return all
}

// TestGolden: what a Builder writes does not change within a version.
func TestGolden(t *testing.T) {
	file := filepath.Join("testdata", fmt.Sprintf("dense-v%d.golden", version))
	data := golden(t)
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
		t.Fatalf("the bytes differ from those of version %d: raise the version, then go test -update", version)
	}
}

// TestOpenDamaged: no damage goes unseen.
func TestOpenDamaged(t *testing.T) {
	data := build(t, Config{Dims: 5, Bits: 8}, randomVectors(rand.New(rand.NewPCG(8, 9)), 30, 5))
	for n := range data {
		if _, err := Open(data[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		bad := bytes.Clone(data)
		bad[n] ^= 4
		if s, err := Open(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			if padding := s != nil && bytes.Equal(s.data[0], open(t, data).data[0]) && bytes.Equal(s.data[1], open(t, data).data[1]); !padding {
				t.Fatalf("byte %d: %v", n, err)
			}
		}
	}
}

func BenchmarkScan(b *testing.B) {
	const dims, rows = 384, 1 << 16
	rng := rand.New(rand.NewPCG(3, 3))
	vs := make([]vector.Dense, rows)
	for i := range vs {
		vs[i] = make(vector.Dense, dims)
		for j := range vs[i] {
			vs[i][j] = rng.Float32() - .5
		}
	}
	for _, bits := range precisions {
		s := open(b, build(b, Config{dims, bits}, vs))
		b.Run(fmt.Sprint(bits, " bits"), func(b *testing.B) {
			b.SetBytes(int64(s.Size()))
			for b.Loop() {
				if _, err := Rank(b.Context(), []Source{{Segment: s}}, vs[7], 10, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// clustered are vectors around centers that lie around others, and as many queries.
func clustered(rng *rand.Rand, n, dims int) (vs, queries []vector.Dense) {
	centers := make([]vector.Dense, 1+n/100)
	for i := range centers {
		centers[i] = randomDense(rng, dims)
		if i > 10 {
			for j, x := range centers[rng.IntN(10)] {
				centers[i][j] = .7*centers[i][j] + x
			}
		}
	}
	point := func() vector.Dense {
		v, c := randomDense(rng, dims), centers[rng.IntN(len(centers))]
		for j, x := range c {
			v[j] = .7*v[j] + x
		}
		u, _ := v.Unit()
		return u
	}
	for range n {
		vs = append(vs, point())
	}
	for range 40 {
		queries = append(queries, point())
	}
	return vs, queries
}

// TestLists: a segment with lists ranks exactly as one without, and approximately with
// the recall that it tells, whatever is hidden; merged, it stores the same numbers.
func TestLists(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, dims = ListsFromRows + 100, 40
	vs, queries := clustered(rng, n, dims)
	for _, bits := range []int{8} {
		s := open(t, build(t, Config{dims, bits}, vs))
		if s.lists == nil || len(s.recalls) == 0 {
			t.Fatal("no lists, or nothing measured")
		}
		for row := range uint32(n) {
			if row%50 == 0 {
				checkStored(t, s.conf, vs[row], s.Vector(row))
			}
		}
		small := open(t, build(t, Config{dims, bits}, vs[:500]))
		for _, share := range []int{100, 10, 1} {
			src := []Source{{Segment: small}, {Segment: s}}
			if share < 100 {
				src[1].Visible = s.Hide(s.Mask(func(row uint32) bool { return int(row)%100 < share }), []uint32{5, 6})
			}
			found, all := 0, 0
			for i, q := range queries {
				exact, err := Rank(t.Context(), src, q, 10, 1)
				want := exact.Hits
				if err != nil || !exact.Exact || i < 2 && !slices.Equal(want, Exhaustive(src, q, 10)) {
					t.Fatalf("%d bits, query %d: %v, %v", bits, i, exact, err)
				}
				got, err := Rank(t.Context(), src, q, 10, .9)
				if err != nil || got.Exact != (got.Recall == 1) || got.Recall < .9 || len(got.Hits) != 10 {
					t.Fatalf("%+v, %v", got, err)
				}
				all += len(want)
				for _, h := range got.Hits {
					if slices.Contains(want, h) {
						found++
					}
				}
			}
			if recall := float64(found) / float64(all); recall < .85 {
				t.Errorf("%d bits, %d %% visible: recall %.3f", bits, share, recall)
			} else {
				t.Logf("%d bits, %d %% visible: recall %.3f", bits, share, recall)
			}
		}
		merged, err := Merge([]Part{{Segment: s, Keep: func(row uint32) bool { return row != 77 }}, {Segment: small}})
		if err != nil {
			t.Fatal(err)
		}
		want := open(t, build(t, Config{dims, bits}, slices.Concat(vs[:77], vs[78:], vs[:500])))
		for i, got := range open(t, merged).data {
			if !bytes.Equal(got, want.data[i]) {
				t.Fatalf("section %d of the merged segment differs", i)
			}
		}
	}
}

// TestSampled: sampled names the rows that a sample has.
func TestSampled(t *testing.T) {
	for _, c := range [][2]int{{100, 7}, {8192, 5792}, {1000, 1000}, {10, 30}, {9999, 64}} {
		n, m := c[0], min(c[0], c[1])
		in := map[int]bool{}
		for i := range m {
			in[i*n/m] = true
		}
		for row := range n {
			if sampled(row, n, c[1]) != in[row] {
				t.Errorf("row %d of %d is sampled: %v", row, n, !in[row])
			}
		}
	}
}

// TestListsDamaged: lists whose sections do not fit each other are named, also where every
// checksum is right.
func TestListsDamaged(t *testing.T) {
	vs, _ := clustered(rand.New(rand.NewPCG(3, 5)), ListsFromRows, 4)
	whole := open(t, build(t, Config{4, 8}, vs))
	for i := range whole.data {
		bad := *whole
		bad.data[i] = bad.data[i][:len(bad.data[i])-1]
		if _, err := Open(bad.assemble()); !errors.Is(err, ErrCorrupt) {
			t.Errorf("section %d lacks a byte: %v", i, err)
		}
	}
	for _, i := range []int{secOrder, secLists} {
		bad := *whole
		bad.data[i] = bytes.Clone(bad.data[i])
		le.PutUint32(bad.data[i][4:], 1<<30)
		if _, err := Open(bad.assemble()); !errors.Is(err, ErrCorrupt) {
			t.Errorf("section %d leads beyond the end: %v", i, err)
		}
	}
}
