package main

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/model/decoder"
)

// predictor says of a layer's input which numbers inside its feed-forward network will be great: gates and values
// are linear in the input, and are computed from its first principal components over a text alone. That is the best
// linear predictor through so few numbers for these components.
type predictor struct{ layers []lowRank }

type lowRank struct {
	mean  []float64
	basis [][]float64 // components, Width each
	out   [][]float64 // by number that is expected, of networks gates and then values: a weight for each component, then a constant
}

// learn fits a predictor on what goes through the model as it reads texts.
func learn(ctx context.Context, d *decoder.Decoder, texts [][]int32, rank int) (*predictor, error) {
	p := &predictor{layers: make([]lowRank, d.Layers)}
	type seen struct{ x, y [][]float32 }
	all := make([]seen, d.Layers)
	for _, ids := range texts {
		c := d.NewCache()
		c.Inside = func(layer int, x, gate, up []float32) {
			s := &all[layer]
			s.x, s.y = append(s.x, slices.Clone(x)), append(s.y, slices.Concat(gate, up))
		}
		if _, err := d.Read(ctx, c, ids); err != nil {
			return nil, err
		}
	}
	for l, s := range all {
		p.layers[l] = fit(s.x, s.y, rank)
	}
	return p, nil
}

// fit finds the components by iterating on a subspace, and the weights by least squares, in which components, being
// orthogonal over the text, stand apart.
func fit(x, y [][]float32, rank int) (f lowRank) {
	width, n := len(x[0]), float64(len(x))
	f.mean = make([]float64, width)
	for _, row := range x {
		for j, v := range row {
			f.mean[j] += float64(v) / n
		}
	}
	centred := make([][]float64, len(x))
	for i, row := range x {
		centred[i] = make([]float64, width)
		for j, v := range row {
			centred[i][j] = float64(v) - f.mean[j]
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	f.basis = make([][]float64, rank)
	for k := range f.basis {
		f.basis[k] = make([]float64, width)
		for j := range f.basis[k] {
			f.basis[k][j] = rng.NormFloat64()
		}
	}
	for range 8 {
		orthogonal(f.basis)
		next := make([][]float64, rank)
		for k, b := range f.basis {
			next[k] = make([]float64, width)
			for _, row := range centred {
				z := dot(row, b)
				for j, v := range row {
					next[k][j] += z * v
				}
			}
		}
		f.basis = next
	}
	orthogonal(f.basis)
	// Least squares of y on the components and a constant, by the normal equations.
	gram := make([][]float64, rank)
	z := make([][]float64, len(x))
	for i, row := range centred {
		z[i] = make([]float64, rank)
		for k, b := range f.basis {
			z[i][k] = dot(row, b)
		}
	}
	for a := range gram {
		gram[a] = make([]float64, rank)
		for b := range gram[a] {
			for i := range z {
				gram[a][b] += z[i][a] * z[i][b]
			}
		}
		gram[a][a] *= 1 + 1e-6
		gram[a][a] += 1e-12
	}
	lower := cholesky(gram)
	f.out = make([][]float64, len(y[0]))
	for j := range f.out {
		mean, right := 0., make([]float64, rank+1)
		for i := range y {
			v := float64(y[i][j])
			mean += v / n
			for k, c := range z[i] {
				right[k] += c * v
			}
		}
		f.out[j] = append(solve(lower, right[:rank]), mean)
	}
	return f
}

// scores sets dst to how great each number inside is expected to be.
func (f *lowRank) scores(dst []float64, x []float32) {
	both := make([]float64, len(f.out))
	f.lines(both, x)
	for j := range dst {
		dst[j] = size(both[j], both[j+len(dst)])
	}
}

// lines sets dst to what is expected of an input.
func (f *lowRank) lines(dst []float64, x []float32) {
	z := make([]float64, len(f.basis))
	for k, b := range f.basis {
		for j, v := range b {
			z[k] += v * (float64(x[j]) - f.mean[j])
		}
	}
	for j, w := range f.out {
		dst[j] = dot(z, w[:len(z)]) + w[len(z)]
	}
}

// size is that of a number behind a gate.
func size(gate, up float64) float64 { return math.Abs(gate / (1 + math.Exp(-gate)) * up) }

func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func orthogonal(rows [][]float64) {
	for k, row := range rows {
		for range 2 {
			for _, other := range rows[:k] {
				w := dot(row, other)
				for j, v := range other {
					row[j] -= w * v
				}
			}
		}
		length := math.Sqrt(dot(row, row))
		for j := range row {
			row[j] /= max(length, 1e-300)
		}
	}
}

// cholesky is the lower factor of a positive matrix.
func cholesky(a [][]float64) [][]float64 {
	l := make([][]float64, len(a))
	for i := range a {
		l[i] = make([]float64, len(a))
		for j := range i + 1 {
			v := a[i][j] - dot(l[i][:j], l[j][:j])
			if i == j {
				l[i][i] = math.Sqrt(max(v, 1e-300))
			} else {
				l[i][j] = v / l[j][j]
			}
		}
	}
	return l
}

// solve solves l · lᵀ · x = b.
func solve(l [][]float64, b []float64) []float64 {
	x := slices.Clone(b)
	for i := range x {
		x[i] = (x[i] - dot(l[i][:i], x[:i])) / l[i][i]
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := i + 1; j < len(x); j++ {
			x[i] -= l[j][i] * x[j]
		}
		x[i] /= l[i][i]
	}
	return x
}

// rows leaves a share of the numbers inside each network, by a choice: oracle (the greatest there are), predicted
// (those that a predictor expects to be the greatest) or random. hit counts which of the oracle's are left.
func rows(choice string, share float64, p *predictor, hit *[2]int) func(layer int, x, gate, up []float32) {
	rng := rand.New(rand.NewPCG(7, 7))
	return func(layer int, x, gate, up []float32) {
		n := len(gate)
		most := int(math.Ceil(share * float64(n)))
		scores, real := make([]float64, n), make([]float64, n)
		for j := range n {
			real[j] = size(float64(gate[j]), float64(up[j]))
		}
		switch choice {
		case "oracle":
			copy(scores, real)
		case "random":
			for j := range scores {
				scores[j] = rng.Float64()
			}
		default:
			p.layers[layer].scores(scores, x)
		}
		best := map[int]bool{}
		for _, j := range order(real)[:most] {
			best[j] = true
		}
		for i, j := range order(scores) {
			switch {
			case i >= most:
				gate[j] = 0
			case best[j]:
				hit[0]++
			}
		}
		hit[1] += most
	}
}

// order is that of scores, the greatest first.
func order(scores []float64) []int {
	at := make([]int, len(scores))
	for j := range at {
		at[j] = j
	}
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return at
}
