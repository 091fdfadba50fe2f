package attention

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/simd"
)

// slowly is what a head reads by Trained, straight from its definition; group are the queries of the heads that
// share its keys, at one token.
func slowly(t Trained, group [][]float32, head int, keys, values [][]float32, gates, weights []float32) []float64 {
	own, size := len(keys)-1, len(keys[0])
	scale := 1 / math.Sqrt(float64(size))
	dot := func(q []float32, k []float64) (sum float64) {
		for j := range k {
			sum += float64(q[j]) * k[j]
		}
		return sum * scale
	}
	mean := func(rows [][]float32) []float64 {
		m := make([]float64, size)
		for _, r := range rows {
			for j, v := range r {
				m[j] += float64(v) / float64(len(rows))
			}
		}
		return m
	}
	pooled := func(rows [][]float32, from int) []float64 {
		if t.Kind != "nsa" {
			return mean(rows)
		}
		m := make([]float64, size)
		for i, r := range rows {
			for j, v := range r {
				m[j] += float64(v) / (1 + math.Exp(-float64(weights[from+i])))
			}
		}
		return m
	}
	softmax := func(s []float64) []float64 {
		sum, p := 0., make([]float64, len(s))
		for i := range s {
			p[i] = math.Exp(s[i])
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		return p
	}
	out := make([]float64, size)
	read := func(from []int, share float64) {
		var s []float64
		for _, j := range from {
			s = append(s, dot(group[head], mean(keys[j:j+1])))
		}
		for i, p := range softmax(s) {
			for c, v := range values[from[i]] {
				out[c] += share * p * float64(v)
			}
		}
	}
	gate := func(i int) float64 { return 1 / (1 + math.Exp(-float64(gates[head*t.Gates()+i]))) }
	var window []int
	for j := max(0, own+1-t.Window); j <= own; j++ {
		window = append(window, j)
	}
	tokens := func(b int) (all []int) {
		for j := b * t.Block; j < min((b+1)*t.Block, own+1); j++ {
			all = append(all, j)
		}
		return all
	}
	blocks := func(q []float32, n int) (s []float64) {
		for b := range n {
			s = append(s, dot(q, pooled(keys[b*t.Block:][:t.Block], b*t.Block)))
		}
		return s
	}
	order := func(s []float64) []int {
		at := make([]int, len(s))
		for i := range at {
			at[i] = i
		}
		slices.SortStableFunc(at, func(a, b int) int {
			if s[a] > s[b] {
				return -1
			}
			return 1
		})
		return at
	}
	last := own / t.Block
	if t.Kind == "nsa" {
		n := (own + 1) / t.Block
		sum := make([]float64, n)
		for _, q := range group {
			for b, p := range softmax(blocks(q, n)) {
				sum[b] += p
			}
		}
		for b, p := range softmax(blocks(group[head], n)) {
			for c, v := range pooled(values[b*t.Block:][:t.Block], b*t.Block) {
				out[c] += gate(0) * p * v
			}
		}
		taken, left := map[int]bool{0: true, last: true}, t.Taken-2
		for _, b := range order(sum) {
			if left > 0 && !taken[b] {
				taken[b] = true
				left--
			}
		}
		var from []int
		for b := range last + 1 {
			if taken[b] {
				from = append(from, tokens(b)...)
			}
		}
		read(from, gate(1))
		read(window, gate(2))
		return out
	}
	s, n, share := blocks(group[head], last), t.Taken, 1.
	if t.Kind == "hsa" {
		n--
	} else {
		share = gate(0)
	}
	chosen := order(s)[:max(0, min(n, len(s)))]
	if t.Kind == "hsa" {
		s = append(s, dot(group[head], mean(keys[last*t.Block:])))
		chosen = append(chosen, last)
	}
	var among []float64
	for _, b := range chosen {
		among = append(among, s[b])
	}
	for i, w := range softmax(among) {
		read(tokens(chosen[i]), share*w)
	}
	if t.Kind == "hsa-window" {
		read(window, gate(1))
	}
	return out
}

// drawn are keys and values at random, as they lie in a cache and row by row.
func drawn(random *rand.Rand, n, size int) (k *Keys, panels, keys, values [][]float32) {
	keys, values = make([][]float32, n), make([][]float32, n)
	panels = make([][]float32, size/simd.Columns)
	for i := range keys {
		keys[i], values[i] = make([]float32, size), make([]float32, size)
		for j := range size {
			keys[i][j], values[i][j] = float32(random.NormFloat64()), float32(random.NormFloat64())
		}
		for p := range panels {
			panels[p] = append(panels[p], values[i][p*simd.Columns:][:simd.Columns]...)
		}
	}
	k = &Keys{Size: size, N: n, Packed: make([]float32, simd.Padded(n)*size)}
	simd.Pack(k.Packed, size, n, func(i, j int) float32 { return keys[j][i] })
	return k, panels, keys, values
}

func TestTrainedIsItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	const size, heads, n = 32, 2, 150
	k, panels, keys, values := drawn(random, n, size)
	for _, kind := range []Trained{{"nsa", 16, 4, 20, 0}, {"nsa", 32, 1, 1, 0}, {"nsa", 16, 100, 1000, 0}, {"hsa", 16, 3, 0, 0}, {"hsa", 48, 1, 0, 0}, {"hsa-window", 16, 2, 33, 0}, {"hsa-window", 64, 9, 5, 0}} {
		if err := kind.Check(); err != nil {
			t.Fatal(err)
		}
		k, weights := k.Clone(), make([]float32, n)
		for i := range weights {
			weights[i] = float32(random.NormFloat64()) - 2
			kind.Weigh(&k, []float32{9, 9, 9, weights[i], 9, 9, 9, 9}[:heads*max(1, kind.Gates())])
		}
		kind.Learn(&k, panels, nil)
		for _, block := range [][2]int{{0, n}, {0, 1}, {15, 3}, {63, 2}, {n - 1, 1}} {
			first, rows := block[0], block[1]
			q, gates := make([]float32, rows*heads*size), make([]float32, rows*heads*kind.Gates())
			for i := range q {
				q[i] = float32(random.NormFloat64())
			}
			for i := range gates {
				gates[i] = float32(random.NormFloat64())
			}
			dst := make([]float32, rows*heads*size)
			read := kind.Attend(dst, heads*size, NewQueries(q, heads*size, rows, heads, first, float32(1/math.Sqrt(size))), &k, panels, gates)
			if read < rows || kind.Kind == "hsa" && kind.Taken < 9 && read > rows*(kind.Taken*kind.Block+n/kind.Block+1) {
				t.Errorf("%+v reads %d keys for %d tokens from %d on", kind, read, rows, first)
			}
			for i := range rows {
				var group [][]float32
				for h := range heads {
					group = append(group, q[(i*heads+h)*size:][:size])
				}
				for h := range heads {
					want := slowly(kind, group, h, keys[:first+i+1], values[:first+i+1], gates[i*heads*kind.Gates():], weights)
					for j, v := range want {
						if got := float64(dst[(i*heads+h)*size+j]); math.Abs(got-v) > 1e-5*(1+math.Abs(v)) {
							t.Fatalf("%+v: number %d of head %d at token %d is %g, by the definition %g", kind, j, h, first+i, got, v)
						}
					}
				}
			}
		}
	}
}

// With all blocks taken, a window over everything and means shut out, native sparse attention is dense.
func TestTrainedWithEverythingIsDense(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	const size, n = 16, 90
	k, panels, keys, values := drawn(random, n, size)
	all := Trained{"nsa", 16, 100, 100, 0}
	for range n {
		all.Weigh(k, []float32{0, 0, 0, -3})
	}
	all.Learn(k, panels, nil)
	q := make([]float32, size)
	for i := range q {
		q[i] = float32(random.NormFloat64())
	}
	dst := make([]float32, size)
	all.Attend(dst, size, NewQueries(q, size, 1, 1, n-1, 1./4), k, panels, []float32{-100, 0, 0, 0})
	sum, want := 0., make([]float64, size)
	for i := range n {
		dot := 0.
		for j := range q {
			dot += float64(q[j]) * float64(keys[i][j]) / 4
		}
		sum += math.Exp(dot)
		for j, v := range values[i] {
			want[j] += math.Exp(dot) * float64(v)
		}
	}
	for j, v := range want {
		if math.Abs(float64(dst[j])-v/sum) > 1e-5 {
			t.Fatalf("number %d is %g, of dense attention %g", j, dst[j], v/sum)
		}
	}
}

func TestTrainedIsChecked(t *testing.T) {
	for _, bad := range []Trained{{}, {"nsa", 8, 4, 20, 0}, {"nsa", 24, 4, 20, 0}, {"nsa", 16, 0, 20, 0}, {"nsa", 16, 4, 0, 0}, {"moba", 16, 4, 20, 0}, {"hsa", 16, 1, -1, 0}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}
