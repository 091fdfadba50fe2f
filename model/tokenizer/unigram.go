package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// unigram cuts a word into the most probable pieces (Kudo 2018), found by Viterbi's
// algorithm over a trie of them.
type unigram struct {
	trie
	ids     map[string]int32
	scores  []float64
	least   float64 // of an unknown character
	unknown int32   // -1 for none
	bytes   [256]int32
	spell   bool // unknown characters are spelled in bytes
}

// trie has the children of a node side by side, from first[node] to first[node+1],
// ordered by their label.
type trie struct {
	first []int32
	label []byte
	id    []int32 // of the piece that ends at a node, -1 for none
}

func newTrie(pieces []string, ids []int32) trie {
	order := make([]int32, len(pieces))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		switch {
		case pieces[a] < pieces[b]:
			return -1
		case pieces[a] > pieces[b]:
			return 1
		}
		return int(a - b)
	})
	type span struct{ from, to, depth int }
	t := trie{label: []byte{0}, id: []int32{-1}}
	queue := []span{{0, len(order), 0}}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		t.first = append(t.first, int32(len(t.label)))
		for s.from < s.to && len(pieces[order[s.from]]) == s.depth {
			if s.depth > 0 {
				t.id[i] = ids[order[s.from]]
			}
			s.from++
		}
		for s.from < s.to {
			c, to := pieces[order[s.from]][s.depth], s.from+1
			for to < s.to && pieces[order[to]][s.depth] == c {
				to++
			}
			t.label, t.id = append(t.label, c), append(t.id, -1)
			queue = append(queue, span{s.from, to, s.depth + 1})
			s.from = to
		}
	}
	t.first = append(t.first, int32(len(t.label)))
	return t
}

// child is the node that a byte leads to, -1 for none.
func (t *trie) child(node int32, b byte) int32 {
	from, to := t.first[node], t.first[node+1]
	for from < to {
		if at := (from + to) / 2; t.label[at] < b {
			from = at + 1
		} else {
			to = at
		}
	}
	if from < t.first[node+1] && t.label[from] == b {
		return from
	}
	return -1
}

func newUnigram(f *modelFile) (*unigram, error) {
	m := &unigram{ids: f.ids, scores: f.scores, unknown: -1, spell: f.Fallback, least: math.Inf(1)}
	for _, s := range f.scores {
		if s-s != 0 {
			return nil, errors.New("a piece has a score that is no number")
		}
		m.least = min(m.least, s)
	}
	m.least -= 10
	if f.UnknownID != nil {
		if *f.UnknownID < 0 || int(*f.UnknownID) >= len(f.pieces) {
			return nil, fmt.Errorf("unk_id %d is not one of %d pieces", *f.UnknownID, len(f.pieces))
		}
		m.unknown = *f.UnknownID
	}
	ids := make([]int32, len(f.pieces))
	for i := range ids {
		ids[i] = int32(i)
	}
	m.trie = newTrie(f.pieces, ids)
	for b := range m.bytes {
		m.bytes[b] = -1
		if id, ok := f.ids[fmt.Sprintf("<0x%02X>", b)]; ok {
			m.bytes[b] = id
		}
	}
	return m, nil
}

// step of the best way to a byte.
type way struct {
	score float64
	from  int32 // -1: not reached
	id    int32
}

func (m *unigram) cut(word []byte, emit func(id int32, from, to int)) {
	ways := make([]way, len(word)+1)
	for i := range ways {
		ways[i].from = -1
	}
	better := func(at int, score float64, from int, id int32) {
		if w := &ways[at]; w.from < 0 || score > w.score {
			*w = way{score, int32(from), id}
		}
	}
	for at := 0; at < len(word); {
		_, size := utf8.DecodeRune(word[at:])
		before, single := ways[at].score, false
		for node, i := int32(0), at; i < len(word); {
			if node = m.child(node, word[i]); node < 0 {
				break
			}
			if i++; m.id[node] >= 0 {
				better(i, before+m.scores[m.id[node]], at, m.id[node])
				single = single || i == at+size
			}
		}
		if !single {
			better(at+size, before+m.least, at, -1)
		}
		at += size
	}
	var back []way // the ways taken, with their ends as scores
	for at := len(word); at > 0; at = int(ways[at].from) {
		w := ways[at]
		w.score = float64(at)
		if n := len(back); n > 0 && (w.id < 0 || w.id == m.unknown) && back[n-1].id < 0 {
			back[n-1].from = w.from // unknown characters are one piece
			continue
		}
		if w.id == m.unknown {
			w.id = -1
		}
		back = append(back, w)
	}
	for _, w := range slices.Backward(back) {
		m.emit(w.id, word, int(w.from), int(w.score), emit)
	}
}

func (m *unigram) emit(id int32, word []byte, from, to int, emit func(id int32, from, to int)) {
	if id < 0 {
		id, known := m.ids[string(word[from:to])]
		if known {
			emit(id, from, to)
			return
		}
		spelled := m.spell
		for i := from; i < to && spelled; i++ {
			spelled = m.bytes[word[i]] >= 0
		}
		switch {
		case spelled:
			for i := from; i < to; i++ {
				emit(m.bytes[word[i]], i, i+1)
			}
		case m.unknown >= 0:
			emit(m.unknown, from, to)
		}
		return
	}
	if last, ok := m.ids[string(word[from:to])]; ok {
		id = last // of pieces that stand twice in the vocabulary
	}
	emit(id, from, to)
}
