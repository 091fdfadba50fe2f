// Package turn says what the next turn of a conversation really asks: "what are its
// symptoms?" after "tell me about lung cancer" asks for those of lung cancer. Words that
// earlier turns named are carried over, each with a weight, by what the turns look like: a
// pronoun, a question that names little, a subject that was defined or kept up. No model
// is needed; a logistic function of few features decides (weights.go), fitted by tamis eval
// conversation on conversations that people rewrote.
//
// It knows English. A question in another language is taken as it is.
package turn

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tamis-search/tamis/text"
)

// Exchange is a turn of a conversation that is over.
type Exchange struct {
	Question string
	// Answers are texts that answered it, where they are known.
	Answers []string
}

// Carried is what an earlier turn named and the question means too.
type Carried struct {
	Text string `json:"text"`
	// Weight of its words beside those of the question, from 0 to 1.
	Weight float64 `json:"weight"`
	// Turn that named it last, from 1 on.
	Turn int `json:"turn"`
}

// Asked is what a question means in its conversation.
type Asked struct {
	Question string    `json:"question"`
	Carried  []Carried `json:"carried"`
}

// Text is the question with what was carried over, for people and for what takes no weights.
func (a *Asked) Text() string {
	if len(a.Carried) == 0 {
		return a.Question
	}
	parts := make([]string, len(a.Carried))
	for i, c := range a.Carried {
		parts[i] = c.Text
	}
	return a.Question + " (" + strings.Join(parts, ", ") + ")"
}

// recent turns of a conversation are looked at, and its first one.
const recent = 24

// Resolve says what the next question of a conversation asks, by the turns before it.
func Resolve(before []Exchange, question string) Asked {
	t := New()
	if n := len(before); n > recent {
		before = append([]Exchange{before[0]}, before[n-recent:]...)
		defer func(skipped int) { t.skipped = skipped }(n - recent - 1)
	}
	for _, e := range before {
		t.Add(e)
	}
	return t.Asked(question)
}

// Thread is a conversation as it is read, turn by turn. It is for one goroutine.
type Thread struct {
	Weights Weights

	an      *text.Analyzer
	turns   []*past
	skipped int // turns that were left out after the first
}

type past struct {
	*said
	carried map[string]float64
	answers map[string]int // words of the answers, and how often
	person  string         // the name that the answers have most often
}

var english = sync.OnceValue(func() *text.Analyzer {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		panic(err) // it is built in
	}
	return an
})

// New begins a conversation.
func New() *Thread { return &Thread{Weights: Fitted, an: english().Clone()} }

// Candidate is a word of an earlier turn that may be carried over.
type Candidate struct {
	Term     string
	Features Features
	at       int // turn that named it last
	word     word
}

// Add adds a turn that is over.
func (t *Thread) Add(e Exchange) {
	p := &past{said: read(t.an, e.Question), carried: map[string]float64{}, answers: map[string]int{}}
	for _, c := range t.candidates(p.said) {
		if s := t.Weights.Score(&c.Features); s >= Threshold {
			p.carried[c.Term] = s
		}
	}
	for _, a := range e.Answers {
		t.an.EachContent(a, func(term string, _, _ int) { p.answers[term]++ })
	}
	p.person = personIn(e.Answers)
	t.turns = append(t.turns, p)
}

// Candidates are the words that a question may mean too, with what speaks for each.
func (t *Thread) Candidates(question string) []Candidate { return t.candidates(read(t.an, question)) }

func (t *Thread) candidates(now *said) []Candidate {
	if len(t.turns) == 0 {
		return nil
	}
	own := map[string]bool{}
	for _, w := range now.words {
		own[w.term] = true
	}
	seen := map[string]bool{}
	var out []Candidate
	for at := len(t.turns) - 1; at >= 0; at-- {
		for _, w := range t.turns[at].words {
			if own[w.term] || seen[w.term] {
				continue
			}
			seen[w.term] = true
			out = append(out, Candidate{w.term, t.features(now, at, w, own), at, w})
		}
	}
	return out
}

// Threshold is the probability from which on a word is carried over.
const Threshold = .5

// Asked says what a question means here.
func (t *Thread) Asked(question string) Asked {
	out := Asked{Question: question, Carried: []Carried{}}
	if lang := text.DetectLanguage(question); lang != "" && lang != "en" {
		return out
	}
	now := read(t.an, question)
	type chosen struct {
		Candidate
		p float64
	}
	var all []chosen
	for _, c := range t.candidates(now) {
		if p := t.Weights.Score(&c.Features); p >= Threshold {
			all = append(all, chosen{c, p})
		}
	}
	// Words that stood together are shown and weighed together, the latest turn first.
	slices.SortFunc(all, func(a, b chosen) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.word.start, b.word.start))
	})
	for i := 0; i < len(all); {
		from := t.turns[all[i].at].text
		j, sum := i+1, all[i].p
		for j < len(all) && all[j].at == all[i].at && strings.TrimSpace(from[min(all[j-1].word.end, all[j].word.start):all[j].word.start]) == "" {
			sum += all[j].p
			j++
		}
		number := all[i].at + 1
		if number > 1 {
			number += t.skipped
		}
		phrase := from[all[i].word.start:all[j-1].word.end]
		out.Carried = append(out.Carried, Carried{strings.TrimSuffix(strings.TrimSuffix(phrase, "'s"), "’s"), math.Round(100*sum/float64(j-i)) / 100, number})
		i = j
	}
	return out
}
