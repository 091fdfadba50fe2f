// Package explained says what the scores of units are made of.
package explained

import (
	"cmp"
	"context"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
)

// Unit is a unit that was scored.
type Unit struct {
	Doc      string             `json:"doc"`
	Start    int                `json:"start"`
	End      int                `json:"end"`
	Kept     bool               `json:"kept"`
	Score    float64            `json:"score"`
	Features map[string]float64 `json:"features" doc:"What each feature adds to the score"`
	Terms    map[string]float64 `json:"terms" doc:"Words of the question in it, with their weights"`
	Reason   string             `json:"reason,omitempty" doc:"Why it was dropped"`
}

// mostUnits are explained at most.
const mostUnits = 1000

type span struct {
	doc        string
	start, end int
}

// Units says of units what their scores are made of.
func Units(ctx context.Context, ix engine.Index, seen tamis.Scope, c *tamis.Context, scored []score.Unit) ([]Unit, error) {
	reasons := make(map[span]string, len(c.Dropped))
	for _, d := range c.Dropped {
		reasons[span{d.Doc, d.Start, d.End}] = d.Reason
	}
	kept := func(u *score.Unit) bool {
		_, dropped := reasons[span{u.Doc, u.Start, u.End}]
		return !dropped && slices.ContainsFunc(c.Spans, func(s render.Span) bool {
			return s.Doc == u.Doc && s.Start < u.End && u.Start < s.End
		})
	}
	met, err := ix.Meets(c.Question)
	if err != nil {
		return nil, err
	}
	weights := score.DefaultWeights()
	units := make([]Unit, len(scored))
	for i := range scored {
		u := &scored[i]
		units[i] = Unit{Doc: u.Doc, Start: u.Start, End: u.End, Kept: kept(u), Score: u.Score, Reason: reasons[span{u.Doc, u.Start, u.End}]}
		units[i].Features = map[string]float64{}
		for f, x := range u.Features {
			if by := x * weights[f]; by != 0 {
				units[i].Features[score.Feature(f).String()] = by
			}
		}
	}
	slices.SortStableFunc(units, func(x, y Unit) int {
		if x.Kept != y.Kept {
			return map[bool]int{true: -1, false: 1}[x.Kept]
		}
		return cmp.Compare(y.Score, x.Score)
	})
	units = units[:min(len(units), mostUnits)]
	sources := map[string]string{}
	for i := range units {
		u := &units[i]
		source, ok := sources[u.Doc]
		if !ok {
			if source, err = ix.Source(ctx, u.Doc, seen); err != nil {
				return nil, err
			}
			sources[u.Doc] = source
		}
		u.Terms = map[string]float64{}
		if u.End <= len(source) { // else it was changed since
			u.Terms = met(source[u.Start:u.End])
		}
	}
	return units, nil
}
