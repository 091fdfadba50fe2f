package score

import (
	"context"
	"math"
	"strings"

	"github.com/tamis-search/tamis/pack/unit"
)

// How far names are followed.
const (
	bridgeUnits = 8  // best sentences whose names are looked up as titles
	nameUnits   = 5  // best sentences whose names are looked for in other sentences
	maxNames    = 24 // names that are asked for
	maxRun      = 6  // terms of one name
	nameIDF     = 2  // names in more than about one passage of eight say nothing
)

// names sets Bridge, Lead and Names: it follows the names in the best units to
// the documents that bear them as titles, and to other units that have them.
type names struct {
	best  []int // units, best first
	texts [][]word
}

// word is a term of a unit with its place, for the few best units only.
type word struct {
	term       string
	start, end int
	name       bool
}

func namesOf(units *unit.Set, best []int) *names {
	s := &names{best: best, texts: make([][]word, len(best))}
	for k, i := range best {
		u := &units.Units[i]
		ws := make([]word, 0, u.To-u.From)
		units.Docs[u.Doc].Analyzer.Each(u.Text, func(t string, start, end int) {
			ws = append(ws, word{t, start, end, unit.NameRune(u.Text[start:])})
		})
		s.texts[k] = ws
	}
	return s
}

func (s *names) Score(ctx context.Context, _ *Question, units *unit.Set, out []Features) error {
	// Every document that bears a name as title gets the bonus, however it came;
	// namesakes share it.
	bridged := make([]float64, len(units.Docs))
	namesakes := make(map[string]float64)
	for i := range units.Docs {
		if s.title(units, &units.Docs[i]) {
			bridged[i] = 1
			namesakes[strings.Join(units.Docs[i].TitleTerms, " ")]++
		}
	}
	for i := range units.Docs {
		if bridged[i] > 0 {
			bridged[i] /= namesakes[strings.Join(units.Docs[i].TitleTerms, " ")]
		}
	}
	lead(units, bridged, out)
	s.share(units, out)
	for i := range out {
		out[i][Bridge] = bridged[units.Units[i].Doc]
	}
	return ctx.Err()
}

// title says whether a unit of another document names d by its title.
func (s *names) title(units *unit.Set, d *unit.Source) bool {
	t := d.TitleTerms
	if len(t) == 0 {
		return false
	}
	self, known := units.DocNamed(d.ID)
	for k, ws := range s.texts {
		if known && units.Units[s.best[k]].Doc == self {
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

// runs returns the runs of terms in the texts that look like names, in order of
// appearance: once with the small words inside ("University of Vienna") and, if
// there are such, without.
func (s *names) runs(units *unit.Set) [][]string {
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
	for k, ws := range s.texts {
		text := units.Units[s.best[k]].Text
		for i := 0; i < len(ws); {
			if !ws[i].name {
				i++
				continue
			}
			j, tight := i+1, i
			loose := false
			for ; j < len(ws) && ws[j].name && ws[j].start >= ws[j-1].end; j++ {
				gap := text[ws[j-1].end:ws[j].start]
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
func lead(units *unit.Set, bridged []float64, out []Features) {
	for d := range units.Docs {
		if bridged[d] == 0 {
			continue
		}
		read, of := units.Docs[d].Read, units.Of(d)
		for k := 0; len(read) > 0 && read[0].Start == 0 && k < min(3, len(of)); k++ {
			out[of[k]][Lead] = bridged[d] / float64(k+1)
		}
	}
}

// share sets what each unit has of the names in the best sentences that
// the question does not have.
func (s *names) share(units *unit.Set, out []Features) {
	weights := make(map[uint32]float64)
	var filter [64]uint64 // bits of the hashes, so that most terms cost no map look-up
	for rank, ws := range s.texts[:min(nameUnits, len(s.texts))] {
		for i, w := range ws {
			if i == 0 || !w.name {
				continue
			}
			h := unit.Hash(w.term)
			if units.Lookup(w.term, h) >= 0 {
				continue
			}
			idf := units.IDF(w.term)
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
	shares := make([]float64, len(units.Units))
	top := 0.0
	for i := range units.Units {
		u := &units.Units[i]
		sum := 0.0
		for _, h := range units.Occ[u.From:u.To] {
			if filter[h>>6&63]&(1<<(h%64)) != 0 {
				sum += weights[h]
			}
		}
		shares[i] = sum / math.Sqrt(float64(u.To-u.From+5))
		top = max(top, shares[i])
	}
	if top == 0 {
		return
	}
	for i := range shares {
		out[i][Names] = shares[i] / top
	}
}
