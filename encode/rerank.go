package encode

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/pruner"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/vector"
)

// Reranker judges how well passages answer a question, with a model that reads them. It does
// not change: several goroutines may use it.
type Reranker struct {
	e      *Encoder
	pruner *pruner.Head // behind an encoder that stays as it is; nil where the model itself judges
}

// Judge reads passages beside a question: a Reranker is one. It may say less than all where
// within, which is not 0 then, has passed.
type Judge interface {
	Judge(ctx context.Context, question string, passages []string, within time.Duration) ([]Judgement, error)
}

// Judgement is what a Reranker says of a passage.
type Judgement struct {
	Score float32 // the greater, the better; between passages for one question
	Kept  []Kept  // of a model that prunes: what it would keep, piece by piece
}

// Kept is the probability that bytes of a passage are worth keeping.
type Kept struct {
	Start, End  int
	Probability float32
}

// OpenReranker loads the model in dir: a cross-encoder, which reads question and passage
// together and has one label, or two of which the last is yes; one that says of each token
// too whether it is worth keeping (OpenProvence); one that makes a vector of each token,
// which are compared by MaxSim; or a head that was trained here, which names its encoder.
func OpenReranker(dir string, p model.Precision) (*Reranker, error) {
	if pruner.Is(dir) {
		h, f, err := OpenHead(dir, p)
		if err != nil {
			return nil, err
		}
		return &Reranker{e: f.e, pruner: h}, nil
	}
	e, err := Open(dir, p)
	if err != nil {
		return nil, err
	}
	n := e.model.Scores()
	switch pair := e.tokens.Pair("", "", e.most); {
	case n == 0 && !e.model.Tokens || n > 2:
		err = fmt.Errorf("%s: %w: it has %d labels for a text; what reranks has one or two, or a vector for each token", dir, model.ErrUnsupported, n)
	case n > 0 && len(pair.IDs) == 0:
		err = fmt.Errorf("%s: the tokenizer does not say how two texts are put together, which a cross-encoder reads", dir)
	case n > 0 && e.most < len(pair.IDs)+2:
		err = fmt.Errorf("%s: a sequence of %d tokens has no room for two texts", dir, e.most)
	}
	if err != nil {
		e.Close()
		return nil, err
	}
	return &Reranker{e: e}, nil
}

// Close gives the files back. The Reranker may not be used afterwards. A nil one has none.
func (r *Reranker) Close() error {
	if r == nil {
		return nil
	}
	return r.e.Close()
}

// Judge judges passages, one after the other on all processors. Where within is not 0, it
// ends after that time, with the judgements of the first of them: how many depends on
// the machine.
func (r *Reranker) Judge(ctx context.Context, question string, passages []string, within time.Duration) ([]Judgement, error) {
	type result struct {
		judgement Judgement
		late      bool
		err       error
	}
	end := time.Now().Add(within)
	asked := asked{question: question}
	if r.pruner != nil {
		var err error
		if asked.read, err = (&Frozen{r.e}).Read(question, Query); err != nil {
			return nil, err
		}
	} else if r.e.model.Tokens {
		vectors, err := r.e.model.Multi([][]int32{r.e.tokens.IDs(r.e.prompt(Query)+question, r.e.most)})
		if err != nil {
			return nil, err
		}
		asked.vectors = vectors[0]
	}
	var out []Judgement
	for got := range inorder.Map(slices.Values(passages), func(p string) int64 { return int64(len(p)) }, underWay, func(passage string) (res result) {
		if res.late = within > 0 && !time.Now().Before(end); res.late {
			return res
		}
		if res.err = ctx.Err(); res.err == nil {
			res.judgement, res.err = r.judge(&asked, passage)
		}
		return res
	}) {
		if got.err != nil {
			return nil, got.err
		}
		if got.late {
			break
		}
		out = append(out, got.judgement)
	}
	return out, nil
}

// asked is a question, and what was made of it once for all passages.
type asked struct {
	question string
	vectors  [][]float32
	read     *Reading
}

func (r *Reranker) judge(asked *asked, passage string) (j Judgement, err error) {
	if r.pruner != nil {
		return r.prune(asked.read, passage)
	}
	if asked.vectors != nil {
		all, err := r.e.model.Multi([][]int32{r.e.tokens.IDs(r.e.prompt(Passage)+passage, r.e.most)})
		if err == nil {
			j.Score = maxSim(asked.vectors, all[0])
		}
		return j, err
	}
	p := r.pair(asked.question, passage)
	scores, kept, err := r.e.model.Judge([][]int32{p.IDs}, [][]int32{p.Kinds})
	if err != nil {
		return j, err
	}
	j.Score = scores[0][0]
	if len(scores[0]) == 2 {
		j.Score = scores[0][1] - scores[0][0]
	}
	if kept[0] != nil {
		for i, token := range p.Second {
			j.Kept = append(j.Kept, Kept{token.Start, token.End, kept[0][p.From+i]})
		}
	}
	return j, nil
}

// pair cuts a question that would leave the passage less than half of the room.
func (r *Reranker) pair(question, passage string) tokenizer.Pair {
	if tokens := r.e.tokens.Encode(question, r.e.most/2); len(tokens) == r.e.most/2 && len(tokens) > 0 {
		question = question[:tokens[len(tokens)-1].End]
	}
	return r.e.tokens.Pair(question, passage, r.e.most)
}

// maxSim is the sum of the greatest products of each vector of a.
func maxSim(a, b [][]float32) float32 {
	sum := float32(0)
	for _, x := range a {
		best := vector.Dense(x).Dot(b[0])
		for _, y := range b[1:] {
			best = max(best, vector.Dense(x).Dot(y))
		}
		sum += best
	}
	return sum
}
