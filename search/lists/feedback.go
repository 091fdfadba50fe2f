package lists

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// mostRead is how many bytes of a row that was found are read for its terms.
const mostRead = 16 << 10

// expanded is the terms of the question with those that the rows found share: RM3
// (Abdul-Jaleel et al., TREC 2004), a row weighing as its score does.
func (q *Question) expanded(unit vector.Unit, found []topk.Hit, f plan.Feedback) ([]search.Term, error) {
	share, err := shared(found, func(row topk.Row) (map[string]float64, error) { return q.count(unit, row) })
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(share))
	df, err := q.Frequencies(unit, names)
	if err != nil {
		return nil, err
	}
	for i, t := range names {
		if df[i] < 2 { // a word of one text finds that text again
			delete(share, t)
		}
	}
	asked := make([]weighed[string], len(q.Terms))
	for i, t := range q.Terms {
		asked[i] = weighed[string]{t.Text, t.Weight}
	}
	var terms []search.Term
	for _, t := range mixed(asked, share, f, func(t string) bool { return q.Literal[t] || text.Literal(t) }) {
		terms = append(terms, search.Term{Text: t.Text, Weight: t.Weight})
	}
	return terms, nil
}

// closer is expanded for a sparse vector: terms count in a row as much as they weigh there.
func (q *Question) closer(asked vector.Sparse, field string, found []topk.Hit, f plan.Feedback) (vector.Sparse, error) {
	share, err := shared(found, func(row topk.Row) (map[uint32]float64, error) { return q.weights(field, row) })
	if err != nil {
		return asked, err
	}
	own := make([]weighed[uint32], asked.Len())
	for i, t := range asked.Terms {
		own[i] = weighed[uint32]{t, asked.Weights[i]}
	}
	var terms []uint32
	var weights []float32
	for _, t := range mixed(own, share, f, func(uint32) bool { return false }) { // a model's terms are pieces
		terms, weights = append(terms, t.Text), append(weights, t.Weight)
	}
	return vector.New(terms, weights)
}

// shared is how much of the rows found is of each term, where count says how often terms are
// in a row: a row counts as its score does.
func shared[T cmp.Ordered](found []topk.Hit, count func(row topk.Row) (map[T]float64, error)) (map[T]float64, error) {
	total := 0.0
	for _, h := range found {
		total += float64(max(0, h.Score))
	}
	share := map[T]float64{} // for text of the language of what was found
	for _, h := range found {
		if total == 0 {
			break
		}
		of, err := count(h.Row)
		if err != nil {
			return nil, err
		}
		all, terms := 0.0, slices.Sorted(maps.Keys(of)) // in one order, for one sum
		for _, t := range terms {
			all += of[t]
		}
		for _, t := range terms {
			share[t] += float64(float64(max(0, h.Score)) / total * of[t] / all)
		}
	}
	return share, nil
}

// weighed is a term of a question.
type weighed[T any] struct {
	Text   T
	Weight float32
}

// mixed gives the terms of a question 1 - By of the weight, and By to those with the
// greatest shares. Literal terms of the question keep theirs, and what others give is shared.
func mixed[T cmp.Ordered](asked []weighed[T], share map[T]float64, f plan.Feedback, literal func(T) bool) []weighed[T] {
	names := slices.Sorted(maps.Keys(share))
	slices.SortStableFunc(names, func(a, b T) int { return cmp.Compare(share[b], share[a]) })
	names = names[:min(f.Terms, len(names))]
	own, more := 0.0, 0.0
	for _, t := range asked {
		if !literal(t.Text) {
			own += float64(t.Weight)
		}
	}
	for _, t := range names {
		more += share[t]
	}
	if own == 0 || more == 0 {
		return asked
	}
	terms := slices.Clone(asked)
	at := map[T]int{}
	for i, t := range terms {
		if !literal(t.Text) {
			terms[i].Weight = float32((1 - f.By) * float64(t.Weight))
		}
		at[t.Text] = i
	}
	for _, t := range names {
		w := float32(f.By * share[t] / more * own) // the sum of the weights stays
		if i, ok := at[t]; ok {
			terms[i].Weight += w
		} else {
			terms = append(terms, weighed[T]{t, w})
		}
	}
	return terms
}

// count counts the terms of a row that say what it is about.
func (q *Question) count(unit vector.Unit, row topk.Row) (map[string]float64, error) {
	h, s, err := q.Beginning(unit, row, mostRead)
	if err != nil {
		return nil, err
	}
	an, err := q.Analyzers.Get(h.Analyzer)
	if err != nil {
		return nil, err
	}
	defer q.Analyzers.Put(an)
	count := map[string]float64{}
	an.EachContent(s, func(term string, _, _ int) { count[term]++ })
	return count, nil
}

// weights are those of a row's sparse vector in a field.
func (q *Question) weights(field string, row topk.Row) (map[uint32]float64, error) {
	v, err := q.Stored(field, []topk.Row{row})
	if err != nil {
		return nil, err
	}
	count := map[uint32]float64{}
	if x, ok := v[0].(vector.Sparse); ok {
		for i, t := range x.Terms {
			count[t] = float64(x.Weights[i])
		}
	}
	return count, nil
}

// dense are the dense vectors of rows in a field.
func (q *Question) dense(field string, rows []topk.Row) ([]vector.Dense, error) {
	values, err := q.Stored(field, rows)
	if err != nil {
		return nil, err
	}
	all := make([]vector.Dense, len(rows))
	for i, v := range values {
		all[i], _ = v.(vector.Dense)
	}
	return all, nil
}

// towards is a vector moved by a share towards the mean of those of rows (Rocchio).
func (q *Question) towards(asked vector.Dense, field string, found []topk.Hit, by float64) (vector.Dense, error) {
	rows := make([]topk.Row, len(found))
	for i, h := range found {
		rows[i] = h.Row
	}
	vectors, err := q.dense(field, rows)
	if err != nil {
		return nil, err
	}
	mean, n := make([]float64, len(asked)), 0
	for _, d := range vectors {
		if d == nil {
			continue
		}
		for i, x := range d {
			mean[i] += float64(x)
		}
		n++
	}
	moved := slices.Clone(asked)
	for i, x := range asked {
		if n > 0 {
			moved[i] = float32(float64((1-by)*float64(x)) + float64(by*mean[i]/float64(n)))
		}
	}
	return moved, nil
}
