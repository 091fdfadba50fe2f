// Package autoencoder takes dense vectors apart into few of many learned directions: a top-k
// sparse autoencoder (Makhzani and Frey 2014; Gao et al., Scaling and evaluating sparse
// autoencoders, 2024). A vector v becomes
//
//	x = (v - mean) / scale,  z = the k greatest of max(0, E·x),  v' = mean + scale · D·z
//
// with a row of E and a direction of D, of length 1, for each feature. Training makes the
// squared distance of v and v' small; features that have not fired for long learn what the
// others leave (the auxiliary loss of Gao et al.), so that few stay dead.
//
// The same vectors and options make the same model, bit for bit, on any machine and however
// often training was stopped and went on.
package autoencoder

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Config is the shape of a model.
type Config struct {
	Width    int    `json:"width"`    // numbers of a vector
	Features int    `json:"features"` // directions
	Active   int    `json:"active"`   // of which a vector has so many at most
	Seed     uint64 `json:"seed"`
}

// Activation is how much of a feature a vector has, in units of the vectors' lengths.
type Activation struct {
	Feature int
	Weight  float32
}

// Model is a trained autoencoder. It does not change: several goroutines may use it.
type Model struct {
	Config
	mean             []float32
	scale            float32
	encoder, decoder []float32 // rows of Width numbers, one a feature
	packed           []float32 // the encoder, as simd.Multiply reads it
}

// Direction is that of a feature in the space of the vectors, of length 1.
func (m *Model) Direction(feature int) vector.Dense {
	return slices.Clone(vector.Dense(m.decoder[feature*m.Width:][:m.Width]))
}

// Encode finds the features of vectors, the strongest first. A vector of another width is an
// error.
func (m *Model) Encode(vs []vector.Dense) ([][]Activation, error) {
	for i, v := range vs {
		if len(v) != m.Width {
			return nil, fmt.Errorf("vector %d has %d numbers, the features are of vectors of %d", i+1, len(v), m.Width)
		}
	}
	out := make([][]Activation, len(vs))
	const together = 64
	wide := simd.Padded(m.Features)
	parts := (len(vs) + together - 1) / together
	each(parts, func(part int) {
		from := part * together
		n := min(together, len(vs)-from)
		x := make([]float32, n*m.Width)
		for i := range n {
			m.centre(x[i*m.Width:][:m.Width], vs[from+i])
		}
		pre := make([]float32, n*wide)
		simd.Multiply(pre, wide, x, m.Width, m.packed, make([]float32, wide), n, m.Width, m.Features)
		var keys []uint64
		for i := range n {
			out[from+i] = strongest(pre[i*wide:][:m.Features], m.Active, nil, &keys)
			for j := range out[from+i] {
				out[from+i][j].Weight *= m.scale
			}
		}
	})
	return out, nil
}

// Decode is the vector that some features stand for.
func (m *Model) Decode(code []Activation) vector.Dense {
	v := slices.Clone(vector.Dense(m.mean))
	for _, a := range code {
		add(v, m.decoder[a.Feature*m.Width:][:m.Width], a.Weight)
	}
	return v
}

// Explained is the share of the variance of vectors around the mean of those that were learned
// from which is left in what their features stand for: 1 is all, 0 what the mean says.
func (m *Model) Explained(vs []vector.Dense) (float64, error) {
	codes, err := m.Encode(vs)
	if err != nil {
		return 0, err
	}
	lost, all := 0.0, 0.0
	for i, v := range vs {
		lost += distance(v, m.Decode(codes[i]))
		all += distance(v, m.mean)
	}
	if all == 0 {
		return 0, nil
	}
	return 1 - lost/all, nil
}

func (m *Model) centre(x []float32, v vector.Dense) {
	for i := range x {
		x[i] = (v[i] - m.mean[i]) / m.scale
	}
}

func (m *Model) pack() {
	if m.packed == nil {
		m.packed = make([]float32, m.Width*simd.Padded(m.Features))
	}
	panels := simd.Padded(m.Features) / panel
	each(panels, func(p int) {
		// One panel of columns after the other, as simd.Pack lays them out.
		first := p * panel
		n := min(panel, m.Features-first)
		simd.Pack(m.packed[first*m.Width:][:panel*m.Width], m.Width, n, func(i, j int) float32 { return m.encoder[(first+j)*m.Width+i] })
	})
}

const panel = 16

// strongest are the k greatest positive numbers of a row, of the places among where that is not
// nil; of equal ones the first.
func strongest(row []float32, k int, among []int, keys *[]uint64) []Activation {
	found := (*keys)[:0]
	if among == nil {
		for f, x := range row {
			if x > 0 {
				found = append(found, topk.SignedKey(x, uint32(f)))
			}
		}
	} else {
		for _, f := range among {
			if row[f] > 0 {
				found = append(found, topk.SignedKey(row[f], uint32(f)))
			}
		}
	}
	*keys = found
	if len(found) > k {
		topk.Select(found, k)
		found = found[:k]
	}
	slices.SortFunc(found, func(a, b uint64) int { return cmp.Compare(b, a) })
	out := make([]Activation, len(found))
	for i, key := range found {
		f := int(^uint32(key))
		out[i] = Activation{f, row[f]}
	}
	return out
}

// add adds a multiple of a vector to another.
func add(to, v []float32, by float32) {
	for i, x := range v {
		to[i] += float32(x * by)
	}
}

func dot(a, b []float32) float32 {
	var sums [8]float32
	n := len(a) &^ 7
	b = b[:len(a)]
	for i := 0; i < n; i += 8 {
		x, y := a[i:i+8:i+8], b[i:i+8:i+8]
		for j := range sums {
			sums[j] += float32(x[j] * y[j])
		}
	}
	for i := n; i < len(a); i++ {
		sums[0] += float32(a[i] * b[i])
	}
	return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
}

func distance(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		d := float64(x) - float64(b[i])
		sum += float64(d * d)
	}
	return sum
}

// each runs f for 0 to n-1, some at once on each processor.
func each(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				f(i)
			}
		})
	}
	all.Wait()
}
