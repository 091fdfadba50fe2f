package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/featuring"
	"github.com/tamis-search/tamis/internal/screen"
)

// explainedHit is a hit as --explain --json prints it.
type explainedHit struct {
	tamis.Hit
	Terms []tamis.TermShare `json:"terms,omitempty"`
}

// explained are results as --explain --json prints them.
type explained struct {
	*tamis.Results
	Hits []explainedHit `json:"hits"`
	By   []typeShare    `json:"by,omitempty"`
	// Steered is along which features the question's vector was moved.
	Steered *featuring.Steering `json:"steered,omitempty"`
}

// typeShare is what the words of a query brought the hits of one type of source, in the mean.
type typeShare struct {
	Field string             `json:"field"`
	Value string             `json:"value"`
	Hits  int                `json:"hits"`
	Best  int                `json:"best"` // its first rank
	Terms map[string]float32 `json:"terms"`
}

func explain(res *tamis.Results, by string, steer *featuring.Steering) explained {
	e := explained{Results: res, Hits: make([]explainedHit, len(res.Hits)), By: sharesBy(res.Hits, by)}
	for i, h := range res.Hits {
		e.Hits[i] = explainedHit{h, h.Terms}
	}
	if len(steer.Steps) > 0 {
		e.Steered = steer
	}
	return e
}

// sharesBy sums up what words brought hits, by the value of a metadata field, in the order of
// the best hit.
func sharesBy(hits []tamis.Hit, field string) []typeShare {
	of := map[string]*typeShare{}
	for _, h := range hits {
		value := "(none)"
		if v, has := h.Metadata[field]; has {
			value = fmt.Sprint(v)
		}
		s := of[value]
		if s == nil {
			s = &typeShare{Field: field, Value: value, Best: h.Rank, Terms: map[string]float32{}}
			of[value] = s
		}
		s.Hits++
		for _, t := range h.Terms {
			s.Terms[t.Word] += t.Score
		}
	}
	out := make([]typeShare, 0, len(of))
	for _, s := range of {
		for w := range s.Terms {
			s.Terms[w] /= float32(s.Hits)
		}
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b typeShare) int { return cmp.Compare(a.Best, b.Best) })
	return out
}

// termLine says what words brought a hit, the most first.
func termLine(terms []tamis.TermShare) string {
	terms = slices.Clone(terms)
	slices.SortStableFunc(terms, func(a, b tamis.TermShare) int { return cmp.Compare(b.Score, a.Score) })
	var out []string
	for _, t := range terms {
		if t.Score > 0 {
			out = append(out, fmt.Sprintf("%s %.2f", screen.Line(t.Word), t.Score))
		}
	}
	return strings.Join(out, ", ")
}

// printTypes prints what words brought each type of source.
func (a *app) printTypes(hits []tamis.Hit, field string) {
	shares := sharesBy(hits, field)
	if len(shares) == 0 || len(hits[0].Terms) == 0 {
		return
	}
	words := slices.Sorted(maps.Keys(shares[0].Terms))
	for _, s := range shares[1:] {
		for w := range s.Terms {
			if !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	fmt.Fprintf(a.out, "what each word brought, mean of the hits, by %s:\n", screen.Line(field))
	for _, s := range shares {
		var terms []tamis.TermShare
		for _, w := range words {
			terms = append(terms, tamis.TermShare{Word: w, Score: s.Terms[w]})
		}
		fmt.Fprintf(a.out, "  %-16s %3d hits, best %d.  %s\n", screen.Line(s.Value), s.Hits, s.Best, a.dim(termLine(terms)))
	}
}
