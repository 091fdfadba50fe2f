package pack

import (
	"math"

	"github.com/tamis-search/tamis/internal/portable"
)

// Unsure is the confidence below which a context is to be doubted: so low that of the
// questions over installed documentation none that was answered is (docs/benchmarks.md).
// A doubt about a good context costs more trust than one that is not raised; of questions
// asked of a corpus about something else only 1 in 19 is doubted. Words cannot tell more.
const Unsure = .15

// The confidence is an estimate of the probability that a context answers its
// question, by whether the question's words stand together more often than chance
// has it, and by how good the best unit is.
//
// Chance: independent words of idf i1, i2 … stand together in one of N passages in
// about N e^-(i1+i2+…) of them. What the words of the best stretch have beyond ln N,
// they have because it is about them; a question that a corpus says nothing about
// finds about as many of its words together as chance has. Less than ln N counts,
// since words that are used together are not independent; and for a
// question of one or two words, which cannot be beyond chance, no more than it has.
//
// The factors are those of a logistic regression over installed documentation and
// five evidence sets, contexts of 1,000 tokens, each question asked of its own corpus
// and of others, the others weighing a quarter.
const (
	sureBase   = -6.5
	sureBeyond = 4.7 // what the words of the best stretch have beyond chance, as a share of the question's idf
	sureBest   = 1.2 // score of the best unit

	sureChance  = .55         // of ln N
	sureStretch = 100 * 9 / 2 // bytes
)

// confidence is that of what is kept, in hundredths; 0 where nothing is. none is
// the idf of a word that no passage has, about ln N.
func (f *filler) confidence(none float64) float64 {
	stretch, best := 0.0, 0.0
	for i, s := range f.state {
		if s != kept {
			continue
		}
		stretch = max(stretch, f.all.CoverAround(i, sureStretch))
		best = max(best, f.scores.Total[i])
	}
	if stretch == 0 {
		return 0
	}
	beyond := stretch - float64(sureChance*min(1, none/f.all.SumIDF))
	return math.Round(100*portable.Logistic(sureBase+float64(sureBeyond*beyond)+float64(sureBest*best))) / 100
}
