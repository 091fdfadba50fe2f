package segmentation

import "slices"

// A segmentation of n units is given by its boundaries: ascending, each i with
// 0 < i < n at which a new segment begins.

// WindowSize is half the mean length of the reference's segments, rounded, at
// least 1 and less than n: the window of Pk and WindowDiff.
func WindowSize(n int, reference []int) int {
	segments := len(reference) + 1
	return max(1, min((n+segments)/(2*segments), n-1))
}

// Pk is the share of pairs of units k apart on which the two segmentations
// disagree whether both lie in one segment (Beeferman, Berger and Lafferty
// 1999): 0 is perfect. Fewer than k+1 units give 0.
func Pk(n int, reference, hypothesis []int, k int) float64 {
	return windows(n, reference, hypothesis, k, func(r, h int) bool { return (r > 0) != (h > 0) })
}

// WindowDiff is the share of windows of k units in which the two have another
// number of boundaries (Pevzner and Hearst 2002): 0 is perfect. Fewer than k+1
// units give 0.
func WindowDiff(n int, reference, hypothesis []int, k int) float64 {
	return windows(n, reference, hypothesis, k, func(r, h int) bool { return r != h })
}

func windows(n int, reference, hypothesis []int, k int, differ func(r, h int) bool) float64 {
	if k < 1 || n <= k {
		return 0
	}
	wrong := 0
	var r, h counter
	for i := 0; i+k < n; i++ {
		if differ(r.between(reference, i, i+k), h.between(hypothesis, i, i+k)) {
			wrong++
		}
	}
	return float64(wrong) / float64(n-k)
}

// counter counts boundaries in a window that moves on.
type counter struct{ from, to int }

// between is the number of boundaries b with i < b <= j.
func (c *counter) between(boundaries []int, i, j int) int {
	for c.to < len(boundaries) && boundaries[c.to] <= j {
		c.to++
	}
	for c.from < c.to && boundaries[c.from] <= i {
		c.from++
	}
	return c.to - c.from
}

// BoundarySimilarity is 1 less the share of boundaries that have to be edited
// (Fournier 2013): a boundary that only one side has counts 1, one that is off
// by one unit 1/2; 1 is perfect, and two segmentations without boundaries are
// the same.
func BoundarySimilarity(reference, hypothesis []int) float64 {
	matches := 0
	var left, right []int // boundaries of one side only
	for _, b := range reference {
		if _, ok := slices.BinarySearch(hypothesis, b); ok {
			matches++
		} else {
			left = append(left, b)
		}
	}
	for _, b := range hypothesis {
		if _, ok := slices.BinarySearch(reference, b); !ok {
			right = append(right, b)
		}
	}
	near := 0
	for i, j := 0, 0; i < len(left) && j < len(right); {
		switch d := left[i] - right[j]; {
		case d == 1 || d == -1:
			near++
			i++
			j++
		case d < 0:
			i++
		default:
			j++
		}
	}
	single := len(left) + len(right) - 2*near
	if all := single + near + matches; all > 0 {
		return 1 - (float64(single)+float64(near)/2)/float64(all)
	}
	return 1
}
