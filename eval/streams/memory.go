package streams

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/stream"
)

// memories asks memories of as many entries for each event, after the stream has ended.
func (s *sums) memories(ctx context.Context, m *made, o Options, r *Report, seed uint64) error {
	weights := []float64{stream.Weight}
	if o.Grid {
		weights = []float64{0, .25, .5, .75, 1}
	} else {
		others := m.others(r.Entries, seed)
		for _, name := range []string{"last", "random", "uniform", "equal blocks"} {
			if err := s.ask(m, name, others[name]); err != nil {
				return err
			}
		}
	}
	for _, weight := range weights {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		mem, err := stream.NewMemory(o.Width, r.Bytes, weight)
		if err != nil {
			return err
		}
		for row, v := range m.rows {
			mem.Push(row, float64(row), v)
		}
		name := "memory"
		if o.Grid {
			name = fmt.Sprintf("memory, weight %g", weight)
		}
		if err := s.ask(m, name, mem.Spans()); err != nil {
			return err
		}
	}
	return nil
}

// others are plain memories. A row that was drawn stands for those that are nearer to it
// than to others.
func (m *made) others(n int, seed uint64) map[string][]stream.Span {
	rows := len(m.rows)
	n = min(n, rows)
	last := make([]stream.Span, n)
	for i := range last {
		row := rows - n + i
		last[i] = stream.Span{First: row, Last: row, Count: 1, Centroid: m.rows[row]}
	}
	r := rand.New(rand.NewPCG(seed, 26))
	reservoir := make([]int, n)
	for row := range rows {
		if row < n {
			reservoir[row] = row
		} else if at := r.IntN(row + 1); at < n {
			reservoir[at] = row
		}
	}
	slices.Sort(reservoir)
	blocks := make([]stream.Block, n)
	for i := range blocks {
		blocks[i] = stream.Block{First: i * rows / n, End: (i + 1) * rows / n}
	}
	means := stream.NewMeans(blocks, len(m.rows[0]))
	for row, v := range m.rows {
		means.Push(row, float64(row), v)
	}
	return map[string][]stream.Span{"last": last, "random": m.standing(reservoir), "uniform": m.standing(evenly(rows, n)), "equal blocks": means.Spans()}
}

func (m *made) standing(rows []int) []stream.Span {
	spans := make([]stream.Span, len(rows))
	for i, row := range rows {
		first, last := 0, len(m.rows)-1
		if i > 0 {
			first = (rows[i-1]+row)/2 + 1
		}
		if i < len(rows)-1 {
			last = (row + rows[i+1]) / 2
		}
		spans[i] = stream.Span{First: first, Last: last, Count: last - first + 1, Centroid: m.rows[row]}
	}
	return spans
}

func (s *sums) ask(m *made, name string, spans []stream.Span) error {
	l := s.at("memory", name, 0)
	most := max(1, len(m.rows)/100)
	for _, e := range m.events {
		q, err := stream.NewQuestion([][]float32{e.question})
		if err != nil {
			return err
		}
		scores := make([]float64, len(spans))
		order := make([]int, len(spans))
		for i, x := range spans {
			scores[i], order[i] = q.Score(x.Centroid), i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		nearest := spans[order[0]]
		short := nearest.Last-nearest.First < most
		l.add("answered", yes(short && (e.moments[0].touches(nearest.First, nearest.Last) || e.moments[1].touches(nearest.First, nearest.Last))))
		l.add("span", float64(nearest.Last-nearest.First+1))
		for _, at := range e.moments {
			if at.end > len(m.rows)/10 {
				continue
			}
			found := false
			for _, i := range order[:min(3, len(order))] {
				found = found || spans[i].Last-spans[i].First < most && at.touches(spans[i].First, spans[i].Last)
			}
			l.add("early", yes(found))
		}
		l.add("opened", opened(e, spans, order, most))
	}
	return nil
}

// opened is the share of an event's rows among the first most rows of spans in an order.
func opened(e event, spans []stream.Span, order []int, most int) float64 {
	got, asked := 0, 0
	for _, at := range e.moments {
		asked += at.end - at.first
	}
	for _, i := range order {
		for row := spans[i].First; row <= spans[i].Last; row++ {
			if most--; most < 0 {
				return float64(got) / float64(asked)
			}
			if e.moments[0].has(row) || e.moments[1].has(row) {
				got++
			}
		}
	}
	return float64(got) / float64(asked)
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
