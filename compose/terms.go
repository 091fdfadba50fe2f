package compose

import (
	"slices"

	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// Words is what an index knows of its words.
type Words interface {
	// Analyzers are the names of the analyses that its documents were made by.
	Analyzers() []string
	// IsCommon says that more than a few documents were made by one.
	IsCommon(analyzer string) bool
	// PassageStats and DocumentStats count rows, and those of them that have each term,
	// among all and not only among those that the asker sees. What fails, Err tells as well.
	PassageStats(terms []string) (search.Stats, error)
	DocumentStats(terms []string) (search.Stats, error)
}

// rarity is the inverse document frequency of terms among the passages of an index.
type rarity struct {
	from   Words
	shares shares
	known  map[string]float64
}

// IDF is the inverse document frequency of terms; those that are given are looked up at once.
func IDF(from Words, terms []search.Term) func(term string) float64 {
	return rarityOf(from, terms).of
}

func rarityOf(from Words, terms []search.Term) *rarity {
	r := &rarity{from: from, shares: shares{}, known: map[string]float64{}}
	for _, t := range terms {
		if t.Share > 0 {
			r.shares[t.Text] = float64(t.Share)
		}
	}
	r.look(texts(terms))
	return r
}

// lookedTogether is how many terms an index is asked for at once.
const lookedTogether = 500

// ahead looks up terms that will be asked for, each of which would be a request of its own
// else where the index lies in a cluster.
func (r *rarity) ahead(terms []string) {
	var unknown []string
	for _, t := range terms {
		if _, ok := r.known[t]; !ok {
			unknown = append(unknown, t)
			r.known[t] = 0
		}
	}
	for part := range slices.Chunk(unknown, lookedTogether) {
		r.look(part)
	}
}

func (r *rarity) look(names []string) {
	st, err := r.from.PassageStats(names)
	if err != nil {
		for _, t := range names {
			delete(r.known, t)
		}
		return // the index keeps that for its Err
	}
	for i, t := range names {
		r.known[t] = search.IDF(st.Rows, st.DF[i]) * r.shares.of(t)
	}
}

func (r *rarity) of(term string) float64 {
	if _, ok := r.known[term]; !ok {
		r.look([]string{term})
	}
	return r.known[term]
}

// Terms analyses a question by every analysis that the index uses and joins
// the results in order. A term weighs as often as one analysis gives it: a
// word that the question repeats counts again, one that two analyses share
// does not. A compound that hardly any text has brings its parts along. A word that analyses
// have in other forms is as rare as these are together, see shares.
func Terms(from Words, analyzers *text.Pool, question string) ([]search.Term, error) {
	var terms []search.Term
	at := map[string]int{}
	add := func(t string, weight float32) {
		i, ok := at[t]
		if !ok {
			i = len(terms)
			at[t] = i
			terms = append(terms, search.Term{Text: t})
		}
		terms[i].Weight = max(terms[i].Weight, weight)
	}
	lang := text.DetectLanguage(question)
	names := analyses(from, lang)
	asked := lang
	if lang == "" && slices.Contains(names, "english") {
		asked = "en" // "how" is rare where texts are German
	}
	for _, name := range names {
		an, err := analyzers.Get(name)
		if err != nil {
			return nil, err
		}
		times := map[string]float32{}
		for _, t := range an.AskedIn(nil, question, asked) {
			times[t]++
			add(t, times[t])
		}
		if lang == "" || text.AnalyzerName("", lang) == name {
			for _, c := range an.Compounds(question) {
				of, err := parts(from, &c)
				if err != nil {
					return nil, err
				}
				for _, t := range of {
					add(t, partWeight)
				}
			}
		}
		analyzers.Put(an)
	}
	if err := sharing(from, analyzers, names, question, asked, terms); err != nil {
		return nil, err
	}
	return together(from, analyzers, names, question, asked, terms)
}

// analyses are those that a question in a language is analysed by. Where that
// language has an analysis here, it, and English, which texts of no certain
// language have: stems of other languages would meet words that they have nothing
// to do with. Else all that are common.
func analyses(from Words, lang string) []string {
	all := from.Analyzers()
	own := text.AnalyzerName("", lang)
	known := lang != "" && slices.Contains(all, own)
	var names []string
	for _, name := range all {
		switch {
		case name == "english", name == "code", name == "simple", name == own, !known && from.IsCommon(name):
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return all
	}
	return names
}

// partWeight is what a part of a compound weighs beside a word: it says less than
// the whole did.
const partWeight = 0.5

// rareCompound is the share of documents, one of so many, up to which a compound is rare.
const rareCompound = 100

// parts are those of a compound that is rare in the index.
func parts(from Words, c *text.Compound) ([]string, error) {
	st, err := from.DocumentStats(append(slices.Clone(c.Terms), c.Term))
	if err != nil {
		return nil, err
	}
	n := len(c.Terms)
	if st.DF[n] > max(5, st.Rows/rareCompound) {
		return nil, nil
	}
	return c.Split(st.DF[:n]), nil
}
