package pack

// Near-duplicates are sentences whose sets of three adjoining terms overlap by
// at least foldJaccard. Sentences of fewer than foldTerms terms are never
// folded: short turns repeat without being copies.
const (
	foldTerms   = 6
	foldJaccard = .85
)

// folder knows the shingles of the kept units.
type folder struct {
	of    map[uint64][]int32 // units by shingle
	sizes map[int32]int      // shingles of a unit
}

// shingles returns the distinct hashes of three adjoining terms of a unit, or
// nil for a unit that is too short.
func (r *reader) shingles(i int) []uint64 {
	u := &r.units[i]
	occ := r.occ[u.from:u.to]
	if len(occ) < foldTerms {
		return nil
	}
	out := make([]uint64, 0, len(occ)-2)
	seen := make(map[uint64]bool, len(occ)-2)
	for k := 2; k < len(occ); k++ {
		h := uint64(occ[k-2])
		h = h*0x9e3779b97f4a7c15 + uint64(occ[k-1])
		h = h*0x9e3779b97f4a7c15 + uint64(occ[k])
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

func (f *folder) add(r *reader, i int) {
	s := r.shingles(i)
	if s == nil {
		return
	}
	if f.of == nil {
		f.of, f.sizes = make(map[uint64][]int32), make(map[int32]int)
	}
	for _, h := range s {
		f.of[h] = append(f.of[h], int32(i))
	}
	f.sizes[int32(i)] = len(s)
}

// twin returns the kept unit of which unit i is a near-duplicate, the first in
// order of adding, or -1.
func (f *folder) twin(r *reader, i int) int {
	if len(f.of) == 0 {
		return -1
	}
	s := r.shingles(i)
	if s == nil {
		return -1
	}
	common := make(map[int32]int)
	for _, h := range s {
		for _, k := range f.of[h] {
			common[k]++
		}
	}
	twin := -1
	for k, n := range common {
		if float64(n) >= foldJaccard*float64(len(s)+f.sizes[k]-n) && (twin < 0 || int(k) < twin) {
			twin = int(k)
		}
	}
	return twin
}
