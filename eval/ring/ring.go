// Package ring says, on paper, how well sparse attention would be spread over ranks that pass
// keys on in a ring. Each rank holds the queries of its tokens; in each step it attends to
// the keys that one rank holds, and hands these on (Ring Attention, Liu et al. 2023,
// arXiv:2310.01889). All wait for the slowest, so that time is the sum over steps of the most that a rank
// has to do. What ranks do unequally over all steps, and within steps, are the two imbalances
// that MTraining (Li et al. 2025, arXiv:2510.18830) tells apart: with sparse attention the second one stays
// where the first has gone. Nothing is sent and no kernel runs: work is pairs of a query
// and a key.
package ring

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/attention"
)

// A Block is tokens that read the same keys of a layer, as far as they stand before them.
type Block struct {
	Layer, First, Rows int
	Spans              []attention.Span
}

// Layouts are the ways in which tokens are spread over ranks.
var Layouts = []string{"contiguous", "striped", "zig-zag"}

// rankOf is the rank that has tile i of n, with so many ranks.
func rankOf(layout string, i, n, ranks int) int {
	switch layout {
	case "striped": // tile by tile, in turns
		return i % ranks
	case "zig-zag": // part i and part i from the end
		part := i * 2 * ranks / n
		return min(part, 2*ranks-1-part)
	}
	return i * ranks / n
}

// Result is what a layout makes of a pattern.
type Result struct {
	Pattern string    `json:"pattern"`
	Ranks   int       `json:"ranks"`
	Layout  string    `json:"layout"`
	Read    float64   `json:"read"`    // of the pairs that dense attention has
	Workers float64   `json:"workers"` // the most that a rank does over all steps, beside the mean
	Steps   float64   `json:"steps"`   // the sum over steps of the most, beside that of the mean
	Worst   float64   `json:"worst"`   // step, beside its mean
	Time    float64   `json:"time"`    // beside dense attention that were balanced
	Each    []float64 `json:"each"`    // step beside its mean, over layers
}

// Measure lays a text of so many tokens, in tiles, out over ranks. Layers wait for each
// other, heads of a layer do not.
func Measure(pattern string, blocks []Block, tokens, tile, ranks int) ([]Result, error) {
	tiles := (tokens + tile - 1) / tile
	if tile < 1 || ranks < 1 || tiles < 2*ranks {
		return nil, fmt.Errorf("%d tokens in tiles of %d are too few for %d ranks: each needs two tiles", tokens, tile, ranks)
	}
	layers, heads := map[int][]int64{}, 0
	order := []int{}
	for _, b := range blocks {
		if layers[b.Layer] == nil {
			layers[b.Layer] = make([]int64, tiles*tiles)
			order = append(order, b.Layer)
		}
		if b.First == 0 {
			heads++
		}
		b.count(layers[b.Layer], tile, tiles)
	}
	dense := float64(heads) * float64(tokens) * float64(tokens+1) / 2
	var out []Result
	for _, layout := range Layouts {
		r := Result{Pattern: pattern, Ranks: ranks, Layout: layout}
		r.spread(layers, order, tiles, dense)
		out = append(out, r)
	}
	return out, nil
}

// count adds the pairs of a block to those of tiles of queries and tiles of keys.
func (b *Block) count(pairs []int64, tile, tiles int) {
	for row := b.First; row < b.First+b.Rows; row++ {
		line := pairs[row/tile*tiles : (row/tile+1)*tiles]
		for _, s := range b.Spans {
			for from, end := s.From, min(s.To, row+1); from < end; {
				next := min(end, (from/tile+1)*tile)
				line[from/tile] += int64(next - from)
				from = next
			}
		}
	}
}

func (r *Result) spread(layers map[int][]int64, order []int, tiles int, dense float64) {
	n := r.Ranks
	workers := make([]float64, n)
	most, mean := make([]float64, n), make([]float64, n) // of each step, over layers
	total := 0.
	for _, layer := range order {
		work := make([]int64, n*n) // of a rank in a step
		for q := range tiles {
			for k := range tiles {
				rank := rankOf(r.Layout, q, tiles, n)
				step := (rank - rankOf(r.Layout, k, tiles, n) + n) % n
				work[step*n+rank] += layers[layer][q*tiles+k]
			}
		}
		for step := range n {
			greatest := 0.
			for rank, w := range work[step*n : (step+1)*n] {
				workers[rank] += float64(w)
				total += float64(w)
				mean[step] += float64(w) / float64(n)
				greatest = max(greatest, float64(w))
			}
			most[step] += greatest
		}
	}
	sum, slowest := 0., 0.
	for step := range n {
		sum += most[step]
		slowest = max(slowest, workers[step])
		each := 1.
		if mean[step] > 0 {
			each = most[step] / mean[step]
		}
		r.Worst = max(r.Worst, figures.Round(each, 3))
		r.Each = append(r.Each, figures.Round(each, 3))
	}
	balanced := total / float64(n)
	r.Read, r.Time = figures.Round(total/dense, 4), figures.Round(sum/(dense/float64(n)), 4)
	r.Workers, r.Steps = figures.Round(slowest/balanced, 3), figures.Round(sum/balanced, 3)
}

// WriteTable prints results.
func WriteTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "pattern\tread, %\tranks\tlayout\tworkers\tsteps\tworst step\ttime, %")
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%.1f\t%d\t%s\t%.2f\t%.2f\t%.2f\t%.1f\n", r.Pattern, 100*r.Read, r.Ranks, r.Layout, r.Workers, r.Steps, r.Worst, 100*r.Time)
	}
	return t.Flush()
}
