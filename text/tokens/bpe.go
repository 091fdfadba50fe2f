package tokens

import (
	"runtime"
	"sync"
	"unicode/utf8"
)

// bpe counts by byte-pair encoding.
type bpe struct {
	name string
	// piece returns the length of the first piece of s, which is not empty.
	piece func(s string) int
	vocab

	mu   sync.Mutex
	free []*merger // mergers that no Count uses, with their warm caches
}

var (
	o200k = sync.OnceValue(func() *bpe {
		return &bpe{name: "o200k_base", piece: o200kPiece, vocab: openVocab(o200kTable)}
	})
	cl100k = sync.OnceValue(func() *bpe {
		return &bpe{name: "cl100k_base", piece: cl100kPiece, vocab: openVocab(cl100kTable)}
	})
)

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
