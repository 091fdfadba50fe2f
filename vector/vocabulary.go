package vector

// Vocabulary numbers terms from 0 in the order in which they come. It is not
// safe for concurrent use.
type Vocabulary struct {
	ids   map[string]uint32
	terms []string
}

// NewVocabulary returns an empty vocabulary.
func NewVocabulary() *Vocabulary { return &Vocabulary{ids: map[string]uint32{}} }

// Add returns the number of term, a new one if it has none. A vocabulary holds
// up to 2³² terms, which do not fit in memory before they are too many.
func (v *Vocabulary) Add(term string) uint32 {
	id, ok := v.ids[term]
	if !ok {
		id = uint32(len(v.terms))
		v.ids[term] = id
		v.terms = append(v.terms, term)
	}
	return id
}

// addBytes is Add without an allocation for a term that is known.
func (v *Vocabulary) addBytes(term []byte) uint32 {
	if id, ok := v.ids[string(term)]; ok {
		return id
	}
	return v.Add(string(term))
}

// Lookup returns the number of term, if it has one.
func (v *Vocabulary) Lookup(term string) (uint32, bool) {
	id, ok := v.ids[term]
	return id, ok
}

// Term returns the term with a number below Len.
func (v *Vocabulary) Term(id uint32) string { return v.terms[id] }

// Len is the number of terms.
func (v *Vocabulary) Len() int { return len(v.terms) }
