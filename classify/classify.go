// Package classify gives texts labels by examples that have some: of an index, or of a
// file. Nothing is trained beforehand and no model is needed; the vectors of one add to
// the words where they are there.
//
// An example is a point in two or three spaces: its words and their pairs (tf-idf), its
// dense vector, its learned sparse one. Each label has a direction there, which begins as
// the mean of its examples (Rocchio's classifier) and is moved until it tells them from those
// of the others (a softmax regression by stochastic gradient, a few passes). What the
// scores are worth is measured on examples that were left out: a confidence is the
// probability that such a label was right. Examples whose labels were all left out show how a
// text that has none of the labels looks, so that "none" needs no examples, and is better
// with some. The nearest examples stand beside the labels as their evidence.
//
// What was learned can be kept (Keep, Restore), so that the next to ask need not wait for it.
//
// The neighbours in one space alone (Nearest, Vote) are there to compare with.
package classify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// Example is a text with its labels.
type Example struct {
	// ID is the document's that Text is of, and bytes Start to End where it stands there.
	ID         string
	Path       string
	Start, End int
	Text       string
	Labels     []string // none of them twice; nil where it is an example of none
	Vectors    Vectors
}

// Vectors are those of a text, where a model has made them.
type Vectors struct {
	Dense  vector.Dense
	Sparse vector.Named
}

// Set adds a vector of a kind that counts here.
func (v *Vectors) Set(value vector.Value) {
	switch x := value.(type) {
	case vector.Dense:
		v.Dense, _ = x.Unit()
	case vector.Named:
		v.Sparse = x
	case vector.Parts:
		v.Dense = mean(x)
	}
}

// Result is what a text is given.
type Result struct {
	// Labels are those that are likelier than not, the likeliest first, at least one unless
	// None; Others are those that come next.
	Labels []Label `json:"labels" nullable:"false" doc:"Those that are likelier than not, the likeliest first, at least one unless none is true"`
	Others []Label `json:"others,omitempty" nullable:"false" doc:"Those that come next"`
	// None says that no label fits: its probability is more than a half.
	None     bool    `json:"none" doc:"Whether no label fits"`
	NoneIs   float64 `json:"none_confidence" doc:"Probability that none fits"`
	Evidence []Near  `json:"evidence" nullable:"false" doc:"The nearest examples of the labels"`
}

// Label is one with the probability that it is right, if any is.
type Label struct {
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence" doc:"Probability that it is right, if any is, as it was on examples that were left out"`
}

// Near is an example that is near a text.
type Near struct {
	Row        int      `json:"-"` // its place among the examples
	ID         string   `json:"doc"`
	Path       string   `json:"path,omitempty"`
	Start      int      `json:"start"`
	End        int      `json:"end"`
	Labels     []string `json:"labels" nullable:"false" doc:"Its own; none where it is an example of none"`
	Similarity float32  `json:"similarity" doc:"Cosine over words and vectors"`
	Text       string   `json:"text"`
	Digest     string   `json:"digest" doc:"SHA-256 of the bytes"`
}

// What keeps examples from teaching anything.
var (
	ErrNoExamples = errors.New("there are no examples")
	ErrOneLabel   = errors.New("there is nothing to choose between")
)

// Classifier gives labels. It does not change: several goroutines may use it.
type Classifier struct {
	examples  []Example
	labels    []string // by class; of none the last, "" where there are examples of it
	outside   int      // the class of none; -1 where nothing is an example of it
	targets   [][]int  // the classes of each example
	points    []point
	spaces    *spaces
	line      *linear
	judge     judge
	analyzers text.Pool
	ranked    sync.Once
}

// Warnings about examples, which are used all the same.
type Warnings struct {
	// Contradictions are texts that several examples have with different labels.
	Contradictions []string
	// Single are labels with one example alone, which nothing was measured of.
	Single []string
}

// New learns from examples, and from the names of their labels, with the vectors of what
// Names says, where there are some. Errors: ErrNoExamples, ErrOneLabel.
func New(ctx context.Context, examples []Example, names []Vectors) (*Classifier, error) {
	c := &Classifier{examples: examples, outside: -1}
	if err := c.number(); err != nil {
		return nil, err
	}
	all := slices.Clone(examples)
	for i, name := range Names(examples) {
		if name.Text == "" {
			continue
		}
		if i < len(names) {
			name.Vectors = names[i]
		}
		all = append(all, name)
		c.targets = append(c.targets, []int{i})
	}
	a, err := c.analyzers.Get(wordsOf)
	if err != nil {
		return nil, err
	}
	defer c.analyzers.Put(a)
	c.spaces, c.points = newSpaces(a, all, len(examples), len(c.labels))
	if c.line, err = c.learn(ctx, c.everyRow(), nil); err != nil {
		return nil, err
	}
	c.judge, err = c.measure(ctx)
	return c, err
}

// everyRow are the points of all examples and names.
func (c *Classifier) everyRow() []int {
	rows := make([]int, len(c.points))
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// nameRows are the points of names, which teach and are no examples.
func (c *Classifier) nameRows() []int { return c.everyRow()[len(c.examples):] }

// Names are the labels of examples as texts, in alphabetical order of the labels, for
// whoever makes vectors of them: "play_music" says what its examples are about. What names
// nothing, a number say, is "".
func Names(examples []Example) (names []Example) {
	seen := map[string]bool{}
	for _, e := range examples {
		for _, l := range e.Labels {
			seen[l] = true
		}
	}
	for _, l := range slices.Sorted(maps.Keys(seen)) {
		letters := 0
		name := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r):
				letters++
			case !unicode.IsDigit(r):
				return ' '
			}
			return r
		}, l)
		if letters < 2 {
			name = ""
		}
		names = append(names, Example{Text: strings.Join(strings.Fields(name), " "), Labels: []string{l}})
	}
	return names
}

// number gives labels their classes.
func (c *Classifier) number() error {
	if len(c.examples) == 0 {
		return ErrNoExamples
	}
	known := map[string]int{}
	for i, name := range Names(c.examples) {
		known[name.Labels[0]] = i
		c.labels = append(c.labels, name.Labels[0])
	}
	if slices.ContainsFunc(c.examples, func(e Example) bool { return len(e.Labels) == 0 }) {
		c.outside = len(c.labels)
		c.labels = append(c.labels, "")
	}
	switch {
	case len(known) == 0:
		return fmt.Errorf("%w of a label, only of none", ErrNoExamples)
	case len(c.labels) == 1:
		return fmt.Errorf("%w: all examples have the label %q; give some of another label, or of none", ErrOneLabel, c.labels[0])
	}
	for _, e := range c.examples {
		if len(e.Labels) == 0 {
			c.targets = append(c.targets, []int{c.outside})
			continue
		}
		var classes []int
		for _, l := range e.Labels {
			classes = append(classes, known[l])
		}
		slices.Sort(classes)
		c.targets = append(c.targets, slices.Compact(classes))
	}
	return nil
}

// Labels are those that examples have, in alphabetical order.
func (c *Classifier) Labels() []string {
	if c.outside >= 0 {
		return c.labels[:c.outside]
	}
	return c.labels
}

// Warnings says what is odd about the examples.
func (c *Classifier) Warnings() (w Warnings) {
	first, named := map[string]int{}, map[string]bool{}
	count := make([]int, len(c.labels))
	for i, e := range c.examples {
		for _, class := range c.targets[i] {
			count[class]++
		}
		key := strings.Join(strings.Fields(strings.ToLower(e.Text)), " ")
		j, ok := first[key]
		if !ok {
			first[key] = i
		} else if !slices.Equal(c.targets[i], c.targets[j]) && !named[key] {
			named[key] = true
			w.Contradictions = append(w.Contradictions, fmt.Sprintf("%q is %s (%s) and %s (%s)",
				short(e.Text, 60), c.namesOf(j), c.examples[j].ID, c.namesOf(i), e.ID))
		}
	}
	for class, n := range count {
		if n == 1 && class != c.outside {
			w.Single = append(w.Single, c.labels[class])
		}
	}
	return w
}

func (c *Classifier) namesOf(row int) string {
	if l := c.examples[row].Labels; len(l) > 0 {
		return strings.Join(l, ", ")
	}
	return "none"
}

// others is how many labels that were not chosen are told.
const others = 4

// Classify gives a text labels. Its vectors are of the spaces that the examples have; where
// it lacks one, the others count. evidence is how many examples are shown.
func (c *Classifier) Classify(s string, v Vectors, evidence int) (*Result, error) {
	x, err := c.point(s, v)
	if err != nil {
		return nil, err
	}
	z := make([]float64, len(c.labels))
	c.line.scores(&x, z)
	r := &Result{Labels: []Label{}}
	r.NoneIs = c.judge.none(c.outlook(z))
	r.None = r.NoneIs > .5
	for i, cand := range c.candidates(z, others+1) {
		l := Label{Label: c.labels[cand.class], Confidence: c.judge.label(cand)}
		if !r.None && (i == 0 || l.Confidence > .5) {
			r.Labels = append(r.Labels, l)
		} else {
			r.Others = append(r.Others, l)
		}
	}
	r.Evidence = c.evidence(&x, r, evidence)
	return r, nil
}

// point is a text in the spaces of the examples.
func (c *Classifier) point(s string, v Vectors) (point, error) {
	a, err := c.analyzers.Get(wordsOf)
	if err != nil {
		return point{}, err
	}
	defer c.analyzers.Put(a)
	return c.spaces.point(a, s, v), nil
}

// evidence are the nearest examples of the labels that were given, and of any label where
// none was.
func (c *Classifier) evidence(x *point, r *Result, n int) []Near {
	near := []Near{}
	if n <= 0 {
		return near
	}
	if len(r.Labels) == 0 {
		for _, h := range c.spaces.nearest(Fused, x, n, func(int) bool { return true }) {
			near = append(near, c.near(h))
		}
		return near
	}
	var best topk.Collector
	best.Reset(n)
	for row := range c.examples { // of a few labels: fewer products than lists would have
		if slices.ContainsFunc(r.Labels, func(l Label) bool { return slices.Contains(c.examples[row].Labels, l.Label) }) {
			if score := x.dot(&c.points[row]); score > 0 {
				best.Add(topk.Key(score, uint32(row)))
			}
		}
	}
	for _, h := range hitsOf(&best) {
		near = append(near, c.near(h))
	}
	return near
}
