package dates

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// rule says how many words from i on mean days, and which; 0 for none.
type rule func(s *scan, i int) (n int, first, last time.Time)

// language is how one speaks of days.
type language struct {
	names   []string            // of months
	days    map[string][]phrase // phrases that mean a day, by their first word
	numbers map[string]int
	units   map[string]unit
	period  map[string]unit // of which there is a last and a next
	weekday map[string]time.Weekday
	months  map[string]time.Month
	which   map[string]int // last, this, next
	rules   []rule
}

// phrase is words that mean a day, so far from the document's.
type phrase struct {
	words []string
	away  int
}

// phrasesOf are phrases by their first word, the longest first.
func phrasesOf(of map[string]int) map[string][]phrase {
	all := map[string][]phrase{}
	for s, away := range of {
		words := strings.Fields(s)
		all[words[0]] = append(all[words[0]], phrase{words, away})
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b phrase) int { return cmp.Or(len(b.words)-len(a.words), slices.Compare(a.words, b.words)) })
	}
	return all
}

var languages = map[string]*language{"en": english(), "de": german(), "fr": french()}

func english() *language {
	l := &language{
		names: strings.Fields("January February March April May June July August September October November December"),
		days: phrasesOf(map[string]int{"the day before yesterday": -2, "yesterday": -1, "last night": -1, "today": 0, "tonight": 0, "this morning": 0,
			"this afternoon": 0, "this evening": 0, "the day after tomorrow": 2, "tomorrow": 1}),
		numbers: numbers("one two three four five six seven eight nine ten eleven twelve"),
		units: map[string]unit{"day": days, "days": days, "week": weeks, "weeks": weeks, "month": months, "months": months,
			"year": years, "years": years},
		weekday: weekdays("sunday monday tuesday wednesday thursday friday saturday"),
		which:   map[string]int{"last": -1, "this": 0, "next": 1},
	}
	l.period = map[string]unit{"week": weeks, "month": months, "year": years}
	l.numbers["a"], l.numbers["an"] = 1, 1
	l.months = monthsOf(l.names)
	after := func(s *scan, i int) bool { // "the last week", "every next month": not this one's
		b := s.before(i)
		return b == "the" || b == "every" || b == "a" || b == "of" && s.before(i-1) == "end"
	}
	l.rules = []rule{
		aDay,
		whichPeriod(func(s *scan, i int) bool { return after(s, i) || s.joined(i, i+2) && s.word(i+2) == "of" }),
		// "two weeks ago"
		func(s *scan, i int) (int, time.Time, time.Time) {
			n, u := s.number(i), l.units[s.word(i+1)]
			if n == 0 || u == 0 || !s.joined(i, i+2) || s.word(i+2) != "ago" {
				return 0, time.Time{}, time.Time{}
			}
			first, last := s.away(-n, u)
			return 3, first, last
		},
		ahead("in", pastEnglish),
		// "two weeks from now", "a week from today"
		func(s *scan, i int) (int, time.Time, time.Time) {
			n, u := s.number(i), l.units[s.word(i+1)]
			if n == 0 || u == 0 || !s.joined(i, i+3) || s.word(i+2) != "from" || s.word(i+3) != "now" && s.word(i+3) != "today" {
				return 0, time.Time{}, time.Time{}
			}
			first, last := s.away(n, u)
			return 4, first, last
		},
	}
	return l
}

func german() *language {
	l := &language{
		names:   strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		days:    phrasesOf(map[string]int{"vorgestern": -2, "gestern": -1, "heute": 0, "morgen": 1, "übermorgen": 2}),
		numbers: numbers("eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"),
		units: map[string]unit{"tag": days, "tage": days, "tagen": days, "woche": weeks, "wochen": weeks, "monat": months, "monate": months, "monaten": months,
			"jahr": years, "jahre": years, "jahren": years},
		weekday: weekdays("sonntag montag dienstag mittwoch donnerstag freitag samstag"),
		which:   map[string]int{},
	}
	l.period = map[string]unit{"woche": weeks, "monat": months, "jahr": years}
	l.weekday["sonnabend"] = time.Saturday
	for _, w := range strings.Fields("einem einer ein eine") {
		l.numbers[w] = 1
	}
	for stem, n := range map[string]int{"letzte": -1, "vorige": -1, "vergangene": -1, "diese": 0, "nächste": 1, "kommende": 1} {
		for _, end := range []string{"", "n", "m", "r", "s"} {
			l.which[stem+end] = n
		}
	}
	l.months = monthsOf(l.names)
	ago := func(s *scan, i int) (int, time.Time, time.Time) { // "vor zwei Wochen"
		n, u := s.number(i+1), l.units[s.word(i+2)]
		if s.word(i) != "vor" || n == 0 || u == 0 || !s.joined(i, i+2) {
			return 0, time.Time{}, time.Time{}
		}
		first, last := s.away(-n, u)
		return 3, first, last
	}
	l.rules = []rule{
		func(s *scan, i int) (int, time.Time, time.Time) { // "am Morgen", "guten Morgen", "heute Morgen"
			if s.words[i].s == "Morgen" && s.words[i].joined {
				return 0, time.Time{}, time.Time{}
			}
			if b := s.before(i); s.word(i) == "morgen" && (b == "guten" || b == "jeden" || b == "am" || b == "der") {
				return 0, time.Time{}, time.Time{}
			}
			return aDay(s, i)
		},
		whichPeriod(func(s *scan, i int) bool {
			b := s.before(i)
			return b == "die" || b == "der" || b == "das" || b == "den" || b == "dem" || b == "jede" || b == "jeden"
		}),
		ago,
		ahead("in", func(s *scan, i int) bool { return false }),
	}
	return l
}

func french() *language {
	l := &language{
		names: strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		days: phrasesOf(map[string]int{"avant-hier": -2, "hier": -1, "aujourd'hui": 0, "aujourd’hui": 0, "ce matin": 0, "ce soir": 0, "demain": 1,
			"après-demain": 2}),
		numbers: numbers("un deux trois quatre cinq six sept huit neuf dix onze douze"),
		units: map[string]unit{"jour": days, "jours": days, "semaine": weeks, "semaines": weeks, "mois": months, "an": years, "ans": years,
			"année": years, "années": years},
		weekday: weekdays("dimanche lundi mardi mercredi jeudi vendredi samedi"),
		which:   map[string]int{"dernier": -1, "dernière": -1, "prochain": 1, "prochaine": 1},
	}
	l.period = map[string]unit{"semaine": weeks, "mois": months, "an": years, "année": years}
	l.numbers["une"] = 1
	l.months = monthsOf(l.names)
	l.rules = []rule{
		aDay,
		// "la semaine dernière", "mardi prochain"
		func(s *scan, i int) (int, time.Time, time.Time) {
			n, ok := l.which[s.word(i+1)]
			if !ok || !s.joined(i, i+1) {
				return 0, time.Time{}, time.Time{}
			}
			return s.named(i, n, 2)
		},
		// "il y a deux semaines"
		func(s *scan, i int) (int, time.Time, time.Time) {
			n, u := s.number(i+3), l.units[s.word(i+4)]
			if !s.is(i, "il", "y", "a") || n == 0 || u == 0 || !s.joined(i, i+4) {
				return 0, time.Time{}, time.Time{}
			}
			first, last := s.away(-n, u)
			return 5, first, last
		},
		ahead("dans", func(s *scan, i int) bool { return false }),
	}
	return l
}

// aDay finds the longest phrase that means a day.
func aDay(s *scan, i int) (n int, first, last time.Time) {
	for _, p := range s.l.days[s.word(i)] {
		if s.is(i, p.words...) {
			first = s.day.AddDate(0, 0, p.away)
			return len(p.words), first, first
		}
	}
	return 0, first, last
}

// whichPeriod finds "last week", "next Tuesday", "last March", but for those that are not to
// be taken.
func whichPeriod(not func(s *scan, i int) bool) rule {
	return func(s *scan, i int) (int, time.Time, time.Time) {
		n, ok := s.l.which[s.word(i)]
		if !ok || !s.joined(i, i+1) || not(s, i) {
			return 0, time.Time{}, time.Time{}
		}
		return s.named(i+1, n, 2)
	}
}

// named is the week, month, year or weekday that word i names, last, this or next.
func (s *scan) named(i, n, words int) (int, time.Time, time.Time) {
	w := s.word(i)
	if u := s.l.period[w]; u > 0 {
		first, last := s.period(n, u)
		return words, first, last
	}
	if d, ok := s.l.weekday[w]; ok {
		day := s.weekday(d, n)
		return words, day, day
	}
	if m, ok := s.l.months[w]; ok && (w == s.l.names[m-1] || w != s.words[i].s) { // "this may"
		first, last := s.month(m, n)
		return words, first, last
	}
	return 0, time.Time{}, time.Time{}
}

// ahead finds "in two weeks", but where it says how long something took.
func ahead(in string, took func(s *scan, i int) bool) rule {
	return func(s *scan, i int) (int, time.Time, time.Time) {
		n, u := s.number(i+1), s.l.units[s.word(i+2)]
		if s.word(i) != in || n == 0 || u == 0 || !s.joined(i, i+2) || took(s, i) {
			return 0, time.Time{}, time.Time{}
		}
		first, last := s.away(n, u)
		return 3, first, last
	}
}

// coming says that a sentence speaks of what is to be.
var coming = strings.Fields("will shall won't 'll going due again meet meets is are starts begins ends expires planned scheduled expected let's see")

// pastEnglish: "in two weeks" counts from the document's day where its sentence speaks of what
// is to come, and says how long something takes elsewhere.
func pastEnglish(s *scan, i int) bool {
	if s.before(i) == "times" || s.before(i) == "once" || s.before(i) == "twice" {
		return true
	}
	before := s.sentence(i)
	for _, w := range wordsOf(before) {
		for _, c := range coming {
			if w.s == c || strings.HasSuffix(w.s, "'ll") || strings.HasSuffix(w.s, "’ll") {
				return false
			}
		}
	}
	return true
}

func numbers(words string) map[string]int {
	all := map[string]int{}
	for i, w := range strings.Fields(words) {
		all[w] = i + 1
	}
	return all
}

func weekdays(words string) map[string]time.Weekday {
	all := map[string]time.Weekday{}
	for i, w := range strings.Fields(words) {
		all[w] = time.Weekday(i)
	}
	return all
}

func monthsOf(names []string) map[string]time.Month {
	all := map[string]time.Month{}
	for i, n := range names {
		all[strings.ToLower(n)] = time.Month(i + 1)
	}
	return all
}
