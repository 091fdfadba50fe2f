package attention

import (
	"fmt"
	"math"

	"github.com/tamis-search/tamis/internal/simd"
)

// Trained is attention that a model was trained with: not a choice of keys for one softmax, but sums of
// several, weighted by gates or by scores of chunks. A model without it cannot run it, and a model
// with it runs nothing else.
//
//   - nsa: native sparse attention (Yuan et al. 2025, 2502.11089). A key and a value for each whole block, a
//     softmax; the tokens of the blocks that this weighs most, a softmax, the first block and the query's own
//     always among them; a window, a softmax. Their sum, each times a gate of the query's state. The heads that share
//     keys choose together. A block is the sum of its tokens, each weighed by the sigmoid of a product of its own state,
//     the fourth gate of the first head that reads its keys, so that what is learned is what in a block counts; the paper
//     pools by a network over all of a block. As in flash-linear-attention the same blocks are compressed and chosen; that
//     pools by the mean, whose gate shuts in training and with it what would teach the choice.
//   - hsa: hierarchical sparse attention (Hu et al. 2025, 2504.16795). A softmax inside of each chunk; the sum of the best
//     chunks, weighted by a softmax over the products of the query and their landmarks. Here a landmark is the mean key,
//     and the query's own chunk, up to its token, is always among the chunks; the paper has landmarks and
//     queries for them of their own, and Mamba layers for what is near.
//   - hsa-window: the same over chunks before the query's own, and a window, as later models of that
//     line have it (2511.23319); a gate for each.
//   - ssa, dma and memory are of one softmax: single.go.
type Trained struct {
	Kind   string `json:"kind"`
	Block  int    `json:"block"`          // tokens of a block or chunk, whole pages
	Taken  int    `json:"taken"`          // blocks whose tokens a query reads, or keys
	Window int    `json:"window"`         // tokens up to the query, of kinds with a window
	From   int    `json:"from,omitempty"` // the first layer with a memory; those below read the window alone
}

// trained are the kinds, and how many gates a head has.
var trained = map[string]int{"nsa": 4, "hsa": 0, "hsa-window": 2, "ssa": 2, "dma": 0, "memory": 0}

// Check says what of it makes no sense.
func (t *Trained) Check() error {
	const most = 1 << 20
	if _, ok := trained[t.Kind]; !ok {
		return fmt.Errorf("it was trained with attention of the kind %s; there are nsa, hsa, hsa-window, ssa, dma and memory", quoted(t.Kind))
	}
	switch t.Kind {
	case "ssa":
		return nil
	case "dma", "memory":
		if t.Taken < 1 || t.Taken > most || t.Window < 0 || t.Window > most || t.From < 0 || t.Window == 0 && t.Kind == "memory" {
			return fmt.Errorf("%s of %d keys and a window of %d: there is one key at least and, of memory, one token of a window", t.Kind, t.Taken, t.Window)
		}
		return nil
	}
	if t.Block < Page || t.Block%Page != 0 || t.Block > most || t.Taken < 1 || t.Taken > most || t.Window < 0 || t.Window > most || t.Window == 0 && t.Kind != "hsa" {
		return fmt.Errorf("%s of %d blocks of %d tokens and a window of %d: blocks are of whole %d tokens, and there is one block and one token of a window at least", t.Kind, t.Taken, t.Block, t.Window, Page)
	}
	return nil
}

// Gates is how many numbers of a state's product a head takes.
func (t *Trained) Gates() int { return trained[t.Kind] }

// Weigh keeps of a token that was added what its key and value count for in their block, where the kind has it: gates
// are those of the token in the heads that read the keys.
func (t *Trained) Weigh(k *Keys, gates []float32) {
	if t.Kind == "nsa" {
		k.weights = append(k.weights, gate(gates[3]))
	}
}

// Learn makes what stands for the whole pages of keys and values, which Attend reads, or what keys are chosen by. Own are
// the numbers of the head of keys. All tokens were weighed.
func (t *Trained) Learn(k *Keys, values [][]float32, own []float32) {
	switch {
	case t.Kind == "nsa":
		k.pool(values, k.N/Page)
	case t.Kind == "dma":
		k.judge(values, own)
	case !t.single():
		k.Means(k.N / Page)
	}
}

// Attend sets rows of dst, stride apart, to what the queries read, heads one after the other, and returns how many keys
// that were, means among them, in one head. gates are those of the rows, apart from each other by Heads
// times Gates.
func (t *Trained) Attend(dst []float32, stride int, q *Queries, k *Keys, values [][]float32, gates []float32) (read int) {
	a := &weighing{Trained: t, q: q, k: k, values: values, zeros: make([]float32, simd.Padded(max(k.N, k.Size)))}
	if t.single() {
		return a.singles(dst, stride)
	}
	pages := (q.First + q.Rows) / Page
	columns := simd.Padded(pages)
	scores := make([]float32, q.Heads*q.Rows*columns)
	if pages > 0 {
		q.products(scores, columns, 0, k.means, k.Size, pages)
	}
	blocks, size := make([][]float32, q.Heads), t.Block/Page
	for i := range q.Rows {
		own := q.First + i
		n := (own + 1) / t.Block // whole blocks
		if t.Kind != "nsa" {
			n = own / t.Block // before its own
		}
		for h := range blocks {
			row := scores[(h*q.Rows+i)*columns:]
			blocks[h] = resized(blocks[h], n)
			for b := range blocks[h] {
				sum := float32(0)
				for _, s := range row[b*size:][:size] {
					sum += s
				}
				if blocks[h][b] = sum; t.Kind != "nsa" {
					blocks[h][b] = sum / float32(size)
				}
			}
		}
		part := len(gates) / q.Rows
		read += a.row(dst[i*stride:], i, blocks, gates[i*part:][:part])
	}
	return read
}

func resized(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n, n+n/4+16)
	}
	return x[:n]
}

// weighing is what rows are made in.
type weighing struct {
	*Trained
	q             *Queries
	k             *Keys
	values        [][]float32
	zeros         []float32
	scores, sum   []float32
	marks         []bool
	weights       []float32
	spans, chosen []Span
}

// row sets dst to what one token reads in all heads, by its products with blocks.
func (a *weighing) row(dst []float32, i int, blocks [][]float32, gates []float32) (read int) {
	own, size, parts := a.q.First+i, a.k.Size, a.Gates()
	clear(dst[:len(blocks)*size])
	window := []Span{{max(0, own+1-a.Window), own + 1}}
	for h, scores := range blocks { // each needs all before one is chosen by
		if a.Kind == "nsa" && len(scores) > 0 {
			total := soften(scores, a.q.Scale)
			for b := range scores {
				scores[b] /= total
			}
			a.compressed(dst[h*size:][:size], scores, gate(gates[h*parts]))
			read = len(scores)
		}
	}
	if a.Kind == "nsa" {
		a.choose(blocks, own)
	}
	for h, scores := range blocks {
		to, q := dst[h*size:][:size], a.q.at(i, h, size)
		switch a.Kind {
		case "nsa":
			n := a.read(to, q, a.chosen, gate(gates[h*parts+1]))
			n += a.read(to, q, window, gate(gates[h*parts+2]))
			if h == 0 {
				read += n
			}
		default:
			share := float32(1)
			if parts > 0 {
				share = gate(gates[h*parts])
			}
			n := a.chunks(to, q, scores, own, share) + len(scores)
			if parts > 0 {
				n += a.read(to, q, window, gate(gates[h*parts+1]))
			}
			if h == 0 {
				read += n
			}
		}
	}
	return read
}

func gate(z float32) float32 { return float32(1 / (1 + math.Exp(-float64(z)))) }

// compressed adds the values of blocks, weighted.
func (a *weighing) compressed(dst, weights []float32, share float32) {
	size := a.Block / Page
	a.weights = resized(a.weights, len(weights)*size)
	for j := range a.weights {
		a.weights[j] = weights[j/size] * share
	}
	a.mix(dst, a.weights, a.k.given, 0)
}

// mix adds the weighted sum of rows of panels from one on.
func (a *weighing) mix(dst, weights []float32, panels [][]float32, from int) {
	for p, panel := range panels {
		some := dst[p*simd.Columns:][:simd.Columns]
		simd.Multiply(some, simd.Columns, weights, len(weights), panel[from*simd.Columns:], some, 1, len(weights), simd.Columns)
	}
}

// choose sets the blocks that all heads read: the first, the token's own, and the best of the others by the sum of
// their weights.
func (a *weighing) choose(blocks [][]float32, own int) {
	n, last := len(blocks[0]), own/a.Block
	a.marks, a.sum = make([]bool, last+1), resized(a.sum, n)
	clear(a.sum)
	for _, scores := range blocks {
		for b, s := range scores {
			a.sum[b] += s
		}
	}
	a.marks[0], a.marks[last] = true, true
	if others := min(n, last) - 1; others > 0 { // whole blocks between these
		if left := a.Taken - 2; left > 0 {
			mark(a.marks[1:][:others], a.sum[1:][:others], left)
		}
	}
	a.chosen = a.chosen[:0]
	for b, m := range a.marks {
		if m {
			a.chosen = join(a.chosen, Span{b * a.Block, min((b+1)*a.Block, own+1)})
		}
	}
}

// chunks adds what the best chunks have, each by itself, and returns how many tokens these are.
func (a *weighing) chunks(dst, q, scores []float32, own int, share float32) (read int) {
	alone, last := a.Kind == "hsa", own/a.Block
	left := a.Taken
	if alone {
		left--
	}
	marks := make([]bool, len(scores))
	mark(marks, scores, left)
	a.spans, a.weights = a.spans[:0], a.weights[:0]
	for b, m := range marks {
		if m {
			a.spans, a.weights = append(a.spans, Span{b * a.Block, (b + 1) * a.Block}), append(a.weights, scores[b])
		}
	}
	if alone {
		s := Span{last * a.Block, own + 1}
		a.logits(q, []Span{s})
		mean := float32(0)
		for _, v := range a.scores[:s.To-s.From] {
			mean += v
		}
		a.spans, a.weights = append(a.spans, s), append(a.weights, mean/float32(s.To-s.From))
	}
	if len(a.spans) == 0 {
		return 0
	}
	weights := append([]float32(nil), a.weights...)
	total := soften(weights, a.q.Scale)
	for i, s := range a.spans {
		read += a.read(dst, q, []Span{s}, share*weights[i]/total)
	}
	return read
}

// logits sets scores to the products of a query with the keys of spans, and returns how many.
func (a *weighing) logits(q []float32, spans []Span) int {
	n := 0
	for _, s := range spans {
		n += s.To - s.From/Page*Page + Page
	}
	a.scores = resized(a.scores, simd.Padded(n)+Page)
	at, size := 0, a.k.Size
	for _, s := range spans {
		first := s.From / Page * Page // panels are whole
		simd.Multiply(a.scores[at:], simd.Padded(s.To-first), q, size, a.k.Packed[first*size:], a.zeros, 1, size, s.To-first)
		copy(a.scores[at:], a.scores[at+s.From-first:][:s.To-s.From])
		at += s.To - s.From
	}
	return at
}

// read adds a share of what a query reads in the tokens of spans, by one softmax, and returns how many these
// are.
func (a *weighing) read(dst, q []float32, spans []Span, share float32) int {
	n := a.logits(q, spans)
	factor, at := share/soften(a.scores[:n], a.q.Scale), 0
	for j := range a.scores[:n] {
		a.scores[j] *= factor
	}
	for _, s := range spans {
		a.mix(dst, a.scores[at:][:s.To-s.From], a.values, s.From)
		at += s.To - s.From
	}
	return n
}

// soften replaces logits by what a softmax weighs them by, but for the sum, which it returns.
func soften(x []float32, scale float32) float32 {
	top, sum := x[0], float32(0)
	for _, v := range x {
		top = max(top, v)
	}
	for j, v := range x {
		x[j] = float32(math.Exp(float64((v - top) * scale)))
		sum += x[j]
	}
	return sum
}

// pool makes the weighted sums of the first n pages of keys, packed as means are, and of values, in panels as these are.
func (k *Keys) pool(values [][]float32, n int) {
	k.means = room(k.means, n, k.Size)
	if k.given == nil {
		k.given = make([][]float32, len(values))
	}
	for ; k.meant < n; k.meant++ {
		weights := k.weights[k.meant*Page:][:Page]
		page, dst := k.Packed[k.meant*Page*k.Size:], k.means[k.meant/Page*Page*k.Size+k.meant%Page:]
		for j := range k.Size {
			sum := float32(0)
			for i, x := range page[j*Page:][:Page] {
				sum += float32(weights[i] * x)
			}
			dst[j*Page] = sum
		}
		for p, v := range values {
			var sum [simd.Columns]float32
			for i, w := range weights {
				for c, x := range v[(k.meant*Page+i)*simd.Columns:][:simd.Columns] {
					sum[c] += float32(w * x)
				}
			}
			k.given[p] = append(k.given[p], sum[:]...)
		}
	}
}
