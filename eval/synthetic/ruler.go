package synthetic

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval"
)

func rulerTasks() []Task {
	task := func(name, about string, n niah) Task {
		return Task{Name: name, Suite: "ruler", About: about, make: n.make}
	}
	return []Task{
		task("niah_single_1", "one number, in repeated stock sentences", niah{noise: true, keys: 1}),
		task("niah_single_2", "one number, in essays", niah{keys: 1}),
		task("niah_single_3", "one uuid, in essays", niah{keys: 1, uuids: true}),
		task("niah_multikey_1", "one number of four, in essays", niah{keys: 4}),
		task("niah_multikey_2", "one number, in others of its kind", niah{keys: 1, full: true}),
		task("niah_multikey_3", "one uuid by a uuid, in others of its kind", niah{keys: 1, full: true, uuids: true, uuidKeys: true}),
		task("niah_multivalue", "four numbers of one key, in essays", niah{keys: 1, values: 4}),
		task("niah_multiquery", "four numbers of four keys, in essays", niah{keys: 4, ask: 4}),
		{Name: "variable_tracking", Suite: "ruler", About: "the five variables of one value, each assigned from the one before", make: tracking},
		{Name: "cwe", Suite: "ruler", About: "the ten words that stand 30 times, others 3 times", make: common},
		{Name: "fwe", Suite: "ruler", About: "the three words most often used, by a zeta distribution", make: frequent},
		{Name: "qa_1", Suite: "ruler", About: "your questions with evidence in one document, among your other documents", questions: true, make: func(m *maker) error { return asked(m, false) }},
		{Name: "qa_2", Suite: "ruler", About: "your questions with evidence in several documents, among your other documents", questions: true, make: func(m *maker) error { return asked(m, true) }},
	}
}

// niah is a needle in a haystack of RULER's eight kinds.
type niah struct {
	noise, full, uuids, uuidKeys bool
	keys, values, ask            int
}

func (n niah) key(m *maker) string {
	if n.uuidKeys {
		return m.uuid()
	}
	return m.key()
}

func (n niah) fact(m *maker, key string) (text, value string) {
	what := "number"
	if n.uuids {
		what, value = "uuid", m.uuid()
	} else {
		value = m.number()
	}
	return fmt.Sprintf("The secret %s of %s is %s.", what, key, value), value
}

func (n niah) make(m *maker) error {
	values, ask := max(n.values, 1), max(n.ask, 1)
	var needles []needle
	var asked []string
	for k := range n.keys {
		key := n.key(m)
		gold := k < ask
		if gold {
			asked = append(asked, key)
		}
		for v := range values {
			text, value := n.fact(m, key)
			depth := m.Float64()
			if k == 0 && v == 0 {
				depth = m.depth()
			}
			needles = append(needles, needle{text, depth, gold})
			if gold {
				m.item.Answers = append(m.item.Answers, value)
			}
		}
	}
	what := map[bool]string{false: "number", true: "uuid"}[n.uuids]
	m.item.Question = fmt.Sprintf("What is the secret %s of %s?", what, asked[0])
	switch {
	case values > 1:
		m.item.Question = fmt.Sprintf("What are all the secret %ss of %s?", what, asked[0])
	case ask > 1:
		m.item.Question = fmt.Sprintf("What are the secret %ss of %s and %s?", what, strings.Join(asked[:ask-1], ", "), asked[ask-1])
	}
	room := m.room(append(texts(needles), m.item.Question)...)
	switch {
	case n.noise:
		m.bury(m.noisy(room), needles)
	case n.full:
		m.listed("", m.among(room, func() string {
			s, _ := n.fact(m, n.key(m))
			return s
		}, needles))
	default:
		hay, err := m.essays(room)
		if err != nil {
			return err
		}
		m.bury(hay, needles)
	}
	return nil
}

func texts(needles []needle) []string {
	out := make([]string, len(needles))
	for i, n := range needles {
		out[i] = n.text
	}
	return out
}

// tracking is RULER's variable tracking: one chain of four hops.
func tracking(m *maker) error {
	value := fmt.Sprint(10_000 + m.IntN(90_000))
	var needles []needle
	for hop := range 5 {
		name := strings.ToUpper(m.letters(5))
		text := fmt.Sprintf("VAR %s = %s", name, value)
		if hop > 0 {
			text = fmt.Sprintf("VAR %s = VAR %s", name, m.item.Answers[hop-1])
		}
		m.item.Answers = append(m.item.Answers, name)
		needles = append(needles, needle{text, m.Float64(), true})
	}
	// The chain stands in its order.
	depths := make([]float64, 5)
	for i := range needles {
		depths[i] = needles[i].depth
	}
	slices.Sort(depths)
	for i := range needles {
		needles[i].depth = depths[i]
		needles[i].text += "."
	}
	m.item.Question = fmt.Sprintf("Which variables have the value %s, those that are assigned from another one included?", value)
	m.bury(m.noisy(m.room(append(texts(needles), m.item.Question)...)), needles)
	return nil
}

// perLine is how many words of a list stand in a line.
const perLine = 20

// common is RULER's common words: ten of 30 occurrences among others of three.
func common(m *maker) error {
	m.item.Question = "Which ten words stand most often in the list?"
	room := m.room(m.item.Question)
	var all []string
	left := room
	for left > 0 {
		w, times := m.coined(7), 3
		if len(m.item.Answers) < 10 {
			m.item.Answers, times = append(m.item.Answers, w), 30
		}
		left -= times * m.o.Counter.Count(" "+w)
		all = append(all, slices.Repeat([]string{w}, times)...)
	}
	if len(m.item.Answers) < 10 {
		return fmt.Errorf("%d tokens are too few for it: give larger --lengths", m.item.Length)
	}
	m.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return m.wordList(all, room, func(w string) bool { return slices.Contains(m.item.Answers, w) })
}

// wordList lays words out in lines until the room is used.
func (m *maker) wordList(all []string, room int, gold func(string) bool) error {
	d := &doc{id: "context"}
	for line := range slices.Chunk(all, perLine) {
		if room -= m.o.Counter.Count(strings.Join(line, " ") + "\n"); room < 0 {
			break
		}
		for i, w := range line {
			d.add(w, gold(w))
			d.add(map[bool]string{true: "\n", false: " "}[i == len(line)-1], false)
		}
	}
	if len(d.gold) == 0 {
		return fmt.Errorf("%d tokens are too few for one line of it", m.item.Length)
	}
	m.keep(d)
	return nil
}

// zeta is RULER's exponent of the frequencies of fwe.
const zeta = 2.

// frequent is RULER's frequent words. The most frequent of all is "...", which is noise.
func frequent(m *maker) error {
	vocabulary := max(10, m.item.Length/50)
	ranked := []string{"..."}
	for len(ranked) < vocabulary {
		ranked = append(ranked, m.letters(6))
	}
	m.item.Answers = slices.Clone(ranked[1:4])
	m.item.Question = "Which three coded words, dots apart, stand most often in the text?"
	weights, all := make([]float64, vocabulary), 0.
	for k := range weights {
		weights[k] = 1 / math.Pow(float64(k+1), zeta)
		all += weights[k]
	}
	var list []string
	for k, w := range ranked {
		for range int(math.Round(weights[k] / all * float64(m.item.Length) / 1.8)) {
			list = append(list, w)
		}
	}
	m.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return m.wordList(list, m.room(m.item.Question), func(w string) bool { return slices.Contains(m.item.Answers, w) })
}

// asked is RULER's question answering, over the user's questions: the documents of the
// evidence among others of the set.
func asked(m *maker, several bool) error {
	set := m.o.Questions
	var fit []*eval.Question
	for i := range set.Questions {
		q := &set.Questions[i]
		docs := map[string]bool{}
		for _, e := range q.Evidence {
			docs[e.Doc] = true
		}
		if len(docs) > 1 == several && len(docs) > 0 && len(q.Answers) > 0 {
			fit = append(fit, q)
		}
	}
	if len(fit) == 0 {
		return fmt.Errorf("no question of yours has answers and evidence in %s", map[bool]string{false: "one document", true: "several documents"}[several])
	}
	q := fit[m.i%len(fit)]
	m.item.Question, m.item.Answers, m.item.Any = q.Text, q.Answers, true
	m.item.Evidence = slices.Clone(q.Evidence)
	room := m.room(q.Text)
	var chosen []*eval.Document
	has := map[string]bool{}
	take := func(d *eval.Document) {
		if has[d.ID] {
			return
		}
		if n := m.o.Counter.Count(d.Text); n <= room {
			chosen, room, has[d.ID] = append(chosen, d), room-n, true
		}
	}
	for _, e := range q.Evidence {
		if d, ok := set.Document(e.Doc); ok {
			take(d)
			if !has[e.Doc] {
				return fmt.Errorf("question %s: the documents of its evidence have more than %d tokens: give larger --lengths", q.ID, m.item.Length)
			}
		}
	}
	for _, k := range m.Perm(len(set.Documents)) {
		if d := &set.Documents[k]; room > 0 && strings.TrimSpace(d.Text) != "" {
			take(d)
		}
	}
	if room > m.item.Length/2 {
		return &ErrShort{m.item.Length - room, m.item.Length}
	}
	m.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	for _, c := range chosen {
		d := &doc{id: c.ID, title: c.Title}
		d.add(c.Text, false)
		m.keep(d)
	}
	return nil
}
