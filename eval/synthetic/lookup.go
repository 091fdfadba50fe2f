package synthetic

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

func threadTasks() []Task {
	hops := []float64{2, 5, 10, 20}
	return []Task{
		{Name: "kv_single", Suite: "threads", About: "the value of one key, in records of uuids", make: func(m *maker) error { return valuesOf(m, 1) }},
		{Name: "kv_multi", Suite: "threads", About: "the values of five keys", make: func(m *maker) error { return valuesOf(m, 5) }},
		{Name: "kv_conditional", Suite: "threads", About: "the values of all keys that hold a star", make: conditional},
		{Name: "thread", Suite: "threads", About: "the end of a thread, each value of which is the next key", Axis: "hops", Xs: hops, make: func(m *maker) error { return threads(m, 1) }},
		{Name: "multi_thread", Suite: "threads", About: "the ends of three threads", Axis: "hops", Xs: hops, make: func(m *maker) error { return threads(m, 3) }},
	}
}

func pair(k, v string) string { return fmt.Sprintf("%q: %q,", k, v) }

func (m *maker) pairs() string { return pair(m.uuid(), m.uuid()) }

func valuesOf(m *maker, n int) error {
	var needles []needle
	var keys []string
	for k := range n {
		key, value := m.uuid(), m.uuid()
		depth := m.Float64()
		if k == 0 {
			depth = m.depth()
		}
		keys, m.item.Answers = append(keys, key), append(m.item.Answers, value)
		needles = append(needles, needle{pair(key, value), depth, true})
	}
	m.item.Question = "What are the values of the keys " + strings.Join(keys, ", ") + "?"
	m.listed("", m.among(m.room(append(texts(needles), m.item.Question)...), m.pairs, needles))
	return nil
}

func conditional(m *maker) error {
	var needles []needle
	for range 5 {
		key, value := m.uuid(), m.uuid()
		at := m.IntN(len(key))
		m.item.Answers = append(m.item.Answers, value)
		needles = append(needles, needle{pair(key[:at]+"*"+key[at:], value), m.Float64(), true})
	}
	m.item.Question = "What are the values of all keys that contain the character “*”?"
	m.listed("", m.among(m.room(append(texts(needles), m.item.Question)...), m.pairs, needles))
	return nil
}

// threads hides threads, every other one of an item's kind backward: the next key
// stands before the last.
func threads(m *maker, n int) error {
	var needles []needle
	var starts []string
	hops := int(m.item.X)
	for range n {
		key := m.uuid()
		starts = append(starts, key)
		depths := make([]float64, hops)
		for i := range depths {
			depths[i] = m.Float64()
		}
		slices.Sort(depths)
		if m.i%2 == 1 {
			slices.Reverse(depths)
		}
		for _, depth := range depths {
			value := m.uuid()
			needles = append(needles, needle{pair(key, value), depth, true})
			key = value
		}
		m.item.Answers = append(m.item.Answers, key)
	}
	m.item.Question = fmt.Sprintf("The value of a key may be a key again. Which value does one end at, starting with the key %s?", starts[0])
	if n > 1 {
		m.item.Question = fmt.Sprintf("The value of a key may be a key again. Which values does one end at, starting with each of the keys %s?", strings.Join(starts, ", "))
	}
	room := m.room(append(texts(needles), m.item.Question)...)
	if room < 0 {
		return fmt.Errorf("%d tokens are too few for %d records: give larger --lengths", m.item.Length, len(needles))
	}
	m.listed("", m.among(room, m.pairs, needles))
	return nil
}

// fifths are the places of a position curve.
var fifths = []float64{0, .25, .5, .75, 1}

func positionTasks() (tasks []Task) {
	for _, n := range []int{75, 140, 300} {
		tasks = append(tasks, Task{Name: fmt.Sprintf("kv_%d", n), Suite: "position", About: fmt.Sprintf("the value of one of %d keys, by its place", n),
			Own: true, Axis: "place", Xs: fifths, together: true, make: func(m *maker) error { return keyAt(m, n) }})
	}
	for _, n := range []int{10, 20, 30} {
		tasks = append(tasks, Task{Name: fmt.Sprintf("docs_%d", n), Suite: "position", About: fmt.Sprintf("what one of %d documents says, by its place", n),
			Own: true, Axis: "place", Xs: fifths, together: true, make: func(m *maker) error { return documentAt(m, n) }})
	}
	return tasks
}

// at is the index among n of a place between 0 and 1.
func at(x float64, n int) int { return int(math.Round(x * float64(n-1))) }

func keyAt(m *maker, n int) error {
	lines := make([]needle, n)
	for i := range lines {
		lines[i].text = m.pairs()
	}
	key, value := m.uuid(), m.uuid()
	lines[at(m.item.X, n)] = needle{text: pair(key, value), gold: true}
	m.item.Question, m.item.Answers = fmt.Sprintf("What is the value of the key %s?", key), []string{value}
	m.listed("", lines)
	return nil
}

// documentAt asks a fact of one of several documents that all state one of their
// subjects.
func documentAt(m *maker, n int) error {
	subjects := make([]string, n)
	docs := make([]*doc, n)
	gold := at(m.item.X, n)
	year := 0
	for i := range docs {
		subjects[i] = m.once(func() string {
			return fmt.Sprintf("the %s %s of %s", m.pick(adjectives), m.pick(nouns), m.pick(places))
		})
		built := 1400 + m.IntN(500)
		docs[i] = &doc{id: fmt.Sprintf("document-%02d", i+1), title: strings.ToUpper(subjects[i][4:5]) + subjects[i][5:]}
		fact := fmt.Sprintf("T%s was built in %d by order of %s.", subjects[i][1:], built, m.pick(people))
		before := 2 + m.IntN(4)
		for k := range 8 {
			if k == before {
				docs[i].add(fact+" ", i == gold)
			}
			docs[i].add(m.sentence()+" ", false)
		}
		if i == gold {
			year = built
		}
	}
	m.item.Question, m.item.Answers = fmt.Sprintf("When was %s built?", subjects[gold]), []string{fmt.Sprint(year)}
	m.keep(docs...)
	return nil
}

func streamTasks() []Task {
	return []Task{
		{Name: "interference", Suite: "interference", About: "the last value of one of 46 keys, each updated many times", Own: true, Axis: "updates",
			Xs: []float64{2, 4, 8, 17, 34, 68, 139, 281, 400}, make: interference},
	}
}

// interference is PI-LLM's stream: keys updated in turn, in an order of their own in
// each round; the last value counts.
func interference(m *maker) error {
	const keys = 46
	names := m.some(nouns, keys)
	asked := names[m.IntN(keys)]
	updates := int(m.item.X)
	var lines []needle
	for round := range updates {
		for _, k := range m.Perm(keys) {
			last := round == updates-1 && names[k] == asked
			value := m.pick(adjectives) + " " + m.pick(places)
			if names[k] == asked {
				value = m.once(func() string { return m.pick(adjectives) + " " + m.pick(places) })
			}
			if last {
				m.item.Answers = []string{value}
			}
			lines = append(lines, needle{text: names[k] + ": " + value, gold: last})
		}
	}
	m.item.Question = fmt.Sprintf("What is the last value of %s in the stream?", asked)
	m.listed("", lines)
	return nil
}
