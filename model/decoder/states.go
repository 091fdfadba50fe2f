package decoder

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/weights"
)

// Knows says whether a model of a family that is read here is at path, by what its file or its folder
// says of itself.
func Knows(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if info.IsDir() {
		c, err := readJSON(filepath.Join(path, "config.json"), mostConfig)
		kind, _ := c["model_type"].(string)
		return err == nil && folders[kind] != ""
	}
	if !strings.EqualFold(filepath.Ext(path), ".gguf") {
		return false
	}
	set, values, err := weights.OpenGGUF(path)
	if err != nil {
		return false
	}
	defer set.Close()
	_, ok := shapes[values.String("general.architecture")]
	return ok
}

// Bytes is what the weights take in their files.
func (d *Decoder) Bytes() int { return d.set.Bytes() }

// States reads tokens on from what the cache holds, by dense attention, and returns the state of each
// behind the last norm: Width numbers a token, one token after the other. Where it fails the cache holds what it
// held before.
func (d *Decoder) States(ctx context.Context, c *Cache, ids []int32) (states []float32, err error) {
	states = make([]float32, 0, len(ids)*d.Width)
	err = d.blocks(ctx, c, ids, nil, func(_ *room, x []float32) { states = append(states, x...) })
	if err == nil && slices.ContainsFunc(states, noNumber) {
		err = errors.New("the model's states are no numbers: its weights are damaged")
	}
	return states, err
}

func noNumber(v float32) bool { return v-v != 0 }

// Peaks reads tokens on as States does, and returns the greatest logit of each word after those from
// one on.
func (d *Decoder) Peaks(ctx context.Context, c *Cache, ids []int32, from int) (peaks []float32, err error) {
	columns, at := simd.Padded(d.Words), 0
	peaks = make([]float32, columns)
	for j := range peaks {
		peaks[j] = float32(math.Inf(-1))
	}
	var logits []float32
	damaged := false
	err = d.blocks(ctx, c, ids, nil, func(r *room, x []float32) {
		damaged = damaged || slices.ContainsFunc(x, noNumber)
		skip := min(max(0, from-at), len(x)/d.Width)
		at += len(x) / d.Width
		const some = 16 // tokens, whose logits stay near
		for x := range slices.Chunk(x[skip*d.Width:], some*d.Width) {
			rows := len(x) / d.Width
			if logits == nil {
				logits = make([]float32, some*columns)
			}
			d.product(r, &d.logits, logits, x, rows)
			for i := range rows {
				simd.Raise(peaks, logits[i*columns:][:columns])
			}
		}
	})
	peaks = peaks[:d.Words:d.Words]
	soften(peaks, 1, d.logitsSoft)
	if err == nil && (damaged || slices.ContainsFunc(peaks, noNumber)) {
		err = errors.New("the model's logits are no numbers: its weights are damaged")
	}
	return peaks, err
}

// blocks takes blocks of tokens through the layers and the last norm, and gives f their states. after, where not nil,
// is told of each block behind each layer.
func (d *Decoder) blocks(ctx context.Context, c *Cache, ids []int32, after func(r *room, layer, rows int), f func(r *room, x []float32)) error {
	if len(ids) == 0 {
		return errors.New("no tokens to read")
	}
	if c.Policy != nil {
		return errors.New("states are those of dense attention: a policy does not go with them")
	}
	if err := d.fits(c, ids); err != nil {
		return err
	}
	before := len(c.tokens)
	r := d.room(c, min(len(ids), blockRows))
	r.planner = nil
	for some := range slices.Chunk(ids, blockRows) {
		if err := ctx.Err(); err != nil {
			c.Cut(before)
			return err
		}
		x := r.states[:len(some)*d.Width]
		d.embed(r, x, c.next(), some)
		d.angles(r, c.next(), len(some))
		for i := range d.layers {
			if d.layer(r, c, i, x); after != nil {
				after(r, i, len(some))
			}
		}
		c.tokens = append(c.tokens, some...)
		d.norm(x, x, d.final)
		f(r, x)
	}
	return nil
}
