// Package strhash hashes short strings for tables: after wyhash (Wang Yi, public
// domain). Sum is for tables that grow in memory, seeded anew in each process, so
// that no text can be made in advance whose words collide; Seeded for tables that
// are stored and know all their keys.
// hash/maphash would do as well, but its call costs as much as finding a word.
package strhash

import (
	"math/bits"
	"math/rand/v2"
)

// start makes hashes differ from process to process.
var start = rand.Uint64()

// Sum returns the hash of s, which must not be empty. It must not be stored.
func Sum(s string) uint64 { return Seeded(start, s) }

// Seeded returns the hash of s, which must not be empty, of a seed: the same in
// every process.
func Seeded(seed uint64, s string) uint64 {
	const k1, k2 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	var a, b uint64
	n := len(s)
	switch {
	case n >= 8:
		for i := 0; i+16 < n; i += 16 {
			hi, lo := bits.Mul64(load64(s[i:])^k1, load64(s[i+8:])^seed)
			seed = hi ^ lo
		}
		if n > 16 {
			a = load64(s[n-16:])
		} else {
			a = load64(s)
		}
		b = load64(s[n-8:])
	case n >= 4:
		a, b = load32(s), load32(s[n-4:])
	default:
		a = uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16
	}
	hi, lo := bits.Mul64(a^k1, b^seed)
	hi, lo = bits.Mul64(hi^k2, lo^uint64(n))
	return hi ^ lo
}

func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load32(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
