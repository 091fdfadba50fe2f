package features

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

const (
	termsOf    = 10 // of a feature
	spoken     = 3  // of them in its name
	examplesOf = 5
	leastFires = 3  // passages in which a feature that is named fires
	leastHas   = 2  // of them have a term of its name
	prior      = 20 // passages that the prior of a term counts for
)

// terms are the words and pairs of words of passages, by number.
type terms struct {
	ids     map[string]int32
	keys    []string
	written []map[string]int
	rows    [][]int32 // of passages, each term once, ascending
}

// read makes the terms of passages.
func (s *Set) terms(ctx context.Context, all []passage) (*terms, error) {
	an, err := text.NewAnalyzer(s.Analyzer)
	if err != nil {
		return nil, err
	}
	c := &terms{ids: map[string]int32{}}
	for _, p := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row := map[int32]bool{}
		each(an, p.text, func(key string, start, end int) {
			id, ok := c.ids[key]
			if !ok {
				id = int32(len(c.keys))
				key = strings.Clone(key)
				c.ids[key] = id
				c.keys = append(c.keys, key)
				c.written = append(c.written, map[string]int{})
			}
			row[id] = true
			if w := c.written[id]; len(w) < 8 || w[p.text[start:end]] > 0 {
				w[strings.Clone(strings.Join(strings.Fields(p.text[start:end]), " "))]++
			}
		})
		c.rows = append(c.rows, slices.Sorted(maps.Keys(row)))
	}
	return c, nil
}

// each calls f for the words of a text that may stand in a name, and for pairs of them that
// stand side by side.
func each(an *text.Analyzer, s string, f func(key string, start, end int)) {
	last, from, to := "", 0, 0
	an.EachContent(s, func(term string, start, end int) {
		if start < to || !nameable(s[start:end]) {
			return
		}
		f(term, start, end)
		if last != "" && strings.TrimSpace(s[to:start]) == "" {
			f(last+" "+term, from, end)
		}
		last, from, to = strings.Clone(term), start, end
	})
}

// nameable says that a word has three letters, or two that are not Latin, and no digit.
func nameable(w string) bool {
	letters := 0
	for i := range len(w) {
		switch x := w[i]; {
		case x >= 0x80, 'a' <= x|0x20 && x|0x20 <= 'z':
			letters++
		case x >= '0' && x <= '9', x == '_', x == '.':
			return false
		}
	}
	return letters >= 3
}

// fire is where a feature fires.
type fire struct {
	passage int
	weight  float32
}

// name finds names and examples of features, and measures the names.
func (s *Set) name(ctx context.Context, all []passage) error {
	words, err := s.terms(ctx, all)
	if err != nil {
		return err
	}
	fires, err := fired(s.model, all)
	if err != nil {
		return err
	}
	lists := words.named(fires, all)
	s.Features = make([]Feature, len(fires))
	for f := range fires {
		x := &s.Features[f]
		*x = Feature{Number: f, Terms: lists[f], Fires: len(fires[f]), Share: round(float64(len(fires[f])) / float64(len(all))), Examples: []Example{}}
		if x.Terms == nil {
			x.Terms = []Term{}
		}
		x.Name = called(x.Terms)
		if x.Fires == 0 {
			s.Learned.Dead++
			continue
		}
		best := slices.Clone(fires[f])
		slices.SortStableFunc(best, func(a, b fire) int { return cmp.Compare(b.weight, a.weight) })
		for _, at := range best {
			x.Mean += float64(at.weight) / float64(len(best))
		}
		for _, at := range best[:min(len(best), examplesOf)] {
			p := all[at.passage]
			x.Examples = append(x.Examples, Example{p.doc, p.start, p.end, round(float64(at.weight)), digestOf(p.text)})
		}
	}
	s.Learned.Names = words.detection(fires, lists, all)
	return nil
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// fired are the passages in which each feature of a model fires, in their order.
func fired(m *autoencoder.Model, all []passage) ([][]fire, error) {
	vs := make([]vector.Dense, len(all))
	for i, p := range all {
		vs[i] = p.v
	}
	codes, err := m.Encode(vs)
	if err != nil {
		return nil, err
	}
	out := make([][]fire, m.Features)
	for i, code := range codes {
		for _, a := range code {
			out[a.Feature] = append(out[a.Feature], fire{i, a.Weight})
		}
	}
	return out, nil
}

// named are the terms of each feature, by the passages that are not held out. A term's weight is
// its log-odds among the passages in which the feature fires beside those in which it does not,
// in standard deviations, with a prior that has it as often as all passages do (Monroe, Colaresi
// and Quinn, Fightin' Words, 2008). A passage counts by how strongly the feature fires in it.
func (c *terms) named(fires [][]fire, all []passage) [][]Term {
	has, n := make([]float64, len(c.keys)), 0.0
	for i, p := range all {
		if !p.held {
			n++
			for _, t := range c.rows[i] {
				has[t]++
			}
		}
	}
	out := make([][]Term, len(fires))
	here, count := make([]float64, len(c.keys)), make([]float64, len(c.keys))
	for f, at := range fires {
		at = slices.DeleteFunc(slices.Clone(at), func(x fire) bool { return all[x.passage].held })
		if len(at) < leastFires {
			continue
		}
		most := float32(0)
		for _, x := range at {
			most = max(most, x.weight)
		}
		size := 0.0
		var some []int32
		for _, x := range at {
			w := float64(x.weight / most)
			size += w
			for _, t := range c.rows[x.passage] {
				if count[t] == 0 {
					some = append(some, t)
				}
				here[t] += w
				count[t]++
			}
		}
		slices.Sort(some)
		var list []Term
		for _, t := range some {
			if count[t] >= leastHas {
				if z := odds(here[t], size, has[t]-count[t], n-float64(len(at)), prior*has[t]/n); z > 0 {
					list = append(list, Term{Text: usually(c.written[t]), Weight: round(z), key: c.keys[t]})
				}
			}
			here[t], count[t] = 0, 0
		}
		slices.SortStableFunc(list, func(a, b Term) int { return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.key, b.key)) })
		out[f] = list[:min(len(list), termsOf)]
	}
	return out
}

// odds is by how many standard deviations the log-odds of a term in a of n passages are above
// those in b of m, with a prior of so many passages that have it.
func odds(a, n, b, m, alpha float64) float64 {
	a, b = a+alpha, b+alpha
	n, m = n+prior-a, m+prior-b
	if n <= 0 || m <= 0 {
		return 0
	}
	return (portable.Log(a/n) - portable.Log(b/m)) / math.Sqrt(1/a+1/b+1/n+1/m)
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

// called is the name of a feature: its first terms, no two with a word in common. A pair of
// words stands for those of its words that came before it: it says more.
func called(list []Term) string {
	type part struct {
		text  string
		words []string
	}
	var name []part
	for _, t := range list {
		p := part{t.Text, strings.Fields(t.key)}
		shares := func(o part) bool {
			return slices.ContainsFunc(o.words, func(w string) bool { return slices.Contains(p.words, w) })
		}
		at := slices.IndexFunc(name, shares)
		switch {
		case at < 0 && len(name) < spoken:
			name = append(name, p)
		case at >= 0 && len(p.words) == 2 && !slices.ContainsFunc(name, func(o part) bool { return len(o.words) == 2 && shares(o) }):
			name[at] = p
			name = slices.Concat(name[:at+1], slices.DeleteFunc(slices.Clone(name[at+1:]), shares))
		}
	}
	var texts []string
	for _, p := range name {
		texts = append(texts, p.text)
	}
	return strings.Join(texts, ", ")
}
