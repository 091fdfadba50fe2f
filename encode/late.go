package encode

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// mostWindow is how many tokens are read at once, whatever a model takes: attention costs
// their square.
const mostWindow = 2048

// MostRun is how many passages of a document are read at once where they are encoded together.
const MostRun = 64

// Run is passages of a document that stand one after the other.
type Run struct {
	Before   string   // stands before whatever is read at once
	Text     string   // of all
	Passages [][2]int // bytes of Text, ascending
}

// Passage is what is encoded of passage i where it is read alone.
func (r *Run) Passage(i int) string { return r.Before + r.Text[r.Passages[i][0]:r.Passages[i][1]] }

// Late yields the vectors of the passages of runs, in their order: a model reads as
// much of a run as it takes at once, in windows that overlap by half, and a passage's vector
// is made of the states of its own tokens, in the window that has it nearest to its middle.
func (e *Encoder) Late(ctx context.Context, runs iter.Seq[Run]) iter.Seq2[vector.Value, error] {
	type result struct {
		values []vector.Value
		err    error
	}
	return func(yield func(vector.Value, error) bool) {
		if e.labels || e.Kind() != vector.KindDense || e.model.Pooling != model.Mean {
			yield(nil, fmt.Errorf("%s: %w: late chunking needs a model of dense vectors that are means of states", e.dir, model.ErrUnsupported))
			return
		}
		for r := range inorder.Map(runs, func(r Run) int64 { return int64(len(r.Text)) + 1 }, underWay, func(r Run) (out result) {
			if out.err = ctx.Err(); out.err == nil {
				out.values, out.err = e.late(r)
			}
			return out
		}) {
			for _, v := range r.values {
				if !yield(v, nil) {
					return
				}
			}
			if r.err != nil {
				yield(nil, r.err)
				return
			}
		}
	}
}

// late makes the vectors of a run.
func (e *Encoder) late(r Run) ([]vector.Value, error) {
	before := slices.Clone(e.tokens.Before)
	room := min(e.model.Positions, mostWindow)
	for _, token := range e.tokens.Encode(e.prompt(Passage)+r.Before, room/4) {
		before = append(before, token.ID)
	}
	room -= len(before) + len(e.tokens.After)
	if room < 2 {
		return nil, fmt.Errorf("%s: a sequence of %d tokens has no room for text", e.dir, e.model.Positions)
	}
	tokens := e.tokens.Encode(r.Text, -1)
	values := make([]vector.Value, len(r.Passages))
	spans := make([][2]int, len(r.Passages)) // of tokens
	byWindow := map[int][]int{}
	step, at := room/2, 0
	last := (max(0, len(tokens)-room) + step - 1) / step // number of the last window
	for i, p := range r.Passages {
		for at < len(tokens) && tokens[at].End <= p[0] {
			at++
		}
		end := at
		for end < len(tokens) && tokens[end].Start < p[1] {
			end++
		}
		spans[i] = [2]int{at, end}
		nearest := ((at+end)/2 - room/2 + step/2) / step
		first := step * min(max(nearest, 0), last)
		byWindow[first] = append(byWindow[first], i)
	}
	for first, passages := range byWindow {
		window := tokens[min(first, len(tokens)):min(first+room, len(tokens))]
		ids := append([]int32(nil), before...)
		for _, token := range window {
			ids = append(ids, token.ID)
		}
		ids = append(ids, e.tokens.After...)
		var of [][2]int
		for _, i := range passages {
			from, to := max(0, spans[i][0]-first), min(spans[i][1]-first, len(window))
			if from >= to { // a passage without a token is what stands around it
				from, to = -len(before), len(ids)-len(before)
			}
			of = append(of, [2]int{len(before) + from, len(before) + to})
		}
		vectors, err := e.model.Spans(ids, of)
		if err != nil {
			return nil, err
		}
		for j, i := range passages {
			values[i] = vector.Dense(vectors[j])
		}
	}
	return values, nil
}
