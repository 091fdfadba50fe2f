// Package asked holds questions with passages that answer them and passages that do not, of which
// heads and projections behind encoders learn: made of an index, or labelled by people.
package asked

import (
	"fmt"
	"hash/fnv"

	"github.com/tamis-search/tamis/encode"
)

const (
	HeldOut   = 5 // one subject of so many is examined, and not learned from
	Negatives = 3 // passages that do not answer, of a question
)

// Passage is one that is read beside a question.
type Passage struct {
	Title, Text string
	Sentences   [][2]int // of Text
	Keep        []bool   // of each sentence; nil where nobody said
	Answers     bool
}

// Read is what an encoder reads of a passage, as rerankers are asked, and how many bytes stand
// before Text.
func (p *Passage) Read() (text string, before int) {
	text = encode.Text(p.Title, p.Text)
	return text, len(text) - len(p.Text)
}

// Question is a question with passages.
type Question struct {
	Text     string
	From     string // what it is about, by which parts are held out
	Passages []Passage
}

// Drawn is a number by which parts are chosen, the same on every machine.
func Drawn(s string, seed uint64) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", seed, s)
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

// Held says that a question is examined, and not learned from.
func (q *Question) Held(seed uint64) bool { return Drawn(q.From, seed)>>32%HeldOut == 0 }
