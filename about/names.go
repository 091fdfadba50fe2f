package about

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus/keyphrase"
	"github.com/tamis-search/tamis/internal/portable"
)

const (
	readAgain   = 120 // texts of a topic whose phrases are looked for
	phrasesEach = 12  // of a text
	phrasesOf   = 3   // of a topic
)

// telling are the words that set each topic apart: how many of its texts have one, times the
// logarithm of how many times likelier that is there than elsewhere.
func (c *texts) telling(of []int, topics int) [][]int32 {
	has := make([]int32, len(c.terms)*topics)
	size := make([]int, topics)
	all := 0
	for d, t := range of {
		if t >= 0 {
			size[t]++
			all++
			for _, e := range c.rows[d] {
				has[int(e.term)*topics+t]++
			}
		}
	}
	out := make([][]int32, topics)
	for t := range out {
		score := make([]float64, len(c.terms))
		var list []int32
		for w := range c.terms {
			n := has[w*topics+t]
			if int(n) < min(2, size[t]) {
				continue
			}
			if score[w] = apart(int(n), size[t], int(c.has[w])-int(n), all-size[t]); score[w] > 0 {
				list = append(list, int32(w))
			}
		}
		slices.SortFunc(list, func(a, b int32) int {
			return cmp.Or(cmp.Compare(score[b], score[a]), cmp.Compare(c.terms[a], c.terms[b]))
		})
		out[t] = list[:min(len(list), topWords)]
	}
	return out
}

// apart is how much something sets apart what n of size have of it, and others of the rest.
func apart(n, size, others, rest int) float64 {
	here := float64(n) / float64(max(1, size))
	there := (float64(others) + .5) / (float64(max(0, rest)) + 1)
	return here * portable.Log(here/there)
}

// named is how a topic is shown.
type named struct{ phrases, words []string }

// spoken is a phrase with how many texts of each topic have it, and how it is written.
type spoken struct {
	terms   []string
	in      map[int]int
	all     int
	written map[string]int
}

// names finds the phrases of topics in some of their texts, and how their words are written.
func (c *texts) names(members [][]int, words [][]int32) []named {
	phrases := map[string]*spoken{}
	sizes := make([]int, len(members))
	written := map[int32]map[string]int{}
	for _, ws := range words {
		for _, w := range ws {
			written[w] = map[string]int{}
		}
	}
	total := 0
	for t, m := range members {
		some := spread(m, readAgain)
		sizes[t] = len(some)
		total += len(some)
		for _, d := range some {
			c.phrases(d, t, phrases)
			c.written(d, written)
		}
	}
	keys := slices.Sorted(maps.Keys(phrases))
	out := make([]named, len(members))
	for t := range members {
		for _, w := range words[t] {
			out[t].words = append(out[t].words, cmp.Or(usually(written[w]), c.terms[w]))
		}
		telling := map[string]bool{}
		for _, w := range words[t] {
			telling[c.terms[w]] = true
		}
		out[t].phrases = c.chosen(t, telling, keys, phrases, sizes[t], total)
		if len(out[t].phrases) == 0 {
			out[t].phrases = out[t].words[:min(len(out[t].words), phrasesOf)]
		}
	}
	return out
}

// spread are n of a list, in its order.
func spread(list []int, n int) []int {
	if len(list) <= n {
		return list
	}
	out := make([]int, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}

// phrases counts those of a text.
func (c *texts) phrases(d, topic int, into map[string]*spoken) {
	t := c.texts[d]
	an, err := c.analyzer(t.Lang)
	if err != nil {
		return // it was there when the text was read
	}
	seen := map[string]bool{}
	for _, s := range []string{t.Title, t.Text} {
		for _, p := range keyphrase.Extract(an, s, phrasesEach, nil) {
			terms := an.Terms(nil, p.Text)
			if len(terms) == 0 || len(terms) > 3 || !speakable(p.Text) {
				continue
			}
			key := strings.Join(terms, " ")
			ph := into[key]
			if ph == nil {
				ph = &spoken{terms: terms, in: map[int]int{}, written: map[string]int{}}
				into[key] = ph
			}
			ph.written[p.Text]++
			if !seen[key] {
				seen[key] = true
				ph.in[topic]++
				ph.all++
			}
		}
	}
}

// speakable says that people would say a phrase: each word has letters, and no digit.
func speakable(s string) bool {
	for w := range strings.FieldsSeq(s) {
		if !nameable(w) {
			return false
		}
	}
	return true
}

// written counts how the words that are asked of are written in a text.
func (c *texts) written(d int, asked map[int32]map[string]int) {
	t := c.texts[d]
	an, err := c.analyzer(t.Lang)
	if err != nil {
		return
	}
	for _, s := range []string{t.Title, t.Text} {
		words(an, s, func(term string, start, end int) {
			if id, ok := c.ids[term]; ok && asked[id] != nil {
				asked[id][strings.Clone(s[start:end])]++
			}
		})
	}
}

// usually is the way of writing that is seen most often; of those as frequent, the shortest.
func usually(ways map[string]int) string {
	best := ""
	for _, w := range slices.Sorted(maps.Keys(ways)) {
		if best == "" || ways[w] > ways[best] || ways[w] == ways[best] && len(w) < len(best) {
			best = w
		}
	}
	return best
}

// chosen are the phrases that set a topic apart, no two with a word in common.
func (c *texts) chosen(topic int, telling map[string]bool, keys []string, phrases map[string]*spoken, size, total int) []string {
	type scored struct {
		*spoken
		score float64
	}
	var list []scored
	for _, k := range keys {
		p := phrases[k]
		n := p.in[topic]
		if n < min(2, size) {
			continue
		}
		s := apart(n, size, p.all-n, total-size)
		if len(p.terms) > 1 {
			s *= severalWords
		}
		if !slices.ContainsFunc(p.terms, func(t string) bool { return telling[t] }) {
			s *= otherWords
		}
		if s > 0 {
			list = append(list, scored{p, s})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []string
	used := map[string]bool{}
	for _, p := range list {
		if len(out) == phrasesOf {
			break
		}
		if slices.ContainsFunc(p.terms, func(t string) bool { return used[t] }) {
			continue
		}
		for _, t := range p.terms {
			used[t] = true
		}
		out = append(out, usually(p.written))
	}
	return out
}

const (
	severalWords = 1.5 // what a phrase counts beside a word alone: it says more
	otherWords   = .5  // what one without a word of its topic counts
)
