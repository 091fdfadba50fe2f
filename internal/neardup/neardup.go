// Package neardup finds texts that nearly repeat an earlier one: the sets of
// their shingles, runs of three adjoining terms, overlap by at least Jaccard
// .85 (Broder, "On the resemblance and containment of documents", 1997;
// compared exactly here, without sketches).
package neardup

// Texts of fewer than MinTerms terms are never near-duplicates: short turns
// repeat without being copies.
const MinTerms = 6

// How much of a text an earlier one has to have.
const share = .85

// Shingles returns the distinct hashes of three adjoining terms, given the
// hashes of the terms in order, or nil for a text that is too short.
func Shingles(n int, term func(i int) uint64) []uint64 {
	if n < MinTerms {
		return nil
	}
	const odd = 0x9e3779b97f4a7c15
	out := make([]uint64, 0, n-2)
	seen := make(map[uint64]bool, n-2)
	for i := 2; i < n; i++ {
		h := (term(i-2)*odd+term(i-1))*odd + term(i)
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

// A Folder knows the texts kept so far; its zero value knows none.
type Folder struct {
	of    map[uint64][]int // kept texts by shingle
	sizes map[int]int      // shingles of a kept text
}

// Keep adds a text under a number of the caller's.
func (f *Folder) Keep(number int, shingles []uint64) {
	if shingles == nil {
		return
	}
	if f.of == nil {
		f.of, f.sizes = make(map[uint64][]int), make(map[int]int)
	}
	for _, h := range shingles {
		f.of[h] = append(f.of[h], number)
	}
	f.sizes[number] = len(shingles)
}

// Said returns the kept text that has most of these shingles, where the kept texts
// together have at least .85 of them; else -1. Of several, the one with the smallest
// number.
func (f *Folder) Said(shingles []uint64) int {
	most, _, said := f.most(shingles)
	if float64(said) < share*float64(len(shingles)) {
		return -1
	}
	return most
}

// Has returns the kept text that has most of these shingles, as Said does, where it alone
// has at least .85 of them; else -1.
func (f *Folder) Has(shingles []uint64) int {
	most, common, _ := f.most(shingles)
	if float64(common) < share*float64(len(shingles)) {
		return -1
	}
	return most
}

// most is the kept text that has most of some shingles, -1 for none, how many it has,
// and how many any of them have.
func (f *Folder) most(shingles []uint64) (number, common, said int) {
	number = -1
	if len(f.of) == 0 {
		return number, 0, 0
	}
	has := make(map[int]int)
	for _, h := range shingles {
		of := f.of[h]
		if len(of) > 0 {
			said++
		}
		for _, k := range of {
			has[k]++
		}
	}
	for k, n := range has {
		if n > common || n == common && k < number {
			number, common = k, n
		}
	}
	return number, common, said
}

// Twin returns the kept text that these shingles nearly repeat, the one with
// the smallest number, or -1.
func (f *Folder) Twin(shingles []uint64) int {
	if len(f.of) == 0 || shingles == nil {
		return -1
	}
	common := make(map[int]int)
	for _, h := range shingles {
		for _, k := range f.of[h] {
			common[k]++
		}
	}
	twin := -1
	for k, n := range common {
		if float64(n) >= share*float64(len(shingles)+f.sizes[k]-n) && (twin < 0 || k < twin) {
			twin = k
		}
	}
	return twin
}
