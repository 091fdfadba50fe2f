package text

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/strhash"
)

// ErrUnknown is wrapped by errors about an analyzer that does not exist.
var ErrUnknown = errors.New("unknown analyzer")

// Analyzer turns text into terms. It remembers the words it has seen and is
// therefore not safe for concurrent use: give each goroutine a Clone.
type Analyzer struct {
	name    string
	style   *style
	expand  expander
	known   cache // words of documents
	asked   cache // words of questions
	scratch []string
}

// expander appends the terms of one word, or of one bigram, to dst. asking is
// set for words of a question.
type expander interface {
	expand(dst []string, word string, asking bool) []string
}

// NewAnalyzer returns the analyzer of that name: one of Names. The error wraps
// ErrUnknown and lists the names.
func NewAnalyzer(name string) (*Analyzer, error) {
	a := &Analyzer{name: name, style: proseStyle}
	switch name {
	case "english":
		a.expand = english
	case "lucene-english":
		a.style, a.expand = luceneStyle, luceneEnglish{}
	case "code":
		a.style, a.expand = codeStyle, code{}
	case "simple":
		a.expand = prose{accents: true}
	default:
		l, ok := languageNamed(name)
		if !ok {
			return nil, fmt.Errorf("%w %q; known are %s", ErrUnknown, name, strings.Join(Names(), ", "))
		}
		a.expand = l.prose()
	}
	return a, nil
}

// Names returns the names of all analyzers: the four special ones, then the
// other languages in alphabetical order.
func Names() []string {
	names := []string{"english", "lucene-english", "code", "simple"}
	for _, l := range languages {
		if l.name != "english" {
			names = append(names, l.name)
		}
	}
	return names
}

// Name returns the name that NewAnalyzer makes the same analyzer from.
func (a *Analyzer) Name() string { return a.name }

// Clone returns an analyzer that gives the same terms, with a memory of its own.
func (a *Analyzer) Clone() *Analyzer {
	return &Analyzer{name: a.name, style: a.style, expand: a.expand}
}

// Terms appends the terms of s, in the order of the text, to dst. s should be
// UTF-8; invalid bytes separate words.
func (a *Analyzer) Terms(dst []string, s string) []string {
	for i := 0; ; {
		start, end, k := a.style.next(s, i)
		switch k {
		case kindWord:
			if terms := a.terms(s[start:end]); len(terms) == 1 {
				dst = append(dst, terms[0]) // mostly; and cheaper than the general case
			} else {
				dst = append(dst, terms...)
			}
		case kindChars:
			dst = a.bigrams(dst, s[start:end])
		default:
			return dst
		}
		i = end
	}
}

// QueryTerms appends the terms of a question to dst. It drops words that ask
// rather than name ("what", "does", "tell") beyond the stop words of Terms.
// When nothing would be left it gives what Terms gives, which is nothing for a
// question of stop words only. A term that the question repeats is repeated.
func (a *Analyzer) QueryTerms(dst []string, q string) []string {
	return a.AskedIn(dst, q, "")
}

// AskedIn is QueryTerms of a question that is known to be in a language, an ISO
// 639-1 code: the function words of that language are dropped too, which name
// nothing in texts of another one but are rare there.
func (a *Analyzer) AskedIn(dst []string, q, lang string) []string {
	before := len(dst)
	foreign := a.foreign(lang)
	for i := 0; ; {
		start, end, k := a.style.next(q, i)
		switch k {
		case kindWord:
			if foreign == nil || !isForeign(foreign, prose{possessive: true}.fold(q[start:end])) {
				dst = append(dst, a.lookup(&a.asked, q[start:end], true)...)
			}
		case kindChars:
			dst = a.askedChars(dst, q[start:end], lang)
		default:
			if len(dst) == before {
				return a.Terms(dst, q)
			}
			return dst
		}
		i = end
	}
}

// isForeign says that a word is among function words, also behind one that is elided: "qu'est".
func isForeign(words map[string]bool, w string) bool {
	if words[w] {
		return true
	}
	i := strings.IndexAny(w, "'’")
	if i < 0 {
		return false
	}
	_, n := utf8.DecodeRuneInString(w[i:])
	return i <= len("qu") && words[w[i+n:]]
}

// foreign are the function words of a language, without accents, where a is the
// analysis of another one.
func (a *Analyzer) foreign(lang string) map[string]bool {
	own := a.name
	if own == "code" {
		own = "english"
	}
	if name := AnalyzerName("", lang); lang == "" || a.style == luceneStyle || name == own {
		return nil
	}
	return foreignWords()[lang]
}

// Each calls f for each term of Terms with the bytes s[start:end] of the word it
// comes from: the whole identifier for its parts, both characters for a bigram.
// f must not use a.
func (a *Analyzer) Each(s string, f func(term string, start, end int)) {
	a.each(&a.known, false, s, f)
}

// EachContent is Each without the words that QueryTerms drops: what is left
// says what s is about.
func (a *Analyzer) EachContent(s string, f func(term string, start, end int)) {
	a.each(&a.asked, true, s, f)
}

func (a *Analyzer) each(c *cache, asking bool, s string, f func(term string, start, end int)) {
	for i := 0; ; {
		start, end, k := a.style.next(s, i)
		switch k {
		case kindWord:
			for _, t := range a.lookup(c, s[start:end], asking) {
				f(t, start, end)
			}
		case kindChars:
			for at, stop := range pairs(s[start:end]) {
				for _, t := range a.terms(s[start+at : start+stop]) {
					f(t, start+at, start+stop)
				}
			}
		default:
			return
		}
		i = end
	}
}

// askedChars is bigrams of a question: without the words that ask, and in Japanese
// without pairs of Hiragana, which are endings and particles.
func (a *Analyzer) askedChars(dst []string, run, lang string) []string {
	for at, stop := range pairs(run) {
		pair := run[at:stop]
		if lang == "zh" && chineseAsking[pair] || lang == "ja" && hiragana(pair) {
			continue
		}
		dst = append(dst, a.terms(pair)...)
	}
	return dst
}

func (a *Analyzer) bigrams(dst []string, run string) []string {
	for at, stop := range pairs(run) {
		dst = append(dst, a.terms(run[at:stop])...)
	}
	return dst
}

// pairs yields the byte ranges of overlapping pairs of characters of a run, or
// that of the only character.
func pairs(run string) func(func(int, int) bool) {
	return func(yield func(int, int) bool) {
		at, mid := 0, char(run)
		if mid == len(run) {
			yield(0, mid)
			return
		}
		for mid < len(run) {
			stop := mid + char(run[mid:])
			if !yield(at, stop) {
				return
			}
			at, mid = mid, stop
		}
	}
}

func (a *Analyzer) terms(word string) []string { return a.lookup(&a.known, word, false) }

// lookup returns the terms of word; they are valid until the next lookup.
func (a *Analyzer) lookup(c *cache, word string, asking bool) []string {
	if len(word) > cacheMaxWord {
		a.scratch = a.expand.expand(a.scratch[:0], word, asking)
		return a.scratch
	}
	h := strhash.Sum(word)
	if terms, ok := c.get(word, h); ok {
		return terms
	}
	a.scratch = a.expand.expand(a.scratch[:0], word, asking)
	return c.put(word, h, a.scratch)
}
