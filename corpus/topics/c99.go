package topics

import (
	"math"
	"slices"
)

// maxC99 bounds the matrix that C99 needs: of longer texts, neighbouring units
// are taken together.
const maxC99 = 1500

// C99 finds boundaries as Choi (2000) describes: cosines of all pairs of units,
// each replaced by its rank in the 11×11 square around it, the text divided
// again and again where that makes the segments densest, and the divisions
// kept that gained more than the mean and 1.2 standard deviations of their
// smoothed gains. Time and memory are quadratic up to 1,500 units; of longer
// texts, runs of units are taken together. It is here to be compared with.
func C99(b *Bags) []int {
	group := (b.Len() + maxC99 - 1) / maxC99
	if group < 1 {
		return nil
	}
	n := (b.Len() + group - 1) / group
	units := make([][]int32, n)
	for i, u := range b.units {
		units[i/group] = append(units[i/group], u...)
	}
	d := newDensity(ranks(similarities(units, len(b.terms)), n), n)
	found := d.divide()
	for i := range found {
		found[i] *= group
	}
	return found
}

// similarities is the n×n matrix of cosines, row by row.
func similarities(units [][]int32, terms int) []float32 {
	n := len(units)
	type entry struct {
		unit int32
		tf   float32
	}
	having := make([][]entry, terms) // units by term
	norms := make([]float64, n)
	sim := make([]float32, n*n)
	c := newCounts(terms)
	for i, u := range units {
		c.reset()
		c.add(u)
		for _, t := range c.seen {
			norms[i] += c.of[t] * c.of[t]
			having[t] = append(having[t], entry{int32(i), float32(c.of[t])})
		}
	}
	for i, u := range units {
		c.reset()
		c.add(u)
		row := sim[i*n : (i+1)*n]
		for _, t := range c.seen {
			tf := float32(c.of[t])
			for _, e := range having[t] {
				row[e.unit] += float32(tf * e.tf)
			}
		}
		for j := range row {
			if row[j] > 0 {
				row[j] = float32(float64(row[j]) / math.Sqrt(norms[i]*norms[j]))
			}
		}
	}
	return sim
}

// ranks replaces each similarity by the share of its neighbours that are
// smaller.
func ranks(sim []float32, n int) []float32 {
	const reach = 5
	rank := make([]float32, n*n)
	for i := range n {
		for j := range i + 1 {
			v := sim[i*n+j]
			less, all := 0, -1 // the value itself does not count
			for y := max(0, i-reach); y <= min(n-1, i+reach); y++ {
				row := sim[y*n+max(0, j-reach) : y*n+min(n, j+reach+1)]
				all += len(row)
				for _, w := range row {
					if w < v {
						less++
					}
				}
			}
			if all > 0 {
				rank[i*n+j] = float32(less) / float32(all)
				rank[j*n+i] = rank[i*n+j]
			}
		}
	}
	return rank
}

// density sums squares on the diagonal of a rank matrix.
type density struct {
	n   int
	sum []float64 // sum[i*(n+1)+j]: of rows before i and columns before j
}

func newDensity(rank []float32, n int) *density {
	d := &density{n: n, sum: make([]float64, (n+1)*(n+1))}
	for i := range n {
		row := 0.0
		for j := range n {
			row += float64(rank[i*n+j])
			d.sum[(i+1)*(n+1)+j+1] = d.sum[i*(n+1)+j+1] + row
		}
	}
	return d
}

// square is the sum inside units a to b, end exclusive.
func (d *density) square(a, b int) float64 {
	w := d.n + 1
	return d.sum[b*w+b] - d.sum[a*w+b] - d.sum[b*w+a] + d.sum[a*w+a]
}

func (d *density) divide() []int {
	type split struct {
		a, b, at  int
		sum, area float64 // what dividing changes
	}
	sum, area := d.square(0, d.n), float64(d.n*d.n)
	halve := func(a, b int) split {
		s := split{a: a, b: b}
		best := math.Inf(-1)
		whole, size := d.square(a, b), float64((b-a)*(b-a))
		for at := a + 1; at < b; at++ {
			ds := d.square(a, at) + d.square(at, b) - whole
			da := float64((at-a)*(at-a)+(b-at)*(b-at)) - size
			if v := (sum + ds) / (area + da); v > best {
				best, s.at, s.sum, s.area = v, at, ds, da
			}
		}
		return s
	}
	open := []split{halve(0, d.n)}
	var at []int
	densities := []float64{sum / area}
	for {
		best, value := -1, math.Inf(-1)
		for k, s := range open {
			if v := (sum + s.sum) / (area + s.area); s.at > 0 && v > value {
				best, value = k, v
			}
		}
		if best < 0 {
			break
		}
		s := open[best]
		sum, area = sum+s.sum, area+s.area
		at = append(at, s.at)
		densities = append(densities, value)
		open[best] = halve(s.a, s.at)
		open = append(open, halve(s.at, s.b))
	}
	keep := divisions(densities)
	found := slices.Clone(at[:keep])
	slices.Sort(found)
	return found
}

// divisions is how many divisions are worth it, given the density before the
// first and after each.
func divisions(densities []float64) int {
	const strictness = 1.2
	gains := make([]float64, len(densities)-1)
	if len(gains) == 0 {
		return 0
	}
	for i := range gains {
		gains[i] = densities[i+1] - densities[i]
	}
	kernel := []float64{1, 2, 4, 8, 4, 2, 1}
	smoothed := make([]float64, len(gains))
	for i := range gains {
		weight := 0.0
		for k, w := range kernel {
			if j := i + k - len(kernel)/2; j >= 0 && j < len(gains) {
				smoothed[i] += float64(w * gains[j])
				weight += w
			}
		}
		smoothed[i] /= weight
	}
	mean, dev := meanDeviation(smoothed)
	keep := 0
	for keep < len(smoothed) && smoothed[keep] > mean+strictness*dev {
		keep++
	}
	return keep
}
