package classify

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// wordsOf is the analysis of words: all of them, since small words tell "can I" from
// "how do I".
const wordsOf = "simple"

// The spaces that Nearest can look into alone, and all of them.
const (
	Words  = "words" // BM25
	Dense  = "dense"
	Sparse = "sparse"
	Fused  = "fused" // the cosine over all, as labels are chosen by
)

// Share of a space in the squared length of a point, where it has all three; others are
// scaled. Chosen on the validation part of clinc150.
const (
	denseShare  = .7
	wordsShare  = .3
	sparseShare = .3
)

// mostWeights bounds the weights of sparse features over all classes: 128 MiB.
const mostWeights = 1 << 25

// point is a text in all spaces; its length is 1, or 0 where nothing of it is known.
type point struct {
	dense  []float32 // padded to a multiple of simd.DotStep
	sparse []weight  // of words, pairs and learned terms, by feature
	words  []weight  // counts of its words, for BM25, by term; of texts that are asked about
}

type weight struct {
	of    uint32
	value float32
}

// spaces hold the examples by what they have.
type spaces struct {
	features map[string]uint32 // of points
	idf      []float32
	width    int // of dense vectors, padded; 0 for none
	shares   struct{ dense, words, sparse float32 }
	rows     int

	dense   []byte     // the rows' vectors, as simd.DotFloat takes them
	fused   [][]weight // by feature: rows and their weights
	learned []bool     // features that are terms of learned sparse vectors
	terms   map[string]uint32
	bm25    [][]weight // by term; made when it is first asked for
}

// newSpaces makes the spaces of examples, and the points that they are in them. Rows can be
// found; the examples that follow them teach alone.
func newSpaces(a *text.Analyzer, examples []Example, rows, classes int) (*spaces, []point) {
	s := &spaces{features: map[string]uint32{}, terms: map[string]uint32{}, rows: rows}
	sparse := false
	for _, e := range examples {
		if n := len(e.Vectors.Dense); n > 0 && s.width == 0 {
			s.width = (n + simd.DotStep - 1) / simd.DotStep * simd.DotStep
		}
		sparse = sparse || len(e.Vectors.Sparse) > 0
	}
	s.shares.words = wordsShare
	if s.width > 0 {
		s.shares.dense = denseShare
	}
	if sparse {
		s.shares.sparse = sparseShare
	}
	total := s.shares.dense + s.shares.words + s.shares.sparse
	for _, share := range []*float32{&s.shares.dense, &s.shares.words, &s.shares.sparse} {
		*share = float32(math.Sqrt(float64(*share / total)))
	}
	s.count(a, examples, classes)
	s.dense = make([]byte, 4*s.width*rows)
	points := make([]point, len(examples))
	for row, e := range examples {
		points[row] = s.point(a, e.Text, e.Vectors)
		points[row].words = nil
		if row >= rows {
			continue
		}
		for i, x := range points[row].dense {
			binary.LittleEndian.PutUint32(s.dense[4*(row*s.width+i):], math.Float32bits(x))
		}
		for _, w := range points[row].sparse {
			s.fused[w.of] = append(s.fused[w.of], weight{uint32(row), w.value})
		}
	}
	return s, points
}

// count numbers the features that the weights have room for, the most common first.
func (s *spaces) count(a *text.Analyzer, examples []Example, classes int) {
	df := map[string]int{}
	for _, e := range examples {
		for f := range lexical(a, e.Text) {
			df[f]++
		}
		for term := range e.Vectors.Sparse {
			df[learnedPrefix+term]++
		}
	}
	names := make([]string, 0, len(df))
	for f := range df {
		names = append(names, f)
	}
	slices.SortFunc(names, func(x, y string) int { return cmp.Or(cmp.Compare(df[y], df[x]), strings.Compare(x, y)) })
	names = names[:min(len(names), mostWeights/classes)]
	for _, f := range names {
		s.name(f)
		s.idf = append(s.idf, float32(portable.Log(1+float64(len(examples))/float64(df[f]))))
	}
	s.fused = make([][]weight, len(names))
}

// name gives a feature the next number.
func (s *spaces) name(f string) {
	s.features[f] = uint32(len(s.features))
	learned := strings.HasPrefix(f, learnedPrefix)
	s.learned = append(s.learned, learned)
	if !learned && !strings.Contains(f, pairMark) {
		s.terms[f] = uint32(len(s.terms))
	}
}

const (
	pairMark      = "\x00" // between the words of a pair, and before pieces
	learnedPrefix = "\x01"
)

// shortest and longest pieces of words, with the space at their ends.
const shortest, longest = 3, 4

// lexical counts the words of a text, its pairs of words and the pieces of its words.
func lexical(a *text.Analyzer, s string) map[string]int {
	counts := map[string]int{}
	last := ""
	a.Each(s, func(term string, _, _ int) {
		counts[term]++
		if last != "" {
			counts[last+pairMark+term]++
		}
		last = term
		word := []rune(" " + term + " ")
		for n := shortest; n <= longest; n++ {
			for i := 0; i+n <= len(word); i++ {
				counts[pairMark+string(word[i:i+n])]++
			}
		}
	})
	return counts
}

// point is a text in the spaces.
func (s *spaces) point(a *text.Analyzer, of string, v Vectors) point {
	var p point
	for f, n := range lexical(a, of) {
		if id, ok := s.features[f]; ok {
			p.sparse = append(p.sparse, weight{id, float32(1+portable.Log(float64(n))) * s.idf[id]})
		}
		if id, ok := s.terms[f]; ok {
			p.words = append(p.words, weight{id, float32(n)})
		}
	}
	byNumber := func(x, y weight) int { return cmp.Compare(x.of, y.of) }
	slices.SortFunc(p.sparse, byNumber)
	slices.SortFunc(p.words, byNumber)
	p.sparse = unit(p.sparse, s.shares.words)
	if len(v.Sparse) > 0 && s.shares.sparse > 0 {
		var learned []weight
		for term, w := range v.Sparse {
			if id, ok := s.features[learnedPrefix+term]; ok {
				learned = append(learned, weight{id, w})
			}
		}
		slices.SortFunc(learned, byNumber)
		p.sparse = append(p.sparse, unit(learned, s.shares.sparse)...)
		slices.SortFunc(p.sparse, byNumber)
	}
	if len(v.Dense) > 0 && len(v.Dense) <= s.width {
		p.dense = make([]float32, s.width)
		for i, x := range v.Dense {
			p.dense[i] = x * s.shares.dense
		}
	}
	return p
}

// unit scales weights to a length.
func unit(w []weight, length float32) []weight {
	sum := 0.0
	for _, x := range w {
		sum += float64(x.value) * float64(x.value)
	}
	if sum == 0 {
		return nil
	}
	by := length / float32(math.Sqrt(sum))
	for i := range w {
		w[i].value *= by
	}
	return w
}

// BM25's parameters.
const k1, b = 1.2, .75

// rank fills the lists of BM25: each row's share of a term's score.
func (s *spaces) rank(a *text.Analyzer, examples []Example) {
	lists := make([][]weight, len(s.terms))
	lengths, total := make([]float64, len(examples)), 0.0
	for row, e := range examples {
		for _, w := range s.point(a, e.Text, Vectors{}).words {
			lists[w.of] = append(lists[w.of], weight{uint32(row), w.value})
			lengths[row] += float64(w.value)
		}
		total += lengths[row]
	}
	mean := total / float64(max(len(examples), 1))
	for _, list := range lists {
		n := float64(len(list))
		idf := portable.Log(1 + (float64(len(examples))-n+.5)/(n+.5))
		for i, w := range list {
			tf := float64(w.value)
			list[i].value = float32(idf * tf / (tf + float64(k1*(1-b+float64(b*lengths[w.of]/mean)))))
		}
	}
	s.bm25 = lists
}

// hit is a row that is near.
type hit struct {
	row        int
	similarity float32
}

// nearest are the rows nearest to x in a space, of those that may be: n at most, all with
// something in common.
func (s *spaces) nearest(space string, x *point, n int, may func(row int) bool) []hit {
	if n <= 0 {
		return nil
	}
	scores := make([]float32, s.rows)
	if s.width > 0 && len(x.dense) > 0 && (space == Dense || space == Fused) {
		simd.DotFloat(scores, x.dense, s.dense)
	}
	add := func(list []weight, by float32) {
		for _, w := range list {
			scores[w.of] += float32(by * w.value)
		}
	}
	switch space {
	case Fused:
		for _, w := range x.sparse {
			add(s.fused[w.of], w.value)
		}
	case Words:
		for _, w := range x.words {
			add(s.bm25[w.of], w.value)
		}
	case Sparse:
		for _, w := range x.sparse {
			if s.learned[w.of] {
				add(s.fused[w.of], w.value)
			}
		}
	}
	var best topk.Collector
	best.Reset(n)
	for row, score := range scores {
		if score > 0 && may(row) {
			best.Add(topk.Key(score, uint32(row)))
		}
	}
	return hitsOf(&best)
}

func hitsOf(best *topk.Collector) (hits []hit) {
	for _, key := range best.Sorted() {
		hits = append(hits, hit{int(^uint32(key)), topk.Score(key)})
	}
	return hits
}

// dot is the inner product of two points, which is their cosine.
func (p *point) dot(q *point) float32 {
	sum := float32(0)
	for i, x := range p.dense {
		if i < len(q.dense) {
			sum += float32(x * q.dense[i])
		}
	}
	for i, j := 0, 0; i < len(p.sparse) && j < len(q.sparse); {
		switch x, y := p.sparse[i], q.sparse[j]; {
		case x.of < y.of:
			i++
		case x.of > y.of:
			j++
		default:
			sum += float32(x.value * y.value)
			i, j = i+1, j+1
		}
	}
	return sum
}

// near shows a hit.
func (c *Classifier) near(h hit) Near {
	e := c.examples[h.row]
	sum := sha256.Sum256([]byte(e.Text))
	labels := append([]string{}, e.Labels...) // a list in JSON, of none too
	return Near{Row: h.row, ID: e.ID, Path: e.Path, Start: e.Start, End: e.End, Labels: labels, Similarity: h.similarity, Text: e.Text, Digest: hex.EncodeToString(sum[:])}
}

// short is the beginning of a text, in one line.
func short(s string, runes int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return s
}

// mean is the direction of the mean of the vectors of a text's parts.
func mean(parts vector.Parts) vector.Dense {
	var sum vector.Dense
	for _, p := range parts {
		d, ok := p.Vector.(vector.Dense)
		if !ok || sum != nil && len(sum) != len(d) {
			return nil
		}
		if d, ok = d.Unit(); !ok {
			continue
		}
		if sum == nil {
			sum = make(vector.Dense, len(d))
		}
		for i, x := range d {
			sum[i] += x
		}
	}
	if sum == nil {
		return nil
	}
	sum, _ = sum.Unit()
	return sum
}
