package decoder

import (
	"math"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
)

// Watch counts what attention reads, over layers, heads of queries and tokens. Several goroutines
// add to it.
type Watch struct {
	mutex         sync.Mutex
	Read, Visible int64   // keys that were read, and tokens up to the reader
	Entropy       float64 // of what was attended to, in nats, summed
	Rows          int64   // that it is the sum of

	// Plan, where not nil, is told what each block reads in a layer and a head of keys, where a
	// policy plans it, and else that it is everything; one call at a time.
	Plan func(layer, head, tokens int, spans []attention.Span)
}

// plan tells what a block of so many tokens reads.
func (w *Watch) plan(k *attention.Keys, tokens int, spans []attention.Span) {
	if w != nil && w.Plan != nil {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.Plan(k.Layer, k.Head, tokens, spans)
	}
}

// plan is how many tokens of those from one on go through the layers together, and how they read.
// A block of a planner ends at a multiple of blockRows, and before the tokens that read all.
func (d *Decoder) plan(r *room, c *Cache, from, end int, step bool) int {
	r.planner = nil
	n, p := min(end-from, blockRows), c.Policy
	switch {
	case p == nil:
	case step:
		r.planner = p.Step
	case p.Prefill != nil && end-from > p.Tail:
		r.planner = p.Prefill
		n = min(n, blockRows-from%blockRows, end-p.Tail-from)
	}
	if r.apart = p != nil && p.Alone > 0; r.apart {
		var to int
		r.planner, to = c.apart(from)
		n = min(n, to-from)
	}
	if p != nil && p.Bits > 0 {
		n = min(n, blockRows-from%blockRows)
	}
	return n
}

// keep norms and turns the queries and keys of a block, and puts the keys and values into
// the cache.
func (d *Decoder) keep(r *room, c *Cache, l *layer, k *kept, rows int) {
	size, stride, first := d.HeadSize, simd.Padded((d.Heads+2*d.KeyHeads)*d.HeadSize), len(c.tokens)
	turns := r.turns[0]
	if l.window > 0 {
		turns = r.turns[1]
	}
	if l.still {
		turns.sines = nil
	}
	if p := c.Policy; p != nil && p.Bits > 0 && k.heads[0].coded == nil && len(c.tokens) == 0 {
		for h := range k.heads {
			k.heads[h].coded = attention.NewCoded(p.Bits, size)
		}
	}
	recent := 0
	if p := c.Policy; p != nil && p.Cache != nil && l.window == 0 {
		recent = p.Cache.Queries() * d.Heads * size
	}
	if p := c.Policy; p != nil && p.Alone > 0 {
		recent = max(recent, ranked*d.Heads*size)
	}
	if c.Looks {
		recent = max(recent, d.Heads*size)
	}
	for i := range rows {
		row := r.qkv[i*stride:]
		for h := range d.Heads + d.KeyHeads {
			x, w := row[h*size:][:size], l.queries
			if h >= d.Heads {
				w = l.keys
			}
			d.norm(x, x, w)
			d.turn(turns, x, i)
		}
		d.own.Temper(row[:d.Heads*size], row[(d.Heads+d.KeyHeads)*size:][:d.KeyHeads*size], size, c.next()+i, r.gates[min(len(r.gates), i*l.gates.out):], l.own)
		for h := range d.KeyHeads {
			k.heads[h].add(first+i, row[(d.Heads+h)*size:][:size], row[(d.Heads+d.KeyHeads+h)*size:][:size])
		}
		if recent > 0 {
			k.recent = append(k.recent, row[:d.Heads*size]...)
		}
	}
	if over := len(k.recent) - recent; over > 0 {
		k.recent = k.recent[:copy(k.recent, k.recent[over:])]
	}
}

// turnBy turns queries, one behind the other, by so many positions, as layers do that read all (0) or
// a window (1).
func (d *Decoder) turnBy(x []float32, by, kind int) {
	half := d.HeadSize / 2
	if d.steps[kind] == nil || by == 0 {
		return
	}
	t := turns{make([]float32, half), make([]float32, half)}
	for j, step := range d.steps[kind] {
		sin, cos := math.Sincos(float64(by) * step)
		t.sines[j], t.cosines[j] = float32(sin), float32(cos)
	}
	for ; len(x) > 0; x = x[d.HeadSize:] {
		d.turn(t, x[:d.HeadSize], 0)
	}
}

// gathered are the keys and values of a head that a block reads, one after the other.
type gathered struct {
	spans  []attention.Span
	keys   []float32 // packed
	values [][]float32
	tokens int
}

// gather copies them.
func (g *gathered) gather(h *held) {
	g.tokens = 0
	for _, s := range g.spans {
		g.tokens += s.To - s.From
	}
	size := h.Size
	if need := simd.Padded(g.tokens) * size; cap(g.keys) < need {
		g.keys = make([]float32, need)
	} else {
		g.keys = g.keys[:need]
	}
	at := 0
	for _, s := range g.spans {
		for from := s.From; from < s.To; {
			n := 1
			if at%simd.Columns == 0 && from%simd.Columns == 0 && s.To-from >= simd.Columns {
				n = (s.To - from) / simd.Columns * simd.Columns
				copy(g.keys[at*size:][:n*size], h.Packed[from*size:])
			} else {
				src, dst := h.Packed[from/simd.Columns*simd.Columns*size+from%simd.Columns:], g.keys[at/simd.Columns*simd.Columns*size+at%simd.Columns:]
				for j := 0; j < size*simd.Columns; j += simd.Columns {
					dst[j] = src[j]
				}
			}
			from, at = from+n, at+n
		}
	}
	if len(g.values) == 0 {
		g.values = make([][]float32, len(h.values))
	}
	for p, v := range h.values {
		some := g.values[p][:0]
		if cap(some) < g.tokens*simd.Columns {
			some = make([]float32, 0, g.tokens*simd.Columns)
		}
		for _, s := range g.spans {
			some = append(some, v[s.From*simd.Columns:s.To*simd.Columns]...)
		}
		g.values[p] = some
	}
}

// view is what a block reads in a head: its own tokens are the last.
type view struct {
	keys   []float32
	values [][]float32
	before int              // tokens before the block
	spans  []attention.Span // of one token's keys, read where they lie; nil for all that is there
	coded  *attention.Coded // what stands before keys and values, of which one token reads all; or nil
}

// gatherAlways is for tests: what a planner names is gathered even where it is everything.
var gatherAlways = false

// view makes that of a block, by the block's planner where the layer reads all.
func (d *Decoder) view(r *room, l *layer, in *held, rows int, w *Watch) view {
	if rows == 1 && r.planner == nil && l.window == 0 && in.coded != nil && in.coded.N() > 0 {
		w.plan(&in.Keys, rows, []attention.Span{{From: 0, To: in.tokens()}})
		return view{keys: in.Packed, values: in.values, before: in.tokens() - 1, coded: in.coded}
	}
	h := in.open(&r.opened[in.Head])
	before := h.N - rows
	whole := view{keys: h.Packed, values: h.values, before: before}
	if r.planner == nil || l.window > 0 && !r.apart || r.apart && h.places != nil {
		w.plan(&h.Keys, rows, []attention.Span{{From: 0, To: h.N}})
		return whole
	}
	g, group := &r.gathered[h.Head], d.Heads/d.KeyHeads
	q := attention.NewQueries(r.qkv[h.Head*group*d.HeadSize:], simd.Padded((d.Heads+2*d.KeyHeads)*d.HeadSize), rows, group, before, d.scale)
	g.spans = r.planner.Plan(q, &h.Keys, g.spans[:0])
	in.Learn(&h.Keys)
	g.own(before, h.N)
	w.plan(&h.Keys, rows, g.spans)
	if len(g.spans) == 1 && g.spans[0].From == 0 && !gatherAlways {
		return whole
	}
	if rows == 1 && g.aligned() && !gatherAlways {
		return view{keys: h.Packed, values: h.values, before: g.tokens - 1, spans: g.spans}
	}
	g.gather(h)
	return view{keys: g.keys, values: g.values, before: g.tokens - rows}
}

// aligned counts the tokens, and says whether the spans are whole panels, but for the end.
func (g *gathered) aligned() bool {
	g.tokens = 0
	for i, s := range g.spans {
		if s.From%simd.Columns != 0 || s.To%simd.Columns != 0 && i+1 < len(g.spans) {
			return false
		}
		g.tokens += s.To - s.From
	}
	return true
}

// products sets the products of queries and the view's keys from one on.
func (v *view) products(scores []float32, columns int, q []float32, stride int, zeros []float32, rows, size, skip, tokens int) {
	if v.spans == nil {
		simd.Multiply(scores, columns, q, stride, v.keys[skip*size:], zeros, rows, size, tokens)
	}
	at := 0
	for _, s := range v.spans {
		simd.Multiply(scores[at:], columns, q, stride, v.keys[s.From*size:], zeros, 1, size, s.To-s.From)
		at += s.To - s.From
	}
}

// mix sets a panel of rows to the sum of the view's values, each times its score.
func (v *view) mix(dst []float32, width int, scores []float32, columns int, panel int, zeros []float32, rows, skip, tokens int) {
	values := v.values[panel]
	if v.spans == nil {
		simd.Multiply(dst, width, scores, columns, values[skip*simd.Columns:], zeros, rows, tokens, simd.Columns)
	}
	sum, at := zeros[:simd.Columns], 0
	for _, s := range v.spans { // the sum goes on where the last span left it
		simd.Multiply(dst, width, scores[at:], columns, values[s.From*simd.Columns:], sum, 1, s.To-s.From, simd.Columns)
		sum, at = dst[:simd.Columns], at+s.To-s.From
	}
}

// own has the spans end with the tokens of the block, whatever they were.
func (g *gathered) own(from, to int) {
	for n := len(g.spans); n > 0 && g.spans[n-1].To > from; n = len(g.spans) {
		from = min(from, g.spans[n-1].From)
		g.spans = g.spans[:n-1]
	}
	g.spans = append(g.spans, attention.Span{From: from, To: to})
}

// attend makes rows of mixed: for each head softmax(q · kᵀ / √size) · v over the
// tokens up to its own, no more of them than the layer's window has, or than the block's planner
// says.
func (d *Decoder) attend(r *room, c *Cache, l *layer, k *kept, rows int) {
	if d.own.Chooses() {
		d.attendOwn(r, c, l, k, rows)
		return
	}
	group, most := d.Heads/d.KeyHeads, 0
	views := make([]view, d.KeyHeads)
	for h := range k.heads {
		most = max(most, k.heads[h].tokens())
	}
	d.divide(d.KeyHeads, rows*most*d.HeadSize, func(from, to int) {
		for g := from; g < to; g++ {
			views[g] = d.view(r, l, &k.heads[g], rows, c.Watch)
		}
	})
	if need := max(simd.Padded(most), d.HeadSize); len(r.zeros) < need {
		r.zeros = make([]float32, need+need/4)
	}
	for len(r.scores) < d.Threads {
		r.scores, r.tiles = append(r.scores, nil), append(r.tiles, nil)
	}
	some := (rows + attendRows - 1) / attendRows
	d.share(d.Heads*some, 2*rows*most*d.Heads*d.HeadSize, func(thread, from, to int) {
		for i := from; i < to; i++ {
			h, first := i/some, i%some*attendRows
			d.attendRows(r, l, &views[h/group], thread, h, first, min(rows, first+attendRows), c.Watch)
		}
	})
	for h := range k.heads {
		k.heads[h].code()
	}
	if w := c.Watch; w != nil {
		for _, v := range views {
			for i := range rows {
				own, read := len(c.tokens)+i+1, v.before+i+1
				if l.window > 0 {
					own, read = min(own, l.window), min(read, l.window)
				}
				w.Visible, w.Read = w.Visible+int64(own*group), w.Read+int64(read*group)
			}
		}
	}
}

// attendRows is attend for rows of a block, from one on, and one head.
func (d *Decoder) attendRows(r *room, l *layer, v *view, thread, head, from, to int, w *Watch) {
	size, width := d.HeadSize, d.Heads*d.HeadSize
	stride := simd.Padded((d.Heads + 2*d.KeyHeads) * size)
	skip := 0 // tokens before the windows of all rows, in whole panels
	if l.window > 0 {
		skip = max(0, v.before+from-l.window+1) / simd.Columns * simd.Columns
	}
	tokens, n := v.before+to-skip, to-from
	columns := simd.Padded(tokens)
	if cap(r.scores[thread]) < attendRows*columns {
		r.scores[thread] = make([]float32, attendRows*(columns+columns/4+256))
	}
	scores, q := r.scores[thread][:attendRows*columns], r.qkv[from*stride+head*size:]
	if v.coded != nil {
		v.codedProducts(scores, q[:size], r.zeros, r.tile(thread, size), tokens)
	} else {
		v.products(scores, columns, q, stride, r.zeros, n, size, skip, tokens)
	}
	var sums [attendRows]float32
	for i := range n {
		row, own := scores[i*columns:][:columns], v.before+from+i-skip
		scale := d.scale
		if d.soft > 0 {
			soften(row[:own+1], d.scale, d.soft)
			scale = 1
		}
		for j := own + 1; j < columns; j++ {
			row[j] = float32(math.Inf(-1))
		}
		if l.window > 0 {
			for j := range max(0, own-l.window+1) {
				row[j] = float32(math.Inf(-1))
			}
		}
		sums[i] = simd.Softmax(row, scale)
		if w != nil && i == n-1 {
			w.add(row[:own+1], sums[i])
		}
	}
	if v.coded != nil {
		v.codedMix(r.mixed[from*width+head*size:][:size], scores, r.zeros, r.tile(thread, size), tokens)
	}
	for p := 0; p < size && v.coded == nil; p += simd.Columns {
		v.mix(r.mixed[from*width+head*size+p:], width, scores, columns, p/simd.Columns, r.zeros, n, skip, tokens)
	}
	for i := range n {
		row, factor := r.mixed[(from+i)*width+head*size:][:size], 1/sums[i]
		for j := range row {
			row[j] *= factor
		}
	}
}

// add takes the entropy of a row of attention that sums to sum.
func (w *Watch) add(row []float32, sum float32) {
	entropy := 0.
	for _, v := range row {
		if p := float64(v / sum); p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	w.mutex.Lock()
	w.Entropy, w.Rows = w.Entropy+entropy, w.Rows+1
	w.mutex.Unlock()
}
