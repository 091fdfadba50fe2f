package train

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Symbols: the first token of each text, keys, values, contexts, and what is said between.
const (
	First    = 0
	keys     = 48
	values   = 48
	contexts = 8
	Words    = 128

	firstKey     = 1
	firstValue   = firstKey + keys
	firstContext = firstValue + values
	firstFiller  = firstContext + contexts
	fillers      = Words - firstFiller
)

// sample is a text, and the tokens after which the next one is scored.
type sample struct {
	ids    []int32
	scored []int
	parts  []span // documents, where there are several
}

// task makes texts.
type task struct {
	name   string
	before int // tokens of a question
	after  int // tokens of its answer
}

var tasks = []task{
	{"recall", 1, 1},  // a key is followed by its value
	{"joint", 2, 1},   // a context and a key are
	{"passkey", 1, 5}, // a key is followed by five values, unlike each other
	documents,
}

// documents are texts each of which is in one context: as joint recall, but that in one document the key says it all.
// Between several, which give the same keys other values, the context tells.
var documents = task{"documents", 2, 1}

func taskOf(name string) (task, error) {
	for _, t := range tasks {
		if t.name == name {
			return t, nil
		}
	}
	return task{}, fmt.Errorf("there is no task %q: there are recall, joint, passkey and documents", name)
}

// fact is a question and its answer.
type fact []int32

// facts are so many, no two of which ask the same.
func (t task) facts(random *rand.Rand, n int) []fact {
	all := make([]fact, n)
	names := random.Perm(keys)
	if t == documents {
		context := random.IntN(contexts)
		for i := range names {
			names[i] += context * keys
		}
	} else if t.before == 2 {
		names = random.Perm(contexts * (n + contexts - 1) / contexts) // few keys, each in several contexts
		for i, key := 0, random.Perm(keys); i < len(names); i++ {
			names[i] = names[i]%contexts*keys + key[names[i]/contexts%keys]
		}
	}
	for i := range all {
		if t.before == 2 {
			all[i] = append(all[i], int32(firstContext+names[i]/keys))
		}
		all[i] = append(all[i], int32(firstKey+names[i]%keys))
		for _, v := range random.Perm(values)[:t.after] {
			all[i] = append(all[i], int32(firstValue+v))
		}
	}
	return all
}

// most is how many facts a text can have.
func (t task) most() int { return keys }

func filler(random *rand.Rand) int32 { return firstFiller + random.Int32N(fillers) }

// train is a text in which facts are said again and again, some filler between; each time but the
// first the answer is scored. The harder it is to be, the more often it is one in which facts are said once and all
// asked at the end: attention that reads little has to learn to look far.
func (t task) train(random *rand.Rand, length int, hard float64) (s sample) {
	if size := t.before + t.after; random.Float64() < .7*hard {
		n := 1 + random.IntN(min(24, (length-16)/(3*size)))
		ids, questions := t.exam(random, length-n*size, n)
		for _, q := range questions {
			ids = append(append(ids, q.Ask...), q.Answer...)
			for j := range t.after {
				s.scored = append(s.scored, len(ids)-t.after-1+j)
			}
		}
		s.ids = ids
		return s
	}
	facts := t.facts(random, 4+random.IntN(8+int(hard*float64(min(20, length/8)))))
	said, share := make([]bool, len(facts)), .9*hard*random.Float64()
	s.ids = append(s.ids, First)
	for len(s.ids) < length {
		if random.Float64() < share {
			for range 1 + random.IntN(8) {
				s.ids = append(s.ids, filler(random))
			}
			continue
		}
		i := random.IntN(len(facts))
		if s.ids = append(s.ids, facts[i]...); said[i] {
			for j := range t.after {
				s.scored = append(s.scored, len(s.ids)-t.after-1+j)
			}
		}
		said[i] = true
	}
	s.ids = s.ids[:length]
	for n := len(s.scored); n > 0 && s.scored[n-1]+1 >= length; n-- {
		s.scored = s.scored[:n-1]
	}
	if len(s.scored) == 0 {
		return t.train(random, length, hard)
	}
	return s
}

// Question is asked behind a text, and answered by all of its answer.
type Question struct{ Ask, Answer []int32 }

// Exam is a text of filler in which so many facts are said once, at places drawn at random, and what is to
// be asked about them, in an order drawn at random.
func Exam(name string, random *rand.Rand, length, facts int) ([]int32, []Question, error) {
	t, err := taskOf(name)
	if err != nil {
		return nil, nil, err
	}
	size := t.before + t.after
	if facts < 1 || facts > t.most() || length < 1+2*facts*size {
		return nil, nil, fmt.Errorf("%d facts in a text of %d tokens: there are 1 to %d, and %d tokens for each at least", facts, length, t.most(), 2*size)
	}
	if t == documents {
		ids, questions := t.library(random, length, facts)
		return ids, questions, nil
	}
	ids, questions := t.exam(random, length, facts)
	return ids, questions, nil
}

// library is an exam of several documents one after the other, up to one in each context, that give the same keys values of
// their own. Each key is asked of one of them.
func (t task) library(random *rand.Rand, length, facts int) (ids []int32, questions []Question) {
	n := min(contexts, max(1, length/max(128, 1+2*facts*(t.before+t.after))))
	names, of := random.Perm(keys)[:facts], make([]int, facts)
	for i := range of {
		of[i] = random.IntN(n)
	}
	for d, context := range random.Perm(contexts)[:n] {
		text, at := t.blank(random, length*(d+1)/n-len(ids), facts)
		random.Shuffle(facts, func(i, j int) { at[i], at[j] = at[j], at[i] })
		for i, key := range names {
			f := fact{int32(firstContext + context), int32(firstKey + key), firstValue + random.Int32N(values)}
			if copy(text[at[i]:], f); of[i] == d {
				questions = append(questions, Question{f[:t.before], f[t.before:]})
			}
		}
		ids = append(ids, text...)
	}
	random.Shuffle(facts, func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	return ids, questions
}

// beside are so many documents in contexts of their own, each of which is scored by itself.
func (t task) beside(random *rand.Rand, length int, hard float64, n int) (s sample) {
	for _, context := range random.Perm(contexts)[:n] {
		one, from := t.train(random, length, hard), len(s.ids)
		for _, id := range one.ids {
			if id >= firstContext && id < firstContext+contexts {
				id = int32(firstContext + context)
			}
			s.ids = append(s.ids, id)
		}
		for _, at := range one.scored {
			s.scored = append(s.scored, from+at)
		}
		s.parts = append(s.parts, span{from, len(s.ids)})
	}
	return s
}

func (t task) exam(random *rand.Rand, length, facts int) (ids []int32, questions []Question) {
	ids, at := t.blank(random, length, facts)
	for i, f := range t.facts(random, facts) {
		copy(ids[at[i]:], f)
		questions = append(questions, Question{f[:t.before], f[t.before:]})
	}
	random.Shuffle(facts, func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	return ids, questions
}

// blank is a text of filler, and places for facts drawn at random.
func (t task) blank(random *rand.Rand, length, facts int) (ids []int32, at []int) {
	ids = make([]int32, length)
	for i := range ids {
		ids[i] = filler(random)
	}
	ids[0] = First
	size := t.before + t.after
	// Gaps between facts are as if each free place was as likely.
	free := length - 1 - facts*size
	at = random.Perm(free + facts)[:facts]
	slices.Sort(at)
	for i := range at {
		at[i] += 1 + i*(size-1)
	}
	return ids, at
}
