// Package unit reads the candidates of a question into units, the sentences,
// rows, turns and lines that can be kept, and knows what each of them needs to be
// understood. It does not know how units are scored or chosen.
package unit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/neardup"
)

// maxTerms bounds the question terms that are looked at; of more, those with
// the largest idf count.
const maxTerms = 64

// Term is a question term.
type Term struct {
	Text string
	Hash uint32
	IDF  float64
}

// Hash of a term, as in Set.Occ.
func Hash(term string) uint32 { return uint32(xxhash.Sum64String(term)) }

// Source is a candidate document.
type Source struct {
	*gather.Document
	TitleTerms []string          // without a qualifier in parentheses at its end
	TitleLen   float64           // terms of the whole title
	TitleTF    []float64         // by question term
	TitleShare float64           // of the question's idf
	Read       []*gather.Passage // what was read of it, ascending
	Sections   []Section
	order      []int // its units, ascending, in whatever order they were read
	titles     []int // those of them that may be headings, see bears
	letters    []letter
	// Of nested data: the terms under which the last unit stands, under its headings.
	keys  []key
	under []string
}

// Section is what stands above a run of passages: the document's title and the
// headings, which count as if they were repeated in each window.
type Section struct {
	TF       []float64 // by question term
	Len      float64   // terms
	Headings []string
	first    int   // its first unit, -1 without units; they follow each other
	units    []int // of the headings; nil before they are looked for
}

// Unit is a thought: a sentence, turn or row, or several that belong together.
type Unit struct {
	Doc        int // index of its Source
	Section    int // of its Source
	Start, End int // in the stored source
	Text       string
	Kind       corpus.BlockKind
	From, To   int     // its terms are Set.Occ[From:To]
	First      bool    // nothing before it adjoins
	Look       float64 // of its passage, as Meaning is: see gather.Passage
	Meaning    float64
	Judged     float64 // as Meaning is
	Kept       float64 // how probable it is that it is worth keeping, as a model says that has read it
}

// Set is the units of the candidates, in the order in which they were read. It
// reads each byte once, and keeps what scoring needs: which terms each unit has,
// and how many of each question term lie before each (prefix sums, so that a
// window costs two reads). It is used by one goroutine at a time.
type Set struct {
	Terms  []Term  // of the question
	SumIDF float64 // of Terms
	Docs   []Source
	Units  []Unit
	Occ    []uint32  // hashes of the terms of all units
	Bytes  []int     // Bytes[i]: of the units before unit i, and one for each
	Count  [][]int32 // Count[t][i]: of question term t before unit i

	// HeadingsApart makes headings units of their own, before Add: for a rendering
	// that sets text under them.
	HeadingsApart bool
	// Kind of the units, one of Kinds, set before Add; "" stands for Thought.
	Kind string

	slots [256]uint8 // question terms by hash: 0, or 1 + index of the first in chain
	next  []uint8    // the next one in the chain, likewise
	idfOf func(string) float64
	known map[string]float64 // answers of idfOf
	// For Repeated: the texts of units, and in how many documents each stands.
	texts   []uint64
	standIn map[uint64]int
	byID    map[string]int
}

// New returns a set without units. Terms are the analysed question terms; idf
// is the inverse document frequency of any term.
func New(terms []string, idf func(term string) float64) *Set {
	all := &Set{byID: make(map[string]int), Bytes: []int{0}, idfOf: idf, known: make(map[string]float64)}
	all.Terms = all.Weigh(terms)
	all.next = make([]uint8, len(all.Terms))
	all.Count = make([][]int32, len(all.Terms))
	for i := len(all.Terms) - 1; i >= 0; i-- {
		t := all.Terms[i]
		slot := &all.slots[t.Hash%256]
		all.next[i], *slot = *slot, uint8(i+1)
		all.SumIDF += t.IDF
		all.Count[i] = []int32{0}
	}
	return all
}

// DocNamed is the index of the document with an id.
func (all *Set) DocNamed(id string) (int, bool) {
	i, ok := all.byID[id]
	return i, ok
}

// Weigh returns the terms, each once, with their idf; of more than maxTerms
// those with the largest that occur in the index at all.
func (all *Set) Weigh(terms []string) []Term {
	var out []Term
	seen := make(map[string]bool, len(terms))
	for _, t := range terms {
		if !seen[t] {
			seen[t] = true
			out = append(out, Term{t, Hash(t), all.IDF(t)})
		}
	}
	if len(out) <= maxTerms {
		return out
	}
	absent := all.IDF("\x00")
	present := slices.DeleteFunc(slices.Clone(out), func(t Term) bool { return t.IDF == absent })
	if len(present) > 0 {
		out = present
	}
	if len(out) <= maxTerms {
		return out
	}
	// The later of two with the same idf goes first.
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(out[b].IDF, out[a].IDF) })
	order = order[:maxTerms]
	slices.Sort(order)
	kept := make([]Term, maxTerms)
	for k, i := range order {
		kept[k] = out[i]
	}
	return kept
}

// IDF is the inverse document frequency of a term.
func (all *Set) IDF(t string) float64 {
	x, ok := all.known[t]
	if !ok {
		x = all.idfOf(t)
		all.known[t] = x
	}
	return x
}

// Lookup returns the index of a question term with its hash, or -1.
func (all *Set) Lookup(s string, h uint32) int {
	for i := all.slots[h%256]; i != 0; i = all.next[i-1] {
		if t := &all.Terms[i-1]; t.Hash == h && t.Text == s {
			return int(i - 1)
		}
	}
	return -1
}

// Add reads a document. Of one that was read before, only what was not read is new.
func (all *Set) Add(d *gather.Document) error {
	if d.Analyzer == nil {
		return fmt.Errorf("pack: document %q came without an analyzer", d.ID)
	}
	at, known := all.byID[d.ID]
	if !known {
		at = len(all.Docs)
		all.byID[d.ID] = at
		all.Docs = append(all.Docs, all.NewSource(d))
	} else if s := all.Docs[at].Score; d.Score > s {
		c := *all.Docs[at].Document
		c.Score = d.Score
		all.Docs[at].Document = &c
	}
	s := &all.Docs[at]
	var last *gather.Passage
	for i := range d.Passages {
		if p := &d.Passages[i]; len(p.Text) != p.End-p.Start {
			continue
		}
		for _, p := range s.unread(&d.Passages[i]) {
			adjoins := last != nil && p.Start == last.End
			if !adjoins || !slices.Equal(p.Headings, last.Headings) { // headings may come again
				s.Sections = append(s.Sections, all.newSection(s, p.Headings))
			}
			if !adjoins || !slices.Equal(p.Headings, s.under) {
				s.keys, s.under = nil, p.Headings
			}
			all.passage(at, p, !adjoins)
			last = p
		}
	}
	all.sort(s)
	return nil
}

// NewSource is a document with its title analysed, none of its passages read.
func (all *Set) NewSource(d *gather.Document) Source {
	s := Source{Document: d, TitleTF: make([]float64, len(all.Terms))}
	title := d.Title
	bare := len(title)
	if n := len(title); n > 0 && title[n-1] == ')' {
		for i := n - 1; i > 1; i-- {
			if title[i] == '(' && title[i-1] == ' ' {
				bare = i
				break
			}
		}
	}
	d.Analyzer.Each(title, func(t string, start, _ int) {
		s.TitleLen++
		if start < bare {
			s.TitleTerms = append(s.TitleTerms, t)
		}
		if i := all.Lookup(t, Hash(t)); i >= 0 {
			if s.TitleTF[i] == 0 {
				s.TitleShare += all.Terms[i].IDF
			}
			s.TitleTF[i]++
		}
	})
	if all.SumIDF > 0 {
		s.TitleShare /= all.SumIDF
	}
	return s
}

func (all *Set) newSection(s *Source, headings []string) Section {
	c := Section{TF: slices.Clone(s.TitleTF), Len: s.TitleLen, Headings: headings, first: -1}
	for _, h := range headings {
		s.Analyzer.Each(h, func(t string, _, _ int) {
			c.Len++
			if i := all.Lookup(t, Hash(t)); i >= 0 {
				c.TF[i]++
			}
		})
	}
	return c
}

func (all *Set) passage(doc int, p *gather.Passage, first bool) {
	from := &all.Docs[doc]
	an, nested := from.Analyzer, from.Nested()
	for _, sen := range thoughts(p, joining{all.Kind, all.HeadingsApart, nested, from.Letter()}) {
		s := p.Text[sen.Start-p.Start : sen.End-p.Start]
		if nested {
			if blanks := all.blanks(doc, sen.Start); blanks > 0 {
				sen.Start -= blanks
				s = all.Slice(doc, sen.Start, sen.End)
			}
			all.enter(doc, s, sen.Kind)
		}
		n := len(all.Units)
		for i := range all.Count {
			all.Count[i] = append(all.Count[i], all.Count[i][n])
		}
		section := len(from.Sections) - 1
		if c := &from.Sections[section]; c.first < 0 {
			c.first = n
		}
		if from.order = append(from.order, n); sen.Kind == corpus.Heading || sen.Kind == corpus.Term {
			from.titles = append(from.titles, n)
		}
		u := Unit{Doc: doc, Section: section, Start: sen.Start, End: sen.End, Text: s, Kind: sen.Kind, From: len(all.Occ), First: first, Look: p.Look, Meaning: p.Meaning, Judged: p.Judged, Kept: kept(p.Kept, sen.Start, sen.End)}
		first = false
		an.Each(s, func(t string, _, _ int) {
			h := Hash(t)
			if i := all.Lookup(t, h); i >= 0 {
				all.Count[i][n+1]++
			}
			all.Occ = append(all.Occ, h)
		})
		u.To = len(all.Occ)
		all.Units = append(all.Units, u)
		all.Bytes = append(all.Bytes, all.Bytes[n]+len(s)+1)
	}
}

// kept is the mean probability of what lies in a range.
func kept(pieces []gather.Kept, start, end int) float64 {
	sum, n := 0., 0
	for _, k := range pieces {
		if k.Start < end && k.End > start {
			sum += float64(k.Probability)
			n++
		}
	}
	return sum / float64(max(1, n))
}

// Adjoins says whether unit b follows unit a with nothing but white space, and
// little of it, between them.
func (all *Set) Adjoins(a, b int) bool {
	ua, ub := &all.Units[a], &all.Units[b]
	return ua.Doc == ub.Doc && !ub.First && b == a+1 && ub.Start-ua.End <= 32
}

// Has says whether unit i, its title or a heading above it has question term t.
func (all *Set) Has(i, t int) bool {
	u := &all.Units[i]
	return all.Docs[u.Doc].Sections[u.Section].TF[t] > 0 || all.Count[t][i+1] > all.Count[t][i]
}

// Slice returns the bytes start to end of a document, which lie in passages that
// follow each other.
func (all *Set) Slice(doc, start, end int) string {
	var b strings.Builder
	for _, p := range all.Docs[doc].within(start, end) {
		if p.Start < end && start < p.End {
			piece := p.Text[max(start, p.Start)-p.Start : min(end, p.End)-p.Start]
			if start >= p.Start && end <= p.End {
				return piece
			}
			b.WriteString(piece)
		}
	}
	return b.String()
}

// Blank says whether the bytes start to end of a document were read and are white
// space, all of them.
func (all *Set) Blank(doc, start, end int) bool {
	read := 0
	for _, p := range all.Docs[doc].within(start, end) {
		if p.Start < end && start < p.End {
			piece := p.Text[max(start, p.Start)-p.Start : min(end, p.End)-p.Start]
			if strings.TrimSpace(piece) != "" {
				return false
			}
			read += len(piece)
		}
	}
	return read == max(end-start, 0)
}

// CoverAround is the share of the question's idf in the whole units within size
// bytes around the middle of unit i, at least that unit, and in what stands above it.
func (all *Set) CoverAround(i, size int) float64 {
	if all.SumIDF <= 0 {
		return 0
	}
	middle := all.Bytes[i] + all.Bytes[i+1] // in half bytes
	lo, hi := i, i+1
	for !all.Units[lo].First && 2*all.Bytes[lo-1] >= middle-size {
		lo--
	}
	for hi < len(all.Units) && !all.Units[hi].First && 2*all.Bytes[hi+1] <= middle+size {
		hi++
	}
	above, sum := &all.Docs[all.Units[i].Doc].Sections[all.Units[i].Section], 0.0
	for t := range all.Terms {
		if above.TF[t] > 0 || all.Count[t][hi] > all.Count[t][lo] {
			sum += all.Terms[t].IDF
		}
	}
	return sum / all.SumIDF
}

// Shingles are those of a unit, for folding near-duplicates.
func (all *Set) Shingles(i int) []uint64 {
	u := &all.Units[i]
	occ := all.Occ[u.From:u.To]
	return neardup.Shingles(len(occ), func(k int) uint64 { return uint64(occ[k]) })
}

// NameRune says whether s begins as names do: with a capital or a digit.
func NameRune(s string) bool {
	if s == "" {
		return false
	}
	if c := s[0]; c < utf8.RuneSelf {
		return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	l, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(l) || unicode.IsTitle(l) || unicode.IsDigit(l)
}
