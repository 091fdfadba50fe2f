package pack

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/portable"
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

func (r *reader) language() *language {
	l := &language{make(map[uint64]int32), make(map[uint32]int32)}
	for i := range r.units {
		occ := r.occ[r.units[i].from:r.units[i].to]
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
		f.model = f.r.language()
	}
	f.shrunk[i] = f.shrink(i)
	return f.shrunk[i]
}

func (f *filler) shrink(i int) [][2]int {
	u := &f.r.units[i]
	switch u.kind {
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
func (f *filler) words(u *unit) []wordRange {
	var words []wordRange
	for at := 0; at < len(u.text); {
		r, n := utf8.DecodeRuneInString(u.text[at:])
		if unicode.IsSpace(r) {
			at += n
			continue
		}
		end := at
		for end < len(u.text) {
			r, n := utf8.DecodeRuneInString(u.text[end:])
			if unicode.IsSpace(r) {
				break
			}
			end += n
		}
		words = append(words, wordRange{start: at, end: end, stays: stays(u.text[at:end], len(words) == 0)})
		at = end
	}
	asked := make([]bool, len(words))
	var before uint32
	first, k := true, 0
	f.r.docs[u.doc].Analyzer.Each(u.text, func(t string, start, _ int) {
		for k+1 < len(words) && words[k].end <= start {
			k++
		}
		h := hash(t)
		words[k].information = max(words[k].information, f.model.information(f.r.idf(t), before, h, first))
		if f.o.ShrinkByQuestion && f.r.lookup(t, h) >= 0 {
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
	if !first && bare != "" && nameRune(bare) {
		return true
	}
	return slices.Contains(negations, strings.ToLower(bare))
}

// left is the text of unit i, without what shrinking leaves out.
func (f *filler) left(i int) string {
	text, ranges := f.r.units[i].text, f.ranges(i)
	if ranges == nil {
		return text
	}
	pieces := make([]string, len(ranges))
	for k, r := range ranges {
		pieces[k] = text[r[0]:r[1]]
	}
	return strings.Join(pieces, " ")
}

// stretch is a range of a document on its way into the text.
type stretch struct {
	start, end int
	inline     bool
}

// stretches are the ranges of adjoining units.
func (f *filler) stretches(units []int) []stretch {
	var out []stretch
	touches := false // the last range reaches the end of its unit
	for k, i := range units {
		u := &f.r.units[i]
		ranges := f.ranges(i)
		if ranges == nil {
			ranges = [][2]int{{0, len(u.text)}}
		}
		for j, r := range ranges {
			if j == 0 && touches && r[0] == 0 {
				out[len(out)-1].end = u.start + r[1]
			} else {
				out = append(out, stretch{u.start + r[0], u.start + r[1], j > 0 || k > 0})
			}
			touches = r[1] == len(u.text)
		}
	}
	return out
}
