package plan

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// fuse ranks by several lists. A list of weight 0 is as one that is not there.
func (p *Plan) fuse(ctx context.Context, n *Node, unit vector.Unit, k int) (*ranked, error) {
	depth := int(n.option("depth"))
	deep := max(k, depth)
	var lists []*ranked
	var by []float64
	out := &ranked{unit: unit, exact: true, recall: 1}
	for i, of := range n.of {
		if n.by[i] == 0 {
			continue
		}
		r, err := p.rank(ctx, of, unit, deep)
		if err != nil {
			return nil, err
		}
		r = p.as(r, unit)
		if r.blind, err = p.blind(ctx, of, unit); err != nil {
			return nil, err
		}
		lists, by = append(lists, r), append(by, n.by[i])
		out.exact, out.recall = out.exact && r.exact, min(out.recall, r.recall)
	}
	if n.step.name == "rrf" {
		out.hits = reciprocal(lists, by, n.option("k"), deep)
	} else {
		out.hits = linear(lists, by, n.norm, depth, deep)
	}
	return out, nil
}

// blind says which rows a list cannot have, whatever is asked: documents without a passage,
// where it is of passages. Nil where there is none of these.
func (p *Plan) blind(ctx context.Context, n *Node, unit vector.Unit) (func(topk.Row) bool, error) {
	if n.step != nil || unit != vector.Documents {
		return nil, nil
	}
	l, err := p.open(ctx, n, unit)
	if err != nil || l.Unit == unit {
		return nil, err
	}
	return func(doc topk.Row) bool {
		first, end := p.Source.PassageRows(doc)
		return first >= end
	}, nil
}

// sums adds up what lists say of rows.
type sums struct {
	at      map[topk.Row]int
	rows    []topk.Row
	addends [][]float64
}

func (s *sums) of(row topk.Row) int {
	i, ok := s.at[row]
	if !ok {
		i = len(s.rows)
		s.at[row] = i
		s.rows, s.addends = append(s.rows, row), append(s.addends, nil)
	}
	return i
}

// hits are the rows, best first: each one's addends are summed from the greatest down.
func (s *sums) hits() []topk.Hit {
	hits := make([]topk.Hit, len(s.rows))
	for i, row := range s.rows {
		hits[i] = topk.Hit{Row: row, Score: float32(sum(s.addends[i]))}
	}
	slices.SortFunc(hits, topk.Compare)
	return hits
}

func sum(addends []float64) float64 {
	slices.SortFunc(addends, func(a, b float64) int { return cmp.Compare(b, a) })
	total := 0.0
	for _, x := range addends {
		total += x
	}
	return total
}

// reciprocal is reciprocal rank fusion: the sum over lists of weight / (k + rank)
// (Cormack, Clarke and Büttcher, SIGIR 2009).
func reciprocal(lists []*ranked, by []float64, k float64, deep int) []topk.Hit {
	s := &sums{at: map[topk.Row]int{}}
	for l, r := range lists {
		for i, h := range r.hits {
			if r.rank(i) > deep {
				break
			}
			at := s.of(h.Row)
			s.addends[at] = append(s.addends[at], by[l]/(k+float64(r.rank(i))))
		}
	}
	return s.hits()
}

// linear is the sum over lists of weight × normalised score. A row that a list lacks
// has the least of it, and nothing where scores are left as they are or all the same; one that
// the list cannot have has the mean, since its absence says nothing.
func linear(lists []*ranked, by []float64, norm string, depth, deep int) []topk.Hit {
	s := &sums{at: map[topk.Row]int{}}
	for _, r := range lists {
		for i, h := range r.hits {
			if r.rank(i) <= deep {
				s.of(h.Row)
			}
		}
	}
	for l, r := range lists {
		end := 0
		for end < len(r.hits) && r.rank(end) <= deep {
			end++
		}
		if end == 0 {
			continue
		}
		scale := scaleOf(r.hits[:min(end, depth)], norm)
		lacks := scale.of(float64(r.hits[end-1].Score))
		if norm == "none" || scale.flat() {
			lacks = min(0, lacks)
		}
		has := make(map[topk.Row]float64, end)
		for _, h := range r.hits[:end] {
			has[h.Row] = float64(h.Score)
		}
		for i, row := range s.rows {
			x := lacks
			if score, ok := has[row]; ok {
				x = scale.of(score)
			} else if r.blind != nil && norm != "none" && r.blind(row) {
				x = scale.of(scale.mean)
			}
			s.addends[i] = append(s.addends[i], float64(by[l]*x))
		}
	}
	return s.hits()
}

// scale puts the scores of lists beside each other, by those of their best rows: minmax
// from 0 to 1; z by mean and standard deviation; median from 0, for the median and less,
// to 1 (what most rows that are found have is nothing); best divides by the best, where that is above 0; none leaves them. How many rows
// are wanted does not matter.
type scale struct {
	norm              string
	least, best       float64
	median, mean, dev float64
}

func scaleOf(hits []topk.Hit, norm string) *scale {
	n := len(hits)
	s := &scale{norm: norm, best: float64(hits[0].Score), least: float64(hits[n-1].Score), median: float64(hits[n/2].Score)}
	for _, h := range hits {
		s.mean += float64(h.Score)
	}
	s.mean /= float64(n)
	square := 0.0
	for _, h := range hits {
		d := float64(h.Score) - s.mean
		square += float64(d * d)
	}
	s.dev = math.Sqrt(square / float64(n))
	return s
}

// flat says that all rows have the best score.
func (s *scale) flat() bool { return s.best == s.least }

func (s *scale) of(x float64) float64 {
	from, by := s.least, s.best-s.least
	switch s.norm {
	case "none":
		return x
	case "z":
		from, by = s.mean, s.dev
	case "median":
		from, by = s.median, s.best-s.median
	case "best":
		if s.best > 0 {
			from, by = 0, s.best
		}
	}
	switch {
	case s.flat() || !(by > 0): // how much less the others are, nobody knows
		if x < s.best {
			return 0
		}
		return 1
	case s.norm == "median":
		return max(0, (x-from)/by)
	}
	return (x - from) / by
}
