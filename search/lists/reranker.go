package lists

import (
	"context"
	"fmt"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/vector"
)

// Reranker is the name of the list that a model makes which reads passages beside the
// question: it scores what others find. Which model that is a plan does not say, so that
// whoever may write one cannot have any folder read.
const Reranker = "reranker"

// mostJudged is how many rows a model reads for one question, which takes it some 10 ms each.
const mostJudged = 1000

func (q *Question) judged(unit vector.Unit) (*plan.List, error) {
	if q.Judge == nil {
		return nil, fmt.Errorf("%w: %s needs a model that reads passages beside the question, and none was named", ErrNone, Reranker)
	}
	known := map[topk.Row]float32{} // a plan may ask twice, the model is slow
	return &plan.List{Unit: unit, Score: func(ctx context.Context, rows []topk.Row) ([]float32, error) {
		var fresh []topk.Row
		for _, row := range rows {
			if _, ok := known[row]; !ok {
				fresh = append(fresh, row)
			}
		}
		if n := len(known) + len(fresh); n > mostJudged {
			return nil, fmt.Errorf("%w: %s would read %d passages, more than %d: rerank(text, %[2]s, n=50)", plan.ErrSyntax, Reranker, n, mostJudged)
		}
		texts := make([]string, len(fresh))
		for i, row := range fresh {
			var err error
			if texts[i], err = q.read(unit, row); err != nil {
				return nil, err
			}
		}
		scores, err := q.Judge(ctx, texts)
		if err != nil {
			return nil, err
		}
		for i, row := range fresh {
			known[row] = scores[i]
		}
		out := make([]float32, len(rows))
		for i, row := range rows {
			out[i] = known[row]
		}
		return out, nil
	}}, nil
}

// read is what a model reads of a row: a passage behind its document's title.
func (q *Question) read(unit vector.Unit, row topk.Row) (string, error) {
	if unit == vector.Documents {
		if first, end := q.PassageRows(row); first < end {
			unit = vector.Passages
			var err error
			if row, err = q.Best(row); err != nil {
				return "", err
			}
		}
	}
	h, s, err := q.Beginning(unit, row, mostRead)
	if err != nil {
		return "", err
	}
	return encode.Text(h.Title, s), nil
}
