package topics

import (
	"cmp"
	"math"
	"slices"
)

// TextTiling finds boundaries as Hearst (1997) describes, with the values
// usual for it: pseudo-sentences of 20 words, blocks of 10 of them compared at
// each gap by the cosine of their term counts, scores smoothed once over three
// gaps, depths cut at their mean less half a standard deviation, boundaries at
// least four gaps apart and moved to the nearest border of a unit. It takes
// linear time. It is here to be compared with.
func TextTiling(b *Bags) []int {
	const (
		width = 20 // words of a pseudo-sentence
		block = 10 // pseudo-sentences on either side of a gap
		apart = 4  // gaps between two boundaries
	)
	n := (int(b.starts[b.Len()]) + width - 1) / width
	if n < 3 || b.Len() < 2 {
		return nil
	}
	tiles := make([][]int32, n)
	for i, u := range b.units {
		for k, t := range u {
			p := b.places[i][k] / width
			tiles[p] = append(tiles[p], t)
		}
	}
	scores := make([]float64, n-1) // scores[g]: between tiles g and g+1
	left, right := newCounts(len(b.terms)), newCounts(len(b.terms))
	for g := range scores {
		left.reset()
		right.reset()
		for j := range min(block, g+1, n-1-g) {
			left.add(tiles[g-j])
			right.add(tiles[g+1+j])
		}
		scores[g] = left.cosine(right)
	}
	depths := depthsOf(smooth(scores))
	mean, dev := meanDeviation(depths)
	// The deepest gaps come first; those near them give way.
	order := make([]int, len(depths))
	for g := range order {
		order[g] = g
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(depths[b], depths[a]) })
	taken := make([]bool, len(depths))
	var gaps []int
	for _, g := range order {
		if depths[g] <= max(mean-dev/2, 0) {
			break
		}
		if !slices.Contains(taken[max(0, g-apart+1):min(len(taken), g+apart)], true) {
			taken[g] = true
			gaps = append(gaps, g)
		}
	}
	var found []int
	for _, g := range gaps {
		word := int32((g + 1) * width)
		i, _ := slices.BinarySearch(b.starts[:b.Len()], word)
		if i == b.Len() || i > 0 && word-b.starts[i-1] <= b.starts[i]-word {
			i--
		}
		if i > 0 {
			found = append(found, i)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// smooth is the mean of each value and its neighbours.
func smooth(x []float64) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		near := x[max(0, i-1):min(len(x), i+2)]
		for _, v := range near {
			y[i] += v
		}
		y[i] /= float64(len(near))
	}
	return y
}

// depthsOf is how far each score lies below the peaks on its two sides; none is
// given to the first and last few gaps, whose blocks are short.
func depthsOf(scores []float64) []float64 {
	n := len(scores)
	depths := make([]float64, n)
	right := make([]float64, n)
	for g := n - 1; g >= 0; g-- {
		right[g] = scores[g]
		if g+1 < n && scores[g+1] >= scores[g] {
			right[g] = right[g+1]
		}
	}
	clip := min(max(n/10, 2), 5)
	left := 0.0
	for g := range n {
		if g == 0 || scores[g-1] < scores[g] {
			left = scores[g]
		}
		if g >= clip && g < n-clip {
			depths[g] = left + right[g] - 2*scores[g]
		}
	}
	return depths
}

func meanDeviation(x []float64) (mean, dev float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		dev += float64((v - mean) * (v - mean))
	}
	return mean, math.Sqrt(dev / float64(len(x)))
}
