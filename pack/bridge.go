package pack

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How far names are followed.
const (
	bridgeUnits = 8  // best sentences whose names are looked up as titles
	nameUnits   = 5  // best sentences whose names are looked for in other sentences
	maxNames    = 24 // names that Options.Named is asked for
	maxRun      = 6  // terms of one name
	nameIDF     = 2  // names in more than about one passage of eight say nothing
)

// word is a term of a unit with its place, for the few best units only.
type word struct {
	term       string
	start, end int
	name       bool
}

func (r *reader) words(u *unit) []word {
	ws := make([]word, 0, u.to-u.from)
	r.docs[u.doc].Analyzer.Each(u.text, func(t string, start, end int) {
		ws = append(ws, word{t, start, end, nameRune(u.text[start:])})
	})
	return ws
}

// best returns the n best units, best first.
func (r *reader) best(n int) []int {
	if n > 64 {
		order := make([]int, len(r.units))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, r.compare)
		return order[:min(n, len(order))]
	}
	var top []int
	for i := range r.units {
		if len(top) == n && r.compare(top[n-1], i) < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, i, r.compare)
		top = slices.Insert(top[:min(len(top), n-1)], min(at, n-1), i)
	}
	return top
}

// compare orders units by score, best first; ties stand in the order in which
// they were read.
func (r *reader) compare(a, b int) int {
	if x, y := r.units[a].score, r.units[b].score; x != y {
		return cmp.Compare(y, x)
	}
	return a - b
}

// bridge follows names: from the best sentences to the documents that bear them
// as titles, and to other sentences that have them.
func (r *reader) bridge(ctx context.Context, w *Weights, question string, tops *scales, named func(context.Context, [][]string) ([]Document, error)) error {
	best := r.best(bridgeUnits)
	texts := make([][]word, len(best))
	docs := make([]int, len(best))
	for i, u := range best {
		texts[i] = r.words(&r.units[u])
		docs[i] = r.units[u].doc
	}
	if named != nil {
		if names := r.names(best, texts); len(names) > 0 {
			found, err := named(ctx, names)
			if err != nil {
				return err
			}
			before := len(r.units)
			for i := range found {
				d := &found[i]
				if d.Analyzer == nil {
					return fmt.Errorf("pack: document %q came without an analyzer", d.ID)
				}
				if s := r.newSource(d); r.titleIn(&s, texts, docs) {
					if err := r.add(d); err != nil {
						return err
					}
				}
			}
			if len(r.units) > before {
				r.features(question, tops)
			}
		}
	}
	// Every document that bears a name as title gets the bonus, however it came;
	// namesakes share it.
	bridged := make([]float64, len(r.docs))
	namesakes := make(map[string]float64)
	for i := range r.docs {
		if r.titleIn(&r.docs[i], texts, docs) {
			bridged[i] = 1
			namesakes[strings.Join(r.docs[i].titleTerms, " ")]++
		}
	}
	for i := range r.docs {
		if bridged[i] > 0 {
			bridged[i] /= namesakes[strings.Join(r.docs[i].titleTerms, " ")]
		}
	}
	r.lead(bridged)
	r.shareNames(texts[:min(nameUnits, len(texts))])
	for i := range r.units {
		u := &r.units[i]
		u.x[Bridge] = bridged[u.doc]
	}
	r.score(w)
	return nil
}

// titleIn says whether a sentence of another document names s by its title.
func (r *reader) titleIn(s *source, texts [][]word, docs []int) bool {
	t := s.titleTerms
	if len(t) == 0 {
		return false
	}
	self, known := r.byID[s.ID]
	for k, ws := range texts {
		if known && docs[k] == self {
			continue
		}
	next:
		for i := 0; i+len(t) <= len(ws); i++ {
			if !ws[i].name || ws[i].term != t[0] {
				continue
			}
			for j := range t {
				if ws[i+j].term != t[j] {
					continue next
				}
			}
			return true
		}
	}
	return false
}

// names returns the runs of terms in the texts that look like names, in order of
// appearance: once with the small words inside ("University of Vienna") and, if
// there are such, without.
func (r *reader) names(units []int, texts [][]word) [][]string {
	var out [][]string
	seen := make(map[string]bool)
	add := func(run []word) {
		if len(run) == 0 || len(run) > maxRun || len(out) >= maxNames {
			return
		}
		terms := make([]string, len(run))
		fresh := false
		for i, w := range run {
			terms[i] = w.term
			fresh = fresh || w.term[0] > '9'
		}
		if key := strings.Join(terms, " "); fresh && !seen[key] {
			seen[key] = true
			out = append(out, terms)
		}
	}
	for k, ws := range texts {
		s := r.units[units[k]].text
		for i := 0; i < len(ws); {
			if !ws[i].name {
				i++
				continue
			}
			j, tight := i+1, i
			loose := false
			for ; j < len(ws) && ws[j].name && ws[j].start >= ws[j-1].end; j++ {
				gap := s[ws[j-1].end:ws[j].start]
				if len(gap) > 9 || strings.ContainsAny(gap, ".;:!?()\"\n") {
					break
				}
				if len(gap) > 2 { // small words that the analyzer dropped
					add(ws[tight:j])
					tight, loose = j, true
				}
			}
			if loose {
				add(ws[tight:j])
			}
			add(ws[i:j])
			i = j
		}
	}
	return out
}

// lead marks the first three sentences of each bridged document.
func (r *reader) lead(bridged []float64) {
	for d := range r.docs {
		if bridged[d] == 0 {
			continue
		}
		var of []int
		for i := range r.units {
			if r.units[i].doc == d {
				of = append(of, i)
			}
		}
		slices.SortFunc(of, func(a, b int) int { return cmp.Compare(r.units[a].start, r.units[b].start) })
		first := false
		for _, c := range r.docs[d].text {
			first = first || c.Start == 0
		}
		for k := 0; first && k < min(3, len(of)); k++ {
			r.units[of[k]].x[Lead] = bridged[d] / float64(k+1)
		}
	}
}

// shareNames sets what each unit has of the names in the best sentences that
// the question does not have.
func (r *reader) shareNames(texts [][]word) {
	weights := make(map[uint32]float64)
	var filter [64]uint64 // bits of the hashes, so that most terms cost no map look-up
	for rank, ws := range texts {
		for i, w := range ws {
			if i == 0 || !w.name {
				continue
			}
			h := hash(w.term)
			if r.lookup(w.term, h) >= 0 {
				continue
			}
			idf := r.idf(w.term)
			if idf <= nameIDF {
				continue
			}
			weights[h] = max(weights[h], idf/float64(rank+2))
			filter[h>>6&63] |= 1 << (h % 64)
		}
	}
	if len(weights) == 0 {
		return
	}
	shares := make([]float64, len(r.units))
	top := 0.0
	for i := range r.units {
		u := &r.units[i]
		s := 0.0
		for _, h := range r.occ[u.from:u.to] {
			if filter[h>>6&63]&(1<<(h%64)) != 0 {
				s += weights[h]
			}
		}
		shares[i] = s / math.Sqrt(float64(u.to-u.from+5))
		top = max(top, shares[i])
	}
	if top == 0 {
		return
	}
	for i := range shares {
		r.units[i].x[Names] = shares[i] / top
	}
}

// nameRune says whether s begins as names do: with a capital or a digit.
func nameRune(s string) bool {
	if s == "" {
		return false
	}
	if c := s[0]; c < utf8.RuneSelf {
		return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	l, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(l) || unicode.IsTitle(l) || unicode.IsDigit(l)
}
