package needs

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/pack/unit"
)

// How far around the range its surroundings are read as units.
const (
	unitsBefore = 30 // passages
	unitsAfter  = 2
)

// near picks what stands around the range.
func (p *picker) near(ctx context.Context) error {
	if p.first == len(p.own.sentences) {
		return nil
	}
	if err := p.guarded(ctx); err != nil {
		return err
	}
	if p.isCode() {
		p.enclosing()
		return nil
	}
	p.described()
	p.pointing()
	p.references()
	p.before()
	p.lead()
	p.following()
	p.paragraph()
	return nil
}

// why says for what a guard brings something.
var why = map[string]string{
	unit.Antecedent:  "what it points back to",
	unit.ListLead:    "the lead-in of its list",
	unit.TableHeader: "the header of its table",
	unit.Speaker:     "who speaks",
	unit.Caption:     "its time",
	unit.Keys:        "the key above it",
	unit.Letter:      "the head of its letter",
}

// guarded picks what the units of the range need, as those of any context do, and the
// headings above it.
func (p *picker) guarded(ctx context.Context) error {
	rows, end := p.from.PassageRows(p.Doc)
	at := p.own.sentences[p.first].passage
	g := gather.New(p.from, p.words)
	g.Take(p.Doc, max(rows, at-min(at, unitsBefore)), min(end, p.own.sentences[max(p.first, p.last-1)].passage+1+unitsAfter))
	docs, err := g.Read(ctx)
	if err != nil {
		return err
	}
	all := unit.New(nil, p.IDF)
	all.HeadingsApart = true
	for i := range docs {
		if err := all.Add(&docs[i]); err != nil {
			return err
		}
	}
	for i := range all.Units {
		u := &all.Units[i]
		if u.End <= p.Start || p.End <= u.Start {
			continue
		}
		for _, guard := range unit.Guards() {
			if guard == unit.Signature {
				continue // enclosing says more of it
			}
			for _, n := range all.Needs(i, []string{guard}) {
				if v := &all.Units[n.Unit]; n.Head > 0 {
					p.take(v.Start, v.Start+n.Head, frame, why[guard])
				} else {
					p.take(v.Start, v.End, frame, why[guard])
				}
			}
		}
	}
	heads, err := g.Headings(p.Doc, at)
	if err != nil {
		return err
	}
	for _, h := range heads {
		p.take(h.Start, h.End, heading, "a heading above it")
	}
	return p.title()
}

// take notes a range of the document, which may stand before what was read of it.
func (p *picker) take(start, end int, score float64, why string) {
	if start >= p.own.start {
		p.add(p.own, start, end, score, why)
		return
	}
	text, err := p.from.Text(p.Doc, start, end)
	if err == nil { // else Err says so
		p.add(&part{Header: p.own.Header, row: p.Doc, start: start, text: text}, start, end, score, why)
	}
}

// title is the heading that is the document's title, where one begins it.
func (p *picker) title() error {
	first, end := p.from.PassageRows(p.Doc)
	if first >= end || p.own.Title == "" {
		return nil
	}
	top := p.from.Passage(topk.Row{Segment: p.Doc.Segment, Row: first})
	for _, s := range top.Sentences {
		if s.Kind != corpus.Heading {
			break
		}
		text, err := p.from.Text(p.Doc, s.Start, s.End)
		if err != nil {
			return err
		}
		if strings.Contains(text, p.own.Title) {
			p.take(s.Start, s.End, heading, "the title")
		}
	}
	return nil
}

// described picks the term that the range describes, and what is said of it first.
func (p *picker) described() {
	for i, n := p.first-1, 0; i >= 0 && n < farTerm; i, n = i-1, n+1 {
		switch k := p.own.sentences[i].Kind; {
		case k == corpus.Term:
			p.addSentence(p.own, i, frame, "what it describes")
			if i+1 < p.first {
				p.addSentence(p.own, i+1, defined, "what is said of it first")
			}
			return
		case k == corpus.Heading || p.own.sentences[p.first].Kind != corpus.ListItem:
			return
		}
	}
}

// farTerm is how many sentences before its own a term is looked for.
const farTerm = 30

// farthest is how many sentences that point back to one another are followed.
const farthest = 4

// back is the sentence before one that says something, -1 without one.
func (p *picker) back(i int) int {
	for i--; i >= 0; i-- {
		if k := p.own.sentences[i].Kind; k != corpus.Heading && k != corpus.Term {
			return i
		}
	}
	return -1
}

// demonstrative is a word that points at something that was named.
var demonstrative = regexp.MustCompile(`(?i)\b(?:this|these|such(?: an?)?|those|the (?:above|same|said|latter|former|other))\s+(?:[\p{L}-]+\s+)?([\p{L}-]{4,})`)

// inside is a word that points back from the middle of a sentence.
var inside = regexp.MustCompile(`(?i)\b(?:this|these|such|it|its|they|them|their|he|him|his|she|her|the (?:former|latter|same|above|said)|above|aforementioned|otherwise|likewise|in turn|as before)\b`)

// pointing picks what the range points back to.
func (p *picker) pointing() {
	text := p.text()
	at := p.first
	for n := 0; n < farthest; n++ {
		s := p.own.of(at)
		points := unit.PointsBack(s)
		if n == 0 {
			points = points || inside.MatchString(text) || p.startsLow(at)
		}
		b := p.back(at)
		if !points || b < 0 {
			break
		}
		p.addSentence(p.own, b, pointed, "what it points back to")
		at = b
	}
	for _, m := range demonstrative.FindAllStringSubmatch(text, -1) {
		noun := stem(m[1])
		for i, n := p.first-1, 0; i >= 0 && n < 60; i, n = i-1, n+1 {
			if hasStem(p.own.of(i), noun) {
				p.addSentence(p.own, i, pointed, fmt.Sprintf("what “%s” refers to", oneLine(m[0])))
				break
			}
		}
	}
}

// startsLow says that a sentence goes on with the one before: it begins in lower case.
func (p *picker) startsLow(i int) bool {
	if p.own.sentences[i].Kind != corpus.Paragraph {
		return false
	}
	for _, r := range p.own.of(i) {
		return unicode.IsLower(r)
	}
	return false
}

// stem is a word without the end that its plural has.
func stem(word string) string {
	word = strings.ToLower(word)
	for _, end := range []string{"ies", "es", "s", "y"} {
		if s := strings.TrimSuffix(word, end); s != word && len(s) >= 3 {
			return s
		}
	}
	return word
}

// hasStem says that a text has a word that begins with a stem and is little longer.
func hasStem(text, stem string) bool {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' }) {
		if len(w) <= len(stem)+3 && len(w) >= len(stem) && strings.EqualFold(w[:len(stem)], stem) {
			return true
		}
	}
	return false
}

// numbered names a part of the document by its number.
var numbered = regexp.MustCompile(`(?i)\b(section|chapter|table|figure|fig\.|example|appendix|listing|equation|footnote|theorem|lemma|definition|algorithm)\s+([A-Z]?\d+(?:\.\d+)*|[A-Z])\b`)

// references picks what the range names by number: "see Table 3".
func (p *picker) references() {
	for _, m := range numbered.FindAllStringSubmatch(p.text(), 4) {
		begins := regexp.MustCompile(`(?i)^[\s#*_=]*(?:` + regexp.QuoteMeta(m[1]) + `\s+)?` + regexp.QuoteMeta(m[2]) + `(?:[.:)\s]|$)`)
		for i := range p.own.sentences {
			if i >= p.first && i < p.last {
				continue
			}
			s := p.own.of(i)
			if named := len(s) > len(m[1]) && strings.EqualFold(strings.TrimLeft(s, " *_#")[:min(len(m[1]), len(strings.TrimLeft(s, " *_#")))], m[1]); !named && p.own.sentences[i].Kind != corpus.Heading || !begins.MatchString(s) {
				continue
			}
			p.addSentence(p.own, i, follows, oneLine(m[0]))
			if i+1 < len(p.own.sentences) && p.own.sentences[i].Kind == corpus.Heading {
				p.addSentence(p.own, i+1, follows, oneLine(m[0]))
			}
			break
		}
	}
}

// before picks the sentence before the range.
func (p *picker) before() {
	if b := p.back(p.first); b >= 0 {
		p.addSentence(p.own, b, previous, "the sentence before")
	}
}

// lead picks what the document begins with, which often says what it is about.
func (p *picker) lead() {
	if first, _ := p.from.PassageRows(p.Doc); len(p.own.sentences) == 0 || p.own.sentences[0].passage != first {
		return
	}
	for i := range min(p.first, farLead) {
		if k := p.own.sentences[i].Kind; k == corpus.Paragraph || k == corpus.Quote {
			p.addSentence(p.own, i, mentioned, "what the document begins with")
			return
		}
	}
}

// farLead is how many sentences down its first one may stand.
const farLead = 5

var announces = regexp.MustCompile(`(?i)\b(?:following|as follows|below)\b|[:：]\s*$`)

// following picks what the range announces.
func (p *picker) following() {
	if !announces.MatchString(p.text()) {
		return
	}
	for i := p.last; i < min(len(p.own.sentences), p.last+4); i++ {
		if p.own.sentences[i].Kind == corpus.Heading {
			break
		}
		p.addSentence(p.own, i, follows, "what it announces")
	}
}

// paragraph picks the rest of the passage that the range stands in.
func (p *picker) paragraph() {
	in := p.own.sentences[p.first].passage
	begin, end := p.first, p.last
	for begin > 0 && p.together(begin-1, begin) && p.own.sentences[begin-1].passage == in {
		begin--
	}
	for end < len(p.own.sentences) && p.together(end-1, end) && p.own.sentences[end].passage == in {
		end++
	}
	// The nearest first.
	for d := 1; d < len(p.own.sentences); d++ {
		a, b := p.first-d, p.last-1+d
		if a < begin && b >= end {
			break
		}
		if b < end {
			p.addSentence(p.own, b, remainder, "the rest of its paragraph")
		}
		if a >= begin {
			p.addSentence(p.own, a, remainder, "the rest of its paragraph")
		}
	}
}

// together says that two sentences are of one paragraph, or of one entry.
func (p *picker) together(a, b int) bool {
	entry := func(i int) bool {
		return p.own.sentences[i].Kind == corpus.Heading || p.own.sentences[i].Kind == corpus.Term
	}
	return strings.Count(p.own.slice(p.own.sentences[a].End, p.own.sentences[b].Start), "\n") < 2 && !entry(a) && !entry(b)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
