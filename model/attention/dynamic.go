package attention

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// Dynamic plans depend on queries and keys.

// Slashes is vertical and slash lines: MInference (Jiang et al. 2024, 2407.02490), in the form of
// DHSA's code: the last queries of a block are multiplied with all keys; the sums of columns and of
// diagonals of their attention each choose half of the budget. Only skips. MInference looks at the
// last 64 queries of the whole prompt, DHSA at a block of 128; here at the last 16 of each block.
type Slashes struct{ Share float64 }

const looked = 16

// Plan implements Planner.
func (s Slashes) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, s.Share)
	if f.full() {
		return f.all(spans)
	}
	from, columns := max(0, q.Rows-looked), simd.Padded(f.end)
	rows := q.Rows - from
	scores := make([]float32, q.Heads*rows*columns)
	q.products(scores, columns, from, k.Packed, k.Size, f.end)
	verticals, slashes := make([]float32, f.local), make([]float32, f.end)
	for i := range q.Heads * rows {
		own := q.First + from + i%rows
		row := scores[i*columns:][:own+1]
		factor := 1 / simd.Softmax(padded(row, scores[i*columns:][:columns]), q.Scale)
		for j, p := range row {
			slashes[own-j] += p * factor
			if j < f.local {
				verticals[j] += p * factor
			}
		}
	}
	marks := make([]bool, f.local)
	mark(marks, verticals, f.budget/2)
	for left := f.budget - f.budget/2; left > 0; {
		d := 0
		for i, v := range slashes {
			if v > slashes[d] {
				d = i
			}
		}
		if slashes[d] <= 0 {
			break
		}
		slashes[d] = -1
		for j := max(0, q.First-d); j < min(f.local, f.end-d) && left > 0; j++ {
			if !marks[j] {
				marks[j], left = true, left-1
			}
		}
	}
	return f.marked(spans, marks, 1)
}

// padded is a row up to whole panels, what is behind it as if it were nothing.
func padded(row, whole []float32) []float32 {
	for j := len(row); j < len(whole); j++ {
		whole[j] = float32(math.Inf(-1))
	}
	return whole
}

// Stripes is the difference to an anchor: AnchorAttention (Zhang et al. 2025, 2505.23520). The
// anchor of a block is the mean, over its queries, of the greatest logit in sinks and window; a key
// elsewhere is read where the logit of the mean query is at most Theta below. Only skips, and reads
// as much as it finds: Share bounds that. The paper's code has blocks of 128, theta 12, and one
// choice for 2048 queries; here each block chooses, for the heads that share its keys.
type Stripes struct {
	Theta float64
	Share float64
}

// Theta is the paper's.
const Theta = 12

// Plan implements Planner.
func (s Stripes) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, s.Share)
	if f.local <= sinks {
		return f.all(spans)
	}
	best := make([]float32, f.local) // logit above the anchor, of the head that wants the key most
	for j := range best {
		best[j] = float32(math.Inf(-1))
	}
	columns := simd.Padded(f.end - f.local)
	local, first := make([]float32, q.Heads*q.Rows*columns), make([]float32, q.Heads*q.Rows*sinks)
	q.products(local, columns, 0, k.Packed[f.local*k.Size:], k.Size, f.end-f.local)
	q.products(first, sinks, 0, k.Packed, k.Size, sinks)
	means := meanQueries(q, k.Size)
	logits, zeros := make([]float32, simd.Padded(f.local)), make([]float32, simd.Padded(f.local))
	for h := range q.Heads {
		anchor := float32(0)
		for i := range q.Rows {
			row := h*q.Rows + i
			anchor += max(slices.Max(local[row*columns:][:q.First+i-f.local+1]), slices.Max(first[row*sinks:][:sinks]))
		}
		anchor /= float32(q.Rows)
		simd.Multiply(logits, len(logits), means[h*k.Size:], k.Size, k.Packed, zeros, 1, k.Size, f.local)
		for j := range best {
			best[j] = max(best[j], (logits[j]-anchor)*q.Scale)
		}
	}
	marks, n := make([]bool, f.local), 0
	for j := sinks; j < len(best); j++ {
		if marks[j] = float64(best[j]) >= -s.Theta; marks[j] {
			n++
		}
	}
	if n > f.budget {
		clear(marks)
		mark(marks[sinks:], best[sinks:], f.budget)
	}
	return f.marked(spans, marks, 1)
}

// meanQueries are the means of the queries of each head.
func meanQueries(q *Queries, size int) []float32 {
	means := make([]float32, q.Heads*size)
	for h := range q.Heads {
		dst := means[h*size:][:size]
		for i := range q.Rows {
			for j, x := range q.at(i, h, size) {
				dst[j] += x / float32(q.Rows)
			}
		}
	}
	return means
}

// Blocks is chunks by chunks: DHSA with fixed boundaries (Xiong et al. 2025, 2510.24606), which is
// the block-sparse pattern of MInference too. The mean query of a block is multiplied with the mean
// key of each page, and the best pages are read. Only skips. DHSA's code has chunks of 32 keys and
// 128 queries; a block is what the runtime reads together here. A single query that looks for
// something is lost in the mean of its block.
type Blocks struct{ Share float64 }

// Plan implements Planner.
func (b Blocks) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, b.Share)
	if f.full() {
		return f.all(spans)
	}
	mean := NewQueries(meanQueries(q, k.Size), q.Heads*k.Size, 1, q.Heads, q.First, q.Scale)
	pages := f.local / Page
	return best(mean, f, k.Means(pages), k.Size, pages, spans)
}

// Probe is pages by a probe query: ActQKV (Xiao et al. 2025, 2502.13542). The queries of a block stand for
// all of it by their mean, in which each weighs as much as it is unlike the others: by the square of its
// distance from their plain mean. A few that look for something are not lost then, as they are in
// Blocks. Only skips. The paper's formula of that weight is not known here, so that this one is of this
// package; its budgets by layer for decoding are not there.
type Probe struct{ Share float64 }

// Plan implements Planner.
func (p Probe) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, p.Share)
	if f.full() {
		return f.all(spans)
	}
	means := meanQueries(q, k.Size)
	probes := make([]float32, len(means))
	for h := range q.Heads {
		mean, probe := means[h*k.Size:][:k.Size], probes[h*k.Size:][:k.Size]
		for i := range q.Rows {
			weight := float32(1e-20) // one query is its own probe
			for j, x := range q.at(i, h, k.Size) {
				weight += (x - mean[j]) * (x - mean[j])
			}
			for j, x := range q.at(i, h, k.Size) {
				probe[j] += x * weight
			}
		}
	}
	pages := f.local / Page
	return best(NewQueries(probes, q.Heads*k.Size, 1, q.Heads, q.First, q.Scale), f, k.Means(pages), k.Size, pages, spans)
}

// Chunks is a router of chunks: Mixture of Contexts (Cai et al. 2025, 2508.21058). Each query asks
// for the chunks whose mean key is nearest to it; beside them the first and the nearest are
// mandatory. A block reads the pages that stand out most to one of its queries. Only skips. The
// paper's chunks follow shots and prompts and its models are trained so; here chunks are pages.
type Chunks struct{ Share float64 }

// Plan implements Planner.
func (c Chunks) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, c.Share)
	if f.full() {
		return f.all(spans)
	}
	pages := f.local / Page
	return best(q, f, k.Means(pages), k.Size, pages, spans)
}

// Quest is pages by bounds: Quest (Tang et al. 2024, 2406.10774). A page cannot have a key whose
// product with a query exceeds that of the greatest or least numbers of its keys, as the query's
// signs have it; the pages of the greatest bounds are read. Only skips. Pages have 16 keys as in the
// paper, whose first two layers are dense; here all choose.
type Quest struct{ Share float64 }

// Plan implements Planner.
func (s Quest) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, s.Share)
	if f.full() {
		return f.all(spans)
	}
	// What is above 0 meets the greatest numbers, what is below 0 the least.
	signed := make([]float32, q.Rows*q.Heads*2*k.Size)
	for i := range q.Rows {
		for h := range q.Heads {
			dst := signed[(i*q.Heads+h)*2*k.Size:]
			for j, x := range q.at(i, h, k.Size) {
				dst[j], dst[k.Size+j] = max(x, 0), min(x, 0)
			}
		}
	}
	pages := f.local / Page
	return best(NewQueries(signed, q.Heads*2*k.Size, q.Rows, q.Heads, q.First, q.Scale), f, k.Bounds(pages), 2*k.Size, pages, spans)
}

// best reads the pages that stand out most among all for some query: by how many deviations it
// gives them more than it gives pages on average.
func best(q *Queries, f frame, packed []float32, size, pages int, spans []Span) []Span {
	columns := simd.Padded(pages)
	scores := make([]float32, q.Heads*q.Rows*columns)
	q.products(scores, columns, 0, packed, size, pages)
	most := make([]float32, pages)
	for i := range q.Heads * q.Rows {
		row := scores[i*columns:][:pages]
		sum, squares := 0., 1e-9
		for _, s := range row {
			sum += float64(s)
		}
		mean := float32(sum / float64(pages))
		for _, s := range row {
			squares += float64(s-mean) * float64(s-mean)
		}
		factor := float32(1 / math.Sqrt(squares/float64(pages)))
		for j, s := range row {
			if z := (s - mean) * factor; i == 0 || z > most[j] {
				most[j] = z
			}
		}
	}
	marks := make([]bool, pages)
	mark(marks, most, f.budget/Page)
	return f.marked(spans, marks, Page)
}
