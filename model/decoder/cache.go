package decoder

import (
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
)

// Cache is what a model keeps of the tokens that it has read: a key and a value of each
// layer, head and token, or of those that a policy keeps. It belongs to one Decoder and one
// goroutine at a time.
type Cache struct {
	// Policy is what attention reads and keeps; nil is dense. It is set before something is read.
	Policy *attention.Policy
	// Watch, where not nil, counts what attention reads.
	Watch *Watch
	// Looks has the cache keep the last token's queries, for Look.
	Looks bool
	// Inside, where not nil, is told of each token what goes into a feed-forward network and what comes out of its first
	// products, before gates open: a gate that it sets to 0 makes its number inside count for nothing.
	Inside func(layer int, x, gate, up []float32)
	// Heads, where not nil, is told of each token that Read and ReadEach read what goes into a layer's attention and what
	// its heads of queries give, HeadSize numbers each, before these go through the matrix that joins them: a head whose
	// numbers it sets to 0 adds nothing.
	Heads func(layer int, x, given []float32)
	// Asked is how many of the last tokens are the question, for policies that look at it when the
	// cache becomes smaller; 0 where nobody knows.
	Asked int

	// Parts are the ends of what is shared and of documents, for policies that read these by
	// themselves. Without them the first text that is read is cut into documents of 256 tokens.
	Parts []int

	// Between, where not nil, is shown the states of the tokens that Read and ReadEach read, Width numbers
	// each: as they come to the first layer with 0, as layer i leaves them with i. Some tokens come at a time, in
	// their order. What it changes is what is read on with; else logits are as without it. A Clone has none.
	Between func(layer int, states []float32)

	tokens []int32
	parts  []int // Parts, or those that were made instead
	gone   int   // positions that tokens moved forward by, since keys before them were turned
	layers []kept
	room   *room
}

// kept is that of a layer.
type kept struct {
	heads  []held
	recent []float32 // queries of the last tokens, for policies of the cache; Heads · HeadSize each
}

// held is that of a head. Keys are laid out as simd.Pack does with a column a token, values
// with a row a token: a head has a panel for each 16 of its numbers. Where the policy has few bits,
// whole groups of tokens stand in them, and Keys and values are those of the tokens behind.
type held struct {
	attention.Keys
	values [][]float32      // by panel
	coded  *attention.Coded // nil where all are in float32
	places []int32          // of the tokens, where not all are kept; else nil
	turned int              // of these that are at positions that follow each other from 0 on
}

// NewCache is an empty one.
func (d *Decoder) NewCache() *Cache {
	c := &Cache{layers: make([]kept, d.Layers)}
	for i := range c.layers {
		c.layers[i].heads = make([]held, d.KeyHeads)
		for h := range c.layers[i].heads {
			c.layers[i].heads[h] = held{
				Keys:   attention.Keys{Layer: i, Head: h, Heads: d.KeyHeads, Size: d.HeadSize},
				values: make([][]float32, d.HeadSize/simd.Columns),
			}
		}
	}
	return c
}

// Tokens are what was read. They are not to be changed.
func (c *Cache) Tokens() []int32 { return c.tokens }

// Cut forgets all but the first n tokens. What a policy has dropped of these stays dropped, and what it
// has in few bits stays rounded; where keys were turned, a cut among these leaves others further from what
// comes than they were.
func (c *Cache) Cut(n int) {
	if n >= len(c.tokens) {
		return
	}
	most, cut := 0, false // of what was turned
	c.tokens = c.tokens[:n]
	for i := range c.layers {
		c.layers[i].recent = c.layers[i].recent[:0]
		for j := range c.layers[i].heads {
			h, left := &c.layers[i].heads[j], n
			if h.places != nil {
				left, _ = slices.BinarySearch(h.places, int32(n))
				if h.places = h.places[:left]; n == 0 {
					h.places = nil
				}
			}
			if h.cut(left); n == 0 {
				h.coded = nil
			}
			if left < h.turned {
				h.turned, cut = left, true
			}
			most = max(most, h.turned)
		}
	}
	switch {
	case n == 0:
		c.gone, c.parts = 0, nil
	case cut: // what comes follows what is left
		c.gone = n - most
	}
}

// Clone is a cache of its own that holds the same.
func (c *Cache) Clone() *Cache {
	o := &Cache{Policy: c.Policy, Looks: c.Looks, Asked: c.Asked, Parts: c.Parts, parts: c.parts, gone: c.gone, tokens: slices.Clone(c.tokens), layers: make([]kept, len(c.layers))}
	for i, k := range c.layers {
		o.layers[i] = kept{heads: slices.Clone(k.heads), recent: slices.Clone(k.recent)}
		for j := range o.layers[i].heads {
			h := &o.layers[i].heads[j]
			h.Keys, h.places, h.values = h.Keys.Clone(), slices.Clone(h.places), slices.Clone(h.values)
			if h.coded != nil {
				h.coded = h.coded.Clone()
			}
			for p := range h.values {
				h.values[p] = slices.Clone(h.values[p])
			}
		}
	}
	return o
}

// Kept are the positions of the tokens that a head of a layer holds; nil for all.
func (c *Cache) Kept(layer, head int) []int32 { return c.layers[layer].heads[head].places }

// next is the position of the next token.
func (c *Cache) next() int { return len(c.tokens) - c.gone }

// Bytes is what the cache holds; some memory is set aside behind it for what comes.
func (c *Cache) Bytes() int {
	n := 4 * len(c.tokens)
	for _, k := range c.layers {
		n += 4 * len(k.recent)
		for i := range k.heads {
			n += k.heads[i].Bytes() + 4*len(k.heads[i].places)
			if k.heads[i].coded != nil {
				n += k.heads[i].coded.Bytes()
			}
			for _, v := range k.heads[i].values {
				n += 4 * len(v)
			}
		}
	}
	return n
}

// add takes the key and the value of the token at a position.
func (h *held) add(position int, key, value []float32) {
	size, at := h.Size, h.N
	if need := (at/simd.Columns + 1) * simd.Columns * size; len(h.Packed) < need {
		h.Packed = append(h.Packed, make([]float32, need-len(h.Packed))...)
	}
	h.N++
	h.setKey(at, key)
	for p := range h.values {
		h.values[p] = append(h.values[p], value[p*simd.Columns:][:simd.Columns]...)
	}
	if h.places != nil {
		h.places = append(h.places, int32(position))
	}
}

// setKey puts a key into the column of a token.
func (h *held) setKey(at int, key []float32) {
	panel := h.Packed[at/simd.Columns*simd.Columns*h.Size:]
	for i, v := range key {
		panel[i*simd.Columns+at%simd.Columns] = v
	}
}

// Drop has the cache's policy drop what it does not keep of all that was read so far; without one
// nothing is dropped. Layers that read a window keep what they hold. What is dropped is not found again, however much is
// asked for it: a text that others are asked about too is read with another cache, or a Clone.
func (d *Decoder) Drop(c *Cache) {
	if c.Policy == nil || c.Policy.Cache == nil {
		return
	}
	wholes, moved := make([]held, d.KeyHeads), 0
	for i := range c.layers {
		k := &c.layers[i]
		if d.layers[i].window > 0 {
			continue
		}
		heads, group, still := make([]*attention.Kept, d.KeyHeads), d.Heads/d.KeyHeads, d.layers[i].still
		rows := len(k.recent) / (d.Heads * d.HeadSize)
		for h := range k.heads {
			own := k.heads[h].open(&wholes[h])
			heads[h] = &attention.Kept{
				Keys: &own.Keys, Last: c.next() - 1, Asked: c.Asked, Value: own.value, Turn: func(x []float32, by int) {
					if !still {
						d.turnBy(x, by, 0)
					}
				},
			}
			if rows > 0 {
				heads[h].Recent = attention.NewQueries(k.recent[h*group*d.HeadSize:], d.Heads*d.HeadSize, rows, group, own.N-rows, d.scale)
			}
		}
		if rows < min(c.Policy.Cache.Queries(), 1) {
			continue // cut since it was read
		}
		for h, chosen := range c.Policy.Choose(heads, c.Policy.Budget(i, d.Layers, len(c.tokens))) {
			whole := k.heads[h].open(&wholes[h])
			var turn func(key []float32, i int)
			if c.Policy.Turned && d.steps[0] != nil && !still {
				moved = c.next() - len(chosen)
				turn = func(key []float32, i int) { d.turnBy(key, i-k.heads[h].position(int(chosen[i]), c.gone), 0) }
			}
			if k.heads[h].only(chosen, whole, turn); turn != nil {
				k.heads[h].turned = len(chosen)
			}
		}
		k.recent = nil
	}
	d.move(c, moved)
}

// move turns the keys of layers that read a window back by so many positions, which are those of
// what other layers dropped.
func (d *Decoder) move(c *Cache, by int) {
	if c.gone += by; by == 0 {
		return
	}
	var room held
	for i := range c.layers {
		for h := range c.layers[i].heads {
			if own := &c.layers[i].heads[h]; d.layers[i].window > 0 {
				all := make([]int32, own.tokens())
				for j := range all {
					all[j] = int32(j)
				}
				own.only(all, own.open(&room), func(key []float32, _ int) { d.turnBy(key, -by, 1) })
			}
		}
	}
}

// position is that of a token that is held, where tokens moved forward by so many.
func (h *held) position(i, gone int) int {
	if h.places == nil || i < h.turned {
		return i
	}
	return int(h.places[i]) - gone
}

// value sets dst to that of a token.
func (h *held) value(dst []float32, i int) {
	for p, v := range h.values {
		copy(dst[p*simd.Columns:], v[i*simd.Columns:][:simd.Columns])
	}
}

// only keeps some tokens of the whole of what is held, in memory of their own, and turns each where turn
// is not nil.
func (h *held) only(chosen []int32, whole *held, turn func(key []float32, i int)) {
	if len(chosen) == whole.N && turn == nil {
		return
	}
	places := h.places
	if len(chosen) < whole.N {
		places = make([]int32, len(chosen))
	}
	for i, at := range chosen {
		if len(chosen) == whole.N {
			break
		}
		if places[i] = at; h.places != nil {
			places[i] = h.places[at]
		}
	}
	var g gathered
	for _, at := range chosen {
		g.spans = append(g.spans, attention.Span{From: int(at), To: int(at) + 1})
	}
	g.gather(whole)
	keys := h.Keys
	h.Keys = attention.Keys{Layer: keys.Layer, Head: keys.Head, Heads: keys.Heads, Size: keys.Size, N: len(chosen), Packed: g.keys}
	h.values = g.values
	if turn != nil {
		key := make([]float32, h.Size)
		for i := range chosen {
			h.At(key, i)
			turn(key, i)
			h.setKey(i, key)
		}
	}
	h.places = places
	if h.coded != nil {
		h.coded.Cut(0)
		h.code()
	}
}
