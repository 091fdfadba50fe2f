package pack

import "github.com/tamis-search/tamis/internal/neardup"

// shingles are those of a unit, for folding near-duplicates.
func (r *reader) shingles(i int) []uint64 {
	u := &r.units[i]
	occ := r.occ[u.from:u.to]
	return neardup.Shingles(len(occ), func(k int) uint64 { return uint64(occ[k]) })
}
