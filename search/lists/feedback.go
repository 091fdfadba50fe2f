package lists

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// mostRead is how many bytes of a row that was found are read for its terms.
const mostRead = 16 << 10

// expanded is the terms of the question with those that the rows found share: RM3
// (Abdul-Jaleel et al., TREC 2004), a row weighing as its score does.
func (q *Question) expanded(unit store.Unit, found []topk.Hit, f plan.Feedback) ([]search.Term, error) {
	total := 0.0
	for _, h := range found {
		total += float64(max(0, h.Score))
	}
	share := map[string]float64{} // of the language of what was found
	for _, h := range found {
		if total == 0 {
			break
		}
		count, all, err := q.count(unit, h.Row)
		if err != nil {
			return nil, err
		}
		for _, t := range slices.Sorted(maps.Keys(count)) {
			share[t] += float64(float64(max(0, h.Score)) / total * float64(count[t]) / float64(all))
		}
	}
	names := slices.Sorted(maps.Keys(share))
	stats := q.Statistics(unit, names)
	for i, t := range names {
		if stats.DF[i] < 2 { // a word of one text finds that text again
			delete(share, t)
		}
	}
	names = slices.Sorted(maps.Keys(share))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(share[b], share[a]) })
	names = names[:min(f.Terms, len(names))]
	return mixed(q.Terms, names, share, f.By), nil
}

// mixed gives the terms of a question 1 - by of the weight, and those named by.
func mixed(asked []search.Term, names []string, share map[string]float64, by float64) []search.Term {
	own, more := 0.0, 0.0
	for _, t := range asked {
		own += float64(t.Weight)
	}
	for _, t := range names {
		more += share[t]
	}
	if own == 0 || more == 0 {
		return asked
	}
	terms := slices.Clone(asked)
	at := map[string]int{}
	for i, t := range terms {
		terms[i].Weight = float32((1 - by) * float64(t.Weight))
		at[t.Text] = i
	}
	for _, t := range names {
		w := float32(by * share[t] / more * own) // the sum of the weights stays
		if i, ok := at[t]; ok {
			terms[i].Weight += w
		} else {
			terms = append(terms, search.Term{Text: t, Weight: w})
		}
	}
	return terms
}

// count counts the terms of a row that say what it is about.
func (q *Question) count(unit store.Unit, row topk.Row) (count map[string]int, all int, err error) {
	h, s, err := q.source(unit, row)
	if err != nil {
		return nil, 0, err
	}
	an, err := q.Analyzers.Get(h.Analyzer)
	if err != nil {
		return nil, 0, err
	}
	defer q.Analyzers.Put(an)
	count = map[string]int{}
	an.EachContent(s, func(term string, _, _ int) {
		count[term]++
		all++
	})
	return count, max(all, 1), nil
}

// source is the beginning of a row's text, and its document.
func (q *Question) source(unit store.Unit, row topk.Row) (h *store.Header, s string, err error) {
	doc := row
	if unit == store.Passages {
		doc = q.DocumentOf(row)
	}
	if h, err = q.Document(doc); err != nil {
		return nil, "", err
	}
	start, end := 0, min(h.Size, mostRead)
	if unit == store.Passages {
		p := q.Passage(row)
		start, end = p.Start, min(p.End, p.Start+mostRead)
	}
	s, err = q.Text(h, start, end)
	return h, s, err
}

// towards is a vector moved by a share towards the mean of those of rows (Rocchio).
func (q *Question) towards(asked vector.Dense, field string, found []topk.Hit, by float64) vector.Dense {
	mean, n := make([]float64, len(asked)), 0
	for _, h := range found {
		for _, s := range q.VectorSpaces(field) {
			if s.Segment != h.Segment || s.Vectors.Dense == nil {
				continue
			}
			if row, ok := s.Vectors.Find(h.Row.Row); ok {
				for i, x := range s.Vectors.Dense.Vector(row) {
					mean[i] += float64(x)
				}
				n++
			}
		}
	}
	moved := slices.Clone(asked)
	for i, x := range asked {
		if n > 0 {
			moved[i] = float32(float64((1-by)*float64(x)) + float64(by*mean[i]/float64(n)))
		}
	}
	return moved
}
