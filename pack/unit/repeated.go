package unit

import (
	"github.com/cespare/xxhash/v2"
)

// furniture is in how many documents of different titles a text stands that belongs to
// none of them: the slogan of a site, its notice about comments.
const furniture = 3

// Repeated says that unit i has no term of the question and stands, to the letter, in
// several documents of different titles: it is no part of what they say. What copies of
// a document share is.
func (all *Set) Repeated(i int) bool {
	for t := range all.Terms {
		if all.Count[t][i+1] > all.Count[t][i] {
			return false
		}
	}
	if len(all.texts) < len(all.Units) {
		all.remember()
	}
	return all.standIn[all.texts[i]] >= furniture
}

// remember counts in how many documents of different titles each text stands.
func (all *Set) remember() {
	type in struct {
		text  uint64
		title string
	}
	all.texts, all.standIn = make([]uint64, len(all.Units)), make(map[uint64]int)
	seen := make(map[in]bool)
	for i := range all.Units {
		u := &all.Units[i]
		h := xxhash.Sum64String(u.Text)
		all.texts[i] = h
		if k := (in{h, all.Docs[u.Doc].Title}); !seen[k] {
			seen[k] = true
			all.standIn[h]++
		}
	}
}
