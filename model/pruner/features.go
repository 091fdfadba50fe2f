// Package pruner is a small network behind an encoder that stays as it is: of the states of a
// question and of a passage it says how well the passage answers, and of each sentence how
// probable it is that it is worth keeping, as Provence does with a whole model that was
// trained for it (Chirkova et al. 2025).
//
// Question and passage are read apart. What is compared are the states of their tokens:
// greatest cosines (MaxSim, Khattab and Zaharia 2020), those weighed by how rare a token is,
// tokens that both have, and how a sentence stands beside the others of its passage. Where a
// sentence stands is left out: of the labels that there are some have their answers first and
// others do not, and what is learned of one is wrong for the other.
package pruner

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/simd"
)

// Text is what an encoder made of a text, its special tokens left out.
type Text struct {
	IDs    []int32
	States []float32 // a row for each token
}

// Numbers of a range of a passage beside a question.
const (
	cosine = iota // of the mean states
	nearest
	nearestRare // weighed by rarity
	nearestLeast
	nearestMost
	shared
	sharedRare
	length
	nearestBack // the three tokens that are most like the question
	nearestBackMean

	Numbers
)

// Range is a range of a passage's tokens beside a question.
type Range struct {
	Mean    []float32 // of its states, of length 1
	Numbers [Numbers]float32
}

// Example is a passage beside a question: the whole, and its sentences.
type Example struct {
	Question  []float32 // mean of its states, of length 1
	Whole     Range
	Sentences []Range
}

// Look compares a question with a passage, whose sentences are ranges of its tokens. rare says how
// much a token weighs. Neither text is empty, nor is any sentence.
func Look(question, passage *Text, sentences [][2]int, rare func(id int32) float32) *Example {
	width := len(question.States) / len(question.IDs)
	n, columns := len(passage.IDs), simd.Padded(len(passage.IDs))
	asked, read := units(question.States, width), units(passage.States, width)
	packed := make([]float32, width*columns)
	simd.Pack(packed, width, n, func(i, j int) float32 { return read[j*width+i] })
	products := make([]float32, len(question.IDs)*columns)
	simd.Multiply(products, columns, asked, width, packed, make([]float32, columns), len(question.IDs), width, n)
	e := &Example{Question: mean(question.States, width)}
	look := func(from, to int) Range {
		r := Range{Mean: mean(passage.States[from*width:to*width], width)}
		r.Numbers = numbers(question.IDs, passage.IDs[from:to], func(i, j int) float32 { return products[i*columns+from+j] }, rare)
		r.Numbers[cosine] = dot(e.Question, r.Mean)
		return r
	}
	e.Whole = look(0, n)
	for _, s := range sentences {
		e.Sentences = append(e.Sentences, look(s[0], s[1]))
	}
	return e
}

// numbers are those of a range, by the cosines of its tokens with the question's.
func numbers(question, tokens []int32, cosines func(i, j int) float32, rare func(id int32) float32) (x [Numbers]float32) {
	back := make([]float32, len(tokens))
	for j := range back {
		back[j] = -1
	}
	x[nearestLeast], x[nearestMost] = 1, -1
	all, weights := float32(len(question)), float32(0)
	for i, id := range question {
		best, weight := float32(-1), rare(id)
		for j := range tokens {
			c := cosines(i, j)
			best, back[j] = max(best, c), max(back[j], c)
		}
		weights += weight
		x[nearest] += best
		x[nearestRare] += float32(weight * best)
		x[nearestLeast], x[nearestMost] = min(x[nearestLeast], best), max(x[nearestMost], best)
		if slices.Contains(tokens, id) {
			x[shared]++
			x[sharedRare] += weight
		}
	}
	x[nearest] /= all
	x[shared] /= all
	if weights > 0 {
		x[nearestRare] /= weights
		x[sharedRare] /= weights
	}
	x[length] = float32(portable.Log(float64(1 + len(tokens))))
	slices.Sort(back)
	for _, c := range back {
		x[nearestBackMean] += c / float32(len(back))
	}
	top := back[max(0, len(back)-3):]
	for _, c := range top {
		x[nearestBack] += c / float32(len(top))
	}
	return x
}

// units are rows of length 1.
func units(rows []float32, width int) []float32 {
	out := slices.Clone(rows)
	for row := range slices.Chunk(out, width) {
		unit(row)
	}
	return out
}

func mean(rows []float32, width int) []float32 {
	v := make([]float32, width)
	for row := range slices.Chunk(rows, width) {
		for i, x := range row {
			v[i] += x
		}
	}
	unit(v)
	return v
}

// unit makes the length 1; one of 0 stays.
func unit(v []float32) {
	sum := 0.
	for _, x := range v {
		sum += float64(float64(x) * float64(x))
	}
	if sum == 0 {
		return
	}
	factor := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * factor)
	}
}

// dot sums in four parts, which a processor adds at once.
func dot(a, b []float32) float32 {
	var sums [4]float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		for j := range sums {
			sums[j] += float32(a[i+j] * b[i+j])
		}
	}
	for ; i < len(a); i++ {
		sums[0] += float32(a[i] * b[i])
	}
	return sums[0] + sums[1] + (sums[2] + sums[3])
}

// What a network reads of a range: numbers, and vectors that these stand behind.
const (
	keepNumbers = 4*Numbers + 1
	rankNumbers = 3*Numbers + 1
)

// best and usual are the greatest and the mean of each number over the sentences.
func (e *Example) best() (best, usual [Numbers]float32) {
	for i, s := range e.Sentences {
		for j, x := range s.Numbers {
			if i == 0 {
				best[j] = x
			}
			best[j] = max(best[j], x)
			usual[j] += x / float32(len(e.Sentences))
		}
	}
	return best, usual
}

// keepInput is what is read of a sentence: its numbers, how they stand beside the best and the
// mean of its passage, those of the whole; question, sentence, and their products.
func (e *Example) keepInput(x []float32, i int) []float32 {
	best, usual := e.best()
	s := &e.Sentences[i]
	x = append(x[:0], s.Numbers[:]...)
	for j, v := range s.Numbers {
		x = append(x, v-best[j])
	}
	for j, v := range s.Numbers {
		x = append(x, v-usual[j])
	}
	x = append(x, e.Whole.Numbers[:]...)
	return e.vectors(append(x, float32(portable.Log(float64(len(e.Sentences))))), s.Mean)
}

// rankInput is what is read of a passage: its numbers, the best and the mean of its sentences.
func (e *Example) rankInput(x []float32) []float32 {
	best, usual := e.best()
	x = append(x[:0], e.Whole.Numbers[:]...)
	x = append(append(x, best[:]...), usual[:]...)
	return e.vectors(append(x, float32(portable.Log(float64(1+len(e.Sentences))))), e.Whole.Mean)
}

// vectors follow numbers, about as great as these are when they have been scaled.
func (e *Example) vectors(x, mean []float32) []float32 {
	width := float32(len(mean))
	one, two := float32(math.Sqrt(float64(width)))/2, width/20
	for _, v := range e.Question {
		x = append(x, one*v)
	}
	for _, v := range mean {
		x = append(x, one*v)
	}
	for i, v := range mean {
		x = append(x, float32(two*e.Question[i])*v)
	}
	return x
}

// Cosine is that of the mean states of question and passage, which a ranking without a head goes
// by; MaxSim is the mean of the greatest cosines of the question's tokens.
func (r *Range) Cosine() float32 { return r.Numbers[cosine] }

// MaxSim see Cosine.
func (r *Range) MaxSim() float32 { return r.Numbers[nearest] }

// Tokens is how many tokens a range has.
func (r *Range) Tokens() float64 { return math.Round(math.Exp(float64(r.Numbers[length])) - 1) }
