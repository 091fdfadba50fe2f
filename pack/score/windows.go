package score

import (
	"context"

	"github.com/tamis-search/tamis/pack/unit"
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

// windows sets Sentence, Near, Section, Block, Chapter and Broad. Its fields are
// the best scores of each kind among the first candidates: they must not change
// when documents join later.
type windows struct{ sentence, near, section, chapter float64 }

func (s *windows) Score(ctx context.Context, q *Question, units *unit.Set, out []Features) error {
	window := func(size int, title, b float64) []float64 {
		return bm25(units, units.Terms, units.Count, size, title, b)
	}
	sentence, near, section, chapter := window(0, 0, bSentence), window(nearBytes, 1, bWindow), window(sectionBytes, 1, bWindow), window(chapterBytes, 1, bWindow)
	if s.near == 0 {
		s.sentence, s.near, s.section, s.chapter = highest(sentence), highest(near), highest(section), highest(chapter)
	}
	broad := q.broad()
	for i := range out {
		x := &out[i]
		x[Sentence] = share(s.sentence, sentence[i])
		x[Near] = share(s.near, near[i])
		x[Section] = share(s.section, section[i])
		x[Block] = share(s.section, around(units, section, i))
		x[Chapter] = share(s.chapter, chapter[i])
		if broad {
			x[Broad] = x[Chapter]
		}
	}
	return ctx.Err()
}

// share is x as a share of the best of its kind, 0 where that is 0.
func share(best, x float64) float64 {
	if best > 0 {
		return x / best
	}
	return 0
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
func around(all *unit.Set, v []float64, i int) float64 {
	top := v[i]
	middle := all.Bytes[i] + all.Bytes[i+1]
	for j := i; !all.Units[j].First; j-- {
		if middle-(all.Bytes[j-1]+all.Bytes[j]) > sectionBytes {
			break
		}
		top = max(top, v[j-1])
	}
	for j := i + 1; j < len(all.Units) && !all.Units[j].First && all.Bytes[j]+all.Bytes[j+1]-middle <= sectionBytes; j++ {
		top = max(top, v[j])
	}
	return top
}

// bm25 scores, for every unit, the window of whole units that lie within size
// bytes around its middle (at least the unit itself) against terms, given how
// many of each lie before each unit. The title and the headings above the unit
// are counted title times: 0 for other terms than the question's, which have
// none.
func bm25(all *unit.Set, of []unit.Term, count [][]int32, size int, title, b float64) []float64 {
	n := len(all.Units)
	out := make([]float64, n)
	if n == 0 {
		return out
	}
	// The average length: what a window of this size has of the candidates' terms.
	length := float64(size) * float64(len(all.Occ)) / float64(max(all.Bytes[n], 1))
	if size == 0 {
		length = float64(len(all.Occ)) / float64(n)
	}
	length += float64(3 * title)
	length = max(length, 1)
	lo, hi := 0, 0
	end := 0 // of the run of adjoining units that i lies in
	for i := range all.Units {
		if i >= end {
			lo, hi = i, i+1
			for end = i + 1; end < n && !all.Units[end].First; end++ {
			}
		}
		// In half bytes, to stay with integers.
		middle := all.Bytes[i] + all.Bytes[i+1]
		for lo < i && 2*all.Bytes[lo] < middle-size {
			lo++
		}
		hi = max(hi, i+1)
		for hi < end && 2*all.Bytes[hi+1] <= middle+size {
			hi++
		}
		above := &all.Docs[all.Units[i].Doc].Sections[all.Units[i].Section]
		terms := float64(all.Units[hi-1].To-all.Units[lo].From) + float64(title*above.Len)
		norm := float64(k1 * (1 - b + float64(b*terms)/length))
		s := 0.0
		for t := range of {
			tf := float64(count[t][hi] - count[t][lo])
			if title > 0 {
				tf += float64(title * above.TF[t])
			}
			if tf > 0 {
				s += float64(of[t].IDF * (float64(tf*(k1+1)) / (tf + norm)))
			}
		}
		out[i] = s
	}
	return out
}
