package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Gate is what attention reads where it is not dense: the kinds of package attention, and their sizes.
//
// Nothing of it is quadratic there. Here each row of logits is at hand, and since the product of a query
// and a mean or a sum of keys is that of its products with the keys, each kind is a function of that row.
type Gate struct {
	Kind   string `json:"kind"`           // "" for dense, nsa, hsa, hsa-window, ssa, dma, or memory
	Block  int    `json:"block"`          // tokens of a block or chunk
	Taken  int    `json:"taken"`          // blocks whose tokens a query reads, or keys
	Window int    `json:"window"`         // tokens up to the query that it reads, of kinds with a window
	From   int    `json:"from,omitempty"` // the first layer that reads a memory; those below read the window alone
}

// parts is how many gates a head has: numbers of a token's state. The fourth of nsa is not the query's: it is what the
// token's key and value weigh in their block.
func (g Gate) parts() int {
	switch g.Kind {
	case "nsa":
		return 4
	case "hsa-window", "ssa":
		return 2
	}
	return 0
}

// own is how many numbers a head has that belong to no token.
func (g Gate) own(size int) int {
	switch g.Kind {
	case "ssa":
		return 1
	case "dma":
		return 1 + size
	}
	return 0
}

// whole says whether rows are of one softmax over all keys.
func (g Gate) whole() bool { return g.Kind == "" || g.Kind == "ssa" }

// single says whether they are of one softmax over keys chosen one by one.
func (g Gate) single() bool { return g.Kind == "dma" || g.Kind == "memory" }

func (g Gate) check() error {
	switch g.Kind {
	case "", "ssa":
		return nil
	case "dma", "memory":
		if g.Taken >= 1 && g.Window >= 0 && (g.Kind == "dma" || g.Window >= 1) && g.From >= 0 {
			return nil
		}
		return fmt.Errorf("%s reads %d keys and a window of %d: there is one key at least, and for memory one token of a window", g.Kind, g.Taken, g.Window)
	case "nsa", "hsa", "hsa-window":
		if g.Block >= 16 && g.Block%16 == 0 && g.Taken >= 1 && (g.Window >= 1 || g.Kind == "hsa") {
			return nil
		}
		return fmt.Errorf("%s reads %d blocks of %d tokens and a window of %d: blocks are of whole 16 tokens, and there is one block and one token of a window at least", g.Kind, g.Taken, g.Block, g.Window)
	}
	return fmt.Errorf("there is no attention %q: there are nsa, hsa, hsa-window, ssa, dma and memory", g.Kind)
}

// part is one softmax over some keys, and what it is multiplied by.
type part struct {
	keys  []int
	p     []float64 // weights of the keys, or of blocks
	gate  int       // that it is multiplied by; -1 for none
	chunk int       // whose weight among chunks it is multiplied by; -1 for none
}

// row is what one query weighs keys by. S are its scaled logits up to its own token, gates between 0 and
// 1.
type row struct {
	Gate
	s, gates []float64
	pool     []float64 // what keys weigh in their blocks (nsa)
	means    []float64 // logits of whole blocks before, and of its own chunk for hsa
	parts    []part
	chosen   []int     // chunks
	among    []float64 // weights of these
	blocks   []float64 // weights of compressed blocks
}

func softmax(s []float64) []float64 {
	if len(s) == 0 {
		return nil
	}
	p, sum, top := make([]float64, len(s)), 0., slices.Max(s)
	for j, v := range s {
		p[j] = math.Exp(v - top)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return p
}

func mean(s []float64) float64 {
	sum := 0.
	for _, v := range s {
		sum += v
	}
	return sum / float64(len(s))
}

// best are the n greatest of scores, ascending; of equals the first.
func best(scores []float64, n int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	order = order[:max(0, min(n, len(order)))]
	slices.Sort(order)
	return order
}

// newRow makes it of the logits of a query. Places are the numbers from 0 on, as many as there are keys.
func newRow(g Gate, s, gates, pool []float64, places []int) *row {
	r := &row{Gate: g, s: s, gates: gates, pool: pool}
	own := len(s) - 1
	window := places[max(0, own+1-g.Window) : own+1]
	if g.Kind == "nsa" {
		for b := 0; (b+1)*g.Block <= own+1; b++ {
			sum := 0.
			for j, w := range pool[b*g.Block:][:g.Block] {
				sum += w * s[b*g.Block+j]
			}
			r.means = append(r.means, sum)
		}
		r.blocks = softmax(r.means)
		last, taken := own/g.Block, []int{0}
		if n := min(len(r.blocks), last); n > 1 {
			for _, b := range best(r.blocks[1:n], g.Taken-2) {
				taken = append(taken, b+1)
			}
		}
		if last > 0 {
			taken = append(taken, last)
		}
		keys := make([]int, 0, len(taken)*g.Block)
		for _, b := range taken {
			keys = append(keys, places[b*g.Block:min((b+1)*g.Block, own+1)]...)
		}
		r.read(keys, 1, -1)
		r.read(window, 2, -1)
		return r
	}
	last, n := own/g.Block, g.Taken
	for b := range last {
		r.means = append(r.means, mean(s[b*g.Block:][:g.Block]))
	}
	if g.Kind == "hsa" {
		n--
	}
	r.chosen = best(r.means, n)
	gate := 0
	if g.Kind == "hsa" {
		r.means, r.chosen, gate = append(r.means, mean(s[last*g.Block:])), append(r.chosen, last), -1
	}
	var scores []float64
	for _, b := range r.chosen {
		scores = append(scores, r.means[b])
	}
	r.among = softmax(scores)
	for i, b := range r.chosen {
		r.read(places[b*g.Block:min((b+1)*g.Block, own+1)], gate, i)
	}
	if g.Kind == "hsa-window" {
		r.read(window, 1, -1)
	}
	return r
}

func (r *row) read(keys []int, gate, chunk int) {
	logits := make([]float64, len(keys))
	for i, j := range keys {
		logits[i] = r.s[j]
	}
	r.parts = append(r.parts, part{keys: keys, p: softmax(logits), gate: gate, chunk: chunk})
}

func (r *row) gate(i int) float64 {
	if i < 0 {
		return 1
	}
	return r.gates[i]
}

func (r *row) weight(chunk int) float64 {
	if chunk < 0 {
		return 1
	}
	return r.among[chunk]
}

// weigh sets w to the weights of all keys up to the query.
func (r *row) weigh(w []float32) {
	all := make([]float64, len(r.s))
	for b, p := range r.blocks {
		for j := range r.Block {
			all[b*r.Block+j] += r.gates[0] * p * r.pool[b*r.Block+j]
		}
	}
	for _, p := range r.parts {
		for i, j := range p.keys {
			all[j] += r.gate(p.gate) * r.weight(p.chunk) * p.p[i]
		}
	}
	for j, v := range all {
		w[j] = float32(v)
	}
}

// back makes of d, the gradients of weights, those of logits, and returns those of the gates before their
// sigmoid. It adds to dPool those of what keys weigh in their blocks.
func (r *row) back(d []float32, dPool []float64) []float64 {
	ds, dGates, dAmong := make([]float64, len(r.s)), make([]float64, len(r.gates)), make([]float64, len(r.among))
	for _, p := range r.parts {
		sum := 0. // of the gradients of the part's weights
		for i, j := range p.keys {
			sum += p.p[i] * float64(d[j])
		}
		g, w := r.gate(p.gate), r.weight(p.chunk)
		for i, j := range p.keys {
			ds[j] += g * w * p.p[i] * (float64(d[j]) - sum)
		}
		if p.gate >= 0 {
			dGates[p.gate] += w * sum
		}
		if p.chunk >= 0 {
			dAmong[p.chunk] += g * sum
		}
	}
	mixed := 0.
	for i, v := range dAmong {
		mixed += r.among[i] * v
	}
	for i, b := range r.chosen {
		r.spread(ds, b, r.among[i]*(dAmong[i]-mixed))
	}
	if len(r.blocks) > 0 {
		sum, each := 0., make([]float64, len(r.blocks))
		for b, p := range r.blocks {
			for j, v := range d[b*r.Block:][:r.Block] {
				each[b] += float64(v) * r.pool[b*r.Block+j]
			}
			sum += p * each[b]
		}
		dGates[0] += sum
		for b, p := range r.blocks {
			weight := r.gates[0] * p
			up := weight * (each[b] - sum)
			for j := b * r.Block; j < (b+1)*r.Block; j++ {
				dPool[j] += weight*float64(d[j]) + up*r.s[j]
				ds[j] += up * r.pool[j]
			}
		}
	}
	for j, v := range ds {
		d[j] = float32(v)
	}
	for i, g := range r.gates {
		dGates[i] *= g * (1 - g)
	}
	return dGates
}

// spread adds the gradient of a block's mean logit to those of its keys.
func (r *row) spread(ds []float64, block int, d float64) {
	some := ds[block*r.Block : min((block+1)*r.Block, len(ds))]
	for j := range some {
		some[j] += d / float64(len(some))
	}
}
