package features

import (
	"cmp"
	"slices"
)

// Detection is how well names tell in which passages that were held out features fire: the area
// under the curve of the passages ranked by the weights of the name's terms that they have, .5
// by chance.
type Detection struct {
	Judged   int     `json:"judged"` // features that fire in enough passages held out
	AUC      float64 `json:"auc"`
	Shuffled float64 `json:"auc_shuffled"` // of names of other features
	// Unique is the share of names whose first term begins no other one.
	Unique float64 `json:"unique"`
}

// LeastJudged is in how many passages held out a feature fires that is judged, at least.
const LeastJudged = 3

// detection measures names.
func (c *terms) detection(fires [][]fire, lists [][]Term, all []passage) Detection {
	var held []int
	place := make([]int, len(all))
	for i, p := range all {
		if place[i] = len(held); p.held {
			held = append(held, i)
		}
	}
	var judged []int
	positive := make([][]bool, len(fires))
	first := map[string]int{}
	named := 0
	for f, at := range fires {
		if len(lists[f]) == 0 {
			continue
		}
		named++
		first[lists[f][0].key]++
		positive[f] = make([]bool, len(held))
		n := 0
		for _, x := range at {
			if all[x.passage].held {
				positive[f][place[x.passage]] = true
				n++
			}
		}
		if n >= LeastJudged && n < len(held) {
			judged = append(judged, f)
		}
	}
	d := Detection{Judged: len(judged)}
	for i, f := range judged {
		d.AUC += area(c.scores(lists[f], held), positive[f]) / float64(len(judged))
		// Half of the way round: no feature has its own name.
		other := judged[(i+max(1, len(judged)/2))%len(judged)]
		d.Shuffled += area(c.scores(lists[other], held), positive[f]) / float64(len(judged))
	}
	once := 0
	for _, n := range first {
		if n == 1 {
			once++
		}
	}
	d.AUC, d.Shuffled, d.Unique = round(d.AUC), round(d.Shuffled), round(float64(once)/float64(max(1, named)))
	return d
}

// scores are the sums of the weights of the terms that passages have.
func (c *terms) scores(list []Term, passages []int) []float64 {
	out := make([]float64, len(passages))
	for _, t := range list {
		id, ok := c.ids[t.key]
		if !ok {
			continue
		}
		for i, p := range passages {
			if _, has := slices.BinarySearch(c.rows[p], id); has {
				out[i] += t.Weight
			}
		}
	}
	return out
}

// area is the share of pairs of a positive and another one that scores put in their order, half
// of those with the same score.
func area(scores []float64, positive []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	right, below, n := 0.0, 0, 0
	for i := 0; i < len(order); {
		j, here, others := i, 0, 0
		for ; j < len(order) && scores[order[j]] == scores[order[i]]; j++ {
			if positive[order[j]] {
				here++
			} else {
				others++
			}
		}
		right += float64(here) * (float64(below) + float64(others)/2)
		below += others
		n += here
		i = j
	}
	if n == 0 || below == 0 {
		return .5
	}
	return right / (float64(n) * float64(below))
}
