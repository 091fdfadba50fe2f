package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// rerank orders the best n rows of one list by another. Rows that it has no score for
// follow in their order, and so do those beyond the best n.
func (p *Plan) rerank(ctx context.Context, n *Node, unit vector.Unit, k int) (*ranked, error) {
	most := int(n.option("n"))
	r, err := p.rank(ctx, n.of[0], unit, max(k, most))
	if err != nil {
		return nil, err
	}
	head := r.hits[:min(most, len(r.hits))]
	scores, exact, err := p.scores(ctx, n.of[1], r.unit, head)
	if err != nil {
		return nil, err
	}
	out := &ranked{unit: r.unit, exact: r.exact && exact, recall: r.recall}
	var rest []topk.Hit
	for i, h := range head {
		if s := scores[i]; s == s {
			out.hits = append(out.hits, topk.Hit{Row: h.Row, Score: s})
		} else {
			rest = append(rest, h)
		}
	}
	slices.SortFunc(out.hits, topk.Compare)
	rest = append(rest, r.hits[len(head):]...)
	if len(out.hits) == 0 {
		return r, nil
	}
	last := out.hits[len(out.hits)-1].Score
	for _, h := range rest { // the smallest steps down keep the order
		last = math.Nextafter32(last, float32(math.Inf(-1)))
		out.hits = append(out.hits, topk.Hit{Row: h.Row, Score: last})
	}
	return out, nil
}

// scores are those that a node gives to rows of a unit: NaN where it gives none.
func (p *Plan) scores(ctx context.Context, n *Node, unit vector.Unit, hits []topk.Hit) ([]float32, bool, error) {
	if n.step == nil {
		l, err := p.open(ctx, n, unit)
		if err != nil {
			return nil, false, err
		}
		if l.Score != nil && l.Unit == unit {
			rows := make([]topk.Row, len(hits))
			for i, h := range hits {
				rows[i] = h.Row
			}
			scores, err := l.Score(ctx, rows)
			if err == nil && len(scores) != len(rows) {
				err = fmt.Errorf("%s gives %d scores for %d rows", n.name, len(scores), len(rows))
			}
			if err == nil {
				p.note(n.name, unit, rows, scores)
			}
			return scores, true, err
		}
	}
	r, err := p.rank(ctx, n, unit, max(defaultScored, len(hits)))
	if err != nil {
		return nil, false, err
	}
	r = p.as(r, unit)
	has := make(map[topk.Row]float32, len(r.hits))
	for _, h := range r.hits {
		has[h.Row] = h.Score
	}
	scores := make([]float32, len(hits))
	for i, h := range hits {
		s, ok := has[h.Row]
		if !ok {
			s = float32(math.NaN())
		}
		scores[i] = s
	}
	return scores, r.exact, nil
}

// defaultScored is how deep a list is looked into for the scores of rows, where it
// cannot be asked for them.
const defaultScored = 1000

// note remembers scores as the ranking of a list.
func (p *Plan) note(name string, unit vector.Unit, rows []topk.Row, scores []float32) {
	if p.seen[name] != nil {
		return
	}
	r := &ranked{unit: unit}
	for i, s := range scores {
		if s == s {
			r.hits = append(r.hits, topk.Hit{Row: rows[i], Score: s})
		}
	}
	slices.SortFunc(r.hits, topk.Compare)
	p.seen[name] = r
}

// document is that of a row of a unit.
func (p *Plan) document(row topk.Row, unit vector.Unit) topk.Row {
	if unit == vector.Passages {
		return p.Source.DocumentOf(row)
	}
	return row
}

// boost multiplies scores where a filter holds: a score below 0 is divided, so that a
// factor above 1 always helps.
func (p *Plan) boost(r *ranked, n *Node) error {
	match, err := p.Source.Match(n.where)
	if err != nil {
		return err
	}
	by := n.option("by")
	for i := range r.hits {
		h := &r.hits[i]
		ok, err := match(p.document(h.Row, r.unit))
		if err != nil {
			return err
		}
		if ok {
			h.Score = scaled(h.Score, by)
		}
	}
	return nil
}

func scaled(score float32, by float64) float32 {
	if score < 0 {
		return float32(float64(score) / by)
	}
	return float32(float64(score) * by)
}

// recent lowers scores by age: what is as new as the newest that was found keeps its
// own, what is older by so many days loses half of the share by. Age is counted from
// the newest, not from today, so that the same index gives the same ranking.
func (p *Plan) recent(r *ranked, n *Node) error {
	at := make([]time.Time, len(r.hits))
	var newest time.Time
	for i, h := range r.hits {
		t, err := p.Source.Modified(p.document(h.Row, r.unit))
		if err != nil {
			return err
		}
		if at[i] = t; t.After(newest) {
			newest = t
		}
	}
	by, days := n.option("by"), n.option("days")
	for i := range r.hits {
		fresh := 0.0
		if !at[i].IsZero() {
			// A ratio, not a power: it has the same bits on every machine.
			fresh = days / (days + float64(newest.Sub(at[i])/time.Second)/86400)
		}
		if factor := (1 - by) + float64(by*fresh); factor > 0 {
			r.hits[i].Score = scaled(r.hits[i].Score, factor)
		} else {
			r.hits[i].Score = min(0, r.hits[i].Score)
		}
	}
	return nil
}

// smooth gives a passage the share by of its score from the two beside it in its
// document, as far as these were found.
func (p *Plan) smooth(r *ranked, by float64) *ranked {
	has := make(map[topk.Row]float64, len(r.hits))
	least := 0.0 // of a passage that was not found
	for _, h := range r.hits {
		has[h.Row] = float64(h.Score)
		least = min(least, float64(h.Score))
	}
	out := &ranked{hits: slices.Clone(r.hits), unit: r.unit, exact: r.exact, recall: r.recall}
	for i := range out.hits {
		h := &out.hits[i]
		first, end := p.Source.PassageRows(p.Source.DocumentOf(h.Row))
		around, n := 0.0, 0
		for _, row := range []int64{int64(h.Row.Row) - 1, int64(h.Row.Row) + 1} {
			if row < int64(first) || row >= int64(end) {
				continue
			}
			s, ok := has[topk.Row{Segment: h.Segment, Row: uint32(row)}]
			if !ok {
				s = least
			}
			around += s
			n++
		}
		if n > 0 {
			h.Score = float32(float64((1-by)*has[h.Row]) + float64(by*around)/float64(n))
		}
	}
	slices.SortFunc(out.hits, topk.Compare)
	return out
}

// feedback asks a list again with the question changed towards the best rows of it, or
// of the second list, where these stand out: see confidence.
func (p *Plan) feedback(ctx context.Context, n *Node, unit vector.Unit, k int) (*ranked, error) {
	leaf := n.of[0]
	if leaf.step != nil {
		return nil, fmt.Errorf("%w: feedback changes the question of a list such as text or dense, not of %s", ErrSyntax, leaf.step.name)
	}
	l, err := p.open(ctx, leaf, unit)
	if err != nil {
		return nil, err
	}
	if l.Feedback == nil {
		return nil, fmt.Errorf("%w: %s takes no feedback", ErrSyntax, leaf.name)
	}
	docs := int(n.option("docs"))
	from, err := p.rank(ctx, n.of[len(n.of)-1], l.Unit, max(k, confidenceAt*docs))
	if err != nil {
		return nil, err
	}
	from = p.as(from, l.Unit)
	if len(from.hits) == 0 || confidence(from.hits, docs) < n.option("gate") {
		return p.list(ctx, leaf, unit, k)
	}
	again, err := l.Feedback(ctx, from.hits[:min(docs, len(from.hits))], Feedback{Terms: int(n.option("terms")), By: n.option("by")})
	if err != nil {
		return nil, err
	}
	return p.ranking(ctx, leaf.name, again, l.Unit, unit, k)
}

// confidenceAt is how many times as many rows as count are looked at.
const confidenceAt = 10

// confidence is how far the best rows stand out: by which share of their mean score
// that of the rows after them is less, between 0 and 1.
func confidence(hits []topk.Hit, best int) float64 {
	hits = hits[:min(len(hits), confidenceAt*best)]
	if len(hits) <= best {
		return 1
	}
	mean := func(hits []topk.Hit) float64 {
		s := 0.0
		for _, h := range hits {
			s += float64(h.Score)
		}
		return s / float64(len(hits))
	}
	top := mean(hits[:best])
	if !(top > 0) {
		return 0
	}
	return min(1, max(0, (top-mean(hits[best:]))/top))
}
