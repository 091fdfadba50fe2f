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
	keptUp
	pronounInLast
	pronounKept
	aspectOfLast
	inFirst
	age
	isGeneral
	isCapital
	endsPhrase
	overtaken
	share
	afterPreposition
	wasDefined
	neighbour
	featureCount
)

// FeatureNames name the features in their order.
var FeatureNames = [featureCount]string{"always", "pronoun", "short", "article", "contents", "nothing named", "defines anew", "names anew",
	"in last", "kept up", "pronoun × in last", "pronoun × kept up", "aspect of last", "in first", "age", "general", "capital", "ends phrase",
	"overtaken", "share", "after preposition", "was defined", "neighbour"}

// Features of a candidate.
type Features [featureCount]float64

// Weights of the features.
type Weights [featureCount]float64

// Score is the probability that a word is meant.
func (w *Weights) Score(f *Features) float64 {
	sum := 0.0
	for i := range w {
		sum += w[i] * f[i]
	}
	return 1 / (1 + math.Exp(-sum))
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
	held, times := at, 0 // the last turn that named or carried it
	neighbours := false
	for i, p := range t.turns {
		stands := p.carried[w.term] > 0
		for k, o := range p.words {
			if o.term != w.term {
				continue
			}
			stands = true
			neighbours = neighbours || k > 0 && own[p.words[k-1].term] && p.words[k-1].adjoins(o, p.text) ||
				k+1 < len(p.words) && own[p.words[k+1].term] && o.adjoins(p.words[k+1], p.text)
		}
		if stands {
			times++
			held = max(held, i)
		}
	}
	inPrevious := at == n-1
	f[inLast] = yes(inPrevious)
	f[keptUp] = last.carried[w.term]
	f[pronounInLast] = yes(now.pronoun && inPrevious)
	f[pronounKept] = yes(now.pronoun) * last.carried[w.term]
	f[aspectOfLast] = yes(inPrevious && len(last.carried) > 0)
	f[inFirst] = yes(t.turns[0].has(w.term))
	f[age] = math.Log1p(float64(n - 1 - held))
	f[isGeneral] = yes(w.general)
	f[isCapital] = yes(w.capital)
	f[endsPhrase] = yes(w.last)
	for i := held + 1; i < n; i++ {
		if t.turns[i].defines {
			f[overtaken] = 1
		}
	}
	f[share] = float64(times) / float64(n)
	f[afterPreposition] = yes(w.after)
	f[wasDefined] = yes(w.fresh)
	f[neighbour] = yes(neighbours)
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
