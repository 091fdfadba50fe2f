package impact

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// How rows are clustered.
const (
	clusterRowsMean = 84  // rows a cluster
	centroidTerms   = 128 // heaviest terms kept of a centroid
	rowTerms        = 48  // heaviest terms of a row that choose its cluster
	sampleShare     = 5   // a fifth of the rows finds the clusters
	fewRows         = 4096
	unitLength      = 250 // of vectors in whole numbers: their products stay below 1<<16
)

// clusterRows orders the rows so that similar ones lie together: bisection of a
// sample into clusters, spherical k-means, bisection of each cluster down to
// blocks. The order depends on the rows alone.
func clusterRows(b *Builder) []uint32 {
	c := newClusterer(b)
	rows := c.shuffled()
	if len(rows) < fewRows {
		c.bisect(rows, (len(rows)+blockRows-1)/blockRows, func([]uint32) {})
		return rows
	}
	clusters := len(rows) / clusterRowsMean
	sample := slices.Clone(rows[:len(rows)/sampleShare])
	of := make([]uint32, len(rows))
	n := uint32(0)
	c.bisect(sample, clusters, func(leaf []uint32) {
		for _, row := range leaf {
			of[row] = n
		}
		n++
	})
	c.assign(sample, sample, of, int(n))
	c.assign(sample, rows, of, int(n))
	return c.regroup(of, int(n))
}

type clusterer struct {
	b       *Builder
	inverse []float32 // 1 / length of each row
	sum     []float32 // by term, zero between uses
	other   []float32
	scores  []float32
	state   random
}

func newClusterer(b *Builder) *clusterer {
	c := &clusterer{b: b, inverse: make([]float32, b.Rows()), scores: make([]float32, b.Rows()), state: 88172645463325252}
	c.sum, c.other = make([]float32, len(b.names)), make([]float32, len(b.names))
	for row := range c.inverse {
		squares := 0.0
		_, weights := b.row(uint32(row))
		for _, w := range weights {
			squares += float64(w) * float64(w)
		}
		if squares > 0 {
			c.inverse[row] = float32(min(1/math.Sqrt(squares), 1e30))
		}
	}
	return c
}

// random is xorshift: the same numbers for every build.
type random uint64

func (r *random) below(n int) int {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return int(*r >> 33 % random(n))
}

func (c *clusterer) shuffled() []uint32 {
	rows := make([]uint32, c.b.Rows())
	for i := range rows {
		rows[i] = uint32(i)
		j := c.state.below(i + 1)
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows
}

// add adds a row of length 1, times factor, to sum.
func (c *clusterer) add(sum []float32, row uint32, factor float32) {
	factor *= c.inverse[row]
	terms, weights := c.b.row(row)
	for i, t := range terms {
		sum[t] += float32(weights[i] * factor)
	}
}

func (c *clusterer) dot(v []float32, row uint32) float32 {
	terms, weights := c.b.row(row)
	sum := float32(0)
	for i, t := range terms {
		sum += float32(v[t] * weights[i])
	}
	return float32(sum * c.inverse[row])
}

// bisect splits rows into parts leaves by two-means with halves of fixed size,
// and emits them in order.
func (c *clusterer) bisect(rows []uint32, parts int, emit func([]uint32)) {
	if parts <= 1 {
		emit(rows)
		return
	}
	left := parts / 2
	half := min(left*((len(rows)+parts-1)/parts), len(rows))
	clear(c.sum)
	first := rows[c.state.below(len(rows))]
	c.add(c.sum, first, 1)
	far, least := first, float32(math.MaxFloat32)
	for range 12 {
		row := rows[c.state.below(len(rows))]
		if d := c.dot(c.sum, row); row != first && d < least {
			far, least = row, d
		}
	}
	c.add(c.sum, far, -1)
	for pass := range 6 {
		if pass > 0 {
			c.difference(rows[:half], rows[half:])
		}
		scores := c.scores[:len(rows)]
		for i, row := range rows {
			scores[i] = c.dot(c.sum, row)
		}
		partition(rows, scores, half)
	}
	c.bisect(rows[:half], left, emit)
	c.bisect(rows[half:], parts-left, emit)
}

// difference sets sum to the direction from the middle of b to that of a. Of many
// rows it takes some.
func (c *clusterer) difference(a, b []uint32) {
	clear(c.sum)
	clear(c.other)
	step := 1 + (len(a)+len(b))/50000
	for i := 0; i < len(a); i += step {
		c.add(c.sum, a[i], 1)
	}
	for i := 0; i < len(b); i += step {
		c.add(c.other, b[i], 1)
	}
	x, y := norm(c.sum), norm(c.other)
	for t := range c.sum {
		c.sum[t] = float32(c.sum[t]*x) - float32(c.other[t]*y)
	}
}

// norm is 1 / the length of v.
func norm(v []float32) float32 {
	squares := 0.0
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	return float32(1 / math.Sqrt(squares+1e-30))
}

// partition brings the half rows with the highest scores to the front.
func partition(rows []uint32, scores []float32, half int) {
	for lo, hi := 0, len(rows)-1; lo < hi; {
		pivot := scores[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for scores[i] > pivot {
				i++
			}
			for scores[j] < pivot {
				j--
			}
			if i <= j {
				scores[i], scores[j] = scores[j], scores[i]
				rows[i], rows[j] = rows[j], rows[i]
				i++
				j--
			}
		}
		switch {
		case half <= j:
			hi = j
		case half >= i:
			lo = i
		default:
			return
		}
	}
}

// centroids is an inverted index of the middles of n clusters, each cropped to its
// heaviest terms.
type centroids struct {
	starts   []uint32 // of each term's list
	clusters []uint16
	weights  []byte
}

func (c *clusterer) centroids(sample, of []uint32, n int) *centroids {
	type entry struct {
		term    uint32
		cluster uint16
		weight  byte
	}
	members, starts := group(sample, of, n)
	var entries []entry
	var touched []uint32
	x := &centroids{starts: make([]uint32, len(c.sum)+1)}
	clear(c.sum)
	for cluster := range n {
		touched = touched[:0]
		for _, row := range members[starts[cluster]:starts[cluster+1]] {
			terms, _ := c.b.row(row)
			for _, t := range terms {
				if c.sum[t] == 0 {
					c.sum[t] = math.SmallestNonzeroFloat32
					touched = append(touched, t)
				}
			}
			c.add(c.sum, row, 1)
		}
		squares := 0.0
		for _, t := range touched {
			squares += float64(c.sum[t]) * float64(c.sum[t])
		}
		slices.SortFunc(touched, func(a, b uint32) int {
			if c.sum[a] != c.sum[b] {
				if c.sum[a] > c.sum[b] {
					return -1
				}
				return 1
			}
			return int(int64(a) - int64(b))
		})
		scale := unitLength / math.Sqrt(squares+1e-30)
		for i, t := range touched {
			if w := float64(float64(c.sum[t])*scale) + .5; i < centroidTerms && w >= 1 {
				entries = append(entries, entry{t, uint16(cluster), byte(min(w, 255))})
				x.starts[t+1]++
			}
			c.sum[t] = 0
		}
	}
	for t := range c.sum {
		x.starts[t+1] += x.starts[t]
	}
	next := slices.Clone(x.starts)
	x.clusters, x.weights = make([]uint16, len(entries)), make([]byte, len(entries))
	for _, e := range entries {
		at := next[e.term]
		next[e.term]++
		x.clusters[at], x.weights[at] = e.cluster, e.weight
	}
	return x
}

// assign gives each of rows the nearest middle of the clusters of sample.
func (c *clusterer) assign(sample, rows, of []uint32, n int) {
	x := c.centroids(sample, of, n)
	scores := make([]uint16, (n+simd.Lanes-1)/simd.Lanes*simd.Lanes)
	picked := make([]uint32, len(scores))
	for _, row := range rows {
		clear(scores)
		terms, weights := c.b.row(row)
		cut := c.cut(weights)
		for i, t := range terms {
			w := uint32(float32(float32(weights[i]*c.inverse[row])*unitLength) + .5)
			if weights[i] < cut || w < 2 {
				continue
			}
			clusters := x.clusters[x.starts[t]:x.starts[t+1]]
			codes := x.weights[x.starts[t]:x.starts[t+1]]
			for j, cluster := range clusters {
				scores[cluster] += uint16(w * uint32(codes[j])) // below 1<<16, as lengths are unitLength
			}
		}
		if best := simd.Max(scores); best > 0 {
			simd.SelectRange(picked, scores, best, best)
			of[row] = picked[0]
		}
	}
}

// cut is the weight from which the rowTerms heaviest are.
func (c *clusterer) cut(weights []float32) float32 {
	if len(weights) <= rowTerms {
		return 0
	}
	sorted := append(c.scores[:0], weights...)
	slices.Sort(sorted)
	return sorted[len(sorted)-rowTerms]
}

// group orders rows by cluster.
func group(rows, of []uint32, n int) (members, starts []uint32) {
	starts = make([]uint32, n+1)
	for _, row := range rows {
		starts[of[row]+1]++
	}
	for i := range n {
		starts[i+1] += starts[i]
	}
	members = make([]uint32, len(rows))
	next := slices.Clone(starts)
	for _, row := range rows {
		members[next[of[row]]] = row
		next[of[row]]++
	}
	return members, starts
}

// regroup orders all rows by cluster and splits large clusters.
func (c *clusterer) regroup(of []uint32, n int) []uint32 {
	rows := make([]uint32, len(of))
	for i := range rows {
		rows[i] = uint32(i)
	}
	members, starts := group(rows, of, n)
	for i := range n {
		part := members[starts[i]:starts[i+1]]
		if len(part) > blockRows {
			c.bisect(part, (len(part)+blockRows-1)/blockRows, func([]uint32) {})
		}
	}
	return members
}
