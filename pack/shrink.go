package pack

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/pack/unit"
)

// Shrinking leaves out the words of a sentence that say least: those of least
// self-information (Li et al., EMNLP 2023), under a language model that counts. A
// word's probability is that of a passage of the index having it, mixed with how
// often it follows the word before it among the candidates. What is left are
// exact ranges of the source, joined by blanks. It is off by default, since
// whole sentences keep more answers in the same budget (docs/benchmarks.md).

const (
	bigramShare  = .5 // of a word's probability that the word before it decides
	shrinkLeast  = 6  // words of a sentence that is shrunk
	shrinkAround = 1  // words on either side of one of the question, which stay with it
)

// negations stay, or what is left would say the opposite.
var negations = []string{"not", "no", "never", "none", "nor", "neither", "without", "cannot", "except", "unless", "only", "nicht", "kein", "nie", "ne", "pas", "sin", "nunca"}

// language is the counting part of the model: pairs of terms that follow each
// other in the candidates, and how often each comes first.
type language struct {
	pairs  map[uint64]int32
	firsts map[uint32]int32
}

func languageOf(all *unit.Set) *language {
	l := &language{make(map[uint64]int32), make(map[uint32]int32)}
	for i := range all.Units {
		occ := all.Occ[all.Units[i].From:all.Units[i].To]
		for k := 1; k < len(occ); k++ {
			l.pairs[uint64(occ[k-1])<<32|uint64(occ[k])]++
			l.firsts[occ[k-1]]++
		}
	}
	return l
}

// information of a term after another, in nats; the first of a unit has none
// before it. The logarithms are mixed, not the probabilities, and the occurrence
// itself does not count, since most pairs are unique.
func (l *language) information(idf float64, before, term uint32, first bool) float64 {
	n, all := l.pairs[uint64(before)<<32|uint64(term)]-1, l.firsts[before]-1
	if first || n <= 0 {
		return idf
	}
	return float64((1-bigramShare)*idf) + float64(bigramShare*portable.Log(float64(all)/float64(n)))
}

// wordRange is a word of a unit, between white space.
type wordRange struct {
	start, end  int
	information float64
	stays       bool
}

// ranges returns what is left of unit i: byte ranges of its text, or nil for all
// of it.
func (f *filler) ranges(i int) [][2]int {
	if left, ok := f.shrunk[i]; ok {
		return left
	}
	if f.o.Shrink <= 0 {
		return nil
	}
	if f.shrunk == nil {
		f.shrunk = make(map[int][][2]int)
	}
	if f.model == nil {
		f.model = languageOf(f.all)
	}
	f.shrunk[i] = f.shrink(i)
	return f.shrunk[i]
}

func (f *filler) shrink(i int) [][2]int {
	u := &f.all.Units[i]
	switch u.Kind {
	case corpus.Code, corpus.TableRow, corpus.Heading:
		return nil
	}
	words := f.words(u)
	drop := int(min(f.o.Shrink, 1) * float64(len(words)))
	if len(words) < shrinkLeast || drop == 0 {
		return nil
	}
	order := make([]int, 0, len(words))
	for k := range words {
		if !words[k].stays {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(words[a].information, words[b].information) })
	gone := make([]bool, len(words))
	for _, k := range order[:min(drop, len(order))] {
		gone[k] = true
	}
	var left [][2]int
	for k, w := range words {
		switch {
		case gone[k]:
		case k > 0 && !gone[k-1] && len(left) > 0:
			left[len(left)-1][1] = w.end
		default:
			left = append(left, [2]int{w.start, w.end})
		}
	}
	if len(left) == 0 {
		return nil
	}
	return left
}

// words cuts a unit at white space and says what each word is worth.
func (f *filler) words(u *unit.Unit) []wordRange {
	var words []wordRange
	for at := 0; at < len(u.Text); {
		r, n := utf8.DecodeRuneInString(u.Text[at:])
		if unicode.IsSpace(r) {
			at += n
			continue
		}
		end := at
		for end < len(u.Text) {
			r, n := utf8.DecodeRuneInString(u.Text[end:])
			if unicode.IsSpace(r) {
				break
			}
			end += n
		}
		words = append(words, wordRange{start: at, end: end, stays: stays(u.Text[at:end], len(words) == 0)})
		at = end
	}
	asked := make([]bool, len(words))
	var before uint32
	first, k := true, 0
	f.all.Docs[u.Doc].Analyzer.Each(u.Text, func(t string, start, _ int) {
		for k+1 < len(words) && words[k].end <= start {
			k++
		}
		h := unit.Hash(t)
		words[k].information = max(words[k].information, f.model.information(f.all.IDF(t), before, h, first))
		if f.o.ShrinkByQuestion && f.all.Lookup(t, h) >= 0 {
			asked[k] = true
		}
		before, first = h, false
	})
	for k := range words {
		for j := max(k-shrinkAround, 0); j <= min(k+shrinkAround, len(words)-1); j++ {
			words[k].stays = words[k].stays || asked[j]
		}
	}
	return words
}

// stays says whether a word is never left out: one with a digit, a negation,
// one that looks like a name.
func stays(word string, first bool) bool {
	bare := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if strings.ContainsFunc(bare, unicode.IsDigit) || strings.HasSuffix(bare, "n't") || strings.HasSuffix(bare, "n’t") {
		return true
	}
	if !first && bare != "" && unit.NameRune(bare) {
		return true
	}
	return slices.Contains(negations, strings.ToLower(bare))
}

// left is the text of unit i, without what shrinking leaves out.
func (f *filler) left(i int) string {
	text, ranges := f.all.Units[i].Text, f.ranges(i)
	if ranges == nil {
		return text
	}
	pieces := make([]string, len(ranges))
	for k, r := range ranges {
		pieces[k] = text[r[0]:r[1]]
	}
	return strings.Join(pieces, " ")
}
