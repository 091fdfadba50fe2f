package pack

import (
	"regexp"

	"github.com/tamis-search/tamis/internal/portable"
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

// score sets the score of all units but for bridges and names. tops holds the
// best score of each kind; it is set when it is all zero.
func (r *reader) score(w *Weights, question string, tops *[5]float64) {
	n := len(r.units)
	document := make([]float64, n)
	for i := range r.units {
		document[i] = r.docs[r.units[i].doc].Score
	}
	chapter := w.Chapter
	if broad.MatchString(question) {
		chapter += w.Broad
	}
	parts := [5][]float64{
		r.bm25(0, 0, bSentence), r.bm25(nearBytes, 1, bWindow), r.bm25(sectionBytes, 1, bWindow), r.bm25(chapterBytes, 1, bWindow), document,
	}
	weights := [5]float64{w.Sentence, w.Near, w.Section, chapter, w.Document}
	// The scale is that of the first candidates: it must not change when
	// documents join later.
	if tops[1] == 0 {
		for k, p := range parts {
			for _, x := range p {
				tops[k] = max(tops[k], x)
			}
		}
	}
	for i := range r.units {
		u := &r.units[i]
		s := 0.0
		for k, p := range parts {
			if tops[k] > 0 {
				s += float64(weights[k] * (p[i] / tops[k]))
			}
		}
		d := &r.docs[u.doc]
		s += float64(w.Title * d.titleShare)
		s += float64(w.Cover * r.cover(i))
		s -= float64(w.Length * portable.Log(float64(1+(len(u.text)*2+8)/9)))
		u.score = s
	}
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
		for t := range r.terms {
			tf := float64(r.count[t][hi]-r.count[t][lo]) + float64(title*above.tf[t])
			if tf > 0 {
				s += float64(r.terms[t].idf * (float64(tf*(k1+1)) / (tf + norm)))
			}
		}
		out[i] = s
	}
	return out
}
