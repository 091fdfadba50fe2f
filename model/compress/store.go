package compress

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// mostKept is how many bytes of vectors a compressor keeps.
const mostKept = 64 << 20

type key [sha256.Size]byte

func keyOf(ids []int32) key {
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return sha256.Sum256(b)
}

// and is the key of what was read so far, and more behind it.
func (k key) and(ids []int32) key {
	own := keyOf(ids)
	return sha256.Sum256(append(k[:], own[:]...))
}

// store keeps the vectors of segments, or the states behind them, that were asked for last.
type store struct {
	mu           sync.Mutex
	all          map[key]*list.Element
	order        *list.List // the last asked first
	bytes, most  int
	made, reused int
}

type kept struct {
	key key
	v   []float32
}

func newStore() *store {
	return &store{all: map[key]*list.Element{}, order: list.New(), most: mostKept}
}

func (s *store) get(k key) ([]float32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.all[k]
	if !ok {
		return nil, false
	}
	s.reused++
	s.order.MoveToFront(e)
	return e.Value.(kept).v, true
}

func (s *store) put(k key, v []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	if s.all[k] != nil { // by another goroutine meanwhile
		return
	}
	s.all[k] = s.order.PushFront(kept{k, v})
	for s.bytes += 4 * len(v); s.bytes > s.most && s.order.Len() > 1; {
		last := s.order.Back()
		old := s.order.Remove(last).(kept)
		delete(s.all, old.key)
		s.bytes -= 4 * len(old.v)
	}
}

// Reused is how many segments were read, and how often one of them was asked for again.
func (c *Compressor) Reused() (made, reused int) {
	c.kept.mu.Lock()
	defer c.kept.mu.Unlock()
	return c.kept.made, c.kept.reused
}

// Forget drops the vectors that are kept.
func (c *Compressor) Forget() {
	s := c.kept
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.all)
	s.order.Init()
	s.bytes, s.made, s.reused = 0, 0, 0
}
