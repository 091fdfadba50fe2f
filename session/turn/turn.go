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
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tamis-search/tamis/internal/portable"
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
	Text string `json:"text" doc:"As an earlier turn has it"`
	// Weight of its words beside those of the question, from 0 to 1: the root of the
	// probability that they are meant.
	Weight float64 `json:"weight" doc:"Of its words beside those of the question, from 0 to 1"`
	// Turn that named it last, from 1 on.
	Turn int `json:"turn" doc:"That named it last, from 1 on"`
}

// Asked is what a question means in its conversation.
type Asked struct {
	Question string    `json:"question"`
	Carried  []Carried `json:"carried" nullable:"false" doc:"What earlier turns named and the question means too"`
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
	if n := len(before); n > recent+1 {
		before = append([]Exchange{before[0]}, before[n-recent:]...)
		t.skipped = n - recent - 1
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
	focus  map[string]bool // what a pronoun after it stands for
	topic  map[string]bool // what the conversation is about by now
	answer map[string]int  // words of the answers, and how often
	named  string          // what the answers name most often, where the turn asks for a name
	who    string          // the person that they name most often
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
	Score    float64 // probability that the word is meant
	at       int     // turn that named it last
	word     word
}

// Add adds a turn that is over.
func (t *Thread) Add(e Exchange) {
	p := &past{said: read(t.an, e.Question)}
	p.follow(t.turns, t.follows(p.said))
	p.answered(t.an, e.Answers)
	t.turns = append(t.turns, p)
}

// follow says what the focus and the topic are after a turn. A turn with a pronoun, or that
// names nothing, keeps the focus; one that names some of it again adds to it; any other has
// a focus of its own. The topic is what a turn defines.
func (p *past) follow(before []*past, follows bool) {
	own := map[string]bool{}
	for _, w := range p.words {
		if !w.general {
			own[w.term] = true
		}
	}
	p.focus, p.topic = own, own
	if len(before) == 0 {
		return
	}
	last := before[len(before)-1]
	again := false
	for w := range own {
		again = again || last.focus[w]
	}
	switch {
	case p.pronoun && len(last.focus) > 0, len(own) == 0:
		p.focus = last.focus
	case again && !p.defines, follows:
		p.focus = maps.Clone(last.focus)
		maps.Copy(p.focus, own)
	case !p.defines && !p.names:
		p.focus = last.focus
	}
	if !p.defines || len(own) == 0 {
		p.topic = last.topic
	}
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
			out = append(out, Candidate{Term: w.term, Features: t.features(now, at, w, own), at: at, word: w})
		}
	}
	t.score(out)
	return out
}

// score gives each word its probability: between its own and that of the word of its phrase
// that has the greatest.
func (t *Thread) score(all []Candidate) {
	for i := 0; i < len(all); {
		j, most := i, math.Inf(-1)
		for ; j < len(all) && (j == i || all[j].at == all[i].at && all[j-1].word.adjoins(all[j].word, t.turns[all[i].at].text)); j++ {
			all[j].Score = t.Weights.Sum(&all[j].Features)
			most = max(most, all[j].Score)
		}
		for ; i < j; i++ {
			all[i].Score = portable.Logistic(float64((1-phrase)*all[i].Score) + float64(phrase*most))
		}
	}
}

// phrase is how much a word is judged by its phrase.
const phrase = .5

// Probabilities from which on a word is carried over, where a question points back ("it",
// "the first", "what about") and where nothing in it does. What defines something by itself,
// as "what is ketosis?", gets nothing. Chosen on CAsT 2019 with the weights.
const (
	leastPointing = .4
	leastWhole    = .6
)

func (s *said) least() float64 {
	switch {
	case s.pronoun, s.shortened:
		return leastPointing
	case s.defines:
		return math.Inf(1)
	}
	return leastWhole
}

// strongest is the probability of the word that a pronoun stands for most likely: it stands
// for something, of the focus if that can be.
func (t *Thread) strongest(all []Candidate) float64 {
	focused, most := 0.0, 0.0
	for _, c := range all {
		if most = max(most, c.Score); t.turns[len(t.turns)-1].focus[c.Term] {
			focused = max(focused, c.Score)
		}
	}
	if focused > 0 {
		return focused
	}
	return most
}

// Asked says what a question means here.
func (t *Thread) Asked(question string) Asked {
	out := Asked{Question: question, Carried: []Carried{}}
	if lang := text.DetectLanguage(question); lang != "" && lang != "en" {
		return out
	}
	now := read(t.an, question)
	all, sure := t.choose(now)
	named, ok := t.fromAnswers(now)
	if ok && !now.person { // it, not what it was asked for with, and no guess beside it
		all = slices.DeleteFunc(all, func(c Candidate) bool { return !sure || c.at == len(t.turns)-1 })
	}
	out.Carried = append(out.Carried, t.phrases(all)...)
	if ok && !slices.ContainsFunc(out.Carried, func(o Carried) bool { return o.Text == named.Text }) {
		out.Carried = append(out.Carried, named)
	}
	return out
}

// choose are the words that are carried over into a question. sure is false where none is
// likely, and what a pronoun stands for is the likeliest of them.
func (t *Thread) choose(now *said) (all []Candidate, sure bool) {
	all = t.candidates(now)
	least, follows := now.least(), t.follows(now)
	sure = slices.ContainsFunc(all, func(c Candidate) bool { return c.Score >= least })
	if now.pronoun && len(all) > 0 {
		least = min(least, t.strongest(all))
	}
	all = slices.DeleteFunc(all, func(c Candidate) bool {
		return c.Score < least && !(follows && t.turns[len(t.turns)-1].focus[c.Term])
	})
	for i := range all {
		if follows {
			all[i].Score = followWeight * followWeight // its root is the weight
		}
	}
	return all, sure
}

// phrases are words with those that they stood together with, the latest turn first.
func (t *Thread) phrases(all []Candidate) (out []Carried) {
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.word.start, b.word.start))
	})
	for i := 0; i < len(all); {
		from := t.turns[all[i].at].text
		j, sum := i+1, all[i].Score
		for j < len(all) && all[j].at == all[i].at && strings.TrimSpace(from[min(all[j-1].word.end, all[j].word.start):all[j].word.start]) == "" {
			sum += all[j].Score
			j++
		}
		phrase := from[all[i].word.start:all[j-1].word.end]
		weight := max(.1, math.Round(100*math.Sqrt(sum/float64(j-i)))/100)
		out = append(out, Carried{strings.TrimSuffix(strings.TrimSuffix(phrase, "'s"), "’s"), weight, t.number(all[i].at)})
		i = j
	}
	return out
}
