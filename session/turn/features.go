package turn

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// features of a word that may be carried over; names for reports.
const (
	always = iota
	hasPronoun
	isShort
	hasArticle
	contents
	nothingNamed
	definesAnew
	namesAnew
	inLast
	inFocus
	inTopic
	pronounInLast
	pronounInFocus
	pronounInTopic
	emptyInFocus
	inFirst
	firstLeft
	age
	isGeneral
	isCapital
	afterPreposition
	isVerb
	isSubject
	pronounSubject
	featureCount
)

// FeatureNames name the features in their order.
var FeatureNames = [featureCount]string{"always", "pronoun", "short", "article", "contents", "nothing named", "defines anew", "names anew",
	"in last", "in focus", "in topic", "pronoun × in last", "pronoun × in focus", "pronoun × in topic", "nothing named × in focus",
	"in first", "first left", "age", "general", "capital", "after preposition", "verb", "subject", "pronoun × subject in focus"}

// Features of a candidate.
type Features [featureCount]float64

// Weights of the features.
type Weights [featureCount]float64

// Sum is the weighted sum of the features: the log odds that a word is meant.
func (w *Weights) Sum(f *Features) float64 {
	sum := 0.0
	for i := range w {
		sum += w[i] * f[i]
	}
	return sum
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// features of word w, which turn at named last, for a question that has the words own.
func (t *Thread) features(now *said, at int, w word, own map[string]bool) Features {
	var f Features
	n := len(t.turns)
	last := t.turns[n-1]
	f[always] = 1
	f[hasPronoun] = yes(now.pronoun)
	f[isShort] = yes(now.shortened)
	f[hasArticle] = yes(now.article && !now.pronoun)
	f[contents] = float64(min(len(now.words), 5)) / 5
	named := false
	for _, o := range now.words {
		named = named || !o.general
	}
	f[nothingNamed] = yes(!named)
	f[definesAnew] = yes(now.defines)
	f[namesAnew] = yes(now.names && !now.pronoun)
	held := at // the last turn that it was named in or the focus of
	for i, p := range t.turns {
		if p.focus[w.term] {
			held = max(held, i)
		}
	}
	f[inLast] = yes(at == n-1)
	f[inFocus] = yes(last.focus[w.term])
	f[inTopic] = yes(last.topic[w.term])
	f[pronounInLast] = f[hasPronoun] * f[inLast]
	f[pronounInFocus] = f[hasPronoun] * f[inFocus]
	f[pronounInTopic] = f[hasPronoun] * f[inTopic]
	f[emptyInFocus] = f[nothingNamed] * f[inFocus]
	f[inFirst] = yes(t.turns[0].has(w.term))
	f[firstLeft] = f[inFirst] * (1 - f[inFocus])
	f[age] = math.Log1p(float64(n - 1 - held))
	f[isGeneral] = yes(w.general)
	f[isCapital] = yes(w.capital)
	f[afterPreposition] = yes(w.after)
	f[isVerb] = yes(w.verb)
	f[isSubject] = yes(w.subject)
	f[pronounSubject] = f[pronounInFocus] * yes(w.subject || w.capital)
	return f
}

func (s *said) has(term string) bool {
	for _, w := range s.words {
		if w.term == term {
			return true
		}
	}
	return false
}

// adjoins says that nothing stands between a word and the next one.
func (w word) adjoins(next word, in string) bool {
	return next.start >= w.end && strings.TrimSpace(in[w.end:next.start]) == ""
}

// personIn is the name of two words and more, in capitals, that the texts have most often.
func personIn(texts []string) string {
	count := map[string]int{}
	best := ""
	for _, s := range texts {
		for _, run := range nameRuns(s) {
			if count[run]++; count[run] > count[best] {
				best = run
			}
		}
	}
	return best
}

// nameRuns are the runs of two to four words in capitals.
func nameRuns(s string) (out []string) {
	start, end, n := 0, 0, 0
	flush := func() {
		if n >= 2 && n <= 4 {
			out = append(out, s[start:end])
		}
		n = 0
	}
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !unicode.IsLetter(r) {
			at += size
			continue
		}
		from := at
		for at < len(s) {
			r, size := utf8.DecodeRuneInString(s[at:])
			if !unicode.IsLetter(r) && r != '\'' && r != '-' {
				break
			}
			at += size
		}
		if unicode.IsUpper(r) && (n == 0 || s[end:from] == " ") {
			if n == 0 {
				start = from
			}
			n, end = n+1, at
			continue
		}
		flush()
		if unicode.IsUpper(r) {
			start, end, n = from, at, 1
		}
	}
	flush()
	return out
}
