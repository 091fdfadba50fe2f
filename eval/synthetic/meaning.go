package synthetic

import (
	"fmt"
	"slices"
	"strings"
)

func overlapTasks() []Task {
	return []Task{
		{Name: "no_overlap", Suite: "no-overlap", About: "who did what, asked in words that the needle has none of", make: noOverlap},
		{Name: "overlap", Suite: "no-overlap", About: "the same needles, asked by their own words, for comparison", make: overlapping},
	}
}

// association is a needle and a question without a word in common: what leads from one
// to the other everybody knows. X stands for who is asked for.
type association struct{ needle, question, plain string }

var associations = []association{
	{"From the kitchen of X one looks straight onto the Brandenburg Gate.", "Which person lives in Berlin?", "Whose kitchen looks onto the Brandenburg Gate?"},
	{"X rowed past the Rialto again this morning.", "Who is in Venice?", "Who rowed past the Rialto?"},
	{"The rent that X pays is due in yen.", "Who has a home in Japan?", "Who pays rent in yen?"},
	{"X sings the Marseillaise whenever the team scores.", "Which person is French?", "Who sings the Marseillaise?"},
	{"Nothing that ever had a mother comes onto the plate of X.", "Who is a vegan?", "On whose plate comes nothing that had a mother?"},
	{"X counts on both hands, and has one finger to spare for each.", "Which person was born with twelve digits?", "Who counts on both hands with a finger to spare?"},
	{"The stairs are all that X fears since the wheelchair came.", "Who cannot walk?", "Who fears the stairs?"},
	{"X reads with the fingertips only.", "Which person is blind?", "Who reads with the fingertips?"},
	{"Every December X flies south to build snowmen among penguins.", "Who has been to Antarctica?", "Who flies south to build snowmen?"},
	{"The diploma over X's desk says that teeth are no secret to its owner.", "Which person works as a dentist?", "Over whose desk hangs a diploma about teeth?"},
	{"X wears the number ten and is paid to aim between two posts.", "Who plays football for a living?", "Who wears the number ten?"},
	{"At the baton of X eighty bows rise together.", "Which person conducts an orchestra?", "At whose baton do eighty bows rise?"},
	{"X sneezes as soon as the cat comes in.", "Who suffers from an allergy?", "Who sneezes as soon as the cat comes in?"},
	{"The twins call X mother's mother.", "Which person is a grandparent?", "Who do the twins call mother's mother?"},
	{"X has not touched a drop since the clinic.", "Who used to be an alcoholic?", "Who has not touched a drop?"},
	{"From the cockpit X greets two hundred passengers.", "Which person is a pilot?", "Who greets passengers from the cockpit?"},
	{"X's hive gave forty jars this summer.", "Who keeps bees?", "Whose hive gave forty jars?"},
	{"The crown will go to X once the queen is dead.", "Which person is heir to a throne?", "To whom will the crown go?"},
	{"X speaks of Allah five times between dawn and night.", "Who is a Muslim?", "Who speaks of Allah five times?"},
	{"Under the microscope X saw what killed the patient.", "Which person examines the deceased?", "Who saw under the microscope what killed the patient?"},
	{"X kneads from two in the morning, so that the village has rolls at six.", "Who is the baker?", "Who kneads from two in the morning?"},
	{"The wedding photograph shows X between a judge and a new husband.", "Which person is married?", "Who stands between a judge and a new husband?"},
	{"X left the Sorbonne last June with honours.", "Who graduated from a university in Paris?", "Who left the Sorbonne with honours?"},
	{"On X's tongue a peanut would mean an ambulance.", "Which person must avoid nuts?", "On whose tongue would a peanut mean an ambulance?"},
}

func noOverlap(m *maker) error {
	a := associations[m.i%len(associations)]
	return m.hide(a, a.question, m.pick(heroes), (m.i*25/max(m.o.Items-1, 1))%26)
}

func overlapping(m *maker) error {
	a := associations[m.i%len(associations)]
	return m.hide(a, a.plain, m.pick(heroes), (m.i*25/max(m.o.Items-1, 1))%26)
}

// hide buries a needle at one of 26 depths.
func (m *maker) hide(a association, question, who string, step int) error {
	m.item.Question, m.item.Answers = question, []string{who}
	n := needle{strings.Replace(a.needle, "X", who, 1), float64(step) / 25, true}
	hay, err := m.essays(m.room(n.text, question))
	if err != nil {
		return err
	}
	m.bury(hay, []needle{n})
	return nil
}

func chainTasks() []Task {
	return []Task{{Name: "chain", Suite: "chain", About: "a salary that follows from all others, each stated by the one before", Own: true,
		Axis: "links", Xs: []float64{5, 10, 20, 50, 100, 200}, make: chain}}
}

// chain is NeedleChain's: each earns double, half of or as much as the one before, in
// the order of the chain, against it or in none; no salary leaves [root/64, 64·root].
func chain(m *maker) error {
	const root = 1600
	k := int(m.item.X)
	people := make([]string, k)
	for i := range people {
		people[i] = m.once(func() string {
			return m.pick(heroes) + " " + strings.ToUpper(m.pick(nouns)[:1]) + ". " + m.pick(places)
		})
	}
	value := root * 64 // in 64ths, which halves stay whole in
	lines := []needle{{text: fmt.Sprintf("%s earns %d a week.", people[0], root), gold: true}}
	for i := 1; i < k; i++ {
		how := m.IntN(3)
		if next := value * 2; how == 0 && next <= root*64*64 {
			value = next
			lines = append(lines, needle{text: fmt.Sprintf("%s earns double of what %s does.", people[i], people[i-1]), gold: true})
		} else if next := value / 2; how == 1 && next >= root {
			value = next
			lines = append(lines, needle{text: fmt.Sprintf("%s earns half of what %s does.", people[i], people[i-1]), gold: true})
		} else {
			lines = append(lines, needle{text: fmt.Sprintf("%s earns as much as %s does.", people[i], people[i-1]), gold: true})
		}
	}
	switch m.i % 3 {
	case 1:
		slices.Reverse(lines)
	case 2:
		m.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
	m.item.Question = fmt.Sprintf("How much does %s earn a week?", people[k-1])
	answer := fmt.Sprint(value / 64)
	if value%64 != 0 {
		answer = strings.TrimRight(fmt.Sprintf("%.4f", float64(value)/64), "0")
	}
	m.item.Answers, m.item.Derived = []string{answer}, true
	m.listed("", lines)
	return nil
}

func implicitTasks() []Task {
	return []Task{
		{Name: "implicit_arithmetic", Suite: "implicit", About: "a price that must be worked out, in 30 messages", Own: true, make: func(m *maker) error { return implicit(m, arithmetic) }},
		{Name: "implicit_temporal", Suite: "implicit", About: "a day that must be counted, in 30 messages", Own: true, make: func(m *maker) error { return implicit(m, temporal) }},
		{Name: "implicit_world", Suite: "implicit", About: "a country that must be known, in 30 messages", Own: true, make: func(m *maker) error { return implicit(m, world) }},
	}
}

// implicit is ImpliRet's shape: 30 messages, of many speakers in documents of their own
// or, in every other item, of one who tells of others.
func implicit(m *maker, what func(m *maker, who string) (message, asked string)) error {
	const messages = 30
	who := m.some(heroes, messages)
	gold := m.IntN(messages)
	docs := make([]*doc, 0, messages)
	for i, w := range who {
		message, asked := what(m, w)
		if i == gold {
			m.item.Question, m.item.Answers = asked, []string{w}
		}
		if m.i%2 == 1 {
			if i == 0 {
				docs = append(docs, &doc{id: "chat", title: "Chat"})
			}
			docs[0].add(fmt.Sprintf("%s: %s %s\n", m.pick(people), message, m.sentence()), i == gold)
			continue
		}
		d := &doc{id: fmt.Sprintf("message-%02d", i+1), title: "Message " + fmt.Sprint(i+1)}
		d.add(m.sentence()+" ", false)
		d.add(message+" ", i == gold)
		d.add(m.sentence(), false)
		docs = append(docs, d)
	}
	m.keep(docs...)
	return nil
}

func arithmetic(m *maker, who string) (message, asked string) {
	thing := m.pick(nouns)
	for {
		whole, off := 20*(5+m.IntN(80)), 5*(1+m.IntN(12))
		paid := fmt.Sprint(whole * (100 - off) / 100)
		if whole*(100-off)%100 == 0 && !m.used[paid] && fmt.Sprint(whole) != paid {
			m.used[paid] = true
			return fmt.Sprintf("%s took the %s with %d off in the hundred; it was marked %d.", who, thing, off, whole), "Who spent " + paid + " in all?"
		}
	}
}

var months = []string{"January", "March", "May", "July", "August", "October", "December"} // of 31 days

func temporal(m *maker, who string) (message, asked string) {
	for {
		month, day, later := m.pick(months), 1+m.IntN(20), 2+m.IntN(9)
		when := fmt.Sprintf("%d %s", day+later, month)
		if !m.used[when] {
			m.used[when] = true
			return fmt.Sprintf("Written on the %d of %s: %s sets out in %d days.", day, month, who, later), "Who departs on " + when + "?"
		}
	}
}

// landmarks by country: no name of one has a word of the other.
var landmarks = list(`France:Eiffel-Tower Italy:Colosseum Egypt:Sphinx India:Taj-Mahal China:Forbidden-City Russia:Kremlin Greece:Acropolis Peru:Machu-Picchu
Spain:Alhambra Jordan:Petra Cambodia:Angkor-Wat Japan:Mount-Fuji Brazil:Copacabana Turkey:Hagia-Sophia Germany:Neuschwanstein England:Stonehenge
Scotland:Loch-Ness Mexico:Chichen-Itza Australia:Uluru Kenya:Masai-Mara Tanzania:Kilimanjaro Nepal:Everest Norway:Geirangerfjord Iceland:Geysir Chile:Atacama
Austria:Schoenbrunn Portugal:Alfama Morocco:Marrakesh Vietnam:Ha-Long-Bay Thailand:Wat-Arun Ireland:Giant's-Causeway Canada:Niagara Cuba:Malecon Sweden:Gamla-Stan`)

func world(m *maker, who string) (message, asked string) {
	l := m.once(func() string { return m.pick(landmarks) })
	country, landmark, _ := strings.Cut(l, ":")
	return fmt.Sprintf("%s waves from below the %s.", who, strings.ReplaceAll(landmark, "-", " ")), "Who is in " + country + "?"
}
