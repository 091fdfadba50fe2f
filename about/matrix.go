package about

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
)

const (
	leastTexts = 3      // that have a word which counts
	mostTexts  = .3     // which part of all texts may have it
	mostOfFew  = .6     // where these are few
	mostTerms  = 20_000 // the most frequent ones
)

// entry is the weight of a term in a row.
type entry struct {
	term   int32
	weight float32
}

// texts are the documents that were read, as rows of a sparse matrix.
type texts struct {
	texts []Text
	ids   map[string]int32
	terms []string
	seqs  [][]int32 // the terms of each text in its order; -1 for one that does not count
	has   []int32   // how many texts have a term
	rows  [][]entry // of length 1
	an    map[string]*text.Analyzer
}

func read(ctx context.Context, all iter.Seq2[Text, error]) (*texts, error) {
	c := &texts{ids: map[string]int32{}, an: map[string]*text.Analyzer{}}
	for t, err := range all {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		t.Text = strings.Clone(head(t.Text, Sampled))
		if text.Detectable()[t.Lang] == "" {
			t.Lang = text.DetectLanguage(t.Text)
		}
		an, err := c.analyzer(t.Lang)
		if err != nil {
			return nil, err
		}
		if t.Title == t.ID[strings.LastIndexByte(t.ID, '/')+1:] {
			t.Title = "" // the name of its file
		}
		c.texts = append(c.texts, t)
		var seq []int32
		for _, s := range []string{t.Title, t.Text} {
			words(an, s, func(term string, start, end int) {
				id, ok := c.ids[term]
				if !ok {
					id = int32(len(c.terms))
					term = strings.Clone(term)
					c.ids[term] = id
					c.terms = append(c.terms, term)
				}
				seq = append(seq, id)
			})
		}
		c.seqs = append(c.seqs, seq)
	}
	return c, nil
}

func (c *texts) analyzer(lang string) (*text.Analyzer, error) {
	name := text.AnalyzerName("", lang)
	an := c.an[name]
	if an == nil {
		var err error
		if an, err = text.NewAnalyzer(name); err != nil {
			return nil, err
		}
		c.an[name] = an
	}
	return an, nil
}

// words calls f for the words of a text that may stand for a topic: not for the parts of
// addresses.
func words(an *text.Analyzer, s string, f func(term string, start, end int)) {
	last := 0
	an.EachContent(s, func(term string, start, end int) {
		if start < last { // another term of the same word
			return
		}
		last = end
		if !nameable(s[start:end]) || start > 0 && (s[start-1] == '@' || s[start-1] == '/') || end < len(s) && (s[end] == '@' || s[end] == '/') {
			return
		}
		f(term, start, end)
	})
}

// nameable says whether a word may stand for a topic: three letters at least, or two that
// are not Latin, no digit or underscore, and neither a day nor a month.
func nameable(w string) bool {
	letters, dots := 0, 0
	for i := range len(w) {
		switch x := w[i]; {
		case x >= 0x80, 'a' <= x|0x20 && x|0x20 <= 'z':
			letters++
		case x >= '0' && x <= '9', x == '_':
			return false
		case x == '.':
			dots++
		}
	}
	return letters >= 3 && dots < 2 && !hollow[strings.ToLower(w)]
}

// hollow are words that stand in texts of all kinds and say nothing of what these are about.
var hollow = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday
jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august september october november december
utc gmt http https www com org net see since also like just one two page date yes txt html`) {
		m[w] = true
	}
	return m
}()

// keep leaves the terms that neither nearly every text has nor hardly any, and makes the rows.
func (c *texts) keep() {
	n := len(c.texts)
	c.has = make([]int32, len(c.terms))
	seen := make([]int32, len(c.terms)) // the text that had it last, from 1
	for d, seq := range c.seqs {
		for _, t := range seq {
			if seen[t] != int32(d)+1 {
				seen[t] = int32(d) + 1
				c.has[t]++
			}
		}
	}
	least := int32(min(leastTexts, max(2, n/20)))
	most := int32(max(float64(n)*mostTexts, min(float64(n)*mostOfFew, 20), 3))
	var kept []int32
	for t, h := range c.has {
		if h >= least && h <= most {
			kept = append(kept, int32(t))
		}
	}
	slices.SortFunc(kept, func(a, b int32) int {
		return cmp.Or(cmp.Compare(c.has[b], c.has[a]), cmp.Compare(c.terms[a], c.terms[b]))
	})
	kept = kept[:min(len(kept), mostTerms)]
	now := make([]int32, len(c.terms)) // numbers from 1
	terms, has := make([]string, len(kept)), make([]int32, len(kept))
	clear(c.ids)
	for i, t := range kept {
		now[t], terms[i], has[i] = int32(i)+1, c.terms[t], c.has[t]
		c.ids[terms[i]] = int32(i)
	}
	c.terms, c.has = terms, has
	idf := make([]float64, len(terms))
	for t, h := range has {
		idf[t] = portable.Log(float64(n) / float64(h))
	}
	c.rows = make([][]entry, n)
	times := make([]int32, len(terms))
	for d, seq := range c.seqs {
		var found []int32
		for i, t := range seq {
			seq[i] = now[t] - 1
			if t = seq[i]; t < 0 {
				continue
			}
			if times[t] == 0 {
				found = append(found, t)
			}
			times[t]++
		}
		slices.Sort(found)
		row := make([]entry, len(found))
		for i, t := range found {
			row[i] = entry{t, float32((1 + portable.Log(float64(times[t]))) * idf[t])}
			times[t] = 0
		}
		c.rows[d] = unit(row)
	}
}

// unit gives a row the length 1.
func unit(row []entry) []entry {
	square := 0.0
	for _, e := range row {
		square += float64(float64(e.weight) * float64(e.weight))
	}
	if square > 0 {
		by := float32(1 / math.Sqrt(square))
		for i := range row {
			row[i].weight *= by
		}
	}
	return row
}
