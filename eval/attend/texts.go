package attend

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/induction"
)

// longest is the room that questions and answers have.
const longest = 64

// maker makes texts for a model.
type maker interface {
	prompt(task string, n int, random *rand.Rand) prompt
	plain(n int, random *rand.Rand) []int32
}

func makerOf(d *decoder.Decoder, o Options) (maker, error) {
	if o.Text == "" {
		return built{o.Questions}, nil
	}
	m := &written{d: d, questions: o.Questions}
	for line := range strings.Lines(o.Text) {
		if ids := m.ids(line); len(ids) > 0 {
			m.lines = append(m.lines, ids)
			m.tokens += len(ids)
		}
	}
	if need := slices.Max(o.Lengths) + o.Steps; m.tokens < need {
		return nil, fmt.Errorf("the text has %d tokens, %d are needed: name a longer one, or give shorter lengths", m.tokens, need)
	}
	if m.tokens == 0 {
		return nil, errors.New("the text is empty")
	}
	return m, nil
}

// built makes texts for package induction's model: tokens at random, among them contexts, keys
// and values that nothing else is written with.
type built struct{ questions int }

const (
	contexts = 8  // from 1 on
	keys     = 64 // behind them
	values   = 80
)

func (b built) filler(random *rand.Rand) int32 {
	const used = 1 + contexts + keys + values
	return used + random.Int32N(257-used)
}

func (b built) plain(n int, random *rand.Rand) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = b.filler(random)
	}
	ids[0] = induction.First
	return ids
}

func (b built) prompt(task string, n int, random *rand.Rand) prompt {
	p := prompt{ids: b.plain(n, random)}
	count := 1
	if task != "needle" {
		count = b.questions
	}
	value := random.Perm(values)
	for i, at := range places(count, n-5, random) {
		context, key := int32(1), int32(i)
		if task == "joint" {
			context, key = 1+int32(i%contexts), int32(i/contexts)
		}
		// First values are unlike each other, so that an answer goes on in one way.
		first, second := int32(value[i]), random.Int32N(values)
		fact := []int32{context, 1 + contexts + key, 1 + contexts + keys + first, 1 + contexts + keys + second, b.filler(random)}
		copy(p.ids[1+at:], fact)
		p.questions = append(p.questions, question{fact[:2], fact[2:]})
	}
	return p
}

// places are so many in n, at least 8 apart where there is room, at random.
func places(count, n int, random *rand.Rand) (all []int) {
	for i := range count {
		from, to := n*i/count, n*(i+1)/count
		all = append(all, from+random.IntN(max(1, to-from-8)))
	}
	return all
}

// written hides facts in a text of its language.
type written struct {
	d         *decoder.Decoder
	questions int
	lines     [][]int32
	tokens    int
}

func (w *written) ids(s string) (ids []int32) {
	for _, t := range w.d.Tokenizer.Encode(s, -1) {
		ids = append(ids, t.ID)
	}
	return ids
}

func (w *written) plain(n int, random *rand.Rand) []int32 { return w.some(n, random, nil) }

// some are n tokens of the text from a random line on, with facts between lines.
func (w *written) some(n int, random *rand.Rand, facts [][]int32) []int32 {
	for _, f := range facts {
		n -= len(f)
	}
	ids := slices.Clone(w.d.Tokenizer.Before)
	at, next := random.IntN(len(w.lines)), 0
	places := places(len(facts), n, random)
	for len(ids) < n {
		for next < len(facts) && len(ids) >= places[next] {
			ids, n = append(ids, facts[next]...), n+len(facts[next])
			next++
		}
		line := w.lines[at%len(w.lines)]
		ids, at = append(ids, line...), at+1
	}
	ids = ids[:n]
	for ; next < len(facts); next++ {
		ids = append(ids, facts[next]...)
	}
	return ids
}

var (
	towns   = strings.Fields("Paris Oslo Cairo Lima Tokyo Delhi Rome Perth Quito Dakar Boston Madrid Vienna Prague Dublin Athens Havana Moscow Berlin Sydney")
	persons = strings.Fields("Alice Robert Maria Peter Laura David Emma James")
)

func (w *written) prompt(task string, n int, random *rand.Rand) (p prompt) {
	count := 1
	if task != "needle" {
		count = min(w.questions, len(towns))
	}
	order := random.Perm(len(towns))
	var facts [][]int32
	for i := range count {
		number := fmt.Sprint(1000 + random.IntN(9000))
		says := fmt.Sprintf("The magic number of %s is", towns[order[i]])
		if task == "joint" {
			says = fmt.Sprintf("For %s, the magic number of %s is", persons[i%len(persons)], towns[order[i/len(persons)]])
		}
		fact, ask := w.ids("\n"+says+" "+number+".\n"), w.ids("\n"+says)
		facts = append(facts, fact)
		p.questions = append(p.questions, question{ask, w.ids(" " + number)})
	}
	p.ids = w.some(n, random, facts)
	return p
}
