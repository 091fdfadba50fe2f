package compose

import (
	"context"
	"errors"
	"time"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
)

// Rerank has a model read the best passages beside the question, the best first, and weighs
// what it says of them. encode.OpenReranker loads one from a folder.
type Rerank struct {
	By encode.Judge
	// Most is how many passages it reads at most; 0 stands for 20, with Within for all that
	// the second look ranks by meaning, 60.
	Most int
	// Within, where not 0, ends that after a time. How many passages have been read then, and
	// so the context, differs from run to run; Context.Judged says how many.
	Within time.Duration
}

const (
	judgedPassages = 20
	mostJudged     = 60
)

// judge has passages judged beside a question. It returns how many passages are, once that has happened.
func (m Rerank) judge(from Index, q *gather.Question, question string) *int {
	judged := new(int)
	if m.By == nil {
		return judged
	}
	if q.Judges = min(m.Most, mostJudged); q.Judges <= 0 {
		if q.Judges = judgedPassages; m.Within > 0 {
			q.Judges = mostJudged
		}
	}
	q.Judge = func(ctx context.Context, rows []topk.Row) ([]gather.Judged, error) {
		begin := time.Now()
		texts := make([]string, len(rows))
		before := make([]int, len(rows)) // bytes of a text that are not the passage's
		for i, row := range rows {
			title, text, err := passageText(from, row)
			if err != nil {
				return nil, err
			}
			texts[i] = encode.Text(title, text)
			before[i] = len(texts[i]) - len(text)
		}
		left := time.Duration(0)
		if m.Within > 0 {
			left = max(1, m.Within-time.Since(begin))
		}
		found, err := m.By.Judge(ctx, question, texts, left)
		if err != nil {
			return nil, err
		}
		*judged = len(found)
		out := make([]gather.Judged, len(found))
		for i, j := range found {
			out[i].Score = j.Score
			start := from.Passage(rows[i]).Start - before[i]
			for _, k := range j.Kept {
				if k.Start >= before[i] {
					out[i].Kept = append(out[i].Kept, gather.Kept{Start: start + k.Start, End: start + k.End, Probability: k.Probability})
				}
			}
		}
		return out, nil
	}
	return judged
}

// passageText is a passage's text and its document's title.
func passageText(from gather.Reader, row topk.Row) (title, text string, err error) {
	doc := from.DocumentOf(row)
	h, err := from.Header(doc)
	if err != nil {
		return "", "", err
	}
	p := from.Passage(row)
	text, err = from.Text(doc, p.Start, p.End)
	return h.Title, text, errors.Join(err, from.Err())
}
