package model

import (
	"fmt"
	"math"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
)

// apart is disentangled attention (He et al. 2021): what a token says and where it stands
// are weighed apart. For the distance from a query to a key there is a row of a table, which
// every layer turns into a key and a query of its own; the score is q·k + q·key(distance) +
// query(distance)·k.
type apart struct {
	rows          []int32     // of the table, by distance + places - 1; they rise
	keys, queries [][]float32 // of a layer, head after head, as simd.Pack lays out
	padded        int         // rows of a head there
}

// disentangled is what config.json says of it.
type disentangled struct {
	Relative  *bool  `json:"relative_attention"`
	Longest   int    `json:"max_relative_positions"`
	Rows      int    `json:"position_buckets"`
	Normed    string `json:"norm_rel_ebd"`
	Shared    *bool  `json:"share_att_key"`
	Kinds     any    `json:"pos_att_type"`
	Biased    *bool  `json:"position_biased_input"`
	Kernel    int    `json:"conv_kernel_size"`
	Embedding int    `json:"embedding_size"`
}

// check holds a configuration to the form that was published with DeBERTa-v3.
func (d *disentangled) check(c *Config) error {
	is := func(b *bool, otherwise bool) bool {
		if b == nil {
			return otherwise
		}
		return *b
	}
	kinds := fmt.Sprint(d.Kinds)
	switch {
	case !is(d.Relative, false) || !is(d.Shared, false) || is(d.Biased, true):
		return fmt.Errorf("%w: a %s without relative_attention and share_att_key, or with position_biased_input", ErrUnsupported, screen.Name(c.Type))
	case kinds != "p2c|c2p" && kinds != "c2p|p2c" && kinds != "[p2c c2p]" && kinds != "[c2p p2c]":
		return fmt.Errorf("%w: pos_att_type %s of a %s; both of p2c and c2p are known", ErrUnsupported, screen.Name(kinds), screen.Name(c.Type))
	case c.Types > 0 || d.Kernel > 0 || d.Embedding != 0 && d.Embedding != c.Width || d.Normed != "" && d.Normed != "none" && d.Normed != "layer_norm":
		return fmt.Errorf("%w: a %s with type_vocab_size, conv_kernel_size, embedding_size or norm_rel_ebd of a kind that is not known", ErrUnsupported, screen.Name(c.Type))
	case d.Rows > mostWidth || d.Longest > mostWidth || d.Longest < 1 && c.Positions > mostWidth || d.Rows > 0 && (d.Rows < 2 || d.Longest > 0 && d.Longest-1 <= d.Rows/2):
		return fmt.Errorf("position_buckets is %d, max_relative_positions %d: they are at most %d, and distances reach beyond a half of the buckets", d.Rows, d.Longest, mostWidth)
	}
	return nil
}

// apart reads the table and makes keys and queries of it.
func (l *loader) apart(e *Encoder) *apart {
	longest := e.Longest
	if longest < 1 {
		longest = e.Positions
	}
	half := e.Rows
	if half < 1 {
		half = longest
	}
	table := l.floats("encoder.rel_embeddings.weight", 2*half, e.Width)
	var n norm
	if e.Normed == "layer_norm" {
		n = l.norm("encoder.LayerNorm", e.Config)
	}
	if l.err != nil {
		return nil
	}
	if n.weight != nil {
		n.apply(table)
	}
	a := &apart{padded: simd.Padded(2 * half)}
	for d := 1 - e.Positions; d < e.Positions; d++ {
		at := d
		if e.Rows > 0 {
			at = farther(d, half, longest)
		}
		a.rows = append(a.rows, int32(min(max(0, at+half), 2*half-1)))
	}
	size, all := e.Width/e.Heads, make([]float32, 2*half*3*e.Width)
	for i := range e.layers {
		m := e.layers[i].qkv
		m.apply(&room{}, all, table, 2*half)
		keys, queries := make([]float32, a.padded*e.Width), make([]float32, a.padded*e.Width)
		for h := range e.Heads {
			to := h * size * a.padded
			packKeys(queries[to:], all[h*size:], 3*e.Width, 2*half, size)
			packKeys(keys[to:], all[e.Width+h*size:], 3*e.Width, 2*half, size)
		}
		a.keys, a.queries = append(a.keys, keys), append(a.queries, queries)
	}
	if a.padded > len(e.zeros) {
		e.zeros = make([]float32, a.padded)
	}
	return a
}

// farther is the row, from the middle one on, of a distance: each has its own up to a half of
// them, ranges that grow share one farther away.
func farther(d, rows, longest int) int {
	middle, far := rows/2, max(d, -d)
	if far <= middle {
		return d
	}
	row := middle + int(math.Ceil(math.Log(float64(far)/float64(middle))/math.Log(float64(longest-1)/float64(middle))*float64(middle-1)))
	if d < 0 {
		return -row
	}
	return row
}

// beside is what distances add to the scores of one head in one sequence.
type beside struct {
	rows    []int32   // by distance, from that between the first query and the last key on, less first
	first   int32     // row of the table that the scores begin with
	columns int       // of them
	toKeys  []float32 // query(distance)·k: a row for each key
	toRows  []float32 // q·key(distance): of the queries of a block
	keys    []float32
}

// beside computes what does not depend on the query; nil where scores are those of words alone.
func (e *Encoder) beside(r *room, layer, head int, keys []float32, stride, tokens int) *beside {
	a := e.where.apart
	if a == nil {
		return nil
	}
	size := e.Width / e.Heads
	s := &beside{rows: a.rows[e.where.places-tokens:][:2*tokens-1]}
	s.first = s.rows[0] / simd.Columns * simd.Columns
	n := int(s.rows[len(s.rows)-1] + 1 - s.first)
	s.columns = simd.Padded(n)
	from := (head*a.padded + int(s.first)) * size
	s.keys = a.keys[layer][from:]
	s.toKeys, s.toRows = sized(&r.toKeys, tokens*s.columns), sized(&r.toRows, attendRows*s.columns)
	simd.Multiply(s.toKeys, s.columns, keys, stride, a.queries[layer][from:], e.zeros, tokens, size, n)
	return s
}

// block is done before the scores of n queries are added to.
func (s *beside) block(queries []float32, stride, n, size int, zeros []float32) {
	if s != nil {
		simd.Multiply(s.toRows, s.columns, queries, stride, s.keys, zeros, n, size, s.columns)
	}
}

// add changes the scores of the keys for the query at a place, number i of its block.
func (s *beside) add(scores []float32, at, i int) {
	if s == nil {
		return
	}
	own := s.toRows[i*s.columns:][:s.columns]
	for j := range scores {
		row := s.rows[at-j+len(scores)-1] - s.first
		scores[j] += own[row] + s.toKeys[j*s.columns+int(row)]
	}
}
