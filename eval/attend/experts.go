package attend

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/decoder"
)

// Routing is which experts of a mixture questions use.
type Routing struct {
	Experts   int      `json:"experts"` // of a layer
	Taken     int      `json:"taken"`   // by a token
	Questions []Routed `json:"questions"`
	// Apart is, for each two questions, by how much their shares differ: half the sum of the differences, from 0 to
	// 1, the mean over layers.
	Apart [][]float64 `json:"apart"`
}

// Routed is that of a question.
type Routed struct {
	Question string        `json:"question"`
	Tokens   int           `json:"tokens"`
	Layers   []LayerRouted `json:"layers"`
	// Within is by how much the shares of its even and odd tokens differ, counted as between questions: what chance
	// alone brings, of half as many tokens.
	Within float64 `json:"within"`
}

// LayerRouted is that of a layer.
type LayerRouted struct {
	Shares  []float64 `json:"shares"`       // of what tokens take, by expert
	Entropy float64   `json:"entropy_bits"` // of these; the logarithm of the number of experts where all are used alike
}

// Experts reads questions, each by itself, and says which experts their tokens take.
func Experts(ctx context.Context, d *decoder.Decoder, questions []string) (*Routing, error) {
	r := &Routing{Experts: d.Experts, Taken: d.Taken}
	c := d.NewCache()
	for i, q := range questions {
		ids := d.Tokenizer.Before
		for _, token := range d.Tokenizer.Encode(q, -1) {
			ids = append(slices.Clip(ids), token.ID)
		}
		c.Cut(0)
		layers, err := d.Routes(ctx, c, ids)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", i+1, err)
		}
		one := Routed{Question: q, Tokens: len(ids)}
		for _, taken := range layers {
			shares := r.shares(taken, 0, 1)
			one.Layers = append(one.Layers, LayerRouted{shares, entropy(shares)})
			if len(ids) > 1 {
				one.Within += apart(r.shares(taken, 0, 2), r.shares(taken, 1, 2)) / float64(len(layers))
			}
		}
		one.Within = figures.Round(one.Within, 4)
		r.Questions = append(r.Questions, one)
	}
	for _, a := range r.Questions {
		row := make([]float64, len(r.Questions))
		for j, b := range r.Questions {
			for l := range a.Layers {
				row[j] += apart(a.Layers[l].Shares, b.Layers[l].Shares)
			}
			row[j] = figures.Round(row[j]/float64(max(1, len(a.Layers))), 4)
		}
		r.Apart = append(r.Apart, row)
	}
	return r, nil
}

// shares are those of experts in what each step-th token takes.
func (r *Routing) shares(taken []int, first, step int) []float64 {
	shares, n := make([]float64, r.Experts), 0.
	for i, e := range taken {
		if i/r.Taken%step == first {
			shares[e]++
			n++
		}
	}
	for e := range shares {
		shares[e] /= n
	}
	return shares
}

// entropy is in bits.
func entropy(shares []float64) (bits float64) {
	for _, p := range shares {
		if p > 0 {
			bits -= p * math.Log2(p)
		}
	}
	return figures.Round(bits, 4)
}

// apart is half the sum of differences, the total variation distance.
func apart(a, b []float64) (sum float64) {
	for i := range a {
		sum += math.Abs(a[i]-b[i]) / 2
	}
	return sum
}

// mostListed is how many experts of a layer WriteTable names.
const mostListed = 8

// WriteTable writes what people read.
func (r *Routing) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d experts a layer, of which a token takes %d; entropy of all alike is %.2f bits\n", r.Experts, r.Taken, math.Log2(float64(r.Experts)))
	for i, q := range r.Questions {
		fmt.Fprintf(w, "\n%d: %s (%d tokens; its even and odd ones are %.3f apart)\nlayer\tentropy\texperts, most used first\n", i+1, screen.Line(q.Question), q.Tokens, q.Within)
		for l, layer := range q.Layers {
			order := make([]int, r.Experts)
			for e := range order {
				order[e] = e
			}
			slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(layer.Shares[b], layer.Shares[a]) })
			var names []string
			for _, e := range order[:min(mostListed, len(order))] {
				if layer.Shares[e] > 0 {
					names = append(names, fmt.Sprintf("%d: %.2f", e, layer.Shares[e]))
				}
			}
			fmt.Fprintf(w, "%d\t%.2f\t%s\n", l, layer.Entropy, strings.Join(names, "  "))
		}
	}
	if len(r.Questions) > 1 {
		fmt.Fprintf(w, "\nhow far apart questions are, from 0 to 1\n")
		for i, row := range r.Apart {
			fmt.Fprintf(w, "%d", i+1)
			for _, x := range row {
				fmt.Fprintf(w, "\t%.3f", x)
			}
			fmt.Fprintln(w)
		}
	}
	return w.Flush()
}
