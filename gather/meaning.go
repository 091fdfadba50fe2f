package gather

import (
	"context"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
)

// Meaning says how near passages are to the question in meaning: the cosines of
// their vectors, NaN for a passage that has none.
type Meaning func(ctx context.Context, passages []topk.Row) ([]float32, error)

// Judge has a model read the question with passages, the best ones first, and says what it
// makes of them, or of as many of the first as it came to.
type Judge func(ctx context.Context, passages []topk.Row) ([]Judged, error)

// Judged is what a Judge says of a passage.
type Judged struct {
	Score float32 // the greater, the better
	Kept  []Kept  // of a model that prunes; in order
}

// Kept is how probable it is that bytes of the stored source are worth keeping.
type Kept struct {
	Start, End  int
	Probability float32
}

// weighJudged is not tuned: no weights of cross-encoders were at hand. It is that of
// meaning, which is put on the same scale.
const weighJudged = 1

const (
	meantAt      = 60 // best passages at second look that meaning weighs in
	weighMeaning = 1
)

// nearness puts cosines between 0 and 1: 0 for the median of those that it was made
// from and less, 1 for the best. What vectors of one model say of unlike texts differs
// from model to model and from question to question; the median of candidates is what
// a passage that has the question's words has anyway.
type nearness struct{ median, best float32 }

// nearnessOf is that of cosines; nil where none is a number.
func nearnessOf(cosines []float32) *nearness {
	known := slices.DeleteFunc(slices.Clone(cosines), func(x float32) bool { return x != x })
	if len(known) == 0 {
		return nil
	}
	slices.Sort(known)
	return &nearness{known[(len(known)-1)/2], known[len(known)-1]}
}

func (n *nearness) of(cosine float32) float64 {
	if n == nil || !(cosine > n.median) {
		return 0
	}
	return min(1, float64(cosine-n.median)/float64(n.best-n.median))
}

// lookForMeaning ranks the best passages at second look again, by meaning too.
func (g *Gatherer) lookForMeaning(ctx context.Context, best []looked) error {
	if g.meaning == nil {
		return nil
	}
	rows := make([]topk.Row, len(best))
	for i := range best {
		rows[i] = best[i].row
	}
	cosines, err := g.meaning(ctx, rows)
	if err != nil {
		return err
	}
	near := nearnessOf(cosines)
	for i := range best {
		best[i].score += weighMeaning * near.of(cosines[i])
	}
	sortLooked(best)
	return nil
}

// nearness is that of all passages of the candidates. What is read later is measured
// by what was read first.
func (g *Gatherer) nearness(ctx context.Context, found []*candidate) (map[topk.Row]float64, error) {
	if g.meaning == nil {
		return nil, nil
	}
	var rows []topk.Row
	for _, c := range found {
		for r := range c.passages {
			rows = append(rows, topk.Row{Segment: c.row.Segment, Row: r})
		}
	}
	slices.SortFunc(rows, compareRows)
	cosines, err := g.meaning(ctx, rows)
	if err != nil {
		return nil, err
	}
	if g.near == nil {
		g.near = nearnessOf(cosines)
	}
	out := make(map[topk.Row]float64, len(rows))
	for i, row := range rows {
		out[row] = g.near.of(cosines[i])
	}
	return out, nil
}

// judge ranks the first of the passages once more, by what a model says that has read them.
func (g *Gatherer) judge(ctx context.Context, q *Question, best []looked) error {
	if q.Judge == nil || len(best) == 0 {
		return nil
	}
	rows := make([]topk.Row, len(best))
	for i := range best {
		rows[i] = best[i].row
	}
	all, err := q.Judge(ctx, rows)
	if err != nil || len(all) == 0 {
		return err
	}
	scores := make([]float32, len(all))
	for i, j := range all {
		scores[i] = j.Score
	}
	near := nearnessOf(scores)
	g.judged = map[topk.Row]verdict{}
	for i, j := range all {
		v := verdict{near.of(j.Score), j.Kept}
		best[i].score += weighJudged * v.near
		g.judged[best[i].row] = v
	}
	sortLooked(best)
	return nil
}

// verdict is a judgement beside the others.
type verdict struct {
	near float64
	kept []Kept
}
