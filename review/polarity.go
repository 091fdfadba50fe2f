package review

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/text"
)

// Words that turn a statement round, and those that say which way something goes. English.
var (
	negation = regexp.MustCompile(`(?i)\b(no|not|never|without|neither|nor|cannot|unable|failed? to|fails to|lack(s|ed|ing)? of|absence of|unlikely to|unrelated|unaffected|unchanged|n't)\b|n['’]t\b`)
	upward   = regexp.MustCompile(`(?i)\b(increas\w*|higher|greater|improv\w*|enhanc\w*|promot\w*|elevat\w*|up-?regulat\w*|ris(e|es|ing|en)|raise[sd]?|accelerat\w*|stimulat\w*|activat\w*|induc(e|es|ed|ing)|faster|positively)\b`)
	downward = regexp.MustCompile(`(?i)\b(decreas\w*|lower(s|ed|ing)?|reduc\w*|declin\w*|inhibit\w*|suppress\w*|impair\w*|worsen\w*|down-?regulat\w*|diminish\w*|attenuat\w*|weaken\w*|prevent(s|ed|ing)?|protect(s|ed|ing)?|block(s|ed|ing)?|slower|negatively|fewer)\b`)
	// Who has little of something says the contrary of who has it.
	lowly = regexp.MustCompile(`(?i)\b(low|deficien\w*|insufficien\w*|inadequate\w*|absent|loss|lacking|knock-?out|deplet\w*|depriv\w*|withdraw\w*|restrict\w*|antagonis\w*|inhibitors?|inverse(ly)?)\b`)
	// "not only", "no less than" and "has not been studied" turn nothing round.
	emphasis = regexp.MustCompile(`(?i)\bnot only\b|\bno (less|fewer|later|more) than\b|\bwhether or not\b|\bnot necessarily\b|\bno doubt\b|\bnot all\b|\bnot (yet )?(been |be )?(\w+ly )?(studied|known|clear|confirmed|established|reached|understood|investigated|examined|determined|assessed|tested|evaluated|reported|available)\b`)
	quantity = regexp.MustCompile(`(\d+(?:[.,]\d+)*)\s*(%|percent|per cent|[a-zA-Zµ]+(?:/[a-zA-Z]+)?)`)
	words    = regexp.MustCompile(`[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*`)
)

// stance is what a statement says, and which way.
type stance struct {
	text     string
	terms    map[string]bool // content words but those of polarity
	negated  bool
	up, down bool
	lowered  bool // speaks of little of something
	// near are the terms that a negation or a direction stands before.
	near    map[string]bool
	numbers map[string]string // by unit
}

// reach is how many words after a negation or a direction are what it is about.
const reach = 7

func stanceOf(an *text.Analyzer, s string) *stance {
	st := &stance{text: s, terms: map[string]bool{}, near: map[string]bool{}, numbers: map[string]string{}}
	plain := emphasis.ReplaceAllStringFunc(s, func(m string) string { return strings.Repeat(" ", len(m)) })
	polar := [][]int{}
	for _, m := range negation.FindAllStringIndex(plain, -1) {
		st.negated = !st.negated // two of them take each other back
		polar = append(polar, m)
	}
	for _, m := range upward.FindAllStringIndex(plain, -1) {
		st.up = true
		polar = append(polar, m)
	}
	for _, m := range downward.FindAllStringIndex(plain, -1) {
		st.down = true
		polar = append(polar, m)
	}
	st.lowered = lowly.MatchString(s)
	an.EachContent(s, func(term string, start, end int) {
		for _, p := range polar {
			if start < p[1] && end > p[0] {
				return
			}
		}
		st.terms[term] = true
		for _, p := range polar {
			if start >= p[1] && len(words.FindAllString(s[p[1]:start], reach)) < reach {
				st.near[term] = true
			}
		}
	})
	for _, m := range quantity.FindAllStringSubmatch(s, -1) {
		if unit := strings.ToLower(m[2]); len(unit) > 0 {
			if _, twice := st.numbers[unit]; twice {
				st.numbers[unit] = "" // says nothing certain
				continue
			}
			st.numbers[unit] = m[1]
		}
	}
	return st
}

// eitherWay is a question without the words that say which way something goes, so that what
// says the contrary has as much of it; the question itself where no other word is left.
func eitherWay(an *text.Analyzer, question string) string {
	out := question
	for _, polar := range []*regexp.Regexp{negation, upward, downward} {
		out = polar.ReplaceAllString(out, "")
	}
	left := false
	an.EachContent(out, func(string, int, int) { left = true })
	if !left {
		return question
	}
	return strings.Join(strings.Fields(out), " ")
}

func common(a, b map[string]bool) (out map[string]bool) {
	out = map[string]bool{}
	for t := range a {
		if b[t] {
			out[t] = true
		}
	}
	return out
}

// How alike two statements must be to contradict each other. All of it is on the side of
// saying nothing: a contradiction that is none costs more than one that is not seen.
const (
	sharedTerms = 4  // content words in common, at least
	sharedPart  = .5 // of the words of the shorter one
	sharedNear  = 2  // of those that a denial or a direction stands before
	nearPart    = .6 // of all that it stands before
	frame       = .8 // of both, where numbers alone differ
)

// conflict says how two statements contradict each other: "negation", "direction" or
// "number"; "" where nothing says that they do.
func conflict(a, b *stance) string {
	shared := common(a.terms, b.terms)
	smaller := min(len(a.terms), len(b.terms))
	if len(shared) < sharedTerms || smaller == 0 || float64(len(shared)) < sharedPart*float64(smaller) || a.lowered != b.lowered {
		return ""
	}
	about := func(s *stance) bool {
		n := len(common(s.near, shared))
		return n >= sharedNear && float64(n) >= nearPart*float64(len(s.near))
	}
	opposite := a.up && !a.down && b.down && !b.up || a.down && !a.up && b.up && !b.down
	switch {
	case opposite && a.negated == b.negated && about(a) && about(b):
		return "direction"
	case a.negated != b.negated && !opposite:
		one := a
		if b.negated {
			one = b
		}
		if about(one) && (a.up == b.up && a.down == b.down || !(a.up || a.down) || !(b.up || b.down)) {
			return "negation"
		}
	}
	if float64(len(shared)) >= frame*float64(max(len(a.terms), len(b.terms))) && !opposite && a.negated == b.negated {
		for _, unit := range sorted(a.numbers) {
			x, y := a.numbers[unit], b.numbers[unit]
			if x != "" && y != "" && x != y {
				return "number"
			}
		}
	}
	return ""
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// same says that two statements say nearly the same.
func same(a, b *stance) bool {
	shared := len(common(a.terms, b.terms))
	all := len(a.terms) + len(b.terms) - shared
	if all == 0 || a.negated != b.negated || a.up != b.up || a.down != b.down {
		return false
	}
	for unit, x := range a.numbers {
		if y, ok := b.numbers[unit]; ok && x != y {
			return false
		}
	}
	return float64(shared) >= .6*float64(all)
}
