package score

import "github.com/tamis-search/tamis/pack/unit"

// How far the units of a broad question share what they have.
const (
	spreadBytes = 800 * 9 / 2 // of 4.5 a token
	spreadShare = .8
)

// spread gives every unit, for questions that want a discussion or a summary,
// a share of the mean features of the text of about 800 tokens around it. What
// answers such a question is a stretch, of which the sentences between the good
// ones are part. Features are spread rather than scores, which comes to the
// same, so that the tuner sees it.
func spread(units *unit.Set, out []Features) {
	n := len(out)
	sums := make([]Features, n+1) // of the units before, times their bytes
	for i := range units.Units {
		size := float64(units.Bytes[i+1] - units.Bytes[i])
		for f, x := range out[i] {
			sums[i+1][f] = sums[i][f] + float64(size*x)
		}
	}
	for start, end := 0, 0; start < n; start = end {
		for end = start + 1; end < n && !units.Units[end].First; end++ {
		}
		lo, hi := start, start+1
		for i := start; i < end; i++ {
			middle := units.Bytes[i] + units.Bytes[i+1] // in half bytes
			for lo < i && middle-(units.Bytes[lo]+units.Bytes[lo+1]) > spreadBytes {
				lo++
			}
			for hi = max(hi, i+1); hi < end && units.Bytes[hi]+units.Bytes[hi+1]-middle <= spreadBytes; hi++ {
			}
			size := float64(units.Bytes[hi] - units.Bytes[lo])
			if size <= 0 {
				continue
			}
			x := &out[i]
			for f := range x {
				mean := (sums[hi][f] - sums[lo][f]) / size
				x[f] = float64((1-spreadShare)*x[f]) + float64(spreadShare*mean)
			}
		}
	}
}
