package tokens

import (
	stdbytes "bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/tamis-search/tamis/internal/bpeoracle"
	"github.com/tamis-search/tamis/internal/strhash"
)

// TestVocab: the tables are what layOut makes of the published ranks, which are
// found in them one by one. -update writes them.
func TestVocab(t *testing.T) {
	for name, embedded := range map[string]string{"o200k_base": o200kTable, "cl100k_base": cl100kTable} {
		data, err := bpeoracle.Ranks(name)
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := published(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		table, err := layOut(tokens)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if *update {
			if err := os.WriteFile(name+".vocab", table, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if embedded != string(table) && !*update {
			t.Fatalf("%s.vocab is not what is made of the published ranks: go test ./text/tokens -run TestVocab -update", name)
		}
		v := openVocab(string(table))
		for rank, token := range tokens {
			if got := v.rank(token); got != uint32(rank) {
				t.Fatalf("%s: rank of %q is %d, published is %d", name, token, got, rank)
			}
		}
		for c := range 256 {
			if v.rank(string([]byte{byte(c)})) == noRank {
				t.Errorf("%s: byte %#x is no token", name, c)
			}
		}
		// What is no token is found nowhere, also in slots that are taken.
		known := map[string]bool{}
		for _, token := range tokens {
			known[token] = true
		}
		for _, token := range tokens {
			for _, other := range []string{token + "e", "\x00" + token, token[1:] + token[:1]} {
				if got := v.rank(other); (got != noRank) != known[other] {
					t.Fatalf("%s: rank of %q is %d", name, other, got)
				}
			}
		}
	}
}

// published are the tokens in lines of a token in base64 and its rank, which is
// the number of the line.
func published(data []byte) ([]string, error) {
	var tokens []string
	for line := range stdbytes.Lines(data) {
		word, number, _ := stdbytes.Cut(stdbytes.TrimSpace(line), []byte{' '})
		token, err := base64.StdEncoding.DecodeString(string(word))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(tokens)+1, err)
		}
		if rank, err := strconv.Atoi(string(number)); err != nil || rank != len(tokens) || len(token) == 0 {
			return nil, fmt.Errorf("line %d is not a token and its rank: %q", len(tokens)+1, line)
		}
		tokens = append(tokens, string(token))
	}
	return tokens, nil
}

// layOut makes the table that vocab reads: tokens that share a move are placed
// together, those of many first, by the first move that leads all to free slots.
func layOut(tokens []string) ([]byte, error) {
	if len(tokens) >= 1<<rankBits {
		return nil, fmt.Errorf("%d tokens are more than a slot can tell apart", len(tokens))
	}
	slotBits := bits.Len(uint(len(tokens))) // at most full
	moveBits := slotBits - 2
	moveShift, slotShift := uint(64-moveBits), uint(64-slotBits)
	type group struct {
		move   uint64
		hashes []uint64
		ranks  []uint32
	}
	groups := make([]group, 1<<moveBits)
	pairs := slices.Repeat([]uint32{noRank}, 1<<16)
	longest := 0
	for rank, token := range tokens {
		h := strhash.Seeded(vocabSeed, token)
		g := &groups[h>>moveShift]
		g.move, g.hashes, g.ranks = h>>moveShift, append(g.hashes, h), append(g.ranks, uint32(rank))
		longest = max(longest, len(token))
		if len(token) == 2 {
			pairs[int(token[0])<<8|int(token[1])] = uint32(rank)
		}
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(len(b.hashes), len(a.hashes)) })
	slots, taken, moves := make([]uint32, 1<<slotBits), make([]bool, 1<<slotBits), make([]uint8, 1<<moveBits)
	place := func(g group, m byte) bool {
		for i, h := range g.hashes {
			s := slotOf(h, m, slotShift)
			if taken[s] {
				for _, h := range g.hashes[:i] {
					taken[slotOf(h, m, slotShift)] = false
				}
				return false
			}
			taken[s] = true
		}
		for i, h := range g.hashes {
			slots[slotOf(h, m, slotShift)] = uint32(h)&checkMask<<rankBits | g.ranks[i]
		}
		moves[g.move] = m
		return true
	}
groups:
	for _, g := range groups {
		if len(g.hashes) == 0 {
			break
		}
		for m := range 256 {
			if place(g, byte(m)) {
				continue groups
			}
		}
		return nil, fmt.Errorf("no move of %d tokens: take another vocabSeed", len(g.hashes))
	}
	var out []byte
	number := func(n uint32) { out = binary.LittleEndian.AppendUint32(out, n) }
	for _, n := range []int{len(tokens), slotBits, moveBits, longest} {
		number(uint32(n))
	}
	for _, e := range slots {
		number(e)
	}
	out = append(out, moves...)
	start := 0
	number(0)
	for _, token := range tokens {
		start += len(token)
		number(uint32(start))
	}
	for _, rank := range pairs {
		number(rank)
	}
	for _, token := range tokens {
		out = append(out, token...)
	}
	return out, nil
}
