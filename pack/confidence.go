package pack

import (
	"math"

	"github.com/tamis-search/tamis/internal/portable"
)

// Unsure is the confidence below which a context is to be doubted: on questions
// asked of a corpus that answers them, 1 context in 11 of installed documentation
// and 1 in 500 of the evidence sets was doubted although it had the answer
// (docs/benchmarks.md).
const Unsure = .25

// Confidence is an estimate of the probability that what is kept answers the
// question. Words can tell that much: whether the question's words stand together
// more often than chance has it, how good the best unit is, and how much is kept.
//
// Chance: independent words of idf i1, i2 … stand together in one of N passages in
// a share e^-(i1+i2+…) of them, so in about N e^-(i1+i2+…). Where the sum over the
// words of the best stretch is beyond ln N, they stand there because it is about
// them. A question that a corpus says nothing about finds the words it has in
// common with anything, about as many as chance gives.
//
// The factors are those of a logistic regression over installed documentation and
// five evidence sets, each question asked of its own corpus and of others, the
// others weighing a quarter.
const (
	sureBase   = -5.1
	sureBeyond = 3.4 // what the words of the best stretch are beyond chance, as a share of the question's idf
	sureBest   = 1   // score of the best unit
	sureBudget = .5  // ln(budget/1,000)

	sureStretch = 100 * 9 / 2 // bytes
)

// confidence is that of what is kept, in hundredths; 0 where nothing is. none is
// the idf of a word that no passage has.
func (f *filler) confidence(none float64) float64 {
	beyond, best := 0.0, 0.0
	for i, s := range f.state {
		if s != kept {
			continue
		}
		beyond = max(beyond, f.all.CoverAround(i, sureStretch))
		best = max(best, f.scores.Total[i])
	}
	if beyond == 0 {
		return 0
	}
	x := sureBase + float64(sureBeyond*(beyond-none/f.all.SumIDF)) + float64(sureBest*best) + float64(sureBudget*portable.Log(float64(f.o.Budget)/1000))
	return math.Round(100*portable.Logistic(x)) / 100
}
