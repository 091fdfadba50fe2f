package attention

import (
	"container/heap"
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// Kinds of Trained that are one softmax:
//
//   - ssa: selective self-attention (Zhang et al. 2024, 2411.12892). Queries and values are multiplied by temperatures,
//     1 + tanh of a product of the token's state; that of a query grows with the logarithm of the keys that it
//     reads, by a share that the head has learned, against dilution. It reads everything, and goes with any policy.
//   - dma: dynamic mask attention (Shi et al. 2025, 2508.02124). A key's score is exp(A · softplus(Δ·value)), with A and Δ
//     of its head; a query reads the keys of the best scores, which are added to its logits. Here Δ takes the
//     head's own value, in the paper those of all heads; and a window may be read beside, which the paper has not. Scores
//     ask no query, so that a key which falls out of the best never comes back.
//   - memory: a memory layer of the focused transformer (Tworkowski et al. 2023, 2307.03170). Layers read a window; those
//     from one on also the keys before it that are nearest to the query, found exactly among all. The paper
//     gives keys of the memory no positions; here such layers turn none at all.

// single says whether keys are chosen one by one.
func (t *Trained) single() bool { return t.Kind == "dma" || t.Kind == "memory" }

// Own is how many numbers a head of keys (of queries, for ssa) has that belong to no token.
func (t *Trained) Own(size int) int {
	switch {
	case t == nil:
	case t.Kind == "ssa":
		return 1
	case t.Kind == "dma":
		return 1 + size
	}
	return 0
}

// Chooses says whether it says itself which keys are read.
func (t *Trained) Chooses() bool { return t != nil && t.Kind != "ssa" }

// Fits says why a policy does not go with it, which runs wherever a model has it; nil is dense attention.
func (t *Trained) Fits(p *Policy) error {
	kind := "dense attention"
	if t != nil {
		kind = t.Kind
	}
	switch {
	case p == nil:
	case p.Own != "" && t == nil && trained[p.Own] > 0:
		return fmt.Errorf("attention %s takes gates that a model is trained with: this one has no tensor blk.0.attn_gates.weight", p.Own)
	case p.Own == "dma" && t == nil:
		return fmt.Errorf("attention dma takes scores that a model is trained with: this one has no tensor blk.0.attn_own.weight")
	case p.Own != "" && (t == nil || t.Kind != p.Own):
		return fmt.Errorf("attention %s is for models that were trained with it: this one was trained with %s", p.Own, kind)
	case t.Chooses() && (p.Prefill != nil || p.Step != nil || p.Cache != nil || p.Alone > 0):
		return fmt.Errorf("the model was trained with attention %s, which chooses itself what it reads: of policies only q8 and q4 go with it, %s does not", kind, p.Name)
	}
	return nil
}

// Temper multiplies the queries and values of the token at a place by their temperatures, for ssa. Heads that share
// values take the temperature of the first of them. Gates and own are those of all heads.
func (t *Trained) Temper(queries, values []float32, size, place int, gates, own []float32) {
	if t == nil || t.Kind != "ssa" {
		return
	}
	length, group := math.Log(float64(place+1)), len(queries)/len(values)
	for h := range len(queries) / size {
		q := 1 + math.Tanh(float64(gates[2*h])) + length/(1+math.Exp(-float64(own[h])))
		for j := range size {
			queries[h*size+j] *= float32(q)
		}
		if h%group > 0 {
			continue
		}
		v, row := 1+math.Tanh(float64(gates[2*h+1])), values[h/group*size:][:size]
		for j := range row {
			row[j] *= float32(v)
		}
	}
}

// judge makes the scores of all keys.
func (k *Keys) judge(values [][]float32, own []float32) {
	for i := len(k.bias); i < k.N; i++ {
		sum := float32(0)
		for p, v := range values {
			for j, x := range v[i*simd.Columns:][:simd.Columns] {
				sum += float32(own[1+p*simd.Columns+j] * x)
			}
		}
		z := float64(sum)
		soft := max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
		k.bias = append(k.bias, float32(math.Exp(float64(own[0])*soft)))
	}
}

// singles is Attend where keys are chosen one by one.
func (a *weighing) singles(dst []float32, stride int) (read int) {
	size, best := a.k.Size, &lowest{scores: a.k.bias}
	if a.Kind == "dma" {
		for j := range a.q.First {
			best.keep(j, a.Taken)
		}
	}
	for i := range a.q.Rows {
		own := a.q.First + i
		near := max(0, own+1-a.Window)
		if a.Kind == "dma" {
			best.keep(own, a.Taken)
			a.only(slices.Sorted(slices.Values(best.keys)), near, own)
		}
		for h := range a.q.Heads {
			to, q := dst[i*stride+h*size:][:size], a.q.at(i, h, size)
			clear(to)
			if a.Kind == "memory" {
				a.only(a.nearest(q, near), near, own)
			}
			n := a.logits(q, a.chosen)
			a.biased(n)
			total, at := soften(a.scores[:n], 1), 0
			for j := range a.scores[:n] {
				a.scores[j] /= total
			}
			for _, s := range a.chosen {
				a.mix(to, a.scores[at:][:s.To-s.From], a.values, s.From)
				at += s.To - s.From
			}
			if h == 0 {
				read += n
			}
		}
	}
	return read
}

// only sets what is read: keys, ascending, and the window, which begins at near.
func (a *weighing) only(keys []int, near, own int) {
	a.chosen = a.chosen[:0]
	for _, j := range keys {
		if j < near {
			a.chosen = join(a.chosen, Span{j, j + 1})
		}
	}
	a.chosen = join(a.chosen, Span{near, own + 1})
}

// biased scales the logits of the chosen keys and adds their scores.
func (a *weighing) biased(n int) {
	for j := range a.scores[:n] {
		a.scores[j] *= a.q.Scale
	}
	if a.Kind != "dma" {
		return
	}
	at := 0
	for _, s := range a.chosen {
		for j, b := range a.k.bias[s.From:s.To] {
			a.scores[at+j] += b
		}
		at += s.To - s.From
	}
}

// nearest are the keys of the memory, which ends before near, that have the greatest products with a query; none in
// layers without a memory.
func (a *weighing) nearest(q []float32, near int) (keys []int) {
	if near == 0 || a.k.Layer < a.From {
		return nil
	}
	a.logits(q, []Span{{0, near}})
	if len(a.marks) < near {
		a.marks = make([]bool, near+near/4+16)
	}
	marks := a.marks[:near]
	clear(marks)
	mark(marks, a.scores[:near], a.Taken)
	for j, m := range marks {
		if m {
			keys = append(keys, j)
		}
	}
	return keys
}

// lowest is a heap of keys, on top of it the one with the least score, of equals the last.
type lowest struct {
	scores []float32
	keys   []int
}

// keep adds a key, and drops the worst where there are more than n.
func (w *lowest) keep(key, n int) {
	if len(w.keys) < n {
		heap.Push(w, key)
	} else if w.scores[key] > w.scores[w.keys[0]] {
		w.keys[0] = key
		heap.Fix(w, 0)
	}
}

func (w *lowest) Len() int      { return len(w.keys) }
func (w *lowest) Swap(i, j int) { w.keys[i], w.keys[j] = w.keys[j], w.keys[i] }
func (w *lowest) Push(x any)    { w.keys = append(w.keys, x.(int)) }
func (w *lowest) Pop() any      { panic("nothing is taken") }
func (w *lowest) Less(i, j int) bool {
	a, b := w.keys[i], w.keys[j]
	return w.scores[a] < w.scores[b] || w.scores[a] == w.scores[b] && a > b
}
