package streams

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/tamis-search/tamis/stream"
)

const (
	tableRows   = 4096
	tableAsked  = 24
	temperature = 8. // of attention: cosines times it are logits
)

// scales compares attention of a row to all rows of a table, whose rows drift, with
// attention to as many blocks or rows as a budget has.
func (s *sums) scales(ctx context.Context, o Options, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 27))
	rows := make([][]float32, tableRows)
	v := direction(r, o.Width)
	for i := range rows {
		v = unit(add(v, direction(r, o.Width), .15))
		rows[i] = unit(add(append([]float32(nil), v...), direction(r, o.Width), .3))
	}
	each := make([]stream.Block, tableRows)
	for i := range each {
		each[i] = stream.Block{First: i, End: i + 1}
	}
	for range tableAsked {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		asked := r.IntN(tableRows)
		want := attend(rows[asked], rows, each)
		for _, n := range []int{64, 256} {
			scales, err := stream.Scales(tableRows, []int{asked}, n)
			if err != nil {
				return err
			}
			equal := make([]stream.Block, n)
			for i := range equal {
				equal[i] = stream.Block{First: i * tableRows / n, End: (i + 1) * tableRows / n}
			}
			var random, nearest []stream.Block
			for _, row := range r.Perm(tableRows)[:n] {
				random = append(random, each[row])
			}
			first := max(0, min(asked-n/2, tableRows-n))
			nearest = each[first : first+n]
			for _, c := range []struct {
				way    string
				blocks []stream.Block
			}{{"random rows", random}, {"nearest rows", nearest}, {"equal blocks", equal}, {"multi-scale blocks", scales}} {
				s.at("scales", c.way, n).add("error", apartBy(want, attend(rows[asked], rows, c.blocks)))
			}
		}
	}
	return nil
}

// attend is softmax attention to means of blocks, each as often as it has rows.
func attend(query []float32, rows [][]float32, blocks []stream.Block) []float64 {
	out, total := make([]float64, len(query)), 0.
	mean := make([]float64, len(query))
	for _, b := range blocks {
		clear(mean)
		n := float64(b.End - b.First)
		for _, v := range rows[b.First:b.End] {
			for i, x := range v {
				mean[i] += float64(x) / n
			}
		}
		logit := 0.
		for i, x := range query {
			logit += float64(x) * mean[i]
		}
		weight := n * math.Exp(temperature*logit)
		total += weight
		for i, x := range mean {
			out[i] += weight * x
		}
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// apartBy is the length of the difference beside the length of what is wanted.
func apartBy(want, got []float64) float64 {
	d, w := 0., 0.
	for i, x := range want {
		d += (x - got[i]) * (x - got[i])
		w += x * x
	}
	return math.Sqrt(d / w)
}
