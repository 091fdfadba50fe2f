package conversation

import (
	"context"
	"fmt"
	"io"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/session/turn"
)

// Top is how many of the best documents are compared.
const Top = 10

// Rank gives the ids of the Top best documents for a question and what is carried over.
type Rank func(ctx context.Context, question string, carried []turn.Carried) ([]string, error)

// Ranked is how a way of asking ranks: the share of the rewrite's Top best documents that it
// has among its own, as mean over turns.
type Ranked struct {
	Overlap float64 `json:"overlap@10"`
	// Diff compares it with the turn alone, turn by turn.
	Diff *figures.Difference `json:"diff,omitempty"`
}

// Way is one way to ask a turn.
type Way struct {
	Name string `json:"name"`
	// Words are the words that it adds to a turn, beside those of the rewrite.
	Words Words `json:"words"`
	// All, of turns whose rewrite adds a word (Elliptic), of turns that are their rewrite
	// (Complete); nil where no corpus was given.
	All      *Ranked `json:"all,omitempty"`
	Elliptic *Ranked `json:"elliptic,omitempty"`
	Complete *Ranked `json:"complete,omitempty"`
}

// Report is what tamis eval conversation prints.
type Report struct {
	Conversations int   `json:"conversations"`
	Turns         int   `json:"turns"`
	Elliptic      int   `json:"elliptic"` // turns whose rewrite adds a word
	Complete      int   `json:"complete"` // turns that are their rewrite
	Ways          []Way `json:"ways"`
}

// Measure compares ways to ask: the turn alone, with all words of the first turn, of the turn
// before, with what is carried over, and as a system rewrote it where the file says so. The
// rewrite by people is the ceiling: 1. rank may be nil.
func Measure(ctx context.Context, turns []Turn, w *turn.Weights, rank Rank) (*Report, error) {
	all := Conversations(turns)
	j, err := NewJudge()
	if err != nil {
		return nil, err
	}
	r := &Report{Conversations: len(all), Turns: len(turns)}
	kinds := make([]int, 0, len(turns)) // by turn, in the order of all
	golden := make([][]string, 0, len(turns))
	automatic := false
	for _, c := range all {
		for i := range c {
			kind := 0
			switch {
			case len(j.Wanted(&c[i])) > 0:
				kind = elliptic
				r.Elliptic++
			case c[i].Raw == c[i].Rewrite:
				kind = complete
				r.Complete++
			}
			kinds = append(kinds, kind)
			automatic = automatic || c[i].Automatic != ""
			if rank != nil {
				best, err := rank(ctx, c[i].Rewrite, nil)
				if err != nil {
					return nil, err
				}
				golden = append(golden, best)
			}
		}
	}
	ways := ways(w)
	if !automatic {
		ways = ways[:len(ways)-1]
	}
	var floor []float64
	for _, way := range ways {
		words, shares, err := measure(ctx, all, way.ask, rank, golden)
		if err != nil {
			return nil, err
		}
		out := Way{Name: way.name, Words: words}
		if rank != nil {
			if floor == nil {
				floor = shares
			}
			out.All, out.Elliptic, out.Complete = ranked(shares, floor, kinds, 0), ranked(shares, floor, kinds, elliptic), ranked(shares, floor, kinds, complete)
		}
		r.Ways = append(r.Ways, out)
	}
	return r, nil
}

const (
	elliptic = 1
	complete = 2
)

type way struct {
	name string
	ask  func(turns []Turn) []turn.Asked
}

func ways(w *turn.Weights) []way {
	each := func(of func(turns []Turn, i int) turn.Asked) func([]Turn) []turn.Asked {
		return func(turns []Turn) []turn.Asked {
			out := make([]turn.Asked, len(turns))
			for i := range turns {
				out[i] = of(turns, i)
			}
			return out
		}
	}
	whole := func(turns []Turn, i, from int) turn.Asked {
		a := turn.Asked{Question: turns[i].Raw}
		if i > from && from >= 0 {
			a.Carried = []turn.Carried{{Text: turns[from].Raw, Weight: 1, Turn: from + 1}}
		}
		return a
	}
	return []way{
		{"turn alone", each(func(t []Turn, i int) turn.Asked { return turn.Asked{Question: t[i].Raw} })},
		{"and the first turn", each(func(t []Turn, i int) turn.Asked { return whole(t, i, 0) })},
		{"and the last turn", each(func(t []Turn, i int) turn.Asked { return whole(t, i, i-1) })},
		{"carried over", func(turns []Turn) []turn.Asked { return Meant(turns, w) }},
		{"a system's rewrite", each(func(t []Turn, i int) turn.Asked { return turn.Asked{Question: t[i].Automatic} })},
	}
}

// measure counts the words of one way to ask, and each turn's share of the golden ranking.
func measure(ctx context.Context, all [][]Turn, ask func([]Turn) []turn.Asked, rank Rank, golden [][]string) (Words, []float64, error) {
	j, err := NewJudge()
	if err != nil {
		return Words{}, nil, err
	}
	var shares []float64
	at := 0
	for _, c := range all {
		j.Begin()
		for i, a := range ask(c) {
			j.Turn(&c[i], a.Text())
			if rank == nil {
				continue
			}
			best, err := rank(ctx, a.Question, a.Carried)
			if err != nil {
				return Words{}, nil, err
			}
			shares = append(shares, overlap(best, golden[at]))
			at++
		}
	}
	return j.Words(), shares, nil
}

// overlap is the share of golden that best has; 1 of none.
func overlap(best, golden []string) float64 {
	if len(golden) == 0 {
		return 1
	}
	has := map[string]bool{}
	for _, id := range best {
		has[id] = true
	}
	n := 0
	for _, id := range golden {
		if has[id] {
			n++
		}
	}
	return float64(n) / float64(len(golden))
}

func ranked(shares, floor []float64, kinds []int, kind int) *Ranked {
	var a, b []float64
	for i, k := range kinds {
		if kind == 0 || k == kind {
			a, b = append(a, floor[i]), append(b, shares[i])
		}
	}
	r := &Ranked{Overlap: figures.Round(figures.Mean(b), 4)}
	if d, err := figures.Compare(a, b); err == nil && len(a) > 0 && &shares[0] != &floor[0] {
		r.Diff = &d
	}
	return r
}

// Write prints a report for people.
func (r *Report) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d conversations, %d turns: the rewrite adds a word to %d, %d are their rewrite\n\n%-20s %9s %7s %6s  %-14s",
		r.Conversations, r.Turns, r.Elliptic, r.Complete, "words carried over", "precision", "recall", "F1", "F1, 95 %")
	if err != nil {
		return err
	}
	with := len(r.Ways) > 0 && r.Ways[0].All != nil
	if with {
		fmt.Fprintf(w, "  %10s  %8s  %8s   %s", "overlap@10", "elliptic", "complete", "diff of overlap, 95 %")
	}
	fmt.Fprintln(w)
	for _, way := range r.Ways {
		v := way.Words
		fmt.Fprintf(w, "%-20s %9.3f %7.3f %6.3f  [%.3f, %.3f]", way.Name, v.Precision, v.Recall, v.F1, v.Low, v.High)
		if with {
			fmt.Fprintf(w, "  %10.3f  %8.3f  %8.3f", way.All.Overlap, way.Elliptic.Overlap, way.Complete.Overlap)
			if d := way.All.Diff; d != nil {
				fmt.Fprintf(w, "   %+.3f [%+.3f, %+.3f] p %.4f; complete %+.3f [%+.3f, %+.3f]", d.Mean, d.Low, d.High, d.P, way.Complete.diff().Mean, way.Complete.diff().Low, way.Complete.diff().High)
			}
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ranked) diff() figures.Difference {
	if r.Diff == nil {
		return figures.Difference{}
	}
	return *r.Diff
}
