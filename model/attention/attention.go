// Package attention has policies: which keys the tokens of a text read in a language model, and
// which the model keeps.
//
// A Policy has up to three parts, as the Sparse Frontier study divides them (Nawrot et al. 2025):
// one for prefill, where a block of many tokens is read; one for decoding, where a step reads one;
// one for the cache. What a part does not say is dense. Parts for prefill and decoding only skip:
// what one token does not read the next one can. A part for the cache drops for good.
//
// A Planner names ranges of keys; the runtime gathers these and does with them what it does with
// all. A plan is made for one head of keys, which several heads of queries share, and for all
// tokens of a block, so that gathering costs a small part of reading. Nothing quadratic is ever
// held: planners look at means and bounds of pages, or at the products of a few queries.
//
// Prefill is made block by block through all layers, so that no planner sees a query of a later
// block. Methods whose papers look at the last queries of a whole prompt look at those of the block.
package attention

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// Sizes that all plans have in common. A page is a panel of packed keys, the size of Quest's.
const (
	Page  = simd.Columns
	sinks = Page     // first tokens, which are always read: attention that finds nothing rests on them (Xiao et al. 2023)
	near  = 4 * Page // tokens before a block that are always read; before a step it is a page
)

// Span is a range of keys.
type Span struct{ From, To int }

// Planner says which keys a block of tokens reads: it appends ascending ranges that do not
// overlap. The tokens' own keys, which are the last, are read in any case.
type Planner interface {
	Plan(q *Queries, k *Keys, spans []Span) []Span
}

// Policy is what attention reads and keeps. The zero Policy is dense.
type Policy struct {
	Name     string  // as it was asked for
	Prefill  Planner // nil where a block reads all
	Step     Planner // nil where a step of decoding reads all
	Cache    Scorer  // nil where all is kept
	Share    float64 // of the keys that are kept
	Apart    bool    // heads of a layer share what is kept between them as their scores say (AdaKV)
	Together bool    // heads of a layer keep the same (ChunkKV)
	Turned   bool    // kept keys are turned to positions that follow each other (Finch)
	Pyramid  bool    // layers keep the less the higher they are (PyramidKV)
	Own      string  // attention that the model must have been trained with; "" for any
	Bits     int     // of a number in the cache: 8, 4, or 0 for float32
	Alone    float64 // documents read themselves alone, and questions this share of them; 0 for prompts without
	Tail     int     // tokens at the end of what is read at once that read all
}

// Sparse says whether anything is skipped or dropped.
func (p *Policy) Sparse() bool {
	return p != nil && (p.Prefill != nil || p.Step != nil || p.Cache != nil || p.Bits > 0 || p.Alone > 0)
}

// Queries are those of a block of tokens in the heads that read the same keys.
type Queries struct {
	Rows, Heads int
	First       int // the place of the first token among the keys
	Scale       float32
	data        []float32
	stride      int
}

// NewQueries are rows of data that stand stride apart, in each of them the heads of size numbers
// one after the other.
func NewQueries(data []float32, stride, rows, heads, first int, scale float32) *Queries {
	return &Queries{Rows: rows, Heads: heads, First: first, Scale: scale, data: data, stride: stride}
}

// at is the query of a row in a head.
func (q *Queries) at(row, head, size int) []float32 { return q.data[row*q.stride+head*size:][:size] }

// products sets a row of dst, columns apart, for each row from one on in each head: its products
// with packed keys or what stands for them. Rows of a head follow each other.
func (q *Queries) products(dst []float32, columns, from int, packed []float32, size, n int) {
	rows, zeros := q.Rows-from, make([]float32, simd.Padded(n))
	for h := range q.Heads {
		simd.Multiply(dst[h*rows*columns:], columns, q.data[from*q.stride+h*size:], q.stride, packed, zeros, rows, size, n)
	}
}

// Keys are those of a head in a layer: packed as simd.Pack does, a column a token.
type Keys struct {
	Layer, Head, Heads int // of keys
	Size, N            int
	Packed             []float32
	means, bounds      []float32 // of whole pages, packed with a column a page
	meant, bounded     int       // pages that these have
	hashes             []byte    // of the first keys, for Hashes
	centre             []float32 // that these are without

	weights []float32   // of tokens in their pages, for Trained
	given   [][]float32 // weighted sums of the values of whole pages, by panel, for Trained
	bias    []float32   // of the first keys, for Trained
}

// At sets dst to the key of a token.
func (k *Keys) At(dst []float32, i int) {
	panel := k.Packed[i/Page*Page*k.Size:]
	for j := range dst {
		dst[j] = panel[j*Page+i%Page]
	}
}

// Cut forgets all but the first n keys, before which there are others.
func (k *Keys) Cut(n, others int) {
	k.N = n
	k.meant, k.bounded = min(k.meant, (others+n)/Page), min(k.bounded, (others+n)/Page)
	if k.hashes = k.hashes[:min(len(k.hashes), (others+n)*hashRounds)]; len(k.hashes) == 0 {
		k.centre = nil
	}
	k.weights = k.weights[:min(len(k.weights), others+n)]
	k.bias = k.bias[:min(len(k.bias), others+n)]
	for p, g := range k.given {
		k.given[p] = g[:min(len(g), (others+n)/Page*Page)]
	}
}

// Whole are keys that these are a part of, whose pages they know.
func (k *Keys) Whole(packed []float32, n int) Keys {
	o := *k
	o.Packed, o.N = packed, n
	return o
}

// Learn takes over what the whole has learnt of its pages.
func (k *Keys) Learn(whole *Keys) {
	k.means, k.bounds, k.meant, k.bounded = whole.means, whole.bounds, whole.meant, whole.bounded
	k.hashes, k.centre, k.given, k.bias = whole.hashes, whole.centre, whole.given, whole.bias
}

// Clone are keys of their own.
func (k *Keys) Clone() Keys {
	o := *k
	o.Packed, o.means, o.bounds = slices.Clone(k.Packed), slices.Clone(k.means), slices.Clone(k.bounds)
	o.hashes, o.centre, o.given = slices.Clone(k.hashes), slices.Clone(k.centre), slices.Clone(k.given)
	o.weights, o.bias = slices.Clone(k.weights), slices.Clone(k.bias)
	for p := range o.given {
		o.given[p] = slices.Clone(o.given[p])
	}
	return o
}

// Bytes is what they hold.
func (k *Keys) Bytes() int {
	n := len(k.Packed) + len(k.means) + len(k.bounds) + len(k.centre) + len(k.weights) + len(k.bias)
	for _, g := range k.given {
		n += len(g)
	}
	return 4*n + len(k.hashes)
}

// room makes packed hold so many columns of rows numbers.
func room(packed []float32, columns, rows int) []float32 {
	if need := simd.Padded(columns) * rows; need > len(packed) {
		packed = append(packed, make([]float32, need-len(packed))...)
	}
	return packed
}

// Means are those of the first n pages, packed.
func (k *Keys) Means(n int) []float32 {
	k.means = room(k.means, n, k.Size)
	for ; k.meant < n; k.meant++ {
		page, dst := k.Packed[k.meant*Page*k.Size:], k.means[k.meant/Page*Page*k.Size+k.meant%Page:]
		for j := range k.Size {
			sum := float32(0)
			for _, x := range page[j*Page:][:Page] {
				sum += x
			}
			dst[j*Page] = sum / Page
		}
	}
	return k.means
}

// Bounds are the greatest and then the least numbers of the first n pages, packed.
func (k *Keys) Bounds(n int) []float32 {
	k.bounds = room(k.bounds, n, 2*k.Size)
	for ; k.bounded < n; k.bounded++ {
		page, dst := k.Packed[k.bounded*Page*k.Size:], k.bounds[k.bounded/Page*Page*2*k.Size+k.bounded%Page:]
		for j := range k.Size {
			some := page[j*Page:][:Page]
			dst[j*Page], dst[(k.Size+j)*Page] = slices.Max(some), slices.Min(some)
		}
	}
	return k.bounds
}

// frame is what every plan has: sinks, and tokens near to the block and of it.
type frame struct {
	local  int // where what is near begins, a whole page
	end    int // behind the block
	budget int // keys that the plan may have beside
}

// framed is the frame of a block of which a share of what it could read is to be read.
func framed(q *Queries, share float64) frame {
	before := near
	if q.Rows == 1 {
		before = Page
	}
	f := frame{local: max(0, q.First-before) / Page * Page, end: q.First + q.Rows}
	f.budget = max(0, int(math.Ceil(share*float64(f.end)))-min(sinks, f.local)-(f.end-f.local))
	return f
}

// full says whether the plan may have everything.
func (f frame) full() bool { return f.budget >= f.local-sinks }

// all is everything.
func (f frame) all(spans []Span) []Span { return append(spans, Span{0, f.end}) }

// marked adds the pages, or tokens where size is 1, that are marked, and the frame.
func (f frame) marked(spans []Span, marks []bool, size int) []Span {
	spans = join(spans, Span{0, min(sinks, f.local)})
	for i, m := range marks {
		if m {
			spans = join(spans, Span{i * size, min((i+1)*size, f.local)})
		}
	}
	return join(spans, Span{f.local, f.end})
}

// join appends a range that begins not before the last one does.
func join(spans []Span, s Span) []Span {
	if n := len(spans); n > 0 && s.From <= spans[n-1].To {
		spans[n-1].To = max(spans[n-1].To, s.To)
		return spans
	}
	if s.From < s.To {
		spans = append(spans, s)
	}
	return spans
}

// mark marks the n greatest scores, of equals the first.
func mark(marks []bool, scores []float32, n int) {
	if n <= 0 {
		return
	}
	var c topk.Collector
	c.Reset(min(n, len(scores)))
	for i, s := range scores {
		c.Add(topk.SignedKey(s, uint32(i)))
	}
	for _, key := range c.Sorted() {
		marks[^uint32(key)] = true
	}
}
