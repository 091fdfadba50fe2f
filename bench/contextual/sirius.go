package main

import (
	"context"
	"math"
	"slices"

	"github.com/tamis-search/tamis/model/decoder"
)

// correction is that of Sirius (Zhou et al. 2024): a sparse model writes, and every so many tokens the dense one reads
// them again.
type correction struct {
	every     int     // tokens that are written between two readings, the dense model's among them; 0 for no reading
	threshold float64 // the dense probability below which a token, and what follows, is taken back
	rows      func(layer int, x, gate, up []float32)
}

// write continues a text by so many tokens. What the dense model reads stands in the cache as it computes it, and the
// token after what it lets stand is its own. dense counts the tokens that it read, sparse those that the other wrote.
func (k correction) write(ctx context.Context, d *decoder.Decoder, c *decoder.Cache, prompt []int32, n int) (out []int32, dense, sparse int, err error) {
	c.Inside = nil
	logits, err := d.Read(ctx, c, prompt)
	if err != nil {
		return nil, 0, 0, err
	}
	out, at := []int32{greatest(logits)}, len(prompt) // at: tokens in the cache that the dense model read
	for len(out) < n {
		c.Inside = k.rows
		for i := 1; (i < k.every || k.every == 0) && len(out) < n; i++ {
			if logits, err = d.Read(ctx, c, out[len(out)-1:]); err != nil {
				return out, dense, sparse, err
			}
			out, sparse = append(out, greatest(logits)), sparse+1
		}
		if k.every == 0 {
			break
		}
		c.Inside = nil
		c.Cut(at)
		unread := out[at-len(prompt):]
		all, err := d.ReadEach(ctx, c, unread)
		if err != nil {
			return out, dense, sparse, err
		}
		dense += len(unread)
		kept := 1 // the first was the dense model's own
		for kept < len(unread) && probability(all[kept-1], unread[kept]) >= k.threshold {
			kept++
		}
		at += kept
		c.Cut(at)
		out = append(out[:at-len(prompt)], greatest(all[kept-1]))
	}
	return out[:n], dense, sparse, nil
}

func greatest(logits []float32) int32 { return int32(slices.Index(logits, slices.Max(logits))) }

func probability(logits []float32, id int32) float64 {
	most, sum := float64(slices.Max(logits)), 0.
	for _, v := range logits {
		sum += math.Exp(float64(v) - most)
	}
	return math.Exp(float64(logits[id])-most) / sum
}
