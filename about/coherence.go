package about

import (
	"math"

	"github.com/tamis-search/tamis/internal/portable"
)

// Windows in which words stand together, in words with content (Röder, Both and Hinneburg 2015).
const (
	nearWindow = 10
	wideWindow = 110
)

type coherent struct{ npmi, cv float64 }

// coherence says how well the words of each topic belong together in the texts.
func (c *texts) coherence(words [][]int32) []coherent {
	near, wide := c.together(words, nearWindow), c.together(words, wideWindow)
	out := make([]coherent, len(words))
	for t, ws := range words {
		var sum float64
		pairs := 0
		for i, a := range ws {
			for _, b := range ws[:i] {
				sum += near.npmi(a, b)
				pairs++
			}
		}
		out[t] = coherent{sum / float64(max(1, pairs)), wide.cv(ws)}
	}
	return out
}

// company counts in how many windows words and pairs of them stand.
type company struct {
	windows float64
	one     map[int32]int
	two     map[[2]int32]int
}

// together counts windows of so many words that begin at each word.
func (c *texts) together(words [][]int32, size int) *company {
	n := &company{one: map[int32]int{}, two: map[[2]int32]int{}}
	asked := map[int32][]int{} // topics of a word
	for t, ws := range words {
		for _, w := range ws {
			asked[w] = append(asked[w], t)
		}
	}
	shared := func(a, b int32) bool {
		for _, t := range asked[a] {
			for _, u := range asked[b] {
				if t == u {
					return true
				}
			}
		}
		return false
	}
	type place struct {
		word int32
		at   int
	}
	for _, seq := range c.seqs {
		var places []place
		for i, w := range seq {
			if w >= 0 && asked[w] != nil {
				places = append(places, place{w, i})
			}
		}
		// A window begins at each word, the last ones where a whole one still fits.
		last := max(0, len(seq)-size)
		n.windows += float64(last + 1)
		// Between two places where its content changes, all windows are alike.
		lo, hi := 0, 0
		counts := map[int32]int{}
		for start := 0; start <= last; {
			for hi < len(places) && places[hi].at < start+size {
				counts[places[hi].word]++
				hi++
			}
			for lo < hi && places[lo].at < start {
				if counts[places[lo].word]--; counts[places[lo].word] == 0 {
					delete(counts, places[lo].word)
				}
				lo++
			}
			next := last + 1
			if hi < len(places) {
				next = min(next, places[hi].at-size+1)
			}
			if lo < hi {
				next = min(next, places[lo].at+1)
			}
			for a := range counts {
				n.one[a] += next - start
				for b := range counts {
					if a < b && shared(a, b) {
						n.two[[2]int32{a, b}] += next - start
					}
				}
			}
			start = next
		}
	}
	return n
}

// npmi is the normalised pointwise mutual information of two words.
func (n *company) npmi(a, b int32) float64 {
	if a == b {
		return 1
	}
	both := float64(n.two[[2]int32{min(a, b), max(a, b)}])
	if both == 0 || n.windows == 0 {
		return -1
	}
	p := both / n.windows
	if p >= 1 {
		return 1
	}
	return portable.Log(p/(float64(n.one[a])/n.windows*(float64(n.one[b])/n.windows))) / -portable.Log(p)
}

// cv is C_V: the mean cosine of each word's information about the others with that of all
// of them together.
func (n *company) cv(ws []int32) float64 {
	if len(ws) == 0 {
		return 0
	}
	all := make([]float64, len(ws))
	vectors := make([][]float64, len(ws))
	for i, a := range ws {
		vectors[i] = make([]float64, len(ws))
		for j, b := range ws {
			x := n.npmi(a, b)
			if x == -1 {
				x = 0
			}
			vectors[i][j] = x
			all[j] += x
		}
	}
	sum := 0.0
	for _, v := range vectors {
		dot, vv, aa := 0.0, 0.0, 0.0
		for j, x := range v {
			dot += float64(x * all[j])
			vv += float64(x * x)
			aa += float64(all[j] * all[j])
		}
		if vv > 0 && aa > 0 {
			sum += dot / math.Sqrt(float64(vv*aa))
		}
	}
	return sum / float64(len(ws))
}
