// Package tune searches the weights of the score on evidence sets.
package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// How weights are tuned.
const (
	sampleSize = 300   // questions of a set, evenly spread
	rounds     = 8     // passes over the features, at most
	freshness  = 2     // times that features which depend on weights are made anew
	gain       = .0003 // recall that a change of a weight must bring
	// caution is what a weight's distance from its start costs, in recall for
	// each doubling or halving. Without it, half of the sets teach weights that
	// the other half would rather do without.
	caution = .0005
)

// grid are the values that a weight may take.
var grid = []float64{0, .125, .25, .375, .5, .75, 1, 1.5, 2, 3, 4}

// NeutralWeights is where tuning starts: every feature counts the same.
func NeutralWeights() score.Weights {
	var w score.Weights
	for f := range w {
		w[f] = .5
	}
	return w
}

// Tuned is what Tune found.
type Tuned struct {
	Weights score.Weights
	// Recall is the mean over sets and budgets that the weights reach on the
	// sample, as the tuner estimates it.
	Recall float64
}

// Tuner searches weights of the features of package pack by coordinate ascent:
// one weight after another is set to the value of a small grid that keeps most
// evidence, averaged over sets and budgets, until no change helps. Features of a
// sample of questions are made once and re-scored from memory. The result is
// deterministic.
type Tuner struct {
	Budgets []int
	// Start is where the search starts.
	Start score.Weights
	// Fixed features keep the weight that they have in Start.
	Fixed []score.Feature
	// Log, where not nil, is told each improvement.
	Log io.Writer

	sets  []*eval.EvidenceSet
	names []string
	asked []*system.Contexts
}

// New indexes the sets. Close gives the memory back.
func New(ctx context.Context, names []string, sets []*eval.EvidenceSet, budgets []int) (*Tuner, error) {
	t := &Tuner{Budgets: budgets, Start: NeutralWeights(), sets: sets, names: names}
	for _, s := range sets {
		c, err := system.NewContexts(ctx, s, nil)
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		t.asked = append(t.asked, c)
	}
	return t, nil
}

// Close closes the indexes.
func (t *Tuner) Close() error {
	var errs []error
	for _, c := range t.asked {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// question is a question with its units, their features and their evidence.
// There are millions of features, hence float32.
type question struct {
	items    []pack.Item
	features [][score.NumFeatures]float32
	found    []int32 // bytes of evidence in each unit
	gold     int     // bytes of evidence of the question
}

// Held is what weights reach on sets that they were not tuned on.
type Held struct {
	// Halves are the weights tuned on the sets of even and of odd place in the
	// order of names; each is judged on the other half.
	Halves [2]score.Weights
	// Reports of the sets, in their order.
	Reports []*eval.ContextReport
}

// Halves are the weights tuned on the sets of even and of odd place in the order
// of names.
func (t *Tuner) Halves(ctx context.Context) (halves [2]score.Weights, err error) {
	for half := range halves {
		var use []int
		for i := range t.sets {
			if i%2 == half {
				use = append(use, i)
			}
		}
		if len(use) == 0 || len(use) == len(t.sets) {
			return halves, fmt.Errorf("%d sets cannot be halved: name at least two", len(t.sets))
		}
		tuned, err := t.Tune(ctx, use)
		if err != nil {
			return halves, err
		}
		halves[half] = tuned.Weights
	}
	return halves, nil
}

// HeldOut tunes on half of the sets and asks all questions of the other half,
// both ways.
func (t *Tuner) HeldOut(ctx context.Context, counter tokens.Counter) (*Held, error) {
	halves, err := t.Halves(ctx)
	if err != nil {
		return nil, err
	}
	h := &Held{Halves: halves, Reports: make([]*eval.ContextReport, len(t.sets))}
	for i, s := range t.sets {
		c := *t.asked[i]
		c.Lab.Weights = h.unseen(i)
		if h.Reports[i], err = s.Run(ctx, c.Ask(counter.Name()), t.Budgets, counter, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", t.names[i], err)
		}
	}
	return h, nil
}

// unseen are the weights that were not tuned on set i.
func (h *Held) unseen(i int) *score.Weights { return &h.Halves[(i+1)%2] }

// All are the indices of all sets, for Tune.
func (t *Tuner) All() []int {
	all := make([]int, len(t.sets))
	for i := range all {
		all[i] = i
	}
	return all
}

// Tune searches on the sets with the given indices.
func (t *Tuner) Tune(ctx context.Context, use []int) (*Tuned, error) {
	w := t.Start
	var recall float64
	for fresh := range freshness {
		samples := make([][]question, len(use))
		for k, i := range use {
			var err error
			if samples[k], err = t.sample(ctx, i, &w); err != nil {
				return nil, fmt.Errorf("%s: %w", t.names[i], err)
			}
		}
		e := newEstimator(samples, t.Budgets)
		worth := func(w *score.Weights) float64 { return e.recall(w) - caution*t.distance(w) }
		recall = worth(&w)
		t.logf("features made, %d: %.4f\n", fresh+1, recall)
		for range rounds {
			before := w
			for f := range w {
				if slices.Contains(t.Fixed, score.Feature(f)) {
					continue
				}
				best := w
				for _, v := range grid {
					if v == w[f] {
						continue
					}
					c := w
					c[f] = v
					if r := worth(&c); r > recall+gain {
						best, recall = c, r
					}
				}
				if best != w {
					w = best
					t.logf("%.4f %v %g\n", recall, score.Feature(f), w[f])
				}
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if w == before {
				break
			}
		}
	}
	return &Tuned{Weights: w, Recall: recall}, nil
}

// distance is how far w is from the start, in doublings.
func (t *Tuner) distance(w *score.Weights) float64 {
	sum := 0.0
	for f := range w {
		sum += math.Abs(portable.Log((w[f]+.125)/(t.Start[f]+.125))) / math.Ln2
	}
	return sum
}

func (t *Tuner) logf(format string, args ...any) {
	if t.Log != nil {
		fmt.Fprintf(t.Log, format, args...)
	}
}

// sample makes the features of some questions of set i. Which sentences are
// followed for names depends on the weights.
func (t *Tuner) sample(ctx context.Context, i int, w *score.Weights) ([]question, error) {
	s, c := t.sets[i], t.asked[i]
	n := min(sampleSize, len(s.Questions))
	out := make([]question, 0, n)
	largest := slices.Max(t.Budgets)
	lab := c.Lab
	lab.Weights = w
	for k := range n {
		q := &s.Questions[k*len(s.Questions)/n]
		tq := question{gold: q.EvidenceBytes()}
		lab.Trace = func(units []score.Unit) { tq.read(q, units) }
		if err := c.Trace(ctx, q, largest, lab); err != nil {
			return nil, fmt.Errorf("question %s: %w", q.ID, err)
		}
		out = append(out, tq)
	}
	return out, nil
}

// read takes over the units that were scored for a question.
func (tq *question) read(q *eval.Question, units []score.Unit) {
	docs := map[string]int32{}
	tq.items, tq.features, tq.found = make([]pack.Item, len(units)), make([][score.NumFeatures]float32, len(units)), make([]int32, len(units))
	for i := range units {
		u := &units[i]
		d, ok := docs[u.Doc]
		if !ok {
			d = int32(len(docs))
			docs[u.Doc] = d
		}
		tq.items[i] = pack.Item{Doc: d, Tokens: int32(u.Tokens), Follows: u.Follows, Part: u.Fragment, Opens: u.Features[score.Cover] > 0 || u.Features[score.Lead] > 0}
		tq.found[i] = int32(q.EvidenceIn(eval.Span{Doc: u.Doc, Start: u.Start, End: u.End}))
		for f, x := range u.Features {
			tq.features[i][f] = float32(x)
		}
	}
}

// estimator is what weights keep of the evidence of a sample, when the filler of
// package pack fills by estimates.
type estimator struct {
	samples [][]question
	budgets []int // ascending
	scores  []float64
	order   []int
	filler  pack.Estimator
}

// labelTokens are those of "\n[12] ".
const labelTokens = 4

func newEstimator(samples [][]question, budgets []int) *estimator {
	e := &estimator{samples: samples, budgets: slices.Sorted(slices.Values(budgets)), filler: pack.Estimator{Label: labelTokens}}
	most := 0
	for _, s := range samples {
		for _, q := range s {
			most = max(most, len(q.items))
		}
	}
	e.scores, e.order = make([]float64, most), make([]int, most)
	return e
}

// recall is the mean over sets and budgets of the evidence recall.
func (e *estimator) recall(w *score.Weights) float64 {
	total := 0.0
	for _, s := range e.samples {
		sum := 0.0
		for i := range s {
			sum += e.question(&s[i], w)
		}
		total += sum / float64(max(len(s), 1))
	}
	return total / float64(max(len(e.samples), 1)*len(e.budgets))
}

// question is the sum over the budgets.
func (e *estimator) question(q *question, w *score.Weights) float64 {
	if q.gold == 0 || len(q.items) == 0 {
		return 0
	}
	var w32 [score.NumFeatures]float32
	for f := range w {
		w32[f] = float32(w[f])
	}
	scores := e.scores[:len(q.items)]
	for i := range q.features {
		x := &q.features[i]
		var s float32
		for f := range w32 {
			s += float32(w32[f] * x[f])
		}
		scores[i] = float64(s)
	}
	// No more units than the largest budget could take are put in order.
	order := e.top(scores, min(len(scores), e.budgets[len(e.budgets)-1]/8+64))
	sum := 0.0
	for _, budget := range e.budgets {
		kept, gold := e.filler.Fill(q.items, order, budget), 0
		for _, i := range order {
			if kept[i] {
				gold += int(q.found[i])
			}
		}
		sum += float64(gold) / float64(q.gold)
	}
	return sum
}

// top returns the n best units, best first, ties in the order of reading.
func (e *estimator) top(scores []float64, n int) []int {
	order := e.order[:len(scores)]
	for i := range order {
		order[i] = i
	}
	less := func(a, b int) int {
		if scores[a] != scores[b] {
			return cmp.Compare(scores[b], scores[a])
		}
		return a - b
	}
	// Quickselect, then sort the head.
	lo, hi := 0, len(order)
	for hi-lo > 16 && lo < n {
		p := order[(lo+hi)/2]
		i, j := lo, hi-1
		for i <= j {
			for less(order[i], p) < 0 {
				i++
			}
			for less(order[j], p) > 0 {
				j--
			}
			if i <= j {
				order[i], order[j] = order[j], order[i]
				i++
				j--
			}
		}
		if n <= j+1 {
			hi = j + 1
		} else if n >= i {
			lo = i
		} else {
			break
		}
		if hi <= n {
			break
		}
	}
	slices.SortFunc(order[:min(len(order), max(hi, n))], less)
	return order[:n]
}
