package pack

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/corpus"
)

// maxTerms bounds the question terms that are looked at; of more, those with
// the largest idf count.
const maxTerms = 64

// term is a question term.
type term struct {
	text string
	hash uint32
	idf  float64
}

func hash(s string) uint32 { return uint32(xxhash.Sum64String(s)) }

// source is a candidate document while it is scored.
type source struct {
	*Document
	titleTerms []string   // without a qualifier in parentheses at its end
	titleLen   float64    // terms of the whole title
	titleTF    []float64  // by question term
	titleShare float64    // of the question's idf
	text       []*Passage // those that were read
	sections   []section
}

// section is what stands above a run of passages: the document's title and the
// headings, which count as if they were repeated in each window.
type section struct {
	tf       []float64 // by question term
	len      float64   // terms
	headings []string
	units    []int // of the headings; nil before they are looked for
}

// unit is a sentence while it is scored.
type unit struct {
	doc        int // index of its source
	section    int // of its source
	start, end int // in the stored source
	text       string
	kind       corpus.BlockKind
	from, to   int  // its terms are reader.occ[from:to]
	first      bool // nothing before it adjoins
	x          Features
	score      float64
}

// reader reads the text of the candidates, each byte once, and keeps what
// scoring needs: which terms each sentence has, and how many of each question
// term lie before each sentence (prefix sums, so that a window costs two reads).
type reader struct {
	terms  []term
	slots  [256]uint8 // question terms by hash: 0, or 1 + index of the first in chain
	next   []uint8    // the next one in the chain, likewise
	sumIDF float64
	idfOf  func(string) float64
	known  map[string]float64 // answers of idfOf
	docs   []source
	byID   map[string]int
	units  []unit
	occ    []uint32  // hashes of the terms of all units
	bytes  []int     // bytes[i]: of the sentences before unit i
	count  [][]int32 // count[t][i]: of question term t before unit i
	drafts []draft
}

func newReader(q Question) *reader {
	r := &reader{byID: make(map[string]int), bytes: []int{0}, idfOf: q.IDF, known: make(map[string]float64)}
	r.terms = r.weigh(q.Terms)
	for _, d := range q.Drafts {
		if of := r.weigh(d); len(of) > 0 {
			r.drafts = append(r.drafts, draft{terms: of})
		}
	}
	r.next = make([]uint8, len(r.terms))
	r.count = make([][]int32, len(r.terms))
	for i := len(r.terms) - 1; i >= 0; i-- {
		t := r.terms[i]
		slot := &r.slots[t.hash%256]
		r.next[i], *slot = *slot, uint8(i+1)
		r.sumIDF += t.idf
		r.count[i] = []int32{0}
	}
	return r
}

// weigh returns the terms, each once, with their idf; of more than maxTerms
// those with the largest that occur in the index at all.
func (r *reader) weigh(terms []string) []term {
	var out []term
	seen := make(map[string]bool, len(terms))
	for _, t := range terms {
		if !seen[t] {
			seen[t] = true
			out = append(out, term{t, hash(t), r.idf(t)})
		}
	}
	if len(out) <= maxTerms {
		return out
	}
	absent := r.idf("\x00")
	present := slices.DeleteFunc(slices.Clone(out), func(t term) bool { return t.idf == absent })
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
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(out[b].idf, out[a].idf) })
	order = order[:maxTerms]
	slices.Sort(order)
	kept := make([]term, maxTerms)
	for k, i := range order {
		kept[k] = out[i]
	}
	return kept
}

func (r *reader) idf(t string) float64 {
	x, ok := r.known[t]
	if !ok {
		x = r.idfOf(t)
		r.known[t] = x
	}
	return x
}

// lookup returns the index of a question term, or -1.
func (r *reader) lookup(s string, h uint32) int {
	for i := r.slots[h%256]; i != 0; i = r.next[i-1] {
		if t := &r.terms[i-1]; t.hash == h && t.text == s {
			return int(i - 1)
		}
	}
	return -1
}

// add reads a document. Of one that was read before, only passages outside of
// those that were read are new.
func (r *reader) add(d *Document) error {
	if d.Analyzer == nil {
		return fmt.Errorf("pack: document %q came without an analyzer", d.ID)
	}
	at, known := r.byID[d.ID]
	if !known {
		at = len(r.docs)
		r.byID[d.ID] = at
		r.docs = append(r.docs, r.newSource(d))
	} else if s := r.docs[at].Score; d.Score > s {
		c := *r.docs[at].Document
		c.Score = d.Score
		r.docs[at].Document = &c
	}
	s := &r.docs[at]
	end := -1
	for i := range d.Passages {
		p := &d.Passages[i]
		if len(p.Text) != p.End-p.Start || p.overlaps(s.text) {
			end = -1
			continue
		}
		s.text = append(s.text, p)
		if len(s.sections) == 0 || i == 0 || !slices.Equal(p.Headings, d.Passages[i-1].Headings) {
			s.sections = append(s.sections, r.newSection(s, p.Headings))
		}
		r.passage(at, p, p.Start != end)
		end = p.End
	}
	return nil
}

func (p *Passage) overlaps(read []*Passage) bool {
	// Passages come in ascending order, so that the last ones are the likely ones.
	for i := len(read) - 1; i >= 0; i-- {
		if p.Start < read[i].End && read[i].Start < p.End {
			return true
		}
	}
	return false
}

func (r *reader) newSource(d *Document) source {
	s := source{Document: d, titleTF: make([]float64, len(r.terms))}
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
		s.titleLen++
		if start < bare {
			s.titleTerms = append(s.titleTerms, t)
		}
		if i := r.lookup(t, hash(t)); i >= 0 {
			if s.titleTF[i] == 0 {
				s.titleShare += r.terms[i].idf
			}
			s.titleTF[i]++
		}
	})
	if r.sumIDF > 0 {
		s.titleShare /= r.sumIDF
	}
	return s
}

func (r *reader) newSection(s *source, headings []string) section {
	c := section{tf: slices.Clone(s.titleTF), len: s.titleLen, headings: headings}
	for _, h := range headings {
		s.Analyzer.Each(h, func(t string, _, _ int) {
			c.len++
			if i := r.lookup(t, hash(t)); i >= 0 {
				c.tf[i]++
			}
		})
	}
	return c
}

func (r *reader) passage(doc int, p *Passage, first bool) {
	an := r.docs[doc].Analyzer
	for _, sen := range p.Sentences {
		if sen.Start < p.Start || sen.End > p.End || sen.Start >= sen.End {
			continue
		}
		s := p.Text[sen.Start-p.Start : sen.End-p.Start]
		n := len(r.units)
		for i := range r.count {
			r.count[i] = append(r.count[i], r.count[i][n])
		}
		u := unit{doc: doc, section: len(r.docs[doc].sections) - 1, start: sen.Start, end: sen.End, text: s, kind: sen.Kind, from: len(r.occ), first: first}
		first = false
		an.Each(s, func(t string, _, _ int) {
			h := hash(t)
			if i := r.lookup(t, h); i >= 0 {
				r.count[i][n+1]++
			}
			r.occ = append(r.occ, h)
		})
		u.to = len(r.occ)
		r.units = append(r.units, u)
		r.bytes = append(r.bytes, r.bytes[n]+len(s)+1)
	}
}
