package decoder

import "github.com/tamis-search/tamis/internal/simd"

// Cache is what a model keeps of the tokens that it has read: a key and a value of each
// layer, head and token. It belongs to one Decoder and one goroutine at a time.
type Cache struct {
	tokens []int32
	layers []kept
	room   *room
}

// kept is that of a layer. Keys are laid out as simd.Pack does with a column a token, values
// with a row a token: a head has a panel for each 16 of its numbers.
type kept struct {
	keys   [][]float32 // by head
	values [][]float32 // by head and panel
}

// NewCache is an empty one.
func (d *Decoder) NewCache() *Cache {
	c := &Cache{layers: make([]kept, d.Layers)}
	for i := range c.layers {
		c.layers[i] = kept{keys: make([][]float32, d.KeyHeads), values: make([][]float32, d.KeyHeads*d.HeadSize/simd.Columns)}
	}
	return c
}

// Tokens are what was read. They are not to be changed.
func (c *Cache) Tokens() []int32 { return c.tokens }

// Cut forgets all but the first n tokens.
func (c *Cache) Cut(n int) {
	if n >= len(c.tokens) {
		return
	}
	c.tokens = c.tokens[:n]
	for i := range c.layers {
		k := &c.layers[i]
		for j := range k.values {
			k.values[j] = k.values[j][:n*simd.Columns]
		}
	}
}

// Bytes is what the cache takes.
func (c *Cache) Bytes() int {
	n := 4 * len(c.tokens)
	for _, k := range c.layers {
		for _, rows := range [][][]float32{k.keys, k.values} {
			for _, v := range rows {
				n += 4 * cap(v)
			}
		}
	}
	return n
}

// add takes the key and the value of a head for the token at a place.
func (k *kept) add(head, at int, key, value []float32) {
	size := len(key)
	if need := (at/simd.Columns + 1) * simd.Columns * size; len(k.keys[head]) < need {
		k.keys[head] = append(k.keys[head], make([]float32, need-len(k.keys[head]))...)
	}
	panel := k.keys[head][at/simd.Columns*simd.Columns*size:]
	for i, v := range key {
		panel[i*simd.Columns+at%simd.Columns] = v
	}
	for p := 0; p < size; p += simd.Columns {
		j := (head*size + p) / simd.Columns
		k.values[j] = append(k.values[j], value[p:p+simd.Columns]...)
	}
}
