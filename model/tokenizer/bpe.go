package tokenizer

import (
	"container/heap"
	"fmt"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/screen"
)

// model cuts a word into pieces; emit gets their numbers and the bytes of the word.
type model interface {
	cut(word []byte, emit func(id int32, from, to int))
}

// bpe joins pairs of pieces, those learned first before others (Sennrich et al. 2016).
type bpe struct {
	ids     map[string]int32
	merges  map[uint64]merge
	level   bool       // the smallest pieces are bytes, not characters
	bytes   [256]int32 // of level, or for characters that are unknown; -1 for none
	unknown int32      // -1 for none: characters are left out
	fuse    bool       // unknown characters that follow each other are one piece
	whole   bool       // a word that is a piece is not cut
}

type merge struct{ rank, id int32 }

func pairOf(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// byteRunes are the characters that vocabularies of byte-level BPE write bytes as:
// printable ones as themselves, others from U+0100 on.
var byteRunes = func() (runes [256]rune) {
	next := rune(0x100)
	for b := range runes {
		if r := rune(b); r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®' {
			runes[b] = r
		} else {
			runes[b] = next
			next++
		}
	}
	return runes
}()

// rawBytes is what a piece of byte-level BPE stands for.
func rawBytes(piece string) (string, bool) {
	raw := make([]byte, 0, len(piece))
	for _, r := range piece {
		b, ok := runeBytes[r]
		if !ok {
			return "", false
		}
		raw = append(raw, b)
	}
	return string(raw), true
}

var runeBytes = func() map[rune]byte {
	m := map[rune]byte{}
	for b, r := range byteRunes {
		m[r] = byte(b)
	}
	return m
}()

func newBPE(f *modelFile, level bool) (*bpe, error) {
	if f.Dropout != nil && *f.Dropout > 0 || f.Prefix != nil && *f.Prefix != "" || f.Suffix != nil && *f.Suffix != "" {
		return nil, fmt.Errorf("%w: BPE with dropout, prefixes or suffixes of pieces", ErrUnsupported)
	}
	m := &bpe{ids: make(map[string]int32, len(f.ids)), merges: make(map[uint64]merge, len(f.Merges)), level: level, unknown: -1, fuse: f.Fuse, whole: f.Whole}
	for piece, id := range f.ids {
		if !level {
			m.ids[piece] = id
		} else if raw, ok := rawBytes(piece); ok {
			m.ids[raw] = id
		}
	}
	for b := range m.bytes {
		m.bytes[b] = -1
		name := fmt.Sprintf("<0x%02X>", b)
		if level {
			name = string(byteRunes[b])
		}
		if id, ok := f.ids[name]; ok && (level || f.Fallback) {
			m.bytes[b] = id
		}
	}
	if f.Unknown != nil {
		id, ok := f.ids[*f.Unknown]
		if !ok {
			return nil, fmt.Errorf("the vocabulary has no unknown word %s", screen.Name(*f.Unknown))
		}
		m.unknown = id
	}
	for rank, pair := range f.Merges {
		a, ok := f.ids[pair.a]
		b, ok2 := f.ids[pair.b]
		id, ok3 := f.ids[pair.a+pair.b]
		if !ok || !ok2 || !ok3 {
			return nil, fmt.Errorf("merge %d of %s and %s is not of the vocabulary", rank, screen.Name(pair.a), screen.Name(pair.b))
		}
		m.merges[pairOf(a, b)] = merge{int32(rank), id}
	}
	return m, nil
}

// symbol is a piece so far; it is joined with the next by taking its place.
type symbol struct {
	id, from, to int32
	before, next int32 // -1 for none
}

type candidate struct {
	merge
	at int32
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

func (m *bpe) cut(word []byte, emit func(id int32, from, to int)) {
	if m.whole {
		if id, ok := m.ids[string(word)]; ok {
			emit(id, 0, len(word))
			return
		}
	}
	symbols := m.symbols(word)
	if len(symbols) > 32 {
		m.join(symbols)
	} else {
		m.joinShort(symbols)
	}
	for i := int32(0); i >= 0 && int(i) < len(symbols); i = symbols[i].next {
		emit(symbols[i].id, int(symbols[i].from), int(symbols[i].to))
	}
}

// join joins pairs by a heap of those that can be. An entry whose pair is gone is
// passed over.
func (m *bpe) join(symbols []symbol) {
	var heaped candidates
	push := func(at int32) {
		if at >= 0 && symbols[at].next >= 0 {
			if j, ok := m.merges[pairOf(symbols[at].id, symbols[symbols[at].next].id)]; ok {
				heap.Push(&heaped, candidate{j, at})
			}
		}
	}
	for i := range symbols {
		push(int32(i))
	}
	for len(heaped) > 0 {
		c := heap.Pop(&heaped).(candidate)
		s := &symbols[c.at]
		if s.id < 0 || s.next < 0 {
			continue
		}
		if j, ok := m.merges[pairOf(s.id, symbols[s.next].id)]; !ok || j.id != c.id {
			continue
		}
		m.merge(symbols, c.at, c.id)
		push(s.before)
		push(c.at)
	}
}

// joinShort is join for few symbols: it looks at all pairs each time.
func (m *bpe) joinShort(symbols []symbol) {
	for {
		best, at := merge{rank: 1<<31 - 1}, int32(-1)
		for i := int32(0); i >= 0 && int(i) < len(symbols); i = symbols[i].next {
			if s := symbols[i]; s.next >= 0 {
				if j, ok := m.merges[pairOf(s.id, symbols[s.next].id)]; ok && j.rank < best.rank {
					best, at = j, i
				}
			}
		}
		if at < 0 {
			return
		}
		m.merge(symbols, at, best.id)
	}
}

// merge joins a symbol with the next.
func (m *bpe) merge(symbols []symbol, at, id int32) {
	s := &symbols[at]
	next := &symbols[s.next]
	s.id, s.to, s.next = id, next.to, next.next
	next.id = -1
	if s.next >= 0 {
		symbols[s.next].before = at
	}
}

// symbols are the smallest pieces of a word.
func (m *bpe) symbols(word []byte) []symbol {
	symbols := make([]symbol, 0, len(word))
	add := func(id int32, from, to int) {
		n := int32(len(symbols))
		symbols = append(symbols, symbol{id, int32(from), int32(to), n - 1, n + 1})
	}
	open := false // the last one is unknown, and more may come to it
	for at := 0; at < len(word); {
		if m.level {
			if id := m.bytes[word[at]]; id >= 0 {
				add(id, at, at+1)
			} else if m.unknown >= 0 {
				add(m.unknown, at, at+1)
			}
			at++
			continue
		}
		_, size := utf8.DecodeRune(word[at:])
		id, ok := m.ids[string(word[at:at+size])]
		switch {
		case ok:
			add(id, at, at+size)
		case m.spelled(word[at : at+size]):
			for i := at; i < at+size; i++ {
				add(m.bytes[word[i]], i, i+1)
			}
			open = false
		case open && m.fuse:
			symbols[len(symbols)-1].to = int32(at + size)
		case m.unknown >= 0:
			add(m.unknown, at, at+size)
			open = true
			at += size
			continue
		}
		open = open && !ok
		at += size
	}
	if n := len(symbols); n > 0 {
		symbols[n-1].next = -1
	}
	return symbols
}

// spelled says whether all bytes of a character have a piece.
func (m *bpe) spelled(character []byte) bool {
	for _, b := range character {
		if m.bytes[b] < 0 {
			return false
		}
	}
	return true
}
