// Package conversation judges what the next turn of a conversation is taken to ask: the
// words carried over beside those of a rewrite by people, and the rankings of both.
package conversation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/session/turn"
	"github.com/tamis-search/tamis/text"
)

// Turn is one of a conversation that people rewrote.
type Turn struct {
	Topic     string
	Number    int
	Raw       string
	Rewrite   string // by people
	Automatic string // by a system, "" where none did
	Answers   []string
}

// Read reads turns: JSON Lines of topic, turn, raw, rewrite and perhaps automatic and answer
// or answers.
func Read(name string, r io.Reader) (out []Turn, err error) {
	d := json.NewDecoder(r)
	for line := 1; ; line++ {
		var of struct {
			Topic     json.RawMessage `json:"topic"`
			Turn      int             `json:"turn"`
			Raw       string          `json:"raw"`
			Rewrite   string          `json:"rewrite"`
			Automatic string          `json:"automatic"`
			Answer    string          `json:"answer"`
			Answers   []string        `json:"answers"`
		}
		if err := d.Decode(&of); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", name, line, err)
		}
		topic, _ := files.Scalar(of.Topic)
		if topic == "" || of.Raw == "" || of.Rewrite == "" {
			return nil, fmt.Errorf("%s: record %d: a turn has topic, turn, raw and rewrite", name, line)
		}
		if of.Answer != "" {
			of.Answers = append(of.Answers, of.Answer)
		}
		out = append(out, Turn{topic, of.Turn, of.Raw, of.Rewrite, of.Automatic, of.Answers})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: holds no turn", name)
	}
	return out, nil
}

// Conversations are the turns by topic, each in its order.
func Conversations(turns []Turn) (out [][]Turn) {
	at := map[string]int{}
	for _, t := range turns {
		i, ok := at[t.Topic]
		if !ok {
			i, at[t.Topic] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], t)
	}
	for _, c := range out {
		slices.SortStableFunc(c, func(a, b Turn) int { return cmp.Compare(a.Number, b.Number) })
	}
	return out
}

// Words are the words carried over, held against those that a rewrite adds.
type Words struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	// Low and High bound F1 with 95 % confidence, over conversations drawn again.
	Low     float64 `json:"f1_low"`
	High    float64 `json:"f1_high"`
	Right   int     `json:"right"`
	Carried int     `json:"carried"`
	Wanted  int     `json:"wanted"`
}

// Judge compares words carried with those that were wanted.
type Judge struct {
	an    *text.Analyzer
	parts [][3]float64 // of each conversation: right, carried, wanted
}

// NewJudge returns one that has seen nothing.
func NewJudge() (*Judge, error) {
	an, err := text.NewAnalyzer("english")
	return &Judge{an: an}, err
}

// Content are the words that say what a text is about, as terms.
func (j *Judge) Content(s string) map[string]bool {
	out := map[string]bool{}
	j.an.EachContent(s, func(term string, _, _ int) { out[term] = true })
	return out
}

// Begin begins a conversation.
func (j *Judge) Begin() { j.parts = append(j.parts, [3]float64{}) }

// Wanted are the words of a rewrite that the turn itself lacks.
func (j *Judge) Wanted(t *Turn) map[string]bool {
	own, out := j.Content(t.Raw), map[string]bool{}
	for w := range j.Content(t.Rewrite) {
		if !own[w] {
			out[w] = true
		}
	}
	return out
}

// Turn counts what a text adds to a turn.
func (j *Judge) Turn(t *Turn, meant string) {
	p := &j.parts[len(j.parts)-1]
	own, wanted := j.Content(t.Raw), j.Wanted(t)
	for w := range j.Content(meant) {
		if own[w] {
			continue
		}
		p[1]++
		if wanted[w] {
			p[0]++
		}
	}
	p[2] += float64(len(wanted))
}

// Words are the figures over all turns.
func (j *Judge) Words() Words {
	sum := func(of []int) (right, carried, wanted float64) {
		for _, i := range of {
			right, carried, wanted = right+j.parts[i][0], carried+j.parts[i][1], wanted+j.parts[i][2]
		}
		return right, carried, wanted
	}
	all := make([]int, len(j.parts))
	for i := range all {
		all[i] = i
	}
	right, carried, wanted := sum(all)
	w := Words{Right: int(right), Carried: int(carried), Wanted: int(wanted)}
	w.Precision, w.Recall, w.F1 = share(right, carried), share(right, wanted), share(2*right, carried+wanted)
	w.Low, w.High = figures.Resampled(len(j.parts), func(of []int) float64 {
		right, carried, wanted := sum(of)
		return share(2*right, carried+wanted)
	})
	return w
}

func share(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Meant is what a conversation's turns are taken to ask, one after another, by weights.
func Meant(turns []Turn, w *turn.Weights) []turn.Asked {
	t := turn.New()
	t.Weights = *w
	out := make([]turn.Asked, len(turns))
	for i, of := range turns {
		out[i] = t.Asked(of.Raw)
		t.Add(turn.Exchange{Question: of.Raw, Answers: of.Answers})
	}
	return out
}

// Conversation counts what weights carry over in a conversation.
func (j *Judge) Conversation(turns []Turn, w *turn.Weights) {
	j.Begin()
	for i, a := range Meant(turns, w) {
		j.Turn(&turns[i], a.Text())
	}
}
