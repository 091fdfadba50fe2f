package tokenizer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// charsmap is the normaliser of SentencePiece in its compiled form: a double-array
// trie of the sequences that are replaced (Aoe 1989, as Darts lays it out), then what
// replaces them, each ended by a zero byte.
type charsmap struct {
	units []uint32
	texts []byte
}

func parseCharsmap(data []byte) (*charsmap, error) {
	if len(data) < 4 {
		return nil, errors.New("precompiled_charsmap is too short")
	}
	size := binary.LittleEndian.Uint32(data)
	if size%4 != 0 || uint64(size) > uint64(len(data)-4) || size == 0 {
		return nil, errors.New("precompiled_charsmap is cut off")
	}
	c := &charsmap{units: make([]uint32, size/4), texts: data[4+size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(data[4+4*i:])
	}
	return c, nil
}

// find is what replaces the shortest sequence that text begins with. That is what the
// published tokenizers do, also where a longer one would fit.
func (c *charsmap) find(text []byte) ([]byte, bool) {
	offset := func(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
	at := offset(c.units[0])
	for _, b := range text {
		if b == 0 {
			break
		}
		if at ^= uint32(b); uint64(at) >= uint64(len(c.units)) {
			break
		}
		unit := c.units[at]
		if unit&(1<<31|0xff) != uint32(b) {
			break
		}
		at ^= offset(unit)
		if unit>>8&1 == 1 {
			if uint64(at) >= uint64(len(c.units)) {
				break
			}
			value := uint64(c.units[at] & (1<<31 - 1))
			if value > uint64(len(c.texts)) {
				break
			}
			by, _, _ := bytes.Cut(c.texts[value:], []byte{0})
			return by, utf8.Valid(by)
		}
	}
	return nil, false
}

// normalise replaces characters, those that a reader sees as one first.
func (c *charsmap) normalise(in aligned) aligned {
	out := aligned{make([]byte, 0, len(in.text)), make([]span, 0, len(in.text))}
	for g := graphemes.FromBytes(in.text); g.Next(); {
		from, to := g.Start(), g.End()
		if to-from < 6 {
			if by, ok := c.find(in.text[from:to]); ok {
				out.addAll(string(by), in.over(from, to))
				continue
			}
		}
		for from < to {
			_, size := utf8.DecodeRune(in.text[from:to])
			if by, ok := c.find(in.text[from : from+size]); ok {
				out.addAll(string(by), in.at[from])
			} else {
				out.text, out.at = append(out.text, in.text[from:from+size]...), append(out.at, in.at[from:from+size]...)
			}
			from += size
		}
	}
	return out
}
