package plan

import (
	"context"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// near adds to the score of a row what those lend it that are most like it, of the best rows
// of its list: what is about the same is asked for together (score regularisation: Diaz,
// CIKM 2005). Of the n nearest by the vectors of the second list, each counts by its cosine,
// and lends less the shorter its vector is than 1. Scores count from that of the last of
// these rows, or from 0 where that is less. A row without a vector is lent as much as others
// are in the mean.
func (p *Plan) near(ctx context.Context, n *Node, unit vector.Unit, k int) (*ranked, error) {
	leaf := n.of[1]
	if leaf.step != nil {
		return nil, fmt.Errorf("%w: near compares rows by the vectors of a list such as dense, not of %s", ErrSyntax, leaf.step.name)
	}
	l, err := p.open(ctx, leaf, unit)
	if err != nil {
		return nil, err
	}
	if l.Vectors == nil {
		return nil, fmt.Errorf("%w: %s has no dense vectors to compare rows by", ErrSyntax, leaf.name)
	}
	depth := int(n.option("depth"))
	r, err := p.rank(ctx, n.of[0], unit, max(k, depth))
	if err != nil || len(r.hits) == 0 {
		return r, err
	}
	out := &ranked{hits: slices.Clone(r.hits), unit: r.unit, exact: r.exact, recall: r.recall}
	head := out.hits[:min(depth, len(out.hits))]
	vectors, lengths, err := p.directions(l, head, r.unit)
	if err != nil {
		return nil, err
	}
	from := min(0, float64(head[len(head)-1].Score))
	by, most := n.option("by"), int(n.option("n"))
	lent := make([]float64, len(head))
	mean, known := 0.0, 0
	for i := range head {
		if vectors[i] == nil {
			continue
		}
		lent[i] = lentBy(nearest(vectors, i, most), func(j int) float64 {
			return float64((float64(r.hits[j].Score) - from) * float64(lengths[j]*lengths[j]))
		})
		mean += lent[i]
		known++
	}
	for i := range head {
		if vectors[i] == nil && known > 0 { // of which nobody knows what it is like
			lent[i] = mean / float64(known)
		}
		head[i].Score = float32(float64(head[i].Score) + float64(by*lent[i]))
	}
	slices.SortFunc(out.hits, topk.Compare)
	return out, nil
}

// neighbour is a row among others, and its cosine.
type neighbour struct {
	at     int
	cosine float64
}

// nearest are the most rows with the greatest cosines above 0 to row i.
func nearest(vectors []vector.Dense, i, most int) []neighbour {
	var all []neighbour
	for j, v := range vectors {
		if j == i || v == nil {
			continue
		}
		if c := float64(vectors[i].Dot(v)); c > 0 {
			all = append(all, neighbour{j, c})
		}
	}
	slices.SortStableFunc(all, func(a, b neighbour) int {
		switch {
		case a.cosine > b.cosine:
			return -1
		case a.cosine < b.cosine:
			return 1
		}
		return 0
	})
	return all[:min(most, len(all))]
}

// lentBy is the mean of what neighbours have, by their cosines.
func lentBy(all []neighbour, has func(at int) float64) float64 {
	sum, weight := 0.0, 0.0
	for _, n := range all {
		sum += float64(n.cosine * has(n.at))
		weight += n.cosine
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// mostSummed is how many passages of a document stand for it, evenly taken.
const mostSummed = 64

// directions are the vectors of rows with the length 1, and their own lengths, 1 at most; of a
// document the sum of those of its passages, where these have vectors. Nil where there is none.
func (p *Plan) directions(l *List, head []topk.Hit, unit vector.Unit) ([]vector.Dense, []float64, error) {
	var rows []topk.Row
	var of []int // of head, by row
	for i, h := range head {
		switch {
		case l.Unit == unit:
			rows, of = append(rows, h.Row), append(of, i)
		case unit == vector.Passages:
			rows, of = append(rows, p.Source.DocumentOf(h.Row)), append(of, i)
		default:
			first, end := p.Source.PassageRows(h.Row)
			for n, step := first, max(1, (end-first)/mostSummed); n < end; n += step {
				rows, of = append(rows, topk.Row{Segment: h.Row.Segment, Row: n}), append(of, i)
			}
		}
	}
	found, err := l.Vectors(rows)
	if err != nil {
		return nil, nil, err
	}
	vectors, lengths := make([]vector.Dense, len(head)), make([]float64, len(head))
	for n, v := range found {
		i := of[n]
		if vectors[i] == nil {
			vectors[i] = v
			continue
		}
		sum := make(vector.Dense, len(vectors[i]))
		for j := range v {
			sum[j] = vectors[i][j] + v[j]
		}
		if v != nil {
			vectors[i] = sum
		}
	}
	for i, v := range vectors {
		lengths[i] = min(1, v.Length())
		vectors[i], _ = v.Unit()
	}
	return vectors, lengths, nil
}
