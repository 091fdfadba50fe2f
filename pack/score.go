package pack

import (
	"regexp"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
)

// BM25's parameters. Sentences are so short that their length says little.
const (
	k1        = 1.2
	bWindow   = .75
	bSentence = .4
)

// Windows are measured in bytes, some 4.5 of which make a token of English;
// counting tokens of every candidate would cost more than all the rest.
const (
	nearBytes    = 200 * 9 / 2
	sectionBytes = 400 * 9 / 2
	chapterBytes = 1600 * 9 / 2
)

// broad is a cue of questions that want a discussion or a summary rather than
// a fact. It is English only; elsewhere such questions lose that bonus.
var broad = regexp.MustCompile(`(?i)\b(summar(y|i[sz]e\w*)|overview|discuss\w*|opinions?|think|thoughts?|main points?|conclu(de|ded|sions?)|decisions?|decided?)\b`)

// scales are the best scores of each kind among the first candidates: they must
// not change when documents join later.
type scales struct{ sentence, near, section, chapter, document float64 }

func (s scales) of(best, x float64) float64 {
	if best > 0 {
		return x / best
	}
	return 0
}

// features sets what the units' own text, place and document say: all features
// but Bridge, Lead and Names. The scales are set when they are zero.
func (r *reader) features(question string, tops *scales) {
	sentence, near, section, chapter := r.bm25(0, 0, bSentence), r.bm25(nearBytes, 1, bWindow), r.bm25(sectionBytes, 1, bWindow), r.bm25(chapterBytes, 1, bWindow)
	if tops.near == 0 {
		tops.sentence, tops.near, tops.section, tops.chapter = highest(sentence), highest(near), highest(section), highest(chapter)
		for i := range r.docs {
			tops.document = max(tops.document, r.docs[i].Score)
		}
	}
	drafts := r.draftScores()
	asked := r.asked(question)
	isBroad := broad.MatchString(question)
	for i := range r.units {
		u := &r.units[i]
		d := &r.docs[u.doc]
		x := &u.x
		x[Sentence] = tops.of(tops.sentence, sentence[i])
		x[Cover] = r.cover(i)
		x[Near] = tops.of(tops.near, near[i])
		x[Section] = tops.of(tops.section, section[i])
		x[Block] = tops.of(tops.section, r.around(section, i))
		x[Chapter] = tops.of(tops.chapter, chapter[i])
		if isBroad {
			x[Broad] = x[Chapter]
		}
		if drafts != nil {
			x[Draft] = drafts[i]
		}
		x[DocScore] = tops.of(tops.document, d.Score)
		x[Title] = d.titleShare
		if asked[u.doc] {
			x[Asked] = 1
		}
		x[Length] = -portable.Log(float64(1+(len(u.text)*2+8)/9)) / 10
	}
}

// How far the units of a broad question share what they have.
const (
	spreadBytes = 800 * 9 / 2 // of 4.5 a token
	spreadShare = .8
)

// spread gives every unit, for questions that want a discussion or a summary,
// a share of the mean features of the text of about 800 tokens around it. What
// answers such a question is a stretch, of which the sentences between the good
// ones are part. Features are spread rather than scores, which comes to the
// same, so that the tuner sees it.
func (r *reader) spread() {
	n := len(r.units)
	sums := make([]Features, n+1) // of the units before, times their bytes
	for i := range r.units {
		size := float64(r.bytes[i+1] - r.bytes[i])
		for f, x := range r.units[i].x {
			sums[i+1][f] = sums[i][f] + float64(size*x)
		}
	}
	for start, end := 0, 0; start < n; start = end {
		for end = start + 1; end < n && !r.units[end].first; end++ {
		}
		lo, hi := start, start+1
		for i := start; i < end; i++ {
			middle := r.bytes[i] + r.bytes[i+1] // in half bytes
			for lo < i && middle-(r.bytes[lo]+r.bytes[lo+1]) > spreadBytes {
				lo++
			}
			for hi = max(hi, i+1); hi < end && r.bytes[hi]+r.bytes[hi+1]-middle <= spreadBytes; hi++ {
			}
			size := float64(r.bytes[hi] - r.bytes[lo])
			if size <= 0 {
				continue
			}
			x := &r.units[i].x
			for f := range x {
				mean := (sums[hi][f] - sums[lo][f]) / size
				x[f] = float64((1-spreadShare)*x[f]) + float64(spreadShare*mean)
			}
		}
	}
}

// score adds up the features of all units.
func (r *reader) score(w *Weights) {
	for i := range r.units {
		r.units[i].score = w.Score(&r.units[i].x)
	}
}

func highest(v []float64) float64 {
	top := 0.0
	for _, x := range v {
		top = max(top, x)
	}
	return top
}

// around is the best of v among the units whose middle lies within half a
// section of that of unit i, with nothing missing between.
func (r *reader) around(v []float64, i int) float64 {
	top := v[i]
	middle := r.bytes[i] + r.bytes[i+1]
	for j := i; !r.units[j].first; j-- {
		if middle-(r.bytes[j-1]+r.bytes[j]) > sectionBytes {
			break
		}
		top = max(top, v[j-1])
	}
	for j := i + 1; j < len(r.units) && !r.units[j].first && r.bytes[j]+r.bytes[j+1]-middle <= sectionBytes; j++ {
		top = max(top, v[j])
	}
	return top
}

// cover is the share of the question's idf in the unit and what stands above it.
func (r *reader) cover(i int) float64 {
	if r.sumIDF <= 0 {
		return 0
	}
	above := &r.docs[r.units[i].doc].sections[r.units[i].section]
	s := 0.0
	for t := range r.terms {
		if above.tf[t] > 0 || r.count[t][i+1] > r.count[t][i] {
			s += r.terms[t].idf
		}
	}
	return s / r.sumIDF
}

// bm25 scores, for every unit, the window of whole units that lie within size
// bytes around its middle (at least the unit itself), with the title and the
// headings above the unit counted title times.
func (r *reader) bm25(size int, title, b float64) []float64 {
	return r.windows(r.terms, r.count, size, title, b)
}

// windows is bm25 of any terms, given how many of each lie before each unit;
// other terms than the question's have no title.
func (r *reader) windows(of []term, count [][]int32, size int, title, b float64) []float64 {
	n := len(r.units)
	out := make([]float64, n)
	if n == 0 {
		return out
	}
	// The average length: what a window of this size has of the candidates' terms.
	length := float64(size) * float64(len(r.occ)) / float64(max(r.bytes[n], 1))
	if size == 0 {
		length = float64(len(r.occ)) / float64(n)
	}
	length += float64(3 * title)
	length = max(length, 1)
	lo, hi := 0, 0
	end := 0 // of the run of adjoining units that i lies in
	for i := range r.units {
		if i >= end {
			lo, hi = i, i+1
			for end = i + 1; end < n && !r.units[end].first; end++ {
			}
		}
		// In half bytes, to stay with integers.
		middle := r.bytes[i] + r.bytes[i+1]
		for lo < i && 2*r.bytes[lo] < middle-size {
			lo++
		}
		hi = max(hi, i+1)
		for hi < end && 2*r.bytes[hi+1] <= middle+size {
			hi++
		}
		above := &r.docs[r.units[i].doc].sections[r.units[i].section]
		terms := float64(r.units[hi-1].to-r.units[lo].from) + float64(title*above.len)
		norm := float64(k1 * (1 - b + float64(b*terms)/length))
		s := 0.0
		for t := range of {
			tf := float64(count[t][hi] - count[t][lo])
			if title > 0 {
				tf += float64(title * above.tf[t])
			}
			if tf > 0 {
				s += float64(of[t].idf * (float64(tf*(k1+1)) / (tf + norm)))
			}
		}
		out[i] = s
	}
	return out
}

// asked says for each document whether the question has its title, all terms of
// it in a row.
func (r *reader) asked(question string) []bool {
	out := make([]bool, len(r.docs))
	var words []string // of the question, by one analyzer
	var by *text.Analyzer
	for d := range r.docs {
		s := &r.docs[d]
		if len(s.titleTerms) == 0 || r.lookup(s.titleTerms[0], hash(s.titleTerms[0])) < 0 {
			continue
		}
		if s.Analyzer != by {
			by, words = s.Analyzer, words[:0]
			by.Each(question, func(t string, _, _ int) { words = append(words, t) })
		}
		for i := 0; i+len(s.titleTerms) <= len(words) && !out[d]; i++ {
			out[d] = slices.Equal(words[i:i+len(s.titleTerms)], s.titleTerms)
		}
	}
	return out
}
