package text

import (
	"maps"
	"strings"
	"sync"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	snowballenglish "github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
)

// language is a language with a Snowball stemmer.
type language struct {
	code string // ISO 639-1
	name string // in English, lower case
	stem func(*snowballstem.Env) bool
	stop string // function words, separated by spaces
}

var languages = []language{
	{"ar", "arabic", arabic.Stem, arabicStop},
	{"da", "danish", danish.Stem, danishStop},
	{"nl", "dutch", dutch.Stem, dutchStop},
	{"en", "english", snowballenglish.Stem, englishFunctionWords},
	{"fi", "finnish", finnish.Stem, finnishStop},
	{"fr", "french", french.Stem, frenchStop},
	{"de", "german", german.Stem, germanStop},
	{"hu", "hungarian", hungarian.Stem, hungarianStop},
	{"ga", "irish", irish.Stem, irishStop},
	{"it", "italian", italian.Stem, italianStop},
	{"no", "norwegian", norwegian.Stem, norwegianStop},
	{"pt", "portuguese", portuguese.Stem, portugueseStop},
	{"ro", "romanian", romanian.Stem, romanianStop},
	{"ru", "russian", russian.Stem, russianStop},
	{"es", "spanish", spanish.Stem, spanishStop},
	{"sv", "swedish", swedish.Stem, swedishStop},
	{"ta", "tamil", tamil.Stem, tamilStop},
	{"tr", "turkish", turkish.Stem, turkishStop},
}

func languageNamed(name string) (language, bool) {
	for _, l := range languages {
		if l.name == name {
			return l, true
		}
	}
	return language{}, false
}

func (l language) prose() prose {
	p := prose{stem: l.stem, stop: set(l.stop), turkish: l.code == "tr"}
	switch l.code {
	case "da", "fi", "no", "sv": // å, ä and ö are letters of their own there
	default:
		p.bare = true
		p.stopAsking = set(foldAccents(l.stop)) // as they are typed in haste
	}
	return p
}

// others are the languages without a stemmer that DetectLanguage knows.
var others = map[string]string{"el": "greek", "he": "hebrew", "ja": "japanese", "ko": "korean", "th": "thai", "zh": "chinese"}

// Detectable are the languages that DetectLanguage tells apart: their names in
// English, in lower case, by ISO 639-1 code.
func Detectable() map[string]string {
	m := maps.Clone(others)
	for _, l := range languages {
		m[l.code] = l.name
	}
	return m
}

// english is the default analysis.
var english = prose{
	stem:       snowballenglish.Stem,
	stop:       luceneStop,
	stopAsking: set(englishFunctionWords + " " + englishAsking),
	possessive: true,
	accents:    true,
}

func set(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// AnalyzerName names the analyzer for a document of that type ("go", "code" and
// "data" are written in programming languages) in that language: an ISO 639-1 code, the
// lower-case name of a programming language, or empty when it is not known.
// Prose of unknown language goes to "english"; prose of a known language
// without a stemmer goes to "simple", but Chinese, Japanese, Korean and Thai,
// which mostly come with English words between, go to "english".
func AnalyzerName(docType, lang string) string {
	if docType == "go" || docType == "code" || docType == "data" {
		return "code"
	}
	switch lang {
	case "", "zh", "ja", "ko", "th":
		return "english"
	case "nb", "nn":
		return "norwegian"
	}
	for _, l := range languages {
		if l.code == lang || l.name == lang {
			return l.name
		}
	}
	if len(lang) == 2 {
		return "simple"
	}
	return "english"
}

// foreignWords are the function words of each language, with accents and without.
var foreignWords = sync.OnceValue(func() map[string]map[string]bool {
	m := map[string]map[string]bool{}
	for _, l := range languages {
		words := set(l.stop + " " + foldAccents(l.stop))
		if l.code == "en" {
			maps.Copy(words, english.stopAsking)
		}
		m[l.code] = words
	}
	return m
})
