package impact

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Source is what is searched.
type Source struct {
	Segment *Segment
	// Visible says which rows can be hits; the zero Mask means all of them.
	Visible topk.Mask
}

func (s *Source) rows() int { return s.Segment.rows }

// TopK returns the k rows of all sources that score best, fewer where fewer have a
// term of the query: a hit's Segment is the place of its source. Below a recall of 1
// each segment takes the shortcut that reached at least that recall when it was
// measured; the ranking's Recall is then the share of the best 10 that searches like
// this one found, the least over segments.
//
// A query must be valid. Its terms whose products are too great or too small for
// float32 make TopK score everything.
func TopK(sources []Source, query vector.Sparse, k int, recall float32) topk.Ranking {
	r, _ := Rank(context.Background(), sources, query, k, recall) // only a context gives errors
	return r
}

// Rank is TopK until ctx is cancelled, which is looked at between segments.
func Rank(ctx context.Context, sources []Source, query vector.Sparse, k int, recall float32) (topk.Ranking, error) {
	result := topk.Ranking{Exact: true, Recall: 1}
	s := searchers.Get().(*searcher)
	defer searchers.Put(s)
	s.settings = s.settings[:0]
	missed := missedMore(sources)
	for i := range sources {
		how := setting{1, 1, 1}
		if g := sources[i].Segment; g != nil {
			how = g.setting(1 - (1-recall)/missed)
		}
		s.settings = append(s.settings, how)
		result.Recall = min(result.Recall, max(0, 1-(1-how.recall)*missed))
		result.Exact = result.Exact && how.factor == 1
	}
	var err error
	if result.Hits, err = s.topK(ctx, sources, query, k, s.settings); err != nil {
		return topk.Ranking{}, err
	}
	if !result.Exact && len(result.Hits) < k {
		// The terms left out may be the only ones that more rows have.
		return Rank(ctx, sources, query, k, 1)
	}
	return result, nil
}

// missedMore is how many times more of the best rows a shortcut misses than it did
// when its segment was searched alone: the floor of all segments is above that of each.
// Measured for two and four segments of a million generated rows.
func missedMore(sources []Source) float32 {
	n := 0
	for i := range sources {
		if sources[i].Segment != nil {
			n++
		}
	}
	return 1 + .2*float32(bits.Len(uint(max(n, 1))-1))
}

// topK returns the best rows, each source searched with its setting.
func (s *searcher) topK(ctx context.Context, sources []Source, query vector.Sparse, k int, settings []setting) ([]topk.Hit, error) {
	near := false
	s.numbers.Reset()
	for i := range sources {
		s.numbers.Add(sources[i].rows())
		near = near || settings[i].factor < 1
	}
	if k = int(min(uint64(max(k, 0)), s.numbers.Len())); k == 0 || query.Len() == 0 {
		return nil, ctx.Err()
	}
	s.sources, s.query = sources, query
	if s.numbers.Len() > math.MaxUint32 || !s.prepare() {
		return exhaustive(ctx, sources, query, k) // keys number rows in 32 bits
	}
	if near {
		s.best.Reset(int(min(uint64(k+nearMore(k)), s.numbers.Len())), 0)
	} else {
		s.best.Reset(k, s.slack)
	}
	for i := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if settings[i].factor < 1 {
			s.near(i, settings[i])
		} else {
			s.segment(i)
		}
	}
	if !near && s.best.Loose() {
		// Rows may be missing whose score is nothing beside what is possible.
		return exhaustive(ctx, sources, query, k)
	}
	return s.hits(k), nil
}

var searchers = sync.Pool{New: func() any { return new(searcher) }}

// A searcher is the working memory of one query. Scores are counted in whole
// steps: step is what a score of 1 is worth, the same for all sources.
type searcher struct {
	sources []Source
	query   vector.Sparse
	step    float64
	slack   int             // that a count may differ from the score by
	numbers topk.Numbering  // of the rows of all sources, by place
	best    topk.Candidates // by number

	settings []setting
	weights  []float32
	spent    int // work done, in about nanoseconds

	// Of the segment being searched:
	g       *Segment
	first   uint64 // number of its first row
	visible []uint32
	lists   []list // sparse ones, then dense ones, each by falling contribution
	sparse  int
	work    work

	rescoring rescoring
}

// list is a term of the query in a segment.
type list struct {
	term
	place  int
	query  float32
	factor uint16 // impacts in steps: code · factor / 256
}

// contribution is the most that the list adds to a row, in 256ths of a step.
func (l *list) contribution() uint32 { return uint32(l.factor) * uint32(l.highest) }

// prepare chooses the step and what counts can differ by. It returns false when
// scores do not fit.
func (s *searcher) prepare() bool {
	n := float64(s.query.Len())
	total, most := 0.0, 0.0 // greatest score, greatest value of an 8-bit step
	units := 0.0
	for i := range s.sources {
		g := s.sources[i].Segment
		sum, rounding := 0.0, 0.0
		for j, name := range s.query.Terms {
			if place, ok := g.lookup(name); ok {
				t := g.term(place)
				value := float64(s.query.Weights[j]) * float64(t.unit)
				sum += float64(value * float64(t.highest))
				most = max(most, value)
				rounding += value
			}
		}
		total = max(total, sum)
		if g.conf.Precision != Bits8 {
			units = max(units, rounding)
		}
	}
	if total == 0 {
		total = 1
	}
	if !(total > 1e-30 && total < 1e30) || n > 8192 {
		return false
	}
	s.step = (math.MaxUint16 - 2*n) / total
	if most > 0 {
		s.step = min(s.step, 65535/256/most)
	}
	// A count differs from the score by less than a step a term for each of the two
	// roundings of impacts; codes that were rounded up add up to a unit each.
	s.slack = int(3*n + 4 + math.Ceil(units*s.step))
	return true
}

// open looks the query's terms up in segment id.
func (s *searcher) open(id int, mass float32) {
	s.g, s.first = s.sources[id].Segment, s.numbers.First(id)
	s.visible = s.sources[id].Visible.Lanes
	s.lists, s.sparse = s.lists[:0], 0
	least := s.least(mass)
	for j, name := range s.query.Terms {
		place, ok := s.g.lookup(name)
		if !ok {
			continue
		}
		l := list{term: s.g.term(place), place: place, query: s.query.Weights[j]}
		l.factor = uint16(min(math.Ceil(float64(l.query)*float64(l.unit)*s.step*256), math.MaxUint16))
		if l.query < least {
			continue
		}
		if !l.dense {
			s.sparse++
		}
		s.lists = append(s.lists, l)
	}
	slices.SortStableFunc(s.lists, func(a, b list) int {
		if a.dense != b.dense {
			return int(b2u(a.dense)) - int(b2u(b.dense))
		}
		return cmp.Compare(b.contribution(), a.contribution())
	})
}

// dot is the score of a row by the forward index; places are those of the query's
// terms, -1 for none.
func (g *Segment) dot(row uint32, places []int, weights []float32) float32 {
	if int(row) >= g.rows {
		return 0
	}
	sum := float32(0)
	i, hi := g.entries(row)
	for j, want := range places {
		if want < 0 {
			continue
		}
		for ; i < hi; i++ {
			place, weight := g.entry(i)
			if place == want {
				sum += float32(weights[j] * weight)
			}
			if place >= want {
				break
			}
		}
	}
	return sum
}
