package compose

import (
	"strings"

	"github.com/tamis-search/tamis/search"
)

// Weighted is a text whose words weigh beside those of a question, which weigh 1.
type Weighted struct {
	Text   string
	Weight float64
}

// Joined are the terms of a question, so many of its own, and after them those of what
// stands beside it, each once. A term that the question has weighs as it does there.
func Joined(terms func(question string) ([]search.Term, error), question string, beside []Weighted) (all []search.Term, own int, err error) {
	out, err := terms(question)
	if err != nil || len(beside) == 0 {
		return out, len(out), err
	}
	at := map[string]int{}
	for i, t := range out {
		at[t.Text] = i
	}
	own = len(out)
	for _, w := range beside {
		of, err := terms(w.Text)
		if err != nil {
			return nil, 0, err
		}
		for _, t := range of {
			i, ok := at[t.Text]
			if !ok {
				i, at[t.Text] = len(out), len(out)
				out = append(out, search.Term{Text: t.Text})
			}
			if i >= own {
				out[i].Weight = max(out[i].Weight, float32(w.Weight))
			}
		}
	}
	return out, own, nil
}

// weighed is idf times the weight of a term, for those that stand beside the question.
func weighed(beside []search.Term, idf func(string) float64) func(string) float64 {
	if len(beside) == 0 {
		return idf
	}
	weights := map[string]float64{}
	for _, t := range beside {
		weights[t.Text] = float64(t.Weight)
	}
	return func(term string) float64 {
		if w, ok := weights[term]; ok {
			return idf(term) * w
		}
		return idf(term)
	}
}

// meant is the question as models read it: with what stands beside it.
func meant(r *Request) string {
	if len(r.Beside) == 0 {
		return r.Question
	}
	parts := make([]string, len(r.Beside))
	for i, w := range r.Beside {
		parts[i] = w.Text
	}
	return r.Question + " (" + strings.Join(parts, ", ") + ")"
}
