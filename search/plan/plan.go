// Package plan ranks by several lists at once: a plan is a tree whose leaves are lists
// (words, vectors, runs of another system) and whose steps fuse, rerank, boost, smooth
// and aggregate what these give. Parse says how a plan is written.
//
// A plan is a search.Ranker. It is exact where its lists are: it says how many of the
// best rows of each list count (depth), and of these it is the whole ranking. Scores
// are summed in float64 from the greatest addend down, so that the order of lists
// changes nothing, and equal scores stand in order of addition.
package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/vector"
)

// A List is what a leaf of a plan stands for. Functions that are nil are what it cannot
// do.
type List struct {
	Unit   vector.Unit // of its rows
	Ranker search.Ranker
	// Score returns the scores of rows, NaN for one that has none: rerank asks it. A
	// model that reads question and passage is a List that has nothing else.
	Score func(ctx context.Context, rows []topk.Row) ([]float32, error)
	// Vectors are those of rows of the Unit, nil where one has none: near compares them.
	Vectors func(rows []topk.Row) ([]vector.Dense, error)
	// Feedback ranks by the question changed towards rows that were found.
	Feedback func(ctx context.Context, found []topk.Hit, f Feedback) (search.Ranker, error)
}

// Feedback says how the question changes towards what was found: it keeps 1 - By of
// itself and takes By from the Terms that are strongest there.
type Feedback struct {
	Terms int
	By    float64
}

// A Source has the lists of plans and knows what their rows are. Its errors say what
// is wrong with a plan.
type Source interface {
	// List is the list of a name, of rows of the unit, where it can have both.
	List(ctx context.Context, name string, unit vector.Unit) (*List, error)
	DocumentOf(passage topk.Row) topk.Row
	PassageRows(doc topk.Row) (first, end uint32)
	// Match says which documents pass a filter.
	Match(filter string) (func(doc topk.Row) (bool, error), error)
	// Modified is when a document was changed last, the zero time where nobody knows.
	Modified(doc topk.Row) (time.Time, error)
}

// Plan ranks rows of a unit as a Node says, with the lists of a Source.
type Plan struct {
	Node   *Node
	Source Source
	Unit   vector.Unit

	lists map[string]*List   // opened
	seen  map[string]*ranked // what lists gave in the last ranking
	asked map[string]asked   // what was asked of them, so that it is asked once
}

// asked is the best k rows of a list.
type asked struct {
	k int
	r *ranked
}

// Place is where a list has a hit.
type Place struct {
	List  string  `json:"list"`
	Rank  int     `json:"rank"`
	Score float32 `json:"score"`
}

// ranked is a ranking of rows of a unit.
type ranked struct {
	hits   []topk.Hit
	unit   vector.Unit
	ranks  []int // from 1, where they are not those of hits' order
	exact  bool
	recall float32
	blind  func(topk.Row) bool // what it cannot have; nil for nothing
}

func (r *ranked) rank(i int) int {
	if r.ranks != nil {
		return r.ranks[i]
	}
	return i + 1
}

// Rank is that of search.Ranker.
func (p *Plan) Rank(ctx context.Context, k int) (topk.Ranking, error) {
	if p.lists == nil {
		p.lists = map[string]*List{}
	}
	p.seen, p.asked = map[string]*ranked{}, map[string]asked{}
	r, err := p.rank(ctx, p.Node, p.Unit, k)
	if err != nil {
		return topk.Ranking{}, err
	}
	return topk.Ranking{Hits: r.hits[:min(max(k, 0), len(r.hits))], Exact: r.exact, Recall: r.recall}, nil
}

// Places returns a function that says where each list had a row of the last ranking,
// in the order of the plan.
func (p *Plan) Places() func(row topk.Row) []Place {
	names := p.Node.Lists()
	at := make([]map[topk.Row]Place, len(names))
	for i, name := range names {
		r := p.seen[name]
		if r == nil {
			continue
		}
		r = p.as(r, p.Unit)
		at[i] = make(map[topk.Row]Place, len(r.hits))
		for j, h := range r.hits {
			at[i][h.Row] = Place{name, r.rank(j), h.Score}
		}
	}
	return func(row topk.Row) []Place {
		places := []Place{}
		for i := range names {
			if x, ok := at[i][row]; ok {
				places = append(places, x)
			}
		}
		return places
	}
}

// rank is the best k rows by a node.
func (p *Plan) rank(ctx context.Context, n *Node, unit vector.Unit, k int) (*ranked, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n.step == nil {
		return p.list(ctx, n, unit, k)
	}
	switch n.step.name {
	case "rrf", "linear":
		return p.fuse(ctx, n, unit, k)
	case "rerank":
		return p.rerank(ctx, n, unit, k)
	case "max", "first", "sum":
		return p.documents(k, n.step.name, func(k int) (*ranked, error) { return p.rank(ctx, n.of[0], vector.Passages, k) })
	case "feedback":
		return p.feedback(ctx, n, unit, k)
	case "near":
		return p.near(ctx, n, unit, k)
	case "smooth":
		smooth := func(k int) (*ranked, error) {
			r, err := p.rank(ctx, n.of[0], vector.Passages, k)
			if err != nil {
				return nil, err
			}
			return p.smooth(r, n.option("by")), nil
		}
		if unit == vector.Documents {
			return p.documents(k, "max", smooth)
		}
		return smooth(k)
	}
	r, err := p.rank(ctx, n.of[0], unit, k)
	if err != nil {
		return nil, err
	}
	r = &ranked{hits: slices.Clone(r.hits), unit: r.unit, exact: r.exact, recall: r.recall}
	if n.step.name == "boost" {
		err = p.boost(r, n)
	} else {
		err = p.recent(r, n)
	}
	slices.SortFunc(r.hits, topk.Compare)
	return r, err
}

// open is the list of a leaf.
func (p *Plan) open(ctx context.Context, n *Node, unit vector.Unit) (*List, error) {
	name := n.name
	for _, u := range []vector.Unit{vector.Documents, vector.Passages} {
		if base, ok := strings.CutSuffix(name, "/"+u.String()); ok {
			name, unit = base, u
		}
	}
	key := name + "/" + unit.String()
	if l, ok := p.lists[key]; ok {
		return l, nil
	}
	l, err := p.Source.List(ctx, name, unit)
	if err == nil {
		p.lists[key] = l
	}
	return l, err
}

func (p *Plan) list(ctx context.Context, n *Node, unit vector.Unit, k int) (*ranked, error) {
	l, err := p.open(ctx, n, unit)
	if err != nil {
		return nil, err
	}
	if l.Ranker == nil {
		return nil, fmt.Errorf("%w: %s scores what others find: rerank(text, %[2]s)", ErrSyntax, n.name)
	}
	key := n.name + " " + unit.String()
	old, ok := p.asked[key]
	if !ok || old.k < k {
		r, err := p.ranking(ctx, n.name, l.Ranker, l.Unit, unit, k)
		if err != nil {
			return nil, err
		}
		old = asked{k, r}
		p.asked[key] = old
	}
	r := *old.r
	if r.ranks == nil {
		r.hits = r.hits[:min(k, len(r.hits))]
	}
	return &r, nil
}

// ranking asks a ranker for k rows of a unit, and notes where it has them.
func (p *Plan) ranking(ctx context.Context, name string, of search.Ranker, has, unit vector.Unit, k int) (*ranked, error) {
	ask := func(k int) (*ranked, error) {
		r, err := of.Rank(ctx, k)
		return &ranked{hits: r.Hits, unit: has, exact: r.Exact, recall: r.Recall}, err
	}
	r, err := ask(k)
	if err != nil {
		return nil, err
	}
	if has == vector.Passages && unit == vector.Documents {
		r, err = p.documents(k, "max", ask)
	} else {
		r = p.as(r, unit)
	}
	if old := p.seen[name]; err == nil && (old == nil || len(old.hits) < len(r.hits)) {
		p.seen[name] = r
	}
	return r, err
}

// documents ranks documents by the passages that ask finds, as many as it takes.
func (p *Plan) documents(k int, how string, ask func(k int) (*ranked, error)) (*ranked, error) {
	for most := double(k); ; most = double(most) {
		r, err := ask(most)
		if err != nil {
			return nil, err
		}
		docs := r
		if r.unit == vector.Passages {
			docs = p.aggregate(r, how)
		}
		if len(docs.hits) >= k || len(r.hits) < most {
			return docs, nil
		}
	}
}

// aggregate is the documents of passages: max and sum of their scores, or the score of
// a document's first passage, without which it has none.
func (p *Plan) aggregate(r *ranked, how string) *ranked {
	out := &ranked{unit: vector.Documents, exact: r.exact, recall: r.recall}
	at := map[topk.Row]int{}
	var sums []float64
	for _, h := range r.hits {
		doc := p.Source.DocumentOf(h.Row)
		if how == "first" {
			if first, _ := p.Source.PassageRows(doc); first != h.Row.Row {
				continue
			}
		}
		i, ok := at[doc]
		if !ok {
			at[doc] = len(out.hits)
			out.hits, sums = append(out.hits, topk.Hit{Row: doc, Score: h.Score}), append(sums, float64(h.Score))
		} else if how == "sum" {
			sums[i] += float64(h.Score)
		}
	}
	for i := range out.hits {
		out.hits[i].Score = float32(sums[i])
	}
	slices.SortFunc(out.hits, topk.Compare)
	return out
}

// as is a ranking as one of another unit. A document's passages have its score and
// its rank.
func (p *Plan) as(r *ranked, unit vector.Unit) *ranked {
	if r.unit == unit {
		return r
	}
	if unit == vector.Documents {
		return p.aggregate(r, "max")
	}
	out := &ranked{unit: unit, exact: r.exact, recall: r.recall}
	for i, h := range r.hits {
		first, end := p.Source.PassageRows(h.Row)
		for row := first; row < min(end, first+mostSpread); row++ {
			out.hits = append(out.hits, topk.Hit{Row: topk.Row{Segment: h.Segment, Row: row}, Score: h.Score})
			out.ranks = append(out.ranks, r.rank(i))
		}
	}
	return out
}

// mostSpread is how many passages of a document have its score.
const mostSpread = 200

// double is twice k, as far as an int can hold that.
func double(k int) int {
	if k > math.MaxInt/2 {
		return math.MaxInt
	}
	return 2 * k
}
