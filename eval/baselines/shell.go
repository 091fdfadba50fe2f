package baselines

import (
	"cmp"
	"compress/gzip"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// gzipDepth is how many chunks, the best by BM25, the gzip distance ranks:
// LLMLingua ranks what a retriever has found.
const gzipDepth = 100

// byGzip puts units into the order of their normalised compression distance to
// the question (Jiang et al. 2023), nearest first:
// (C(question unit) - min(C(question), C(unit))) / max of the two.
func byGzip(p *pool, q *eval.Question, order []int) []int {
	order = order[:min(len(order), gzipDepth)]
	var z zipper
	ask := z.size(q.Text)
	distance := make(map[int]float64, len(order))
	for _, i := range order {
		u := &p.units[i]
		own := z.size(u.text())
		both := z.size(q.Text + " " + u.text())
		distance[i] = float64(both-min(ask, own)) / float64(max(ask, own))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(distance[a], distance[b]) })
	return order
}

// zipper counts the bytes that gzip makes of a text.
type zipper struct {
	w *gzip.Writer
	n int
}

func (z *zipper) Write(p []byte) (int, error) {
	z.n += len(p)
	return len(p), nil
}

func (z *zipper) size(s string) int {
	if z.w == nil {
		z.w = gzip.NewWriter(z)
	}
	z.n = 0
	z.w.Reset(z)
	_, _ = z.w.Write([]byte(s)) // a zipper takes everything
	_ = z.w.Close()
	return z.n
}

// What LongLLMLingua is set to (Jiang et al., ACL 2024): documents for twice the
// budget are kept, and the share that each may keep of itself falls by rank from
// the mean and a third of it to the mean less a third.
const (
	coarse  = 2
	dynamic = .3
	prior   = 1000 // pseudo-words of Dirichlet smoothing
)

// likelihood is a unigram model of each unit, smoothed by that of all units
// (Zhai and Lafferty 2001). It stands in for LongLLMLingua's language model: its
// score of a unit is the same, the probability of the question after the unit,
// and that of a sentence too, how much likelier the question makes it.
type likelihood struct {
	analyzer *text.Analyzer
	having   map[string][]entry // by term, units ascending
	lengths  []int              // terms by unit
	size     int                // terms of all
	count    map[string]int     // of all
}

type entry struct{ unit, tf int32 }

func newLikelihood(an *text.Analyzer, units []unit) *likelihood {
	m := &likelihood{analyzer: an, having: map[string][]entry{}, count: map[string]int{}}
	var terms []string
	for i := range units {
		terms = an.Terms(an.Terms(terms[:0], units[i].doc.Title), units[i].text())
		for _, t := range terms {
			m.count[t]++
			v := m.having[t]
			if n := len(v); n > 0 && v[n-1].unit == int32(i) {
				v[n-1].tf++
			} else {
				m.having[t] = append(v, entry{int32(i), 1})
			}
		}
		m.lengths = append(m.lengths, len(terms))
		m.size += len(terms)
	}
	return m
}

// rank orders the units that have a word of the question by its likelihood.
func (m *likelihood) rank(words []string) []int {
	scores := map[int]float64{}
	for _, w := range words {
		for _, e := range m.having[w] {
			scores[int(e.unit)] += math.Log1p(float64(e.tf) * float64(m.size) / (prior * float64(m.count[w])))
		}
	}
	order := make([]int, 0, len(scores))
	for i := range scores {
		order = append(order, i)
		scores[i] -= float64(len(words)) * math.Log1p(float64(m.lengths[i])/prior)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), a-b) })
	return order
}

// contrast is how much likelier the question makes each word of a sentence, on
// average: half of its words are drawn from the question's model.
func (m *likelihood) contrast(sentence string, words []string) float64 {
	asked := map[string]int{}
	for _, w := range words {
		asked[w]++
	}
	terms := m.analyzer.Terms(nil, sentence)
	sum := 0.0
	for _, t := range terms {
		if n := asked[t]; n > 0 {
			all := float64(max(m.count[t], 1)) / float64(m.size)
			sum += math.Log(.5 + .5*float64(n)/float64(len(words))/all)
		} else {
			sum += math.Log(.5)
		}
	}
	return sum / float64(max(len(terms), 1))
}

// compress is the shell of LongLLMLingua with word statistics in the place of
// its model, down to sentences: its last step drops words, and bytes that do
// not stand as they stood are no evidence here. Units in rank order are kept for
// twice the budget; each keeps its share of its own sentences, the better ones;
// what the budget leaves over goes to the best of the others.
func (m *likelihood) compress(units []unit, words []string, budget int, counter tokens.Counter) *eval.Context {
	var docs []*unit
	total := 0
	for _, i := range m.rank(words) {
		u := &units[i]
		if u.tokens == 0 {
			u.tokens = counter.Count(u.text())
		}
		if len(docs) > 0 && total+u.tokens > coarse*budget {
			break
		}
		docs = append(docs, u)
		total += u.tokens
	}
	type candidate struct {
		unit
		rank int // of its document
		gain float64
	}
	var first, rest []candidate
	for rank, u := range docs {
		var all []candidate
		for _, x := range sentences(u.text()) {
			s := unit{doc: u.doc, extent: extent{u.start + x.start, u.start + x.end}}
			s.tokens = counter.Count(s.text()) + 1
			all = append(all, candidate{s, rank, m.contrast(s.text(), words)})
		}
		slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.gain, a.gain) })
		share := float64(budget) / float64(max(total, 1))
		if n := len(docs); n > 1 {
			share *= 1 + dynamic*(1-2*float64(rank)/float64(n-1))
		}
		left := int(min(share, 1)*float64(u.tokens)) + 1
		for _, c := range all {
			if c.tokens <= left {
				left -= c.tokens
				first = append(first, c)
			} else {
				rest = append(rest, c)
			}
		}
	}
	slices.SortStableFunc(rest, func(a, b candidate) int { return cmp.Compare(b.gain, a.gain) })
	var kept []candidate
	used := 0
	for _, c := range append(first, rest...) {
		if used+c.tokens <= budget {
			used += c.tokens
			kept = append(kept, c)
		}
	}
	// Documents stand in rank order, best first, sentences as in their document.
	order := slices.Clone(kept)
	slices.SortFunc(order, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.start, b.start)) })
	for {
		c := &eval.Context{}
		var lines []string
		for _, k := range order {
			lines = append(lines, k.text())
			c.Spans = append(c.Spans, eval.Span{Doc: k.doc.ID, Start: k.start, End: k.end})
		}
		c.Text = strings.Join(lines, "\n")
		if c.Tokens = counter.Count(c.Text); c.Tokens <= budget {
			return c
		}
		order = order[:len(order)-1]
	}
}
