package acronym

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
)

// Weights of what speaks for a sense: how often it was seen, how like the words around it
// were, which of its words stand around the acronym, and how like those are that stand around its
// words elsewhere. Chosen on one half of the SDU set's development part.
const (
	byCount    = .5
	byContext  = 5
	byOverlap  = 2
	byNeighbor = 5
	byMeaning  = 5
)

// Dictionary knows what acronyms stand for and in which contexts. It is for one goroutine.
type Dictionary struct {
	analyzer *text.Analyzer
	senses   map[string][]*sense // by acronym, in the order in which they came
	contexts []bag
	df       map[string]int
	// neighbors are, of each word of a sense, the words that stand around it; made
	// when they are asked for.
	neighbors map[string]direction
	near      map[string]direction
}

type sense struct {
	long     string
	words    []string
	seen     int
	contexts []int
	mean     direction
}

// bag counts the terms of a text, direction weighs them; its length is 1.
type (
	bag       map[string]int
	direction map[string]float64
)

// Sense is what an acronym may stand for.
type Sense struct {
	Long  string  `json:"expansion"`
	Score float64 `json:"score"`
	Seen  int     `json:"seen"` // how often it was defined or learned
}

// NewDictionary is empty; terms are those of an analyzer.
func NewDictionary(a *text.Analyzer) *Dictionary {
	return &Dictionary{analyzer: a, senses: map[string][]*sense{}, df: map[string]int{}}
}

// Declare says that an acronym may stand for something.
func (d *Dictionary) Declare(short, long string) { d.sense(short, long) }

func (d *Dictionary) sense(short, long string) *sense {
	for _, s := range d.senses[short] {
		if strings.EqualFold(s.long, long) {
			return s
		}
	}
	s := &sense{long: long, words: d.analyzer.Terms(nil, long)}
	for i, w := range s.words {
		s.words[i] = strings.Clone(w)
	}
	d.senses[short] = append(d.senses[short], s)
	d.neighbors = nil
	return s
}

// sameLong knows plurals and capitals.
func sameLong(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "s"), strings.TrimSuffix(b, "s"))
}

// Learn takes the text around an acronym whose sense is known.
func (d *Dictionary) Learn(short, long, context string) {
	s := d.sense(short, long)
	s.seen++
	s.contexts = append(s.contexts, len(d.contexts))
	b := d.bag(short, context)
	for t := range b {
		d.df[t]++
	}
	d.contexts = append(d.contexts, b)
	d.neighbors, s.mean = nil, nil
}

// around is how many bytes on either side of an acronym are its context.
const around = 300

// LearnText takes what a text defines, with the text around the definition. What it
// says of the senses that it holds is returned.
func (d *Dictionary) LearnText(s string) []Definition {
	found := Find(s)
	for _, f := range found {
		for _, s := range d.senses[f.Short] {
			if sameLong(s.long, f.Long) {
				f.Long = s.long
			}
		}
		from, to := min(f.ShortStart, f.LongStart), max(f.ShortEnd, f.LongEnd)
		d.Learn(f.Short, f.Long, strings.ToValidUTF8(s[max(0, from-around):min(len(s), to+around)], ""))
	}
	return found
}

func (d *Dictionary) bag(short, s string) bag {
	b := bag{}
	d.analyzer.Each(s, func(term string, start, end int) {
		if s[start:end] != short {
			b[strings.Clone(term)]++
		}
	})
	return b
}

func (d *Dictionary) idf(term string) float64 {
	return portable.Log(1 + float64(len(d.contexts)+1)/float64(1+d.df[term]))
}

// direction weighs a bag.
func (d *Dictionary) direction(b bag) direction {
	v := direction{}
	for term, n := range b {
		v[term] = (1 + portable.Log(float64(n))) * d.idf(term)
	}
	return v.unit()
}

// terms are in order, so that sums are the same on every machine.
func (v direction) terms() []string {
	terms := make([]string, 0, len(v))
	for t := range v {
		terms = append(terms, t)
	}
	slices.Sort(terms)
	return terms
}

func (v direction) unit() direction {
	sum := 0.0
	for _, t := range v.terms() {
		sum += float64(v[t] * v[t])
	}
	if sum > 0 {
		by := 1 / math.Sqrt(sum)
		for t := range v {
			v[t] *= by
		}
	}
	return v
}

func (v direction) add(o direction, by float64) {
	for t, x := range o {
		v[t] += float64(by * x)
	}
}

func (v direction) dot(o direction) float64 {
	sum := 0.0
	for _, t := range v.terms() {
		sum += float64(v[t] * o[t])
	}
	return sum
}

// learn makes what senses are compared by.
func (d *Dictionary) learn() {
	d.neighbors, d.near = map[string]direction{}, map[string]direction{}
	for _, senses := range d.senses {
		for _, s := range senses {
			for _, w := range s.words {
				d.neighbors[w] = direction{}
			}
		}
	}
	directions := make([]direction, len(d.contexts))
	for i, b := range d.contexts {
		directions[i] = d.direction(b)
		for t := range b {
			d.neighborsOf(t, directions[i])
		}
	}
	for _, senses := range d.senses {
		for _, s := range senses {
			s.mean = direction{}
			for _, c := range s.contexts {
				s.mean.add(directions[c], 1)
				for _, w := range s.words {
					if d.contexts[c][w] == 0 {
						d.neighborsOf(w, directions[c])
					}
				}
			}
			s.mean.unit()
		}
	}
	for _, v := range d.neighbors {
		v.unit()
	}
}

func (d *Dictionary) neighborsOf(word string, v direction) {
	n, ok := d.neighbors[word]
	if !ok {
		return
	}
	for t, x := range v {
		if t != word {
			n[t] += x
		}
	}
}

// Context is where an acronym stands.
type Context struct {
	Text    string // around it: its sentence
	Section string // around that, or above it; counts less, and may be ""
	// Near, where not nil, says how near in meaning an expansion is to Text: the cosine of
	// the vectors that a model makes of both.
	Near func(long string) float64
}

// Resolve says what an acronym may stand for in a context, the likeliest first; nil for one
// that is not known.
func (d *Dictionary) Resolve(short string, c Context) []Sense {
	senses := d.senses[short]
	if len(senses) == 0 {
		return nil
	}
	if d.neighbors == nil {
		d.learn()
	}
	v := d.direction(d.bag(short, c.Text))
	if c.Section != "" {
		v.add(d.direction(d.bag(short, c.Section)), sectionShare)
		v.unit()
	}
	var all []Sense
	for _, s := range senses {
		score := float64(byCount*portable.Log(1+float64(s.seen))) + float64(byContext*v.dot(s.mean)) +
			float64(byOverlap*d.overlap(v, s)) + float64(byNeighbor*v.dot(d.around(s)))
		if c.Near != nil {
			score += float64(byMeaning * c.Near(s.long))
		}
		all = append(all, Sense{Long: s.long, Score: score, Seen: s.seen})
	}
	slices.SortStableFunc(all, func(a, b Sense) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

// sectionShare is what the words of the section count beside those of the context.
const sectionShare = .3

// overlap is the share of a sense's words, by what they say, that stand in the context.
func (d *Dictionary) overlap(v direction, s *sense) float64 {
	met, all := 0.0, 0.0
	for _, w := range s.words {
		idf := d.idf(w)
		all += idf
		if v[w] > 0 {
			met += idf
		}
	}
	if all == 0 {
		return 0
	}
	return met / all
}

// around is the direction of what stands around the words of a sense.
func (d *Dictionary) around(s *sense) direction {
	if v, ok := d.near[s.long]; ok {
		return v
	}
	v := direction{}
	for _, w := range s.words {
		v.add(d.neighbors[w], d.idf(w))
	}
	d.near[s.long] = v.unit()
	return v
}

// Dominant is what an acronym nearly always stands for in what was learned: in atLeast
// texts and more, and in 80 % of all; "" for none.
func (d *Dictionary) Dominant(short string, atLeast int) string {
	var best *sense
	all := 0
	for _, s := range d.senses[short] {
		all += s.seen
		if best == nil || s.seen > best.seen {
			best = s
		}
	}
	if best == nil || best.seen < atLeast || 10*best.seen < 8*all {
		return ""
	}
	return best.long
}

// dominates is in how many texts a sense must have been seen for a question to take it.
const dominates = 2

// Expand adds to a question what its acronyms nearly always stand for, and the acronyms of
// what it writes out.
func (d *Dictionary) Expand(question string) string {
	var added []string
	for _, word := range strings.FieldsFunc(question, func(r rune) bool { return !isWord(r) && r != '-' }) {
		if long := d.Dominant(word, dominates); long != "" && !strings.Contains(strings.ToLower(question), strings.ToLower(long)) {
			added = append(added, long)
		}
	}
	asked := " " + strings.Join(d.analyzer.Terms(nil, question), " ") + " "
	for _, short := range d.shorts() {
		if long := d.Dominant(short, dominates); strings.Contains(asked, " "+strings.Join(d.analyzer.Terms(nil, long), " ")+" ") && long != "" {
			added = append(added, short)
		}
	}
	if len(added) == 0 {
		return question
	}
	return question + " " + strings.Join(slices.Compact(added), " ")
}

func (d *Dictionary) shorts() []string { return slices.Sorted(maps.Keys(d.senses)) }
