package features

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// ErrNone is wrapped where no feature is what was asked for.
var ErrNone = errors.New("no feature")

// Find lists the features whose terms a query has, the best first: a term counts its weight.
func (s *Set) Find(query string) ([]*Feature, error) {
	an, err := text.NewAnalyzer(s.Analyzer)
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	each(an, query, func(key string, _, _ int) { asked[key] = true })
	score := map[int]float64{}
	var out []*Feature
	for i := range s.Features {
		x := &s.Features[i]
		for _, t := range x.Terms {
			if asked[t.key] {
				score[i] += t.Weight
			}
		}
		if score[i] > 0 {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b *Feature) int { return cmp.Compare(score[b.Number], score[a.Number]) })
	return out, nil
}

// Named is the feature that has a number or a name, or the one that Find finds best.
func (s *Set) Named(name string) (*Feature, error) {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n >= len(s.Features) {
			return nil, fmt.Errorf("%w %d: there are 0 to %d", ErrNone, n, len(s.Features)-1)
		}
		return &s.Features[n], nil
	}
	for i := range s.Features {
		if strings.EqualFold(s.Features[i].Name, name) && name != "" {
			return &s.Features[i], nil
		}
	}
	found, err := s.Find(name)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w has the words of %q: tamis features lists them", ErrNone, name)
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Fired is a feature in a passage.
type Fired struct {
	*Feature
	Weight float64 `json:"weight"`
}

// Passage is a passage with its features, the strongest first.
type Passage struct {
	Doc      string  `json:"doc"`
	Start    int     `json:"start"`
	End      int     `json:"end"`
	Features []Fired `json:"features"`
}

// Of says which features the passages of a document have: that which holds the byte at, or all
// where at is negative.
func (s *Set) Of(ctx context.Context, ix engine.Index, doc string, at int, seen tamis.Scope) ([]Passage, error) {
	from, ok := ix.(Vectored)
	if !ok {
		return nil, fmt.Errorf("%w: this engine does not give vectors back", engine.ErrLacks)
	}
	fields, err := from.VectorFields(ctx)
	if err != nil {
		return nil, err
	}
	own, attached, err := from.VectorsApart(ctx, doc, seen)
	if err != nil {
		return nil, err
	}
	source, err := ix.Source(ctx, doc, seen)
	if err != nil {
		return nil, err
	}
	v, ok := attached[s.Field]
	if !ok {
		if v, ok = own[s.Field]; !ok {
			return nil, fmt.Errorf("document %q has no vector in the field %s, which the features are of", doc, s.Field)
		}
	}
	var out []Passage
	for _, p := range parts(nil, doc, source, v, fields[s.Field]) {
		if at >= 0 && (at < p.start || at >= p.end) {
			continue
		}
		codes, err := s.model.Encode([]vector.Dense{p.v})
		if err != nil {
			return nil, err
		}
		x := Passage{Doc: doc, Start: p.start, End: p.end, Features: []Fired{}}
		for _, a := range codes[0] {
			x.Features = append(x.Features, Fired{&s.Features[a.Feature], round(float64(a.Weight))})
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no passage of %q that has a vector stands there", ErrNone, doc)
	}
	return out, nil
}

// Step is how far a search is steered along a feature: By times as far as passages go in which
// it fires, in the mean.
type Step struct {
	Feature int     `json:"feature"`
	Name    string  `json:"name"`
	Share   float64 `json:"share"`
	Mean    float64 `json:"mean"`
	By      float64 `json:"by"`
}

// ParseSteps reads steps as FEATURE=NUMBER.
func (s *Set) ParseSteps(said []string) ([]Step, error) {
	var out []Step
	for _, one := range said {
		i := strings.LastIndexByte(one, '=')
		if i < 1 {
			return nil, fmt.Errorf("%q is no step: say FEATURE=NUMBER, such as %q", one, one+"=+2")
		}
		by, err := strconv.ParseFloat(strings.TrimSpace(one[i+1:]), 64)
		if err != nil || math.IsInf(by, 0) || math.IsNaN(by) || math.Abs(by) > 100 {
			return nil, fmt.Errorf("%q is no step: what stands behind = is a number from -100 to 100", one)
		}
		f, err := s.Named(strings.TrimSpace(one[:i]))
		if err != nil {
			return nil, err
		}
		out = append(out, Step{f.Number, f.Name, f.Share, f.Mean, by})
	}
	return out, nil
}

// Steered is a question's vector q moved along features: q + Σ by · mean · direction.
func (s *Set) Steered(q vector.Dense, steps []Step) (vector.Dense, error) {
	if len(q) != s.model.Width {
		return nil, fmt.Errorf("the question's vector has %d numbers, the features are of vectors of %d: they were learned of another model's", len(q), s.model.Width)
	}
	out := slices.Clone(q)
	for _, x := range steps {
		for i, d := range s.model.Direction(x.Feature) {
			out[i] += float32(x.By * x.Mean * float64(d))
		}
	}
	return out, nil
}
