package conversation

import (
	"math"

	"github.com/tamis-search/tamis/session/turn"
)

const (
	ridge       = 3 // keeps weights small
	newtonSteps = 12
)

// row is a word that could have been carried over, and whether it was wanted.
type row struct {
	f turn.Features
	y float64
}

// Fit finds weights on conversations: ridge regression of a logistic function by Newton's
// steps.
func Fit(conversations [][]Turn) (turn.Weights, error) {
	j, err := NewJudge()
	if err != nil {
		return turn.Weights{}, err
	}
	return newton(rows(j, conversations)), nil
}

func rows(j *Judge, conversations [][]Turn) (out []row) {
	for _, c := range conversations {
		t := turn.New()
		for i := range c {
			wanted := j.Wanted(&c[i])
			for _, cand := range t.Candidates(c[i].Raw) {
				r := row{f: cand.Features}
				if wanted[cand.Term] {
					r.y = 1
				}
				out = append(out, r)
			}
			t.Add(turn.Exchange{Question: c[i].Raw, Answers: c[i].Answers})
		}
	}
	return out
}

func newton(rows []row) (w turn.Weights) {
	const n = len(w)
	for range newtonSteps {
		g, h := make([]float64, n), make([][]float64, n)
		for i := range n {
			g[i] = -ridge * w[i]
			h[i] = make([]float64, n)
			h[i][i] = ridge
		}
		for _, r := range rows {
			p := 1 / (1 + math.Exp(-w.Sum(&r.f)))
			for i := range n {
				if r.f[i] == 0 {
					continue
				}
				g[i] += (r.y - p) * r.f[i]
				for k := range n {
					h[i][k] += p * (1 - p) * r.f[i] * r.f[k]
				}
			}
		}
		step := solve(h, g)
		for i := range n {
			w[i] += step[i]
		}
	}
	for i := range w {
		w[i] = math.Round(100*w[i]) / 100
	}
	return w
}

// solve is x of h·x = g, for a symmetric positive matrix, by elimination.
func solve(h [][]float64, g []float64) []float64 {
	n := len(g)
	for i := range n {
		for k := i + 1; k < n; k++ {
			f := h[k][i] / h[i][i]
			for c := i; c < n; c++ {
				h[k][c] -= f * h[i][c]
			}
			g[k] -= f * g[i]
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = g[i]
		for k := i + 1; k < n; k++ {
			x[i] -= h[i][k] * x[k]
		}
		x[i] /= h[i][i]
	}
	return x
}

// Folds fits on all but one part of the conversations and reports on that part, for each:
// what the weights are worth on conversations that they have not seen.
func Folds(conversations [][]Turn, parts int) (Words, error) {
	j, err := NewJudge()
	if err != nil {
		return Words{}, err
	}
	for part := range parts {
		var train, test [][]Turn
		for i, c := range conversations {
			if i%parts == part {
				test = append(test, c)
			} else {
				train = append(train, c)
			}
		}
		w, err := Fit(train)
		if err != nil {
			return Words{}, err
		}
		for _, c := range test {
			j.Conversation(c, &w)
		}
	}
	return j.Words(), nil
}
