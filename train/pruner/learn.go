// Package pruner learns a head behind an encoder that stays as it is (package model/pruner): from labels
// that people gave, or from an index, by questions made of its documents. What it gains is measured on
// questions about what it never saw.
package pruner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/pruner"
	"github.com/tamis-search/tamis/train/asked"
)

// Options of Learn.
type Options struct {
	pruner.Options
	// Reading and Learning are called as these go on.
	Reading, Learning func(done, all int)
}

// Result is what was learned, and what it gains.
type Result struct {
	Head      *pruner.Head `json:"-"`
	Questions int          `json:"questions"` // learned from
	Resumed   int          `json:"resumed"`   // whose features were there
	Gain      Gain         `json:"gain"`
}

// Gain is what a head adds on questions that were held out, beside the better of two rankings by the
// encoder alone: the cosine of the mean states, and MaxSim over the states of tokens.
type Gain struct {
	Questions int     `json:"questions"`
	Passages  Ranking `json:"passages"`  // those that answer before those that do not
	Sentences Ranking `json:"sentences"` // those that are kept before the others of their passage
	Curve     []Point `json:"curve"`
}

// Ranking are mean reciprocal ranks of what is right.
type Ranking struct {
	Questions  int                `json:"questions"`
	Cosine     float64            `json:"cosine"`
	MaxSim     float64            `json:"maxsim"`
	Head       float64            `json:"head"`
	Difference figures.Difference `json:"difference"` // between the better of the others and Head
}

// Point is what is left of passages that answer where sentences of less than a probability go.
type Point struct {
	Threshold float64 `json:"threshold"`
	Answers   float64 `json:"answers"` // of questions, that still have a sentence which answers
	Removed   float64 `json:"removed"` // of the tokens
}

// Real says that one of the rankings is better by more than chance, and the other not worse.
func (g *Gain) Real() bool {
	p, s := g.Passages.Difference, g.Sentences.Difference
	return (p.Low > 0 || s.Low > 0) && p.High >= 0 && s.High >= 0
}

const leastQuestions = 50

// ErrFew is the error for too few questions.
var ErrFew = fmt.Errorf("fewer than %d questions have a passage that answers and one that does not", leastQuestions)

// Learn learns a head. The features of questions are kept in the folder dir as they are made, and a second start
// with the same questions and encoder goes on with them. An error that is pruner.ErrDiverged may
// stand beside a result: that of the last good state.
func Learn(ctx context.Context, f *encode.Frozen, all []asked.Question, dir string, o Options) (*Result, error) {
	rare := rarity(all, f.Is().Words, f.Tokens)
	parts(all, o.Seed, f.Tokens, func(id int32) float32 { return rare[id] })
	all = slices.DeleteFunc(all, func(a asked.Question) bool {
		return !slices.ContainsFunc(a.Passages, func(p asked.Passage) bool { return !p.Answers })
	})
	if len(all) < leastQuestions {
		return nil, fmt.Errorf("%w: %d", ErrFew, len(all))
	}
	m, err := features(ctx, f, all, rare, filepath.Join(dir, pruner.Features), o.Reading)
	if err != nil {
		return nil, err
	}
	var learn, try, examined []pruner.Group
	for i, g := range m.Groups {
		switch {
		case all[i].Held(o.Seed):
			examined = append(examined, g)
		case asked.Drawn(all[i].From, o.Seed)%tried == 0:
			try = append(try, g)
		default:
			learn = append(learn, g)
		}
	}
	if len(learn) == 0 || len(try) == 0 || len(examined) == 0 {
		return nil, fmt.Errorf("%w, and are about enough different things to hold some out", ErrFew)
	}
	o.Progress = o.Learning
	h, err := pruner.Fit(ctx, learn, try, rare, o.Options)
	if h == nil || err != nil && !errors.Is(err, pruner.ErrDiverged) {
		return nil, err
	}
	r := &Result{Head: h, Questions: len(learn) + len(try), Resumed: m.Resumed}
	gain, failed := Examine(h, examined)
	if failed != nil {
		return nil, failed
	}
	r.Gain = *gain
	return r, err
}

// Measure asks a head, behind its encoder, all that labels say.
func Measure(ctx context.Context, h *pruner.Head, f *encode.Frozen, all []asked.Question, progress func(done, all int)) (*Gain, error) {
	parts(all, 1, f.Tokens, h.Weighs)
	dir, err := os.MkdirTemp("", "tamis-features-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	m, err := features(ctx, f, all, h.Rare, filepath.Join(dir, pruner.Features), progress)
	if err != nil {
		return nil, err
	}
	return Examine(h, m.Groups)
}

// Examine asks a head.
func Examine(h *pruner.Head, groups []pruner.Group) (*Gain, error) {
	g := &Gain{Questions: len(groups)}
	var passages, sentences [3][]float64
	for t := 1; t <= 9; t++ {
		g.Curve = append(g.Curve, Point{Threshold: float64(t) / 10})
	}
	pruned, tokens := 0., 0.
	for _, x := range groups {
		if slices.Contains(x.Answers, true) && slices.Contains(x.Answers, false) {
			var by [3][]float32
			for _, e := range x.Examples {
				by[0], by[1], by[2] = append(by[0], e.Whole.Cosine()), append(by[1], e.Whole.MaxSim()), append(by[2], h.Rank(e))
			}
			for i := range by {
				passages[i] = append(passages[i], reciprocal(by[i], x.Answers))
			}
		}
		for i, e := range x.Examples {
			if !slices.Contains(x.Keep[i], true) {
				continue
			}
			by := [3][]float32{2: h.Keep(e)}
			for _, s := range e.Sentences {
				by[0], by[1] = append(by[0], s.Cosine()), append(by[1], s.MaxSim())
			}
			pruned++
			for t := range g.Curve {
				g.Curve[t].count(e, by[2], x.Keep[i])
			}
			for _, s := range e.Sentences {
				tokens += s.Tokens()
			}
			if slices.Contains(x.Keep[i], false) {
				for k := range by {
					sentences[k] = append(sentences[k], reciprocal(by[k], x.Keep[i]))
				}
			}
		}
	}
	for t := range g.Curve {
		g.Curve[t].Answers /= max(1, pruned)
		g.Curve[t].Removed /= max(1, tokens)
	}
	var err, err2 error
	g.Passages, err = ranked(passages)
	g.Sentences, err2 = ranked(sentences)
	return g, errors.Join(err, err2)
}

// count adds what a threshold leaves of a passage.
func (p *Point) count(e *pruner.Example, probabilities []float32, keep []bool) {
	found := false
	for i, s := range e.Sentences {
		if float64(probabilities[i]) >= p.Threshold {
			found = found || keep[i]
		} else {
			p.Removed += s.Tokens()
		}
	}
	if found {
		p.Answers++
	}
}

func ranked(by [3][]float64) (r Ranking, err error) {
	if r.Questions = len(by[0]); r.Questions == 0 {
		return r, nil
	}
	r.Cosine, r.MaxSim, r.Head = figures.Mean(by[0]), figures.Mean(by[1]), figures.Mean(by[2])
	better := by[0]
	if r.MaxSim > r.Cosine {
		better = by[1]
	}
	r.Difference, err = figures.Compare(better, by[2])
	return r, err
}

// reciprocal is 1 over the rank of the first that is right; ties are ranked against it.
func reciprocal(scores []float32, right []bool) float64 {
	best := 0.
	for i, r := range right {
		if !r {
			continue
		}
		rank := 1.
		for j, s := range scores {
			if j != i && (s > scores[i] || s == scores[i] && !right[j]) {
				rank++
			}
		}
		best = max(best, 1/rank)
	}
	return best
}
