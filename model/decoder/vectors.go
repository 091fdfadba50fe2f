package decoder

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Vector is what stands among token ids where a vector is read in the place of an embedding.
const Vector int32 = -1

// inputs are vectors that are read among tokens, and the states that are asked for.
type inputs struct {
	rows   []float32
	at     int       // numbers of rows that were read
	states []float32 // of tokens from the one on that skip reaches
	skip   int
}

// ReadMixed is Read where the next row of Width numbers stands for each id that is Vector: what Embed gives for a
// token is read as the token is, to the last bit. The cache's Tokens have Vector there.
func (d *Decoder) ReadMixed(ctx context.Context, c *Cache, ids []int32, rows []float32) ([]float32, error) {
	all, err := d.read(ctx, c, ids, 1, &inputs{rows: rows, skip: math.MaxInt})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// States are what comes out of the last layer, normed, for the tokens from one on, Width numbers for each: inputs
// are those of ReadMixed, read by themselves.
func (d *Decoder) States(ctx context.Context, ids []int32, rows []float32, from int) ([]float32, error) {
	in := &inputs{rows: rows, skip: from}
	if _, err := d.read(ctx, d.NewCache(), ids, 1, in); err != nil {
		return nil, err
	}
	return in.states, nil
}

// Embed are the rows that tokens are read as, before positions are put in.
func (d *Decoder) Embed(ids []int32) ([]float32, error) {
	x := make([]float32, len(ids)*d.Width)
	for i, id := range ids {
		if id < 0 || int(id) >= d.Words {
			return nil, fmt.Errorf("token %d is outside of the model's %d words", id, d.Words)
		}
		d.row(x[i*d.Width:][:d.Width], id)
	}
	return x, nil
}

// words are the tokens, the first of all where a vector stands.
func (in *inputs) words(d *Decoder, ids []int32) ([]int32, error) {
	if in == nil {
		return ids, nil
	}
	words, n := slices.Clone(ids), 0
	for i, id := range ids {
		if id == Vector {
			words[i] = 0
			n++
		}
	}
	if len(in.rows) != n*d.Width {
		return nil, fmt.Errorf("%d numbers are given for %d vectors: the model reads vectors of %d", len(in.rows), n, d.Width)
	}
	for i, v := range in.rows {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("vector %d of those to read has a number that is none", i/d.Width)
		}
	}
	return words, nil
}

// enter sets the states of vectors among the tokens of a block, which begins at a position.
func (in *inputs) enter(d *Decoder, x []float32, first int, ids []int32) {
	if in == nil {
		return
	}
	for i, id := range ids {
		if id != Vector {
			continue
		}
		row := x[i*d.Width:][:d.Width]
		copy(row, in.rows[in.at:][:d.Width])
		in.at += d.Width
		d.place(row, first+i)
	}
}

// leave keeps the states of a block that are asked for.
func (in *inputs) leave(d *Decoder, x []float32, ids []int32) {
	if in == nil {
		return
	}
	if from := min(in.skip, len(ids)); from < len(ids) {
		some := x[from*d.Width:]
		normed := make([]float32, len(some))
		d.norm(normed, some, d.final)
		in.states = append(in.states, normed...)
	}
	in.skip = max(0, in.skip-len(ids))
}
