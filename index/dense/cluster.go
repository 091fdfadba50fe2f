package dense

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/yield"
)

// Rows are clustered by k-means on two levels: a row is near the lists of the coarse
// clusters that it is near, so that it need not be compared with all lists.
const (
	trainRounds = 8
	coarseRows  = 128 // of the sample, for each coarse cluster
	listRows    = 32  // for each list
	nearCoarse  = 3   // coarse clusters in whose lists a row may be
	assignRows  = 256 // rows that are compared at once
)

// centers are what rows are assigned to, laid out for matrix products.
type centers struct {
	dims   int
	rows   []float32 // one after the other
	packed []float32
	bias   []float32 // half the squared length of each, negated
}

func newCenters(rows []float32, dims int) *centers {
	n := len(rows) / dims
	c := &centers{dims: dims, rows: rows, packed: make([]float32, dims*simd.Padded(n)), bias: make([]float32, simd.Padded(n))}
	simd.Pack(c.packed, dims, n, func(i, j int) float32 { return rows[j*dims+i] })
	for j := range c.bias {
		if c.bias[j] = float32(math.Inf(-1)); j < n {
			sum := 0.0
			for _, x := range rows[j*dims:][:dims] {
				sum += float64(float64(x) * float64(x))
			}
			c.bias[j] = float32(-sum / 2)
		}
	}
	return c
}

func (c *centers) len() int { return len(c.rows) / c.dims }

// nearness sets out to how near each of some rows is to each center, greater being
// nearer, in rows of simd.Padded(c.len()).
func (c *centers) nearness(out []float32, rows []float32) []float32 {
	wide, m := simd.Padded(c.len()), len(rows)/c.dims
	out = slices.Grow(out[:0], m*wide)[:m*wide]
	simd.Multiply(out, wide, rows, c.dims, c.packed, c.bias, m, c.dims, c.len())
	return out
}

func nearest(nearness []float32) int {
	best := 0
	for i, x := range nearness {
		if x > nearness[best] {
			best = i
		}
	}
	return best
}

// kmeans finds n centers of rows.
func kmeans(rows []float32, dims, n int, rng *rand.Rand) *centers {
	m := len(rows) / dims
	start := make([]float32, 0, n*dims)
	for _, i := range rng.Perm(m)[:min(n, m)] {
		start = append(start, rows[i*dims:][:dims]...)
	}
	c := newCenters(start, dims)
	var out []float32
	var work yield.Work
	for range trainRounds {
		sums, counts := make([]float64, len(start)), make([]int, c.len())
		for at := 0; at < m; at += assignRows {
			block := rows[at*dims : min(at+assignRows, m)*dims]
			out = c.nearness(out, block)
			wide := simd.Padded(c.len())
			for i := range len(block) / dims {
				to := nearest(out[i*wide:][:c.len()])
				counts[to]++
				for j, x := range block[i*dims:][:dims] {
					sums[to*dims+j] += float64(x)
				}
			}
			work.Did(len(block) * c.len() / 16)
		}
		next := slices.Clone(c.rows)
		for to, count := range counts {
			for j := range dims * min(count, 1) {
				next[to*dims+j] = float32(sums[to*dims+j] / float64(count))
			}
		}
		c = newCenters(next, dims)
	}
	return c
}

// clustering is lists of rows that are near each other.
type clustering struct {
	centroids []float32
	list      []uint32 // of each row
}

// cluster clusters rows, which read decodes into numbers of dims, one after the other.
func cluster(n, dims, lists int, read func(row int, into []float32)) clustering {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(dims)))
	sample := func(m int) []float32 {
		m = min(m, n)
		rows := make([]float32, m*dims)
		for i := range m {
			read(int(int64(i)*int64(n)/int64(m)), rows[i*dims:][:dims])
		}
		return rows
	}
	coarse := kmeans(sample(coarseRows*int(math.Sqrt(float64(lists)))), dims, int(math.Ceil(math.Sqrt(float64(lists)))), rng)
	groups := make([][]float32, coarse.len()) // the sample by coarse cluster
	var out []float32
	rows := sample(listRows * lists)
	for at := 0; at < len(rows); at += assignRows * dims {
		block := rows[at:min(at+assignRows*dims, len(rows))]
		out = coarse.nearness(out, block)
		for i := range len(block) / dims {
			to := nearest(out[i*simd.Padded(coarse.len()):][:coarse.len()])
			groups[to] = append(groups[to], block[i*dims:][:dims]...)
		}
	}
	total := len(rows)
	rows = nil
	c := clustering{list: make([]uint32, n)}
	fine, first := make([]*centers, coarse.len()), make([]int, coarse.len())
	for g, rows := range groups {
		first[g] = len(c.centroids) / dims
		if len(rows) == 0 {
			continue
		}
		fine[g] = kmeans(rows, dims, max(1, (len(rows)*lists+total/2)/total), rng)
		c.centroids = append(c.centroids, fine[g].rows...)
		groups[g] = nil
	}
	c.assign(dims, coarse, fine, first, read)
	return c
}

// assign finds the list of each row.
func (c *clustering) assign(dims int, coarse *centers, fine []*centers, first []int, read func(row int, into []float32)) {
	n := len(c.list)
	const blockRows = 16 * assignRows
	block, near, gathered := make([]float32, 0, blockRows*dims), []float32(nil), []float32(nil)
	best := make([]float32, blockRows)
	order := make([]int, coarse.len())
	var work yield.Work
	for at := 0; at < n; at += blockRows {
		m := min(blockRows, n-at)
		block = block[:m*dims]
		for i := range m {
			read(at+i, block[i*dims:][:dims])
			best[i] = float32(math.Inf(-1))
		}
		near = coarse.nearness(near, block)
		members := make([][]int, coarse.len())
		for i := range m {
			row := near[i*simd.Padded(coarse.len()):][:coarse.len()]
			for g := range order {
				order[g] = g
			}
			for r := range min(nearCoarse, len(order)) {
				to := r
				for j := r + 1; j < len(order); j++ {
					if row[order[j]] > row[order[to]] {
						to = j
					}
				}
				order[r], order[to] = order[to], order[r]
				members[order[r]] = append(members[order[r]], i)
			}
		}
		for g, rows := range members {
			if fine[g] == nil || len(rows) == 0 {
				continue
			}
			gathered = gathered[:0]
			for _, i := range rows {
				gathered = append(gathered, block[i*dims:][:dims]...)
			}
			near = fine[g].nearness(near, gathered)
			for r, i := range rows {
				row := near[r*simd.Padded(fine[g].len()):][:fine[g].len()]
				if to := nearest(row); row[to] > best[i] || best[i] < -math.MaxFloat32 {
					best[i], c.list[at+i] = row[to], uint32(first[g]+to)
				}
			}
			work.Did(len(gathered) * fine[g].len() / 16)
		}
	}
}

// sampled says whether a row is one of m that were sampled of n.
func sampled(row, n, m int) bool {
	r, of, all := int64(row), int64(min(m, n)), int64(n)
	return (r*of+all-1)/all*all/of == r
}

// order is the rows by list, and where each list begins among them; one more entry
// closes.
func (c *clustering) order(lists int) (rows, first []uint32) {
	rows, first = make([]uint32, len(c.list)), make([]uint32, lists+1)
	for i := range rows {
		rows[i] = uint32(i)
	}
	slices.SortStableFunc(rows, func(a, b uint32) int { return cmp.Compare(c.list[a], c.list[b]) })
	for _, l := range c.list {
		first[l+1]++
	}
	for l := range lists {
		first[l+1] += first[l]
	}
	return rows, first
}
