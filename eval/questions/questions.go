// Package questions makes questions from the documents of a corpus, with the bytes
// that answer each marked: evaluation on one's own files needs no model and nobody who
// marks evidence.
//
// Documents say themselves what answers what: a section's first statements its
// heading, a definition its term, a comment what a function does, a row of a table its
// key and column, the section behind a link the words of the link, a letter its
// subject. What a question would be asked of twice, what repeats its evidence, licence
// texts, generated files and boilerplate are left out.
//
// The same documents, seed and number give the same questions, in the same order.
package questions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/text"
)

// The kinds of questions, by what marks their evidence.
const (
	Heading    = "heading"    // a section's first statements
	Definition = "definition" // "X is a …"
	Term       = "term"       // an entry of a glossary, an option with its description
	Comment    = "comment"    // what a comment says of a function or a type
	Table      = "table"      // a row
	Link       = "link"       // the section that a link leads to, asked for in the link's words
	Letter     = "letter"     // what a letter says first
)

// Kinds are the kinds in the order of reports.
var Kinds = []string{Heading, Definition, Term, Comment, Table, Link, Letter}

// Question is one question with its evidence.
type Question struct {
	eval.Question
	Kind string
	// Quotes are the texts of the evidence.
	Quotes []string
}

// Options say how many questions are made and which.
type Options struct {
	Count int    // how many at most
	Seed  uint64 // another one draws others
	Kinds []string
}

// Made is what was made of a corpus.
type Made struct {
	Questions []Question
	Documents int // that there are
	Asked     int // of which a question could be asked
	Bytes     int // of all documents
	// Candidates counts what could be asked, by kind, before the choice.
	Candidates map[string]int
	// Left counts what was left out, by the reason.
	Left map[string]int
}

// Documents yields the documents of a corpus, in the same order each time.
type Documents func() iter.Seq2[*corpus.Document, error]

// ErrNone is that nothing can be asked of a corpus; the error in hand says why.
var ErrNone = errors.New("no question can be made of these documents")

// perDocument bounds the candidates that one document has of each kind.
const perDocument = 60

// candidate is a question before the choice.
type candidate struct {
	kind     string
	subject  string // what it asks about, for finding those that ask the same
	text     string
	doc      string
	evidence eval.Span
	quote    string
	answers  []string
	draw     uint64 // its place in the order of choice
}

// maker gathers candidates.
type maker struct {
	analyzer *text.Analyzer
	seed     uint64
	wanted   map[string]bool
	all      []candidate
	left     map[string]int
	headings map[string]int // how often a heading stands in the corpus, folded
	links    *linked
	asked    map[string]bool
}

// Make makes questions. Documents are read twice.
func Make(ctx context.Context, documents Documents, o Options) (*Made, error) {
	analyzer, err := text.NewAnalyzer("english")
	if err != nil {
		return nil, err
	}
	if len(o.Kinds) == 0 {
		o.Kinds = Kinds
	}
	m := &maker{analyzer: analyzer, seed: o.Seed, wanted: map[string]bool{}, left: map[string]int{}, headings: map[string]int{}, links: newLinked(), asked: map[string]bool{}}
	for _, k := range o.Kinds {
		if !slices.Contains(Kinds, k) {
			return nil, fmt.Errorf("unknown kind of question %q; there are %s", k, strings.Join(Kinds, ", "))
		}
		m.wanted[k] = true
	}
	made := &Made{Left: m.left, Candidates: map[string]int{}}
	for d, err := range documents() {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		made.Documents++
		made.Bytes += len(d.Source)
		m.read(d)
	}
	made.Asked = len(m.asked)
	m.follow()
	m.unique()
	for i := range m.all {
		made.Candidates[m.all[i].kind]++
	}
	if len(m.all) == 0 {
		return made, fmt.Errorf("%w: %s", ErrNone, made.why())
	}
	slices.SortStableFunc(m.all, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.draw, b.draw), cmp.Compare(a.text, b.text)) })
	// More are chosen than are wanted, since copies of evidence take some away.
	chosen := m.choose(o.Count+o.Count/2+8, o.Kinds, len(m.asked))
	if made.Questions, err = m.found(ctx, documents, chosen); err != nil {
		return nil, err
	}
	made.Questions = made.Questions[:min(o.Count, len(made.Questions))]
	if len(made.Questions) == 0 {
		return made, fmt.Errorf("%w: %s", ErrNone, made.why())
	}
	return made, nil
}

// why says in a clause why there is no question.
func (m *Made) why() string {
	switch {
	case m.Documents == 0:
		return "there is no document"
	case m.Bytes == 0:
		return "their texts are empty"
	}
	most, reason := 0, ""
	for r, n := range m.Left {
		if n > most || n == most && r < reason {
			most, reason = n, r
		}
	}
	what := fmt.Sprintf("%d documents without a heading, definition, table, commented function or letter whose first statements answer it", m.Documents)
	if m.Documents == 1 {
		what = strings.Replace(what, "1 documents", "one document", 1)
	}
	if reason != "" {
		what += fmt.Sprintf("; most of what there was was left out as %s", reason)
	}
	return what
}

// add takes a candidate, where its evidence is worth asking for.
func (m *maker) add(d *corpus.Document, c candidate, start, end int) {
	if !m.wanted[c.kind] {
		return
	}
	c.doc, c.evidence, c.quote = d.ID, eval.Span{Doc: d.ID, Start: start, End: end}, d.Source[start:end]
	if reason := m.unfit(c.text, c.quote, c.kind); reason != "" {
		m.left[reason]++
		return
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%s", m.seed, c.text, c.quote)
	c.draw = mix(h.Sum64())
	m.asked[d.ID] = true
	m.all = append(m.all, c)
}

// mix spreads the bits of a hash, whose high ones differ little between like texts.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// bounded keeps the first of each kind that one document has, in the order of choice.
func (m *maker) bounded(from int) {
	own := m.all[from:]
	slices.SortStableFunc(own, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.draw, b.draw)) })
	kept := own[:0]
	n, kind := 0, ""
	for _, c := range own {
		if c.kind != kind {
			n, kind = 0, c.kind
		}
		if n++; n <= perDocument {
			kept = append(kept, c)
		}
	}
	m.all = m.all[:from+len(kept)]
}

// unique leaves out what could be asked of several places: questions that ask for the
// same in the same words, and subjects that are explained twice. Of copies one stays.
func (m *maker) unique() {
	seen := map[string]bool{}
	m.all = slices.DeleteFunc(m.all, func(c candidate) bool {
		one := c.kind + "\x00" + folded(c.subject) + "\x00" + folded(c.quote)
		again := seen[one]
		seen[one] = true
		return again
	})
	texts, subjects := map[string]int{}, map[string]int{}
	for i := range m.all {
		c := &m.all[i]
		texts[m.stems(c.text)]++
		subjects[c.kind+"\x00"+folded(c.subject)]++
	}
	m.all = slices.DeleteFunc(m.all, func(c candidate) bool {
		if texts[m.stems(c.text)] > 1 || subjects[c.kind+"\x00"+folded(c.subject)] > 1 {
			m.left["asked of several places"]++
			return true
		}
		return false
	})
}

// stems is the set of a question's terms, in their order.
func (m *maker) stems(s string) string {
	t := m.analyzer.Terms(nil, s)
	slices.Sort(t)
	return strings.Join(slices.Compact(t), " ")
}

// choose draws candidates, kind by kind in turn, few of one document.
func (m *maker) choose(n int, kinds []string, documents int) []candidate {
	of := map[string][]candidate{}
	for _, c := range m.all {
		of[c.kind] = append(of[c.kind], c)
	}
	var out []candidate
	taken, asked := map[string]int{}, map[string]bool{}
	for each := max(2, 2*n/max(1, documents)); len(out) < n; each *= 2 {
		more := true
		for more && len(out) < n {
			more = false
			for _, k := range kinds {
				i := slices.IndexFunc(of[k], func(c candidate) bool { return taken[c.doc] < each && !asked[folded(c.quote)] })
				if i < 0 || len(out) == n {
					continue
				}
				c := of[k][i]
				of[k] = slices.Delete(of[k], i, i+1)
				taken[c.doc]++
				asked[folded(c.quote)] = true
				out, more = append(out, c), true
			}
		}
		if !slices.ContainsFunc(kinds, func(k string) bool {
			return slices.ContainsFunc(of[k], func(c candidate) bool { return taken[c.doc] >= each && !asked[folded(c.quote)] })
		}) {
			break
		}
	}
	return out
}
