package turn

import (
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
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
		sum += float64(w[i] * f[i]) // rounded by itself, for the same sum on every machine
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
	f[age] = portable.Log(float64(n - held))
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
