package attention

import (
	"math"

	"github.com/tamis-search/tamis/internal/simd"
)

// Kept is what a head holds when its cache is to become smaller.
type Kept struct {
	*Keys
	Recent *Queries                   // of the last tokens, in the heads that read the keys
	Asked  int                        // of these tokens that are the question; 0 where nobody says
	Last   int                        // the position of the last token
	Value  func(dst []float32, i int) //
	Turn   func(x []float32, by int)  // turns queries, one behind the other, by so many positions; back where by is negative
}

// Scorer says what a token is worth to a cache: the greatest scores of a head are kept.
type Scorer interface {
	Queries() int // that it looks at, of the last tokens
	Score(dst []float32, k *Kept)
}

// whatever is kept has this score.
var certain = float32(math.Inf(1))

// safeguard is the part of a head's equal share that AdaKV leaves it.
const safeguard = .2

// slope is PyramidKV's beta: by how much the highest layer's part is less than the mean, the last 64
// tokens aside.
const slope = 20

// Budget is how many of so many tokens each head of a layer keeps. Where layers differ it is
// PyramidKV (Cai et al. 2024, 2406.02069): parts fall from layer to layer by the same step, and their
// mean is what it would be for all.
func (p *Policy) Budget(layer, layers, tokens int) int {
	n := max(1, int(p.Share*float64(tokens)+.5))
	if !p.Pyramid || p.Share == 1 || layers < 2 || n <= snapQueries {
		return n
	}
	mean := float64(n - snapQueries)
	least := mean / slope
	most := 2*mean - least
	return min(tokens, snapQueries+int(most-(most-least)*float64(layer)/float64(layers-1)))
}

// Choose says what the heads of a layer keep, n each: ascending indexes. The last page stays,
// whatever the policy, since layers that read what is next to them find nothing else to read; papers
// without a window have none. Heads that choose together keep the same, by the sums of their scores.
// Where heads share, it is
// AdaKV (Feng et al. 2024, 2407.11550): the greatest scores of all heads together, and of each a
// fifth of its equal share at least.
func (p *Policy) Choose(heads []*Kept, n int) [][]int32 {
	total := 0
	starts := make([]int, len(heads))
	for h, k := range heads {
		starts[h], total = total, total+k.N
	}
	scores, marks := make([]float32, total), make([]bool, total)
	for h, k := range heads {
		own := scores[starts[h]:][:k.N]
		p.Cache.Score(own, k)
		for i := max(0, k.N-Page); i < k.N; i++ {
			own[i] = certain
		}
		least := n
		if p.Together {
			continue
		}
		if p.Apart {
			least = int(math.Ceil(safeguard * float64(n)))
		}
		mark(marks[starts[h]:][:k.N], own, least)
	}
	if p.Together {
		for h := range heads {
			for i := range heads[0].N {
				if h > 0 {
					scores[i] += scores[starts[h]+i]
				}
			}
		}
		for h := range heads {
			mark(marks[starts[h]:][:heads[0].N], scores[:heads[0].N], n)
		}
	}
	if p.Apart {
		for i, m := range marks {
			if m {
				scores[i] = certain
			}
		}
		mark(marks, scores, n*len(heads))
	}
	kept := make([][]int32, len(heads))
	for h, k := range heads {
		for i, m := range marks[starts[h]:][:k.N] {
			if m {
				kept[h] = append(kept[h], int32(i))
			}
		}
	}
	return kept
}

// Recent keeps sinks and a window: StreamingLLM (Xiao et al. 2023, 2309.17453) with its 4 sinks.
type Recent struct{}

// Queries implements Scorer.
func (Recent) Queries() int { return 0 }

// Score implements Scorer.
func (Recent) Score(dst []float32, k *Kept) {
	for i := range dst {
		if dst[i] = float32(i); i < 4 {
			dst[i] = certain
		}
	}
}

// SnapKV keeps what the last queries read: Li et al. 2024, 2404.14469. The attention of the last 64
// tokens to each earlier one, its mean over them and over the heads that share keys, smoothed over
// 5 neighbours so that what stands beside a hit stays too; the last 64 stay.
type SnapKV struct{}

const (
	snapQueries = 64
	snapPool    = 5
)

// Queries implements Scorer.
func (SnapKV) Queries() int { return snapQueries }

// Score implements Scorer.
func (SnapKV) Score(dst []float32, k *Kept) {
	sums := make([]float32, len(dst))
	attended(sums, k, 0, same)
	for i := range dst {
		from, to := max(0, i-snapPool/2), min(len(dst), i+snapPool/2+1)
		dst[i] = 0
		for _, s := range sums[from:to] {
			dst[i] += s
		}
		if i >= len(dst)-snapQueries {
			dst[i] = certain
		}
	}
}

// ChunkKV keeps whole chunks of what the last queries read: Liu et al. 2025, 2502.00299. A chunk is worth
// the mean of SnapKV's scores in it, and the heads of a layer keep the same chunks, those of the greatest
// sums: the form of NVIDIA's kvpress, whose chunks have 20 tokens (the paper prefers 10) and whose scores
// are smoothed, so that a hit beside a border brings both chunks.
type ChunkKV struct{}

const chunk = 20

// Queries implements Scorer.
func (ChunkKV) Queries() int { return snapQueries }

// Score implements Scorer.
func (ChunkKV) Score(dst []float32, k *Kept) {
	SnapKV{}.Score(dst, k)
	own := max(0, len(dst)-snapQueries) // what stays is no reason to keep what stands before it
	for from := 0; from < own; from += chunk {
		some, sum := dst[from:min(own, from+chunk)], float32(0)
		for _, s := range some {
			sum += s
		}
		for i := range some {
			some[i] = sum / float32(len(some))
		}
	}
}

// Finch keeps what the question reads: prompt-guided compression (Corallo and Papotti 2024, 2408.00167).
// The attention of the question's tokens to each earlier one, each times how many the token could see,
// so that all count the same, in the mean of them and of the heads that share keys; the question stays.
// Kept keys are turned to positions that follow each other again (Policy.Turned). The paper drops
// while it reads, chunk by chunk, and kvpress can do without chunks as here. Without a question it
// is the last 64 tokens.
type Finch struct{}

const finchQueries = 256

// Queries implements Scorer.
func (Finch) Queries() int { return finchQueries }

// Score implements Scorer.
func (Finch) Score(dst []float32, k *Kept) {
	asked := k.Asked
	if asked == 0 {
		asked = snapQueries
	}
	asked = min(asked, k.Recent.Rows)
	clear(dst)
	attended(dst, k, k.Recent.Rows-asked, func(visible int) float32 { return float32(visible) })
	for i := max(0, len(dst)-asked); i < len(dst); i++ {
		dst[i] = certain
	}
}

// attended adds what the recent queries, from one on, read of each key, times a weight for how many
// keys they could.
func attended(sums []float32, k *Kept, from int, weight func(visible int) float32) {
	q, columns := k.Recent, simd.Padded(k.N)
	rows := q.Rows - from
	scores := make([]float32, q.Heads*rows*columns)
	q.products(scores, columns, from, k.Packed, k.Size, k.N)
	for i := range q.Heads * rows {
		whole := scores[i*columns:][:columns]
		row := whole[:q.First+from+i%rows+1]
		factor := weight(len(row)) / simd.Softmax(padded(row, whole), q.Scale)
		for j, p := range row {
			sums[j] += p * factor
		}
	}
}

func same(int) float32 { return 1 }

// TOVA keeps what the last query reads: Oren et al. 2024, 2401.06104. The paper takes the mean over
// the heads of a layer; here over those that share keys. It drops at each step there, here once.
type TOVA struct{}

// Queries implements Scorer.
func (TOVA) Queries() int { return 1 }

// Score implements Scorer.
func (TOVA) Score(dst []float32, k *Kept) {
	clear(dst)
	attended(dst, k, k.Recent.Rows-1, same)
	dst[len(dst)-1] = certain
}

// KeyDiff keeps the keys that are least like the others: Park et al. 2025, 2504.15364. It looks at no
// query: the cosine of a key and the mean of all, each of length 1.
type KeyDiff struct{}

// Queries implements Scorer.
func (KeyDiff) Queries() int { return 0 }

// Score implements Scorer.
func (KeyDiff) Score(dst []float32, k *Kept) {
	mean, key := make([]float64, k.Size), make([]float32, k.Size)
	for i := range dst {
		k.At(key, i)
		length := norm(key)
		for j, x := range key {
			mean[j] += float64(x) / length
		}
	}
	for i := range dst {
		k.At(key, i)
		dot, length := 0., norm(key)
		for j, x := range key {
			dot += float64(x) * mean[j]
		}
		dst[i] = float32(-dot / length)
	}
}

func norm(x []float32) float64 {
	sum := 1e-20
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// Expected keeps what queries to come will read, as far as their mean and covariance say: expected
// attention of NVIDIA's kvpress (Devoto et al. 2025, 2510.00636). Queries without their positions
// are taken for normal; turned by the mean of the next 512 positions, the expectation of the
// exponential is known. It is multiplied by the length of the value; the first 4 stay. Scores are
// logarithms, since all but a few of the numbers are nothing where attention is sharp. kvpress
// takes all queries of the prompt, here the last 256.
type Expected struct{}

const (
	expectedQueries = 256
	expectedAhead   = 512
	expectedSinks   = 4
)

// Queries implements Scorer.
func (Expected) Queries() int { return expectedQueries }

// Score implements Scorer.
func (Expected) Score(dst []float32, k *Kept) {
	q, n, columns := k.Recent, k.Size, simd.Padded(k.N)
	turn := k.ahead()
	zeros, logits := make([]float32, columns), make([]float32, columns)
	quadratic, value := make([]float32, n*columns), make([]float32, n)
	sums := make([]float64, len(dst)) // of probabilities over heads: logarithms
	for h := range q.Heads {
		mean, spread := moments(q, k, h)
		mean, spread = applied(turn, mean, 1), applied(turn, transposed(applied(turn, spread, n), n), n)
		simd.Multiply(logits, columns, mean, n, k.Packed, zeros, 1, n, k.N)
		simd.Multiply(quadratic, columns, spread, n, k.Packed, zeros, n, n, k.N)
		for i := range dst {
			panel, sum := k.Packed[i/Page*Page*n+i%Page:], float32(0)
			for j := range n {
				sum += panel[j*Page] * quadratic[j*columns+i]
			}
			logits[i] = (logits[i] + sum*q.Scale/2) * q.Scale
		}
		all := math.Inf(-1)
		for _, v := range logits[:k.N] {
			all = logAdd(all, float64(v))
		}
		for i := range dst {
			p := float64(logits[i]) - all
			if h > 0 {
				p = logAdd(sums[i], p)
			}
			sums[i] = p
		}
	}
	for i := range dst {
		k.Value(value, i)
		if dst[i] = float32(sums[i] + math.Log(norm(value))); i < expectedSinks {
			dst[i] = certain
		}
	}
}

// logAdd is the logarithm of the sum of two numbers of which the logarithms are given.
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// moments are the mean and the covariance of the recent queries of a head, without positions.
func moments(q *Queries, k *Kept, head int) (mean, spread []float32) {
	n := k.Size
	mean, spread = make([]float32, n), make([]float32, n*n)
	all := make([]float32, q.Rows*n)
	for i := range q.Rows {
		x := all[i*n:][:n]
		copy(x, q.at(i, head, n))
		k.Turn(x, -(k.Last - q.Rows + 1 + i))
		for j, v := range x {
			mean[j] += v / float32(q.Rows)
		}
	}
	for i := range q.Rows {
		x := all[i*n:][:n]
		for a := range n {
			for b := range n {
				spread[a*n+b] += (x[a] - mean[a]) * (x[b] - mean[b]) / float32(q.Rows)
			}
		}
	}
	return mean, spread
}

// ahead is the mean turn by the positions to come, row j what becomes of the j-th number alone.
func (k *Kept) ahead() []float32 {
	n := k.Size
	all, turned := make([]float32, n*n), make([]float32, n*n)
	for t := range expectedAhead {
		clear(turned)
		for j := range n {
			turned[j*n+j] = 1
		}
		k.Turn(turned, k.Last+1+t)
		for i, v := range turned {
			all[i] += v / expectedAhead
		}
	}
	return all
}

// applied turns each of rows.
func applied(turn, x []float32, rows int) []float32 {
	n := len(x) / rows
	y := make([]float32, len(x))
	for r := range rows {
		for j, v := range x[r*n:][:n] {
			if v != 0 {
				for i, t := range turn[j*n:][:n] {
					y[r*n+i] += v * t
				}
			}
		}
	}
	return y
}

func transposed(x []float32, n int) []float32 {
	y := make([]float32, len(x))
	for i := range n {
		for j := range n {
			y[j*n+i] = x[i*n+j]
		}
	}
	return y
}
