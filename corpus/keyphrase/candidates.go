// Package keyphrase finds the phrases that say what a text is about: runs of words
// without function words and verbs between them, ranked by what they say and where they
// stand. Where a corpus is at hand, how rare their words are there counts too.
package keyphrase

import (
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/text"
)

// mostWords is how many words a phrase has at most; longer runs are cut.
const mostWords = 5

// word is a word of a text with content.
type word struct {
	term       string
	start, end int
	number     int // among the words with content
}

// candidate is a phrase with its places.
type candidate struct {
	terms      []string
	start, end int // where it stands first
	places     int // how often it stands as a phrase of its own
	within     int // how often inside longer ones
	first      int // its first word's number
}

// runs divides a text into runs of words that nothing stands between but spaces and hyphens.
func runs(a *text.Analyzer, s string) (all [][]word) {
	words := 0
	var run []word
	last := 0
	flush := func() {
		if len(run) > 0 {
			all = append(all, run)
		}
		run = nil
	}
	a.EachContent(s, func(term string, start, end int) {
		if start < last { // another term of the same word
			return
		}
		if strings.ContainsFunc(s[last:start], func(r rune) bool { return !unicode.IsSpace(r) && r != '-' }) || strings.Count(s[last:start], "\n") > 1 {
			flush()
		}
		last = end
		words++
		if breaks(s[start:end]) {
			flush()
			return
		}
		run = append(run, word{strings.Clone(term), start, end, words})
	})
	flush()
	return all
}

// breaks says that a word stands in no phrase: numbers, single letters, common verbs and
// what describes in general.
func breaks(w string) bool {
	letters := 0
	for _, r := range w {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if letters < 2 {
		return true
	}
	lower := strings.ToLower(w)
	return common[lower] || len(lower) > 4 && strings.HasSuffix(lower, "ly") && !nouns[lower]
}

// nouns that end as adverbs do.
var nouns = set("family assembly anomaly supply reply butterfly monopoly italy july")

// common are words of prose that begin or end no phrase.
var common = set(`
present presents presented presenting propose proposes proposed proposing show shows showed shown showing describe describes described describing
discuss discusses discussed discussing use uses used using consider considers considered considering provide provides provided providing
obtain obtains obtained obtaining develop develops developed developing investigate investigates investigated investigating study studies studied
examine examines examined examining demonstrate demonstrates demonstrated demonstrating introduce introduces introduced introducing
suggest suggests suggested apply applies applied applying compare compares compared comparing give gives given giving make makes made making
find finds found finding allow allows allowed allowing require requires required requiring based called known derive derives derived deriving
achieve achieves achieved improve improves improved improving include includes included including exist exists existing occur occurs occurred
become becomes became take takes taken taking lead leads leading led establish establishes established report reports reported
argue argues argued analyze analyzes analyzed analyse analyses analysed explore explores explored exploring address addresses addressed addressing
offer offers offered offering enable enables enabled enabling need needs needed help helps helped seem seems appear appears prove proves proved proven
concern concerns concerned concerning represent represents represented define defines defined defining determine determines determined determining
identify identifies identified evaluate evaluates evaluated evaluating focus focuses focused illustrate illustrates illustrated involve involves involved involving
perform performs performed performing produce produces produced reduce reduces reduced reducing increase increases increased increasing
extend extends extended follow follows followed following contain contains contained containing depend depends depending satisfy satisfies
solve solved construct constructed implement implemented implementing employ employs employed employing generate generates generated discover
carry carried conclude concludes concluded aim aims aimed deal deals dealing look looking work works worked working try tries tried
new novel many several various different important recent recently general certain possible good better best large small high low great main major
first second third one two three four five six seven eight nine ten last next other another such similar same own particular specific significant
simple effective efficient able available well even still much less least often usually always never also however therefore thus hence moreover
furthermore although while whether either neither both each every all any some most more few number paper article result results
approach approaches way ways aspect aspects issue issues example examples case cases
et al etc ie eg fig figure table section chapter page pages vol
year years today time times recent current currently previous previously respect term terms part parts point points set sets
`)

func set(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// candidates are the phrases of a text, in the order in which they stand there first.
func candidates(a *text.Analyzer, s string) (list []*candidate) {
	all := runs(a, s)
	byKey := map[string]*candidate{}
	key := func(ws []word) string {
		terms := make([]string, len(ws))
		for i, w := range ws {
			terms[i] = w.term
		}
		return strings.Join(terms, " ")
	}
	for _, run := range all {
		for len(run) > 0 {
			n := min(len(run), mostWords)
			ws := run[:n]
			run = run[n:]
			k := key(ws)
			c := byKey[k]
			if c == nil {
				c = &candidate{terms: strings.Split(k, " "), start: ws[0].start, end: ws[n-1].end, first: ws[0].number}
				byKey[k] = c
				list = append(list, c)
			}
			c.places++
		}
	}
	for _, run := range all { // phrases inside longer ones
		for n := 1; n < len(run); n++ {
			for i := 0; i+n <= len(run); i++ {
				if c := byKey[key(run[i:i+n])]; c != nil {
					c.within++
				}
			}
		}
	}
	return list
}
