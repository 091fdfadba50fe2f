// Command calibrate finds the shares of the best score at which the calibrated
// cuts of package pack end: the largest that leaves so much of the evidence that
// a budget of 2,000 tokens holds, the mean of the sets. It prints what a share
// that was chosen on half of the sets leaves on the other half, both ways.
package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
)

const (
	budget = 2000
	sample = 300 // questions of a set, evenly spread
)

var targets = []float64{.90, .95, .98}

func main() {
	data := flag.String("data", os.Getenv("TAMIS_DATA"), "evaluation data `folder`; default $TAMIS_DATA, else ../shared/data beside the repository")
	flag.Parse()
	if err := run(context.Background(), *data); err != nil {
		fmt.Fprintln(os.Stderr, "calibrate:", err)
		os.Exit(1)
	}
}

// unit is one that was kept, best first.
type unit struct {
	score        float64
	tokens, gold int
}

func run(ctx context.Context, data string) error {
	if data == "" {
		dir, err := peer.Dir()
		if err != nil {
			return err
		}
		data = filepath.Join(dir, "..", "..", "shared", "data")
	}
	names, sets, err := eval.LoadEvidenceSets(filepath.Join(data, "evidence"))
	if err != nil {
		return err
	}
	all := make([][][]unit, len(sets)) // by set and question
	for i, s := range sets {
		if all[i], err = questions(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	halves := [][]int{{}, {}, {}} // even, odd, all
	for i := range sets {
		halves[i%2], halves[2] = append(halves[i%2], i), append(halves[2], i)
	}
	for _, target := range targets {
		var shares [3]float64
		for h, of := range halves {
			for share := .95; share > .2; share -= .01 {
				if left, _ := keeps(all, of, share); left >= target {
					shares[h] = share
					break
				}
			}
		}
		fmt.Printf("to leave %.0f %%:", 100*target)
		for h, other := range []string{"odd", "even"} {
			left, tokens := keeps(all, halves[1-h], shares[h])
			fmt.Printf("  %s half at share %.2f, chosen on the other: %.1f %% in %.0f tokens;", other, shares[h], 100*left, tokens)
		}
		left, tokens := keeps(all, halves[2], shares[2])
		fmt.Printf("  all at %.2f: %.1f %% in %.0f tokens\n", shares[2], 100*left, tokens)
		for i, name := range names {
			left, tokens := keeps(all, []int{i}, shares[2])
			fmt.Printf("  %-18s %5.1f %% in %.0f tokens\n", name, 100*left, tokens)
		}
	}
	return nil
}

// keeps is the mean over sets of the evidence that is left when each context
// ends below a share of its best score, and of the tokens.
func keeps(all [][][]unit, of []int, share float64) (left, tokens float64) {
	kept, whole := 0.0, 0.0
	for _, i := range of {
		k, w, n := 0.0, 0.0, 0.0
		for _, units := range all[i] {
			total := units[0].gold // of the question; see questions
			held, cut, size, below := 0, 0, 0, false
			for j, u := range units[1:] {
				held += u.gold
				below = below || j > 0 && u.score < share*units[1].score
				if !below {
					cut, size = cut+u.gold, size+u.tokens
				}
			}
			k += float64(cut) / float64(total)
			w += float64(held) / float64(total)
			n += float64(size)
		}
		q := float64(max(len(all[i]), 1))
		kept, whole, tokens = kept+k/q, whole+w/q, tokens+n/q/float64(len(of))
	}
	return kept / whole, tokens
}

// questions returns the units that are kept for each question, best first,
// after one that holds the bytes of its evidence.
func questions(ctx context.Context, s *eval.EvidenceSet) ([][]unit, error) {
	indexes := map[string]*tamis.Index{}
	defer func() {
		for _, ix := range indexes {
			ix.Close()
		}
	}()
	var out [][]unit
	n := min(sample, len(s.Questions))
	for k := range n {
		q := &s.Questions[k*len(s.Questions)/n]
		ix := indexes[q.Group]
		if ix == nil {
			var err error
			if ix, err = tamis.Open("", tamis.Options{}); err != nil {
				return nil, err
			}
			indexes[q.Group] = ix
			if _, err := ix.Add(ctx, documents(s, q.Group)); err != nil {
				return nil, err
			}
		}
		var units []score.Unit
		c, err := ix.Context(ctx, q.Text, tamis.Budget{Tokens: budget}, tamis.Lab{KeepDuplicates: true, Trace: func(u []score.Unit) { units = u }})
		if err != nil || len(q.Evidence) == 0 {
			continue // no word to search for
		}
		row := []unit{{}}
		for _, e := range q.Evidence {
			row[0].gold += e.End - e.Start
		}
		slices.SortStableFunc(units, func(a, b score.Unit) int {
			switch {
			case a.Score > b.Score:
				return -1
			case a.Score < b.Score:
				return 1
			}
			return 0
		})
		for _, u := range units {
			if !slices.ContainsFunc(c.Spans, func(x render.Span) bool { return x.Doc == u.Doc && x.Start <= u.Start && u.End <= x.End }) {
				continue
			}
			gold := 0
			for _, e := range q.Evidence {
				if e.Doc == u.Doc {
					gold += max(0, min(e.End, u.End)-max(e.Start, u.Start))
				}
			}
			row = append(row, unit{u.Score, u.Tokens + 1, gold})
		}
		if len(row) > 1 {
			out = append(out, row)
		}
	}
	return out, nil
}

func documents(s *eval.EvidenceSet, group string) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range s.Documents {
			if group == "" || d.Group == group {
				if !yield(tamis.Document{ID: d.ID, Title: d.Title, Source: d.Text, Type: "jsonl"}, nil) {
					return
				}
			}
		}
	}
}
