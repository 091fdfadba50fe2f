// Package shrink makes suites smaller: of many items it chooses few whose mean orders
// systems as the mean of all does.
//
// The items are divided into as many strata as are chosen, along their tasks, and each
// stratum sends the item with which the mean so far is nearest to that of all items so far,
// over all systems whose scores are known. That is stratified sampling with a choice in
// place of a lot. A two-parameter logistic model (tinyBenchmarks, Polo and others 2024;
// MiniLongBench, Huang and others 2025) stood here before and orders unseen systems no
// better than lots do: docs/benchmarks.md has the figures.
package shrink

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/eval/figures"
)

// Suite is what systems scored.
type Suite struct {
	IDs   []string // of items
	Tasks []string // of the items
	// Families are those of the systems: what one arm does under several budgets is one.
	Families []string
	Scores   [][]float64 // by system, by item, each between 0 and 1
}

func (s *Suite) check() error {
	families := slices.Compact(slices.Sorted(slices.Values(s.Families)))
	if len(s.Scores) < 4 || len(families) < 2 {
		return fmt.Errorf("a suite is shrunk by the results of four systems of two arms at least, here are %d of %d: ask for more arms or budgets", len(s.Scores), len(families))
	}
	for k, row := range s.Scores {
		if len(row) != len(s.IDs) || len(s.Tasks) != len(s.IDs) || len(s.Families) != len(s.Scores) {
			return fmt.Errorf("system %d has %d scores of %d items: every system must have answered every item", k, len(row), len(s.IDs))
		}
		for i, v := range row {
			if !(v >= 0 && v <= 1) {
				return fmt.Errorf("system %d scored %g on item %s: scores are between 0 and 1", k, v, s.IDs[i])
			}
		}
	}
	return nil
}

// choose takes n items by the scores of some systems, in the order of the suite.
func (s *Suite) choose(systems []int, n int) ([]int, error) {
	items := len(s.IDs)
	if n < 1 || n > items {
		return nil, fmt.Errorf("cannot choose %d of %d items", n, items)
	}
	order := make([]int, items)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.Tasks[i], s.Tasks[j]) })
	chosen, all := make([]float64, len(systems)), make([]float64, len(systems)) // sums of scores
	var out []int
	for k := range n {
		stratum := order[k*items/n : (k+1)*items/n]
		for a, x := range systems {
			for _, i := range stratum {
				all[a] += s.Scores[x][i]
			}
		}
		far := func(i int) (sum float64) {
			for a, x := range systems {
				d := (chosen[a]+s.Scores[x][i])/float64(k+1) - all[a]/float64((k+1)*items/n)
				sum += float64(d * d)
			}
			return sum
		}
		best := slices.MinFunc(stratum, func(i, j int) int { return cmp.Compare(far(i), far(j)) })
		for a, x := range systems {
			chosen[a] += s.Scores[x][best]
		}
		out = append(out, best)
	}
	slices.Sort(out)
	return out, nil
}

// Report says how well few items order systems as all do: by systems that the choice was
// made from, and, which is what counts, by others.
type Report struct {
	Items   int      `json:"items"`
	Of      int      `json:"of"`
	Systems int      `json:"systems"`
	IDs     []string `json:"ids"`
	// Spearman and Error (the mean distance of the means over the chosen items from those
	// over all) over all systems, with items chosen from all of them.
	Spearman float64 `json:"spearman"`
	Error    float64 `json:"error"`
	// HeldOut has the same with items chosen by half of the families, over the systems of
	// the others, as the mean of many halves; ByLot that of items chosen by lot.
	HeldOut Agreement `json:"held_out"`
	ByLot   Agreement `json:"by_lot"`
}

// Agreement of means over few items with those over all.
type Agreement struct {
	Spearman float64 `json:"spearman"`
	Error    float64 `json:"error"`
}

// halves is how often the families are divided, and lots how many are drawn for each half.
const halves, lots = 20, 10

// Shrink chooses n of the items and measures the choice.
func (s *Suite) Shrink(n int) (*Report, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	all := make([]int, len(s.Scores))
	for k := range all {
		all[k] = k
	}
	chosen, err := s.choose(all, n)
	if err != nil {
		return nil, err
	}
	r := &Report{Items: n, Of: len(s.IDs), Systems: len(s.Scores)}
	for _, i := range chosen {
		r.IDs = append(r.IDs, s.IDs[i])
	}
	a := s.agreement(all, chosen)
	r.Spearman, r.Error = a.Spearman, a.Error
	families := slices.Compact(slices.Sorted(slices.Values(s.Families)))
	draw := rand.New(rand.NewPCG(1, uint64(n)))
	add := func(to *Agreement, x Agreement, share float64) {
		to.Spearman += float64(x.Spearman * share)
		to.Error += float64(x.Error * share)
	}
	for range halves {
		draw.Shuffle(len(families), func(i, j int) { families[i], families[j] = families[j], families[i] })
		var part [2][]int
		for k, f := range s.Families {
			half := 0
			if slices.Index(families, f) >= len(families)/2 {
				half = 1
			}
			part[half] = append(part[half], k)
		}
		for half, from := range part {
			c, err := s.choose(from, n)
			if err != nil {
				return nil, err
			}
			add(&r.HeldOut, s.agreement(part[1-half], c), 1./(2*halves))
			for range lots {
				add(&r.ByLot, s.agreement(part[1-half], draw.Perm(len(s.IDs))[:n]), 1./(2*halves*lots))
			}
		}
	}
	for _, v := range []*float64{&r.Spearman, &r.Error, &r.HeldOut.Spearman, &r.HeldOut.Error, &r.ByLot.Spearman, &r.ByLot.Error} {
		*v = figures.Round(*v, 4)
	}
	return r, nil
}

// agreement compares the means of some systems over some items with those over all.
func (s *Suite) agreement(systems, items []int) (a Agreement) {
	var mean, few []float64
	for _, k := range systems {
		sum := 0.
		for _, i := range items {
			sum += s.Scores[k][i]
		}
		mean, few = append(mean, figures.Mean(s.Scores[k])), append(few, sum/float64(len(items)))
		a.Error += math.Abs(mean[len(mean)-1]-few[len(few)-1]) / float64(len(systems))
	}
	a.Spearman = Spearman(mean, few)
	return a
}

// Spearman is the rank correlation of two lists, ties at their mean rank; 0 where one
// of them has no order.
func Spearman(a, b []float64) float64 {
	x, y := ranks(a), ranks(b)
	mean := float64(len(a)-1) / 2
	var xy, xx, yy float64
	for i := range x {
		xy += float64((x[i] - mean) * (y[i] - mean))
		xx += float64((x[i] - mean) * (x[i] - mean))
		yy += float64((y[i] - mean) * (y[i] - mean))
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(v[i], v[j]) })
	out := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return out
}
