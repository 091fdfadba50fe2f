package text

// porterStem is the stemmer of Lucene's PorterStemFilter: M. F. Porter, "An
// algorithm for suffix stripping", Program 14(3), 1980, with the author's later
// departures ("bli" for "abli", "logi"). It works on UTF-16 units, as Lucene
// does; every unit that is not one of a, e, i, o, u, y counts as a consonant.
// Words of fewer than three units stay as they are. The result shares b.
func porterStem(b []uint16) []uint16 {
	if len(b) < 3 {
		return b
	}
	p := porter{b: b, k: len(b) - 1}
	p.step1()
	p.step2()
	p.step3()
	p.step4()
	p.step5()
	p.step6()
	return p.b[:p.k+1]
}

// porter is a word b[0..k] under work; j ends the stem before the suffix that
// ends found last.
type porter struct {
	b    []uint16
	k, j int
}

func (p *porter) cons(i int) bool {
	switch p.b[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return false
	case 'y':
		return i == 0 || !p.cons(i-1)
	}
	return true
}

// m counts the sequences of vowels and consonants in b[0..j].
func (p *porter) m() int {
	n, vowel := 0, false
	for i := 0; i <= p.j; i++ {
		if p.cons(i) {
			if vowel {
				n++
			}
			vowel = false
		} else {
			vowel = true
		}
	}
	return n
}

func (p *porter) vowelInStem() bool {
	for i := 0; i <= p.j; i++ {
		if !p.cons(i) {
			return true
		}
	}
	return false
}

func (p *porter) doubleCons(j int) bool {
	return j >= 1 && p.b[j] == p.b[j-1] && p.cons(j)
}

// cvc: consonant, vowel, consonant that is not w, x or y, ending at i.
func (p *porter) cvc(i int) bool {
	if i < 2 || !p.cons(i) || p.cons(i-1) || !p.cons(i-2) {
		return false
	}
	c := p.b[i]
	return c != 'w' && c != 'x' && c != 'y'
}

func (p *porter) ends(s string) bool {
	o := p.k - len(s) + 1
	if o < 0 {
		return false
	}
	for i := range len(s) {
		if p.b[o+i] != uint16(s[i]) {
			return false
		}
	}
	p.j = p.k - len(s)
	return true
}

func (p *porter) setTo(s string) {
	p.b = p.b[:p.j+1]
	for i := range len(s) {
		p.b = append(p.b, uint16(s[i]))
	}
	p.k = p.j + len(s)
}

// replace puts s for the suffix when the stem before it has a measure over 0.
func (p *porter) replace(s string) {
	if p.m() > 0 {
		p.setTo(s)
	}
}

// step1 takes off plurals and -ed or -ing.
func (p *porter) step1() {
	if p.b[p.k] == 's' {
		switch {
		case p.ends("sses"):
			p.k -= 2
		case p.ends("ies"):
			p.setTo("i")
		case p.b[p.k-1] != 's':
			p.k--
		}
	}
	if p.ends("eed") {
		if p.m() > 0 {
			p.k--
		}
	} else if (p.ends("ed") || p.ends("ing")) && p.vowelInStem() {
		p.k = p.j
		switch {
		case p.ends("at"):
			p.setTo("ate")
		case p.ends("bl"):
			p.setTo("ble")
		case p.ends("iz"):
			p.setTo("ize")
		case p.doubleCons(p.k):
			if c := p.b[p.k]; c != 'l' && c != 's' && c != 'z' {
				p.k--
			}
		case p.m() == 1 && p.cvc(p.k):
			p.setTo("e")
		}
	}
}

// step2 turns a final y to i when another vowel is in the stem.
func (p *porter) step2() {
	if p.ends("y") && p.vowelInStem() {
		p.b[p.k] = 'i'
	}
}

type suffix struct{ from, to string }

// Suffixes by their last unit but one (step 3) or their last (step 4).
var (
	porterStep3 = map[uint16][]suffix{
		'a': {{"ational", "ate"}, {"tional", "tion"}},
		'c': {{"enci", "ence"}, {"anci", "ance"}},
		'e': {{"izer", "ize"}},
		'l': {{"bli", "ble"}, {"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}},
		'o': {{"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}},
		's': {{"alism", "al"}, {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}},
		't': {{"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}},
		'g': {{"logi", "log"}},
	}
	porterStep4 = map[uint16][]suffix{
		'e': {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}},
		'i': {{"iciti", "ic"}},
		'l': {{"ical", "ic"}, {"ful", ""}},
		's': {{"ness", ""}},
	}
	porterStep5 = map[uint16][]string{
		'a': {"al"},
		'c': {"ance", "ence"},
		'e': {"er"},
		'i': {"ic"},
		'l': {"able", "ible"},
		'n': {"ant", "ement", "ment", "ent"},
		's': {"ism"},
		't': {"ate", "iti"},
		'u': {"ous"},
		'v': {"ive"},
		'z': {"ize"},
	}
)

// step3 maps double suffixes to single ones.
func (p *porter) step3() {
	if p.k == 0 {
		return
	}
	p.mapSuffix(porterStep3[p.b[p.k-1]])
}

// step4 deals with -ic-, -full, -ness and the like.
func (p *porter) step4() { p.mapSuffix(porterStep4[p.b[p.k]]) }

func (p *porter) mapSuffix(list []suffix) {
	for _, s := range list {
		if p.ends(s.from) {
			p.replace(s.to)
			return
		}
	}
}

// step5 takes off -ant, -ence and the like in a context of measure over 1.
func (p *porter) step5() {
	if p.k == 0 {
		return
	}
	c := p.b[p.k-1]
	found := false
	if c == 'o' {
		found = p.ends("ion") && p.j >= 0 && (p.b[p.j] == 's' || p.b[p.j] == 't') || p.ends("ou")
	} else {
		for _, s := range porterStep5[c] {
			if found = p.ends(s); found {
				break
			}
		}
	}
	if found && p.m() > 1 {
		p.k = p.j
	}
}

// step6 takes off a final -e and halves a final -ll.
func (p *porter) step6() {
	p.j = p.k
	if p.b[p.k] == 'e' {
		if a := p.m(); a > 1 || a == 1 && !p.cvc(p.k-1) {
			p.k--
		}
	}
	if p.b[p.k] == 'l' && p.doubleCons(p.k) && p.m() > 1 {
		p.k--
	}
}
