// Package projection finds few numbers for the states of an encoder's tokens, which nobody trained
// for late interaction, so that they serve it (ColBERT, Khattab and Zaharia 2020): a matrix without
// bias behind an encoder that stays as it is. Its rows are the orthonormal directions in which the
// states of the corpus have most of their squares: no other so few keep more of them.
//
// What that gains is told by questions made of the index (package train/asked). Nothing is learned
// of these: moved along the gradient of a softmax over MaxSim (482 questions of cranfield, 64
// numbers) the matrix fitted what it learned from (.82 to .88) and not what was held out
// (+.004, -.005 to +.015), so that this was left out.
package projection

import (
	"context"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/train/asked"
)

// Options of Learn.
type Options struct {
	Width int    // numbers of a token, a multiple of simd.Columns
	Seed  uint64 // what is drawn at random depends on it alone
	// Reading is called as the questions and their passages are read.
	Reading func(done, all int)
}

// Defaults are the options where nothing is said.
var Defaults = Options{Width: 64, Seed: 1}

// Result is what was learned, and what it gains.
type Result struct {
	In       int       `json:"-"`
	Width    int       `json:"width"`
	Weights  []float32 `json:"-"` // Width rows of In numbers
	Passages int       `json:"passages"`
	Squares  float64   `json:"squares"` // share of the squares of all states that is kept
	Gain     Gain      `json:"gain"`
}

// Gain are mean reciprocal ranks of what answers, among the passages of questions.
type Gain struct {
	Questions  int                `json:"questions"`
	Cosine     float64            `json:"cosine"` // of the mean states, which is what one vector a passage does
	Whole      float64            `json:"whole"`  // MaxSim of whole states
	Projected  float64            `json:"projected"`
	Difference figures.Difference `json:"difference"` // between Cosine and Projected
}

// Real says that late interaction by few numbers is better than the cosine by more than chance.
func (g *Gain) Real() bool { return g.Difference.Low > 0 }

const leastQuestions = 50

// ErrFew is the error for too few questions.
var ErrFew = fmt.Errorf("fewer than %d questions have a passage that answers and one that does not", leastQuestions)

// read are the states of a text, in half precision: thousands of passages are held at once.
type read struct {
	n      int
	states []uint16
}

func (r *read) raise(dst []float32) []float32 {
	dst = slices.Grow(dst[:0], len(r.states))[:len(r.states)]
	for i, h := range r.states {
		dst[i] = simd.FromHalf(h)
	}
	return dst
}

// group is a question beside its passages, those that answer first.
type group struct {
	question *read
	passages []*read
	right    int
}

// Learn finds a projection of the states of f, from the passages of questions, and asks these.
func Learn(ctx context.Context, f *encode.Frozen, all []asked.Question, o Options) (*Result, error) {
	if o.Width < 1 || o.Width%simd.Columns != 0 || o.Width > f.Is().Width {
		return nil, fmt.Errorf("%d numbers a token: a multiple of %d is possible, and at most the %d of the encoder", o.Width, simd.Columns, f.Is().Width)
	}
	r := reader{f: f, known: map[string]*read{}}
	groups, err := r.groups(ctx, all, o.Reading)
	if err != nil {
		return nil, err
	}
	if len(groups) < leastQuestions {
		return nil, fmt.Errorf("%w: %d", ErrFew, len(groups))
	}
	in := f.Is().Width
	rows, kept, err := directions(in, o.Width, states(groups), o.Seed)
	if err != nil {
		return nil, err
	}
	res := &Result{In: in, Width: o.Width, Weights: rows, Passages: len(r.known), Squares: kept}
	return res, res.examine(ctx, groups)
}

// reader reads each text once.
type reader struct {
	f     *encode.Frozen
	known map[string]*read
}

func (r *reader) read(text string, u encode.Use) (*read, error) {
	key := fmt.Sprint(u, " ", text)
	if got, ok := r.known[key]; ok {
		return got, nil
	}
	states, err := r.f.All(text, u)
	if err != nil {
		return nil, err
	}
	var got *read
	if len(states) > 0 {
		got = &read{n: len(states) / r.f.Is().Width, states: make([]uint16, len(states))}
		for i, x := range states {
			got.states[i] = simd.ToHalf(x)
		}
	}
	r.known[key] = got
	return got, nil
}

func (r *reader) groups(ctx context.Context, all []asked.Question, progress func(done, all int)) (groups []group, err error) {
	for i, a := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g := group{}
		if g.question, err = r.read(a.Text, encode.Query); err != nil {
			return nil, err
		}
		wrong := []*read{}
		for _, p := range a.Passages {
			text, _ := p.Read()
			got, err := r.read(text, encode.Passage)
			switch {
			case err != nil:
				return nil, err
			case got == nil:
			case p.Answers:
				g.passages = append(g.passages, got)
			default:
				wrong = append(wrong, got)
			}
		}
		g.right = len(g.passages)
		g.passages = append(g.passages, wrong...)
		if g.question != nil && g.right > 0 && len(wrong) > 0 {
			groups = append(groups, g)
		}
		if progress != nil {
			progress(i+1, len(all))
		}
	}
	return groups, nil
}

// states are those of the passages of groups, each once.
func states(groups []group) (all []*read) {
	seen := map[*read]bool{}
	for _, g := range groups {
		for _, p := range g.passages {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
			}
		}
	}
	return all
}

// examine asks the questions.
func (r *Result) examine(ctx context.Context, groups []group) (err error) {
	var by [3][]float64
	whole := make([]float32, r.In*r.In)
	for i := range r.In {
		whole[i*r.In+i] = 1
	}
	as := []*matrix{newMatrix(whole, r.In), newMatrix(r.Weights, r.In)}
	for _, g := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		scores := make([]float64, len(g.passages))
		q := mean(g.question, r.In)
		for i, p := range g.passages {
			scores[i] = float64(dot(q, mean(p, r.In)))
		}
		by[0] = append(by[0], reciprocal(scores, g.right))
		for k, m := range as {
			by[k+1] = append(by[k+1], m.asks(&g))
		}
	}
	g := &r.Gain
	g.Questions, g.Cosine, g.Whole, g.Projected = len(groups), figures.Mean(by[0]), figures.Mean(by[1]), figures.Mean(by[2])
	g.Difference, err = figures.Compare(by[0], by[2])
	return err
}

// asks is the reciprocal rank of what answers by MaxSim.
func (m *matrix) asks(g *group) float64 {
	q := m.project(g.question)
	scores := make([]float64, len(g.passages))
	for i, p := range g.passages {
		scores[i] = maxSim(q, m.project(p))
	}
	return reciprocal(scores, g.right)
}

// reciprocal is 1 over the rank of the best of the first, which are right; ties are ranked against them.
func reciprocal(scores []float64, right int) float64 {
	best, rank := slices.Max(scores[:right]), 1.
	for _, s := range scores[right:] {
		if s >= best {
			rank++
		}
	}
	return 1 / rank
}
