package classify

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/portable"
)

// judge says what scores are worth: the weights of two logistic regressions over what
// examples that were left out showed.
type judge struct {
	right, out []float64
}

// candidate is a class that a text may have.
type candidate struct {
	class int
	score float64 // product with its direction
	log   float64 // logarithm of its softmax among the labels
	lead  float64 // over the best other one
}

func (c candidate) features() []float64 { return []float64{1, c.score, c.log, c.lead} }

// candidates are the n best labels by their scores.
func (c *Classifier) candidates(z []float64, n int) []candidate {
	real := z[:len(c.Labels())]
	p := make([]float64, len(real))
	softmax(real, p)
	var list []candidate
	for class, score := range real {
		if !math.IsInf(score, -1) {
			list = append(list, candidate{class: class, score: score / scale, log: portable.Log(max(p[class], 1e-6))})
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.class, b.class)) })
	for i := range list {
		switch {
		case len(list) == 1:
		case i == 0:
			list[i].lead = list[0].score - list[1].score
		default:
			list[i].lead = list[i].score - list[0].score
		}
	}
	return list[:min(n, len(list))]
}

// outlook are the features by which a text seems to have none of the labels.
func (c *Classifier) outlook(z []float64) []float64 {
	best := c.candidates(z, 1)
	if len(best) == 0 {
		return []float64{1, 0, 0, 0}
	}
	f := []float64{1, best[0].score, best[0].log, 0}
	if c.outside >= 0 && !math.IsInf(z[c.outside], -1) {
		f[3] = best[0].score - z[c.outside]/scale
	}
	return f
}

func (j *judge) label(c candidate) float64       { return logistic(j.right, c.features()) }
func (j *judge) none(features []float64) float64 { return logistic(j.out, features) }

// How much is left out to measure: examples in parts, of which as many are looked at as
// hold enough; labels in groups.
const (
	parts       = 8
	labelGroups = 3
	enough      = 1000
	// Few examples are left out one by one.
	oneByOne = 60
	// With so few examples of none, hidden labels stand in for them too.
	fewOutside = 20
	// Of the texts that come, so many are taken to have none of the labels, compared with
	// those that have one: nobody knows before they come.
	outShare = .25
)

// trial is what is left out once, and what is learned without it.
type trial struct {
	rest, held []int
	hidden     func(class int) bool
}

// measure leaves examples out, and labels, and looks at the scores of what was left out.
func (c *Classifier) measure(ctx context.Context) (judge, error) {
	var right, out trials
	err := c.try(ctx, c.leaveOut(), func(l *linear, row int) {
		z := make([]float64, len(c.labels))
		l.scores(&c.points[row], z)
		known := slices.ContainsFunc(c.targets[row], func(class int) bool { return class != c.outside && l.taught[class] })
		out.add(c.outlook(z), !known)
		if !known {
			return
		}
		for _, cand := range c.candidates(z, others+1) {
			right.add(cand.features(), slices.Contains(c.targets[row], cand.class))
		}
	})
	if err == nil && (c.outside < 0 || out.count(true) < fewOutside) {
		err = c.try(ctx, c.hideLabels(), func(l *linear, row int) {
			z := make([]float64, len(c.labels))
			l.scores(&c.points[row], z)
			out.add(c.outlook(z), true)
		})
	}
	out.weigh(outShare)
	return judge{right.fit(), out.fit()}, err
}

// try learns for each trial, several at once, and shows what was held back, in order.
func (c *Classifier) try(ctx context.Context, all []trial, show func(l *linear, row int)) error {
	lines, errs := make([]*linear, len(all)), make([]error, len(all))
	var wait sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, t := range all {
		turns <- struct{}{}
		wait.Go(func() {
			lines[i], errs[i] = c.learn(ctx, t.rest, t.hidden)
			<-turns
		})
	}
	wait.Wait()
	for i, t := range all {
		if errs[i] != nil {
			return errs[i]
		}
		for _, row := range t.held {
			show(lines[i], row)
		}
	}
	return nil
}

// leaveOut leaves out the parts of the examples that are enough.
func (c *Classifier) leaveOut() (all []trial) {
	n := len(c.examples)
	count := max(parts, n/enough)
	if n <= oneByOne {
		count = n
	}
	part := c.inParts(count)
	held := 0
	for k := 0; k < count && held < enough; k++ {
		t := trial{rest: c.nameRows()}
		for row := range n {
			if part[row] == k {
				t.held = append(t.held, row)
			} else {
				t.rest = append(t.rest, row)
			}
		}
		held += len(t.held)
		all = append(all, t)
	}
	return all
}

// hideLabels leaves out all examples of a group of labels, which are taken for texts that
// have none.
func (c *Classifier) hideLabels() (all []trial) {
	held := 0
	for g := 0; g < labelGroups && held < enough; g++ {
		t := trial{rest: c.everyRow(), hidden: func(class int) bool { return class != c.outside && class%labelGroups == g }}
		for row := range c.examples {
			if !slices.ContainsFunc(c.targets[row], func(class int) bool { return !t.hidden(class) }) {
				t.held = append(t.held, row)
			}
		}
		held += len(t.held)
		all = append(all, t)
	}
	return all
}

// inParts divides the examples of each label evenly.
func (c *Classifier) inParts(parts int) []int {
	order := make([]int, len(c.examples))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.targets[a][0], c.targets[b][0]) })
	part := make([]int, len(order))
	for i, row := range order {
		part[row] = i % parts
	}
	return part
}

// trials are what a logistic regression is fitted to.
type trials struct {
	features [][]float64
	yes      []bool
	weights  []float64
}

func (t *trials) add(features []float64, yes bool) {
	t.features, t.yes, t.weights = append(t.features, features), append(t.yes, yes), append(t.weights, 1)
}

func (t *trials) count(yes bool) (n int) {
	for _, y := range t.yes {
		if y == yes {
			n++
		}
	}
	return n
}

// weigh makes those that are yes count share of those that are not, together.
func (t *trials) weigh(share float64) {
	yes, no := t.count(true), t.count(false)
	if yes == 0 || no == 0 {
		return
	}
	for i, y := range t.yes {
		if y {
			t.weights[i] = share * float64(no) / float64(yes)
		}
	}
}

func logistic(weights, features []float64) float64 {
	sum := 0.0
	for i, f := range features {
		sum += float64(f * weights[i])
	}
	return portable.Logistic(sum)
}

// ridge keeps weights finite where what is right can be told without an error.
const ridge = .1

// fit is the regression by Newton's method.
func (t *trials) fit() []float64 {
	const n = 4
	w := make([]float64, n)
	for range 30 {
		var h [n][n + 1]float64 // with the gradient as its last column
		for i := range n {
			h[i][i] = ridge
			h[i][n] = -ridge * w[i]
		}
		for k, f := range t.features {
			p := logistic(w, f)
			d := -p
			if t.yes[k] {
				d++
			}
			v := max(float64(p*(1-p)), 1e-6) * t.weights[k]
			for i := range n {
				h[i][n] += float64(float64(d*t.weights[k]) * f[i])
				for j := range n {
					h[i][j] += float64(float64(v*f[i]) * f[j])
				}
			}
		}
		moved := 0.0
		for i, x := range solve(h) {
			x = max(-5, min(5, x))
			w[i] += x
			moved = max(moved, math.Abs(x))
		}
		if moved < 1e-6 {
			break
		}
	}
	return w
}

// solve is Gauss's elimination, for a matrix that is positive definite.
func solve(h [4][5]float64) (x [4]float64) {
	for i := range 4 {
		for k := i + 1; k < 4; k++ {
			by := h[k][i] / h[i][i]
			for j := i; j < 5; j++ {
				h[k][j] -= float64(by * h[i][j])
			}
		}
	}
	for i := 3; i >= 0; i-- {
		x[i] = h[i][4]
		for j := i + 1; j < 4; j++ {
			x[i] -= float64(h[i][j] * x[j])
		}
		x[i] /= h[i][i]
	}
	return x
}
