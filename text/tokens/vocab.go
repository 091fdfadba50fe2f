package tokens

import (
	_ "embed"

	"github.com/tamis-search/tamis/internal/strhash"
)

// The tables of the encodings, laid out so that nothing is built before the
// first lookup: TestVocab writes and checks them.
//
//go:embed o200k_base.vocab
var o200kTable string

//go:embed cl100k_base.vocab
var cl100kTable string

// noRank is the rank of what is no token.
const noRank = ^uint32(0)

// vocab maps the bytes of a token to its rank. It reads a table in place:
//
//	tokens, bits of slots, bits of moves, longest token   4 × uint32
//	slots   2^bits × uint32   a token's check<<18 | rank; 0 where there is none
//	moves   2^bits × uint8
//	starts  (tokens+1) × uint32   token i is bytes[starts[i]:starts[i+1]]
//	pairs   65536 × uint32    the rank of each two bytes, or noRank
//	bytes
//
// All are little-endian. The upper bits of a token's hash choose its move,
// the hash and the move its slot, which it shares with no other token: whatever
// the text, a lookup is one probe. (That is why the seed may be a constant.) The
// lower bits of the hash are its check, which spares nearly all comparisons of
// what is no token.
type vocab struct {
	tokens               int
	longest              int
	slotShift, moveShift uint
	slots, moves         string
	starts, pairs, bytes string
}

const (
	vocabSeed = 0x9e3779b97f4a7c15
	rankBits  = 18
	checkMask = 1<<(32-rankBits) - 1
)

func openVocab(table string) vocab {
	v := vocab{tokens: int(at(table, 0)), slotShift: 64 - uint(at(table, 1)), moveShift: 64 - uint(at(table, 2)), longest: int(at(table, 3))}
	rest := table[16:]
	cut := func(n int) string {
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	v.slots = cut(4 << (64 - v.slotShift))
	v.moves = cut(1 << (64 - v.moveShift))
	v.starts = cut(4 * (v.tokens + 1))
	v.pairs = cut(4 << 16)
	v.bytes = rest
	return v
}

// at is the i-th number of a string of them.
func at(s string, i int) uint32 {
	s = s[4*i : 4*i+4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// rank returns the rank of a token, or noRank.
func (v *vocab) rank(token string) uint32 {
	if len(token) == 2 {
		return at(v.pairs, int(token[0])<<8|int(token[1]))
	}
	if len(token) > v.longest {
		return noRank
	}
	h := strhash.Seeded(vocabSeed, token)
	e := at(v.slots, slotOf(h, v.moves[h>>v.moveShift], v.slotShift))
	rank := e & (1<<rankBits - 1)
	if e>>rankBits != uint32(h)&checkMask || v.token(rank) != token {
		return noRank
	}
	return rank
}

// slotOf is the slot of a token with hash h whose move is m.
func slotOf(h uint64, m byte, shift uint) int {
	return int((h ^ uint64(m)*0xd6e8feb86659fd93) * 0xff51afd7ed558ccd >> shift)
}

// token is the token of a rank.
func (v *vocab) token(rank uint32) string {
	return v.bytes[at(v.starts, int(rank)):at(v.starts, int(rank)+1)]
}
