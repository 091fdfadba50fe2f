package index

import "hash/maphash"

// terms numbers terms 0, 1, 2 … as they come.
type terms struct {
	seed  maphash.Seed
	slots []uint64 // upper half of the hash << 32 | number + 1; 0 is free
	spans []span   // of each term in text
	text  []byte   // the terms' bytes, one after another
}

type span struct{ start, length uint32 }

func newTerms() *terms {
	return &terms{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<12)}
}

// number finds or adds a term.
func (t *terms) number(s string) uint32 {
	h := maphash.String(t.seed, s)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			n := uint32(len(t.spans))
			t.slots[i] = h&^(1<<32-1) | uint64(n+1)
			t.spans = append(t.spans, span{uint32(len(t.text)), uint32(len(s))})
			t.text = append(t.text, s...)
			if len(t.spans)*2 > len(t.slots) {
				t.grow()
			}
			return n
		}
		if slot>>32 == h>>32 {
			if n := uint32(slot) - 1; string(t.bytes(n)) == s {
				return n
			}
		}
	}
}

func (t *terms) grow() {
	slots := make([]uint64, 2*len(t.slots))
	mask := uint64(len(slots) - 1)
	for n := range t.spans {
		h := maphash.Bytes(t.seed, t.bytes(uint32(n)))
		i := h & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = h&^(1<<32-1) | uint64(n+1)
	}
	t.slots = slots
}

// bytes are those of a term.
func (t *terms) bytes(n uint32) []byte {
	s := t.spans[n]
	return t.text[s.start : s.start+s.length]
}
