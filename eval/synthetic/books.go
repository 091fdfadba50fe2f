package synthetic

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

func bookTasks() []Task {
	return []Task{
		{Name: "constraint", Suite: "constraint", About: "the documents whose metadata fit two conditions: books, or those of your haystack", make: constraint},
		{Name: "coverage_recall", Suite: "coverage", About: "every decision of a log that is little else", make: func(m *maker) error { return coverage(m, false) }},
		{Name: "coverage_attribute", Suite: "coverage", About: "every decision of one person in such a log", make: func(m *maker) error { return coverage(m, true) }},
	}
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// constraint is KITAB's shape: an author's books within some years.
func constraint(m *maker) error {
	if m.o.Haystack != nil {
		return m.o.Haystack.constraint(m)
	}
	writers := make([]string, 12)
	for i := range writers {
		writers[i] = m.once(func() string { return m.pick(heroes) + " " + m.pick(places) })
	}
	asked, from := writers[0], 1850+m.IntN(100)
	to := from + 20
	m.item.Question = fmt.Sprintf("Which books by %s were published from %d to %d?", asked, from, to)
	m.item.Filter = fmt.Sprintf("author = %q and year >= %d and year <= %d", asked, from, to)
	room := m.room(m.item.Question)
	for n := 0; ; n++ {
		writer, year := m.pick(writers), 1840+m.IntN(150)
		if n == 0 || n == 1 { // at least one that fits, and one that does not
			writer, year = asked, from+m.IntN(21)+n*40
		}
		name := title(m.key()) + " of " + m.pick(places)
		text := fmt.Sprintf("“%s” by %s was published in %d. %s %s", name, writer, year, m.sentence(), m.sentence())
		if room -= m.o.Counter.Count(text); room < 0 {
			break
		}
		d := &doc{id: fmt.Sprintf("book-%04d", n+1), title: name, meta: map[string]any{"author": writer, "year": float64(year)}}
		fact, rest, _ := strings.Cut(text, ". ")
		fits := writer == asked && year >= from && year <= to
		d.add(fact+". ", fits)
		d.add(rest, false)
		if fits {
			m.item.Answers = append(m.item.Answers, name)
		} else if writer == asked {
			m.item.Near = append(m.item.Near, d.id)
		}
		m.keep(d)
	}
	if len(m.item.Evidence) == 0 {
		return fmt.Errorf("%d tokens are too few for a catalogue: give larger --lengths", m.item.Length)
	}
	m.Shuffle(len(m.item.Documents), func(i, j int) {
		m.item.Documents[i], m.item.Documents[j] = m.item.Documents[j], m.item.Documents[i]
	})
	return nil
}

// constraint asks for the user's documents that share a value of their metadata.
func (h *Haystack) constraint(m *maker) error {
	hay, err := h.from(m.IntN(len(h.docs)), m.room())
	if err != nil {
		return err
	}
	by := map[string][]int{}
	for i, f := range hay {
		for k, v := range f.meta {
			if s, ok := v.(string); ok && s != "" && len(s) < 80 && k != corpus.GroupsKey {
				by[k+"\x00"+s] = append(by[k+"\x00"+s], i)
			}
		}
	}
	maps.DeleteFunc(by, func(_ string, docs []int) bool { return len(docs) > 20 || 2*len(docs) > len(hay) })
	if len(by) == 0 {
		return fmt.Errorf("no value of the haystack's metadata is shared by less than half of the documents of an item: leave the task out, or name a haystack whose documents have metadata")
	}
	all := slices.Sorted(maps.Keys(by))
	chosen := all[m.IntN(len(all))]
	key, value, _ := strings.Cut(chosen, "\x00")
	m.item.Question = fmt.Sprintf("Which documents have the %s %s?", key, value)
	m.item.Filter = fmt.Sprintf("%q = %q", key, value)
	for i, f := range hay {
		d := &doc{id: f.id, title: f.title, meta: f.meta}
		fits := slices.Contains(by[chosen], i)
		first := true
		for _, p := range f.pieces {
			d.add(p, fits && first && strings.TrimSpace(p) != "")
			first = first && strings.TrimSpace(p) == ""
		}
		if fits {
			m.item.Answers = append(m.item.Answers, cmp.Or(f.title, f.id))
		}
		m.keep(d)
	}
	return nil
}

// coverage is ETHIC's shape: nine tenths of the text are what is asked for.
func coverage(m *maker, one bool) error {
	who := m.some(heroes, 8)
	m.item.Question = "Which decisions does the log record, with the code of each?"
	if one {
		m.item.Question = fmt.Sprintf("Which codes have the decisions that %s made?", who[0])
	}
	room := m.room(m.item.Question, "# Meeting 100\n\n")
	d := &doc{id: "log", title: "Log of decisions"}
	for n := 0; ; n++ {
		code := fmt.Sprintf("D-%d", 1000+n)
		decider := who[n%len(who)]
		line := fmt.Sprintf("%s, decision %s: the %s %s of %s is to be %s within %d days.\n", decider, code, m.pick(adjectives), m.pick(nouns), m.pick(places), m.pick(verbs), 2+m.IntN(60))
		head := ""
		if n%10 == 0 {
			head = fmt.Sprintf("\n# Meeting %d\n\n", n/10+1)
		}
		if room -= m.o.Counter.Count(head + line); room < 0 {
			break
		}
		gold := !one || decider == who[0]
		d.add(head, false)
		d.add(line, gold)
		if gold {
			m.item.Answers = append(m.item.Answers, code)
		} else {
			m.item.Others = append(m.item.Others, code)
		}
	}
	m.item.List = true
	if len(m.item.Answers) == 0 {
		return fmt.Errorf("%d tokens are too few for a log: give larger --lengths", m.item.Length)
	}
	m.keep(d)
	return nil
}

func robustTasks() []Task {
	return []Task{
		{Name: "distractors", Suite: "robustness", About: "one number, among others that look like it more and more", Axis: "distractors", Xs: []float64{0, 4, 16, 64}, together: true, make: distracted},
		{Name: "order", Suite: "robustness", About: "four numbers, with the documents in their order, against it and in none", Axis: "order", Xs: []float64{0, 1, 2},
			Labels: []string{"given", "reversed", "shuffled"}, together: true, make: ordered},
	}
}

// distracted hides one needle among distractors, half of them partly related (the same
// sentence of another key), half related (another number of the same key).
func distracted(m *maker) error {
	key, value := m.key(), m.number()
	needles := []needle{{fmt.Sprintf("The secret number of %s is %s.", key, value), m.depth(), true}}
	m.item.Question, m.item.Answers = fmt.Sprintf("What is the secret number of %s?", key), []string{value}
	for k := range int(m.item.X) {
		s := fmt.Sprintf("The secret number of %s is %s.", m.key(), m.number())
		if k%2 == 1 {
			s = fmt.Sprintf("The %s number of %s is %s.", m.once(func() string { return m.pick(adjectives) }), key, m.number())
		}
		needles = append(needles, needle{text: s, depth: m.Float64()})
	}
	hay, err := m.essays(m.room(append(texts(needles), m.item.Question)...))
	if err != nil {
		return err
	}
	m.bury(hay, needles)
	return nil
}

func ordered(m *maker) error {
	if err := (niah{keys: 4, ask: 4}).make(m); err != nil {
		return err
	}
	docs := m.item.Documents
	switch m.item.X {
	case 1:
		slices.Reverse(docs)
	case 2:
		m.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	}
	return nil
}
