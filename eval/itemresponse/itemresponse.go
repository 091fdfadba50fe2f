// Package itemresponse shrinks suites: from what many systems scored on many items it
// fits how hard each item is and how well it tells systems apart, and chooses few items
// that order systems as all do (the way of tinyBenchmarks, Polo et al., ICML 2024, and
// of MiniLongBench, Huang et al., ACL 2025).
package itemresponse

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/eval/figures"
)

// Model is a two-parameter logistic: a system of ability θ scores item i with
// 1/(1+exp(-a_i(θ-b_i))).
type Model struct {
	Ability                    []float64 // of systems
	Discrimination, Difficulty []float64 // of items
}

// The priors keep items that all systems solve, or none, from running away: normal for
// ability and difficulty, log-normal for discrimination.
const (
	spread = 2.  // standard deviation of difficulties
	steep  = .5  // of the logarithms of discriminations
	steps  = 400 // of gradient ascent
	rate   = .05
)

// Fit finds the most probable parameters for scores between 0 and 1, one row a system,
// one column an item. A score between is one of so many parts of a success.
func Fit(scores [][]float64) (*Model, error) {
	if len(scores) < 2 || len(scores[0]) == 0 {
		return nil, fmt.Errorf("item response needs two systems and an item, there are %d systems", len(scores))
	}
	items := len(scores[0])
	for s, row := range scores {
		if len(row) != items {
			return nil, fmt.Errorf("system %d has %d scores, the first has %d: every system must have answered every item", s, len(row), items)
		}
		for i, v := range row {
			if !(v >= 0 && v <= 1) {
				return nil, fmt.Errorf("system %d scored %g on item %d: scores are between 0 and 1", s, v, i)
			}
		}
	}
	// Parameters stand in one vector: abilities, logarithms of discrimination, difficulties.
	systems := len(scores)
	p, g := make([]float64, systems+2*items), make([]float64, systems+2*items)
	m, v := make([]float64, len(p)), make([]float64, len(p)) // of Adam
	for t := 1; t <= steps; t++ {
		for k := range p {
			g[k] = -p[k]
			switch {
			case k >= systems+items:
				g[k] /= spread * spread
			case k >= systems:
				g[k] /= steep * steep
			}
		}
		for s, row := range scores {
			for i, y := range row {
				a, d := math.Exp(p[systems+i]), p[s]-p[systems+items+i]
				e := y - 1/(1+math.Exp(-a*d))
				g[s] += e * a
				g[systems+i] += e * a * d
				g[systems+items+i] -= e * a
			}
		}
		for k := range p {
			m[k] = .9*m[k] + .1*g[k]
			v[k] = .99*v[k] + .01*g[k]*g[k]
			p[k] += rate * (m[k] / (1 - math.Pow(.9, float64(t)))) / (math.Sqrt(v[k]/(1-math.Pow(.99, float64(t)))) + 1e-8)
		}
	}
	out := &Model{Ability: p[:systems], Difficulty: p[systems+items:], Discrimination: make([]float64, items)}
	for i := range items {
		out.Discrimination[i] = math.Exp(p[systems+i])
	}
	return out, nil
}

// Chosen is one item of a shrunk suite: the share of all items that it stands for.
type Chosen struct {
	Item   int     `json:"item"`
	Weight float64 `json:"weight"`
}

// Choose takes n items: the items in the order of difficulty are cut into n parts of
// equal size, and each part sends the one that tells systems apart best.
func (m *Model) Choose(n int) ([]Chosen, error) {
	items := len(m.Difficulty)
	if n < 1 || n > items {
		return nil, fmt.Errorf("cannot choose %d of %d items", n, items)
	}
	order := make([]int, items)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(m.Difficulty[i], m.Difficulty[j]) })
	out := make([]Chosen, 0, n)
	for k := range n {
		part := order[k*items/n : (k+1)*items/n]
		best := slices.MaxFunc(part, func(i, j int) int { return cmp.Compare(m.Discrimination[i], m.Discrimination[j]) })
		out = append(out, Chosen{best, float64(len(part)) / float64(items)})
	}
	slices.SortFunc(out, func(a, b Chosen) int { return a.Item - b.Item })
	return out, nil
}

// Estimate is the mean score of a system over all items, from the chosen ones alone: half
// of it what they scored, weighted, half what the model expects of a system of the ability
// that they show.
func (m *Model) Estimate(scores []float64, chosen []Chosen) float64 {
	best, most := 0., math.Inf(-1)
	for step := -80; step <= 80; step++ {
		at := float64(step) / 20
		sum := -at * at / 2
		for _, c := range chosen {
			p := m.expected(at, c.Item)
			sum += float64(scores[c.Item]*math.Log(p)) + float64((1-scores[c.Item])*math.Log(1-p))
		}
		if sum > most {
			best, most = at, sum
		}
	}
	seen, expected := 0., 0.
	for _, c := range chosen {
		seen += float64(c.Weight * scores[c.Item])
	}
	for i := range m.Difficulty {
		expected += m.expected(best, i) / float64(len(m.Difficulty))
	}
	return (seen + expected) / 2
}

// expected is the score of an ability on an item, a little away from 0 and 1.
func (m *Model) expected(ability float64, item int) float64 {
	p := 1 / (1 + math.Exp(-m.Discrimination[item]*(ability-m.Difficulty[item])))
	return min(max(p, 1e-6), 1-1e-6)
}

// Report says how well few items order systems as all do: by systems that the choice was
// made from, and, which is what counts, by others.
type Report struct {
	Items   int      `json:"items"`
	Of      int      `json:"of"`
	Systems int      `json:"systems"`
	IDs     []string `json:"ids"`
	Chosen  []Chosen `json:"chosen"`
	// Spearman and Error (the mean distance of estimates from mean scores) over all
	// systems, with items chosen from all of them.
	Spearman float64 `json:"spearman"`
	Error    float64 `json:"error"`
	// HeldOut has the same with items chosen from every other system, over the rest;
	// ByLot the mean of items chosen by lot a hundred times, over the same.
	HeldOut Agreement `json:"held_out"`
	ByLot   Agreement `json:"by_lot"`
}

// Agreement of estimates with mean scores.
type Agreement struct {
	Spearman float64 `json:"spearman"`
	Error    float64 `json:"error"`
}

// Shrink chooses n of the items, whose ids are given, and measures the choice.
func Shrink(ids []string, scores [][]float64, n int) (*Report, error) {
	if len(scores) < 4 {
		return nil, fmt.Errorf("a suite is shrunk by the results of four systems at least, here are %d: ask for more arms or budgets", len(scores))
	}
	m, chosen, err := choose(scores, n)
	if err != nil {
		return nil, err
	}
	r := &Report{Items: n, Of: len(ids), Systems: len(scores), Chosen: chosen}
	for _, c := range chosen {
		r.IDs = append(r.IDs, ids[c.Item])
	}
	all := agreement(scores, func(row []float64) float64 { return m.Estimate(row, chosen) })
	r.Spearman, r.Error = all.Spearman, all.Error
	// Two halves, each judged by what was chosen from the other.
	lots := rand.New(rand.NewPCG(1, uint64(n)))
	for half := range 2 {
		var from, on [][]float64
		for s, row := range scores {
			if s%2 == half {
				from = append(from, row)
			} else {
				on = append(on, row)
			}
		}
		m, c, err := choose(from, n)
		if err != nil {
			return nil, err
		}
		a := agreement(on, func(row []float64) float64 { return m.Estimate(row, c) })
		r.HeldOut.Spearman += a.Spearman / 2
		r.HeldOut.Error += a.Error / 2
		const times = 100
		for range times {
			lot := lots.Perm(len(ids))[:n]
			a := agreement(on, func(row []float64) (sum float64) {
				for _, i := range lot {
					sum += row[i] / float64(n)
				}
				return sum
			})
			r.ByLot.Spearman += a.Spearman / 2 / times
			r.ByLot.Error += a.Error / 2 / times
		}
	}
	for _, v := range []*float64{&r.Spearman, &r.Error, &r.HeldOut.Spearman, &r.HeldOut.Error, &r.ByLot.Spearman, &r.ByLot.Error} {
		*v = figures.Round(*v, 4)
	}
	return r, nil
}

func choose(scores [][]float64, n int) (*Model, []Chosen, error) {
	m, err := Fit(scores)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := m.Choose(n)
	return m, chosen, err
}

func agreement(scores [][]float64, estimate func(row []float64) float64) (a Agreement) {
	var mean, estimated []float64
	for _, row := range scores {
		sum := 0.
		for _, v := range row {
			sum += v
		}
		mean = append(mean, sum/float64(len(row)))
		estimated = append(estimated, estimate(row))
		a.Error += math.Abs(mean[len(mean)-1]-estimated[len(mean)-1]) / float64(len(scores))
	}
	a.Spearman = Spearman(mean, estimated)
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
