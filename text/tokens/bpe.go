package tokens

import (
	stdbytes "bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/pkoukk/tiktoken-go-loader/assets"
	"github.com/tamis-search/tamis/internal/strhash"
)

// noRank is the rank of what is no token.
const noRank = ^uint32(0)

// bpe counts by byte-pair encoding. The tables never change after load.
type bpe struct {
	name string
	// piece returns the length of the first piece of s, which is not empty.
	piece func(s string) int
	vocab

	mu   sync.Mutex
	free []*merger // mergers that no Count uses, with their warm caches
}

// vocab maps the bytes of a token to its rank: an open-addressing table with
// linear probing, at most half full.
type vocab struct {
	slots   []uint64 // upper half of the hash, then index of a token + 1; 0 is empty
	starts  []uint32 // token i is bytes[starts[i]:starts[i+1]]
	ranks   []uint32
	bytes   []byte
	pairs   []uint32 // rank of each token of two bytes
	longest int
}

// load reads the ranks of an encoding: lines of a token in base64 and its rank.
func load(name string, piece func(string) int) (*bpe, error) {
	file := name + ".tiktoken"
	data, err := assets.Assets.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", name, err)
	}
	b := &bpe{name: name, piece: piece}
	if err := b.vocab.parse(data); err != nil {
		return nil, fmt.Errorf("tokenizer %s: %s: %w", name, file, err)
	}
	return b, nil
}

func (v *vocab) parse(data []byte) error {
	lines := stdbytes.Count(data, []byte{'\n'}) + 1
	v.bytes = make([]byte, 0, len(data)/2)
	v.starts = make([]uint32, 1, lines+1)
	v.ranks = make([]uint32, 0, lines)
	size := 1
	for size < 2*lines {
		size *= 2
	}
	v.slots = make([]uint64, size)
	v.pairs = make([]uint32, 1<<16)
	for i := range v.pairs {
		v.pairs[i] = noRank
	}
	for n := 1; len(data) > 0; n++ {
		var line []byte
		line, data, _ = stdbytes.Cut(data, []byte{'\n'})
		if len(line) == 0 {
			continue
		}
		word, number, ok := stdbytes.Cut(line, []byte{' '})
		rank, err := strconv.ParseUint(string(number), 10, 31)
		if !ok || err != nil {
			return fmt.Errorf("line %d is not a token and its rank", n)
		}
		start := len(v.bytes)
		v.bytes, err = base64.StdEncoding.AppendDecode(v.bytes, word)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		v.add(v.bytes[start:], uint32(rank))
	}
	for c := range 256 {
		if v.rank(string([]byte{byte(c)})) == noRank {
			return fmt.Errorf("byte %#x is no token", c)
		}
	}
	return nil
}

// add enters the token that the last bytes of v.bytes are.
func (v *vocab) add(token []byte, rank uint32) {
	v.starts = append(v.starts, uint32(len(v.bytes)))
	v.ranks = append(v.ranks, rank)
	v.longest = max(v.longest, len(token))
	if len(token) == 2 {
		v.pairs[int(token[0])<<8|int(token[1])] = rank
	}
	mask := uint64(len(v.slots) - 1)
	h := strhash.Sum(string(token))
	i := h & mask
	for v.slots[i] != 0 {
		i = (i + 1) & mask
	}
	v.slots[i] = h>>32<<32 | uint64(len(v.ranks))
}

// rank returns the rank of a token, or noRank.
func (v *vocab) rank(token string) uint32 {
	if len(token) == 2 {
		return v.pairs[int(token[0])<<8|int(token[1])]
	}
	if len(token) > v.longest {
		return noRank
	}
	mask := uint64(len(v.slots) - 1)
	h := strhash.Sum(token)
	for i := h & mask; ; i = (i + 1) & mask {
		e := v.slots[i]
		if e == 0 {
			return noRank
		}
		if n := uint32(e); e>>32 == h>>32 && string(v.bytes[v.starts[n-1]:v.starts[n]]) == token {
			return v.ranks[n-1]
		}
	}
}

func (b *bpe) Name() string { return b.name }

func (b *bpe) Count(s string) int {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	m := b.get()
	n := 0
	for len(s) > 0 {
		l := b.piece(s)
		n += m.count(s[:l])
		s = s[l:]
	}
	b.put(m)
	return n
}

// get lends a merger to one Count.
func (b *bpe) get() *merger {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		m := b.free[n-1]
		b.free = b.free[:n-1]
		return m
	}
	return &merger{vocab: &b.vocab, cache: make([]remembered, cacheSlots)}
}

func (b *bpe) put(m *merger) {
	m.shrink()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) < runtime.GOMAXPROCS(0) {
		b.free = append(b.free, m)
	}
}
