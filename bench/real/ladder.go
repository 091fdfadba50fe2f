package main

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/asked"
	"github.com/tamis-search/tamis/pack/score"
)

// rung is a passage as ladder.py reads it.
type rung struct {
	ID   string `json:"id"`
	Rank int    `json:"rank"` // from 1
	Doc  string `json:"doc"`
	Text string `json:"text"`
}

// rungs is how many passages of a question are written: as many as become
// candidates.
const rungs = 60

// ladder writes the best passages of questions; nil writes none.
type ladder struct {
	*os.File
	enc *json.Encoder
}

func rungsTo(path string) (*ladder, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &ladder{f, json.NewEncoder(f)}, nil
}

func (l *ladder) Close() error {
	if l == nil {
		return nil
	}
	return l.File.Close()
}

// ask writes what a question finds. The trace of a context tells: the units of a
// passage share its score at second look, and its neighbours have half of theirs.
func (l *ladder) ask(ctx context.Context, ix *tamis.Index, q *asked.Question) error {
	if l == nil {
		return nil
	}
	type passage struct {
		doc        string
		start, end int
		look       float64
	}
	var found []passage
	trace := func(units []score.Unit) {
		for i := range units {
			u := &units[i]
			look := u.Features[score.Look]
			if look == 0 {
				continue
			}
			if k := len(found) - 1; k >= 0 && u.Follows && found[k].doc == u.Doc && found[k].look == look {
				found[k].end = u.End
			} else {
				found = append(found, passage{u.Doc, u.Start, u.End, look})
			}
		}
	}
	if _, err := ix.Context(ctx, q.Question, tamis.Budget{Tokens: 500, Counter: "o200k_base"}, tamis.Lab{Trace: trace}); err != nil {
		return err
	}
	slices.SortStableFunc(found, func(a, b passage) int { return cmp.Compare(b.look, a.look) })
	for i, p := range found[:min(len(found), rungs)] {
		text, err := ix.Source(ctx, p.doc, tamis.Scope{})
		if err != nil {
			return err
		}
		if err := l.enc.Encode(rung{q.ID, i + 1, p.doc, text[p.start:p.end]}); err != nil {
			return err
		}
	}
	return nil
}
