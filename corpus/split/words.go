package split

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// abbreviation says when a full stop after an abbreviation ends a sentence all
// the same.
type abbreviation uint8

const (
	_            abbreviation = iota
	never                     // e.g.
	title                     // Dr. — a name follows
	beforeNumber              // Fig. 3, No. 5, Eq. (2): unless a word follows
	beforeDigit               // Jan. 5: unless something else follows
	whenStarter               // Inc., U.S., et al.: only before a word that starts sentences
	whenCapital               // etc., a.m.: before any capital
)

// abbreviations holds lower-case forms without the last full stop.
var abbreviations = func() map[string]abbreviation {
	m := make(map[string]abbreviation)
	// In order: of a form listed twice, the first stays.
	for a, list := range [...]string{
		never: `e.g i.e eg ie cf viz vs v.s i.a resp approx incl excl esp
			z.b d.h u.a u.u u.ä o.ä i.d.r s.o s.u vgl bzw evtl ggf inkl zzgl sog dt engl lat griech geb gest zit
			p.ex p.ej par.ex bijv d.w.z o.a t.ex bl.a d.v.s np tzn tj м.б т.е т.н напр ca ок`,
		title: `dr mr mrs ms mx prof profs drs messrs hon rev fr st ste gen col maj capt cpt lt sgt cpl pvt cmdr adm
			gov sen rep reps sens pres amb supt insp det mt ft pt hr hrn frl dipl ing mag dra sra srta
			mme mlle mgr dott sig sigg avv им ул г-н г-жа проф акад ген`,
		beforeNumber: `no nos fig figs eq eqs eqn eqns ref refs tab vol vols chap sec sect secs art arts para paras pp
			nr nrn str abs bd hft kap s.a aufl anm ziff núm num pág págs tav cap стр рис табл гл тов`,
		beforeDigit: `jan feb mar apr jun jul aug sep sept oct nov dec p ch pl app ex ver`,
		whenStarter: `lit inc ltd co corp bros plc llc jr sr esq dept univ assn assoc est ave blvd rd hwy ed eds al
			trans ph.d m.d b.a m.a b.sc m.sc d.c u.s u.k u.n e.u u.s.a misc gmbh tel ext intl natl dist op`,
		whenCapital: `etc min max usw u.s.w a.m p.m ff et.al a.d b.c b.c.e c.e et.seq др т.д т.п гг вв`,
	} {
		for _, w := range strings.Fields(list) {
			if _, ok := m[w]; !ok {
				m[w] = abbreviation(a)
			}
		}
	}
	return m
}()

// lookup finds the abbreviation that w is, in any case.
func lookup(w string) (abbreviation, bool) {
	var buf [48]byte
	if len(w) > 24 {
		return 0, false
	}
	low := buf[:0]
	for i := 0; i < len(w); i++ {
		if w[i] >= utf8.RuneSelf {
			a, ok := abbreviations[strings.ToLower(w)]
			return a, ok
		}
		if isUpperByte(w[i]) {
			low = append(low, w[i]|0x20)
		} else {
			low = append(low, w[i])
		}
	}
	a, ok := abbreviations[string(low)]
	return a, ok
}

// capitalFits keeps words that only look like an abbreviation apart from it: a
// title, a month and a company form are written with a capital, "max", "min",
// "no", "art", "co", "ex" only count in the case they are used in.
func capitalFits(word string, a abbreviation) bool {
	small := isLowerByte(word[0])
	switch a {
	case title:
		return !small || word[0] >= 0x80
	case beforeDigit:
		switch word {
		case "p", "ch", "pl", "app", "ex", "ver":
			return true
		}
		return !small
	case whenStarter:
		switch strings.ToLower(word) {
		case "inc", "ltd", "co", "corp", "bros", "jr", "sr", "ave", "blvd", "rd", "hwy", "est", "op":
			return !small || word == "op"
		}
	}
	return true
}

// starters are words that often begin an English sentence and seldom a name.
var starters = setOf(`A About After Again All Also Although Among An And Another Any As At Because Before Both But By
	Can Could Despite Did Do Does Due During Each Either Even Every Finally First For From Further Furthermore Given
	Had Has Have He Hence Her Here His How However I If In Indeed Instead Is It Its Just Last Later Like Many May Maybe
	Meanwhile Moreover Most Much Must My Neither Next No Nor Not Now Of On Once One Only Or Other Others Our Over
	Perhaps Please Rather Recently Second Several She Should Similarly Since So Some Soon Still Such Than That The
	Their Then There Therefore These They This Those Though Through Thus To Today Together Too Two Under Unlike Until
	Upon Very Was We Well Were What When Where Whereas Whether Which While Who Why Will With Within Without Would Yes
	Yet You Your`)

// ordinals follow a day or century number in German.
var ordinals = setOf(`Januar Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert
	Jahrhunderts Kapitel Auflage Klasse Platz Mal Weltkrieg Weltkriegs Weltkrieges Jänner Januar Tag Runde Lebensjahr Stock Bezirk`)

func setOf(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

func isStarter(w string) bool { return starters[w] }

// isInitial says whether w is a single letter, as in "J. Smith", "P. Müller" or
// "A. С. Пушкин".
func isInitial(w string) bool {
	r, n := utf8.DecodeRuneInString(w)
	return n == len(w) && (unicode.IsUpper(r) || w == "p" || w == "v" || w == "c" || w == "s")
}

// isAcronym says whether w is a dotted abbreviation: known, or of parts of at
// most two letters.
func isAcronym(w string) bool {
	if _, ok := lookup(w); ok {
		return true
	}
	for part := range strings.SplitSeq(w, ".") {
		if utf8.RuneCountInString(part) > 2 {
			return false
		}
	}
	return true
}

func isAllUpper(w string) bool {
	for _, r := range w {
		if unicode.IsLower(r) {
			return false
		}
	}
	return true
}

func isLetterByte(c byte) bool { return class[c] == cLetter }
func isLowerByte(c byte) bool  { return 'a' <= c && c <= 'z' }
func isUpperByte(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool      { return '0' <= c && c <= '9' }
func isBracket(c byte) bool    { return c == ')' || c == ']' || c == '}' }

// isCloser says whether r may stand between a stop and the end of a sentence.
func isCloser(r rune) bool {
	switch r {
	case '"', '\'', ')', ']', '}', '*', '_', '`', '”', '’', '»', '›', '」', '』', '）', '】', '》', '〉', '“':
		return true
	}
	return false
}

// isOpener says whether r may stand before the first word of a sentence.
func isOpener(r rune) bool {
	switch r {
	case '"', '\'', '(', '[', '{', '*', '_', '`', '“', '‘', '«', '‹', '„', '‚', '「', '『', '（', '【', '¿', '¡', '»', '”':
		return true
	}
	return false
}

// caseless says whether a text has been put into lower case (or has no capitals
// by habit), judged by up to 64 KiB of it.
func caseless(t string) bool {
	t = t[:min(len(t), 1<<16)]
	small, capital := 0, 0
	for i := 0; i < len(t); i++ {
		if isLowerByte(t[i]) {
			small++
		} else if isUpperByte(t[i]) {
			capital++
		}
	}
	return small >= 40 && capital*250 < small
}
