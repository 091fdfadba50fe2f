// Package baselines has the plain recipes for contexts that tamis is compared with.
package baselines

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// A Baseline is a plain recipe for contexts that tamis is compared with. All that
// rank use BM25 (k1 0.9, b 0.4) over tamis's own English terms, with the
// larger stop list on questions, and print no labels.
type Baseline struct {
	Name, About string

	cut     func(s string, c tokens.Counter) []extent // nil: the whole document
	titled  bool                                      // the title is indexed with each unit
	random  bool
	gzip    bool   // the best by BM25 in the order of their gzip distance
	shell   bool   // LongLLMLingua's, see likelihood
	between string // units in the text
	last    lastUnit
}

// lastUnit says what becomes of a unit that does not fit any more.
type lastUnit uint8

const (
	cutLast  lastUnit = iota // it is cut, and the context is full
	passOver                 // it is left out, those after it are tried
)

// smallest is the number of free tokens below which no further unit is tried.
const smallest = 4

// params are those of the table that the baselines reproduce.
var params = search.Params{K1: 0.9, B: 0.4}

// All lists the baselines in the order of reports.
func All() []Baseline {
	fixed := func(s string, c tokens.Counter) []extent { return fixedChunks(s, 400, 40, c) }
	ours := func(f func(string) []extent) func(string, tokens.Counter) []extent {
		return func(s string, _ tokens.Counter) []extent { return f(s) }
	}
	return []Baseline{
		{Name: "random-sentences", About: "sentences drawn at random", cut: ours(sentences), random: true, between: "\n", last: passOver},
		{Name: "head", About: "documents in BM25 order, the last one cut", titled: true, between: "\n\n"},
		{Name: "fixed-chunks", About: "chunks of 400 tokens, 10 % overlap, the last one cut", cut: fixed, between: "\n\n"},
		{Name: "fixed-chunks-title", About: "the same with the title indexed with each chunk", cut: fixed, titled: true, between: "\n\n"},
		{Name: "recursive", About: "chunks of 1,000 characters, 200 overlap, at paragraph, line or word borders, the last one cut", between: "\n\n",
			cut: func(s string, _ tokens.Counter) []extent { return recursiveChunks(s, 1000, 200) }},
		{Name: "whole-passages", About: "whole passages of about 200 tokens, those that do not fit passed over", cut: ours(passages), between: "\n\n", last: passOver},
		{Name: "bm25-sentences", About: "sentences, those that do not fit passed over", cut: ours(sentences), between: "\n", last: passOver},
		{Name: "gzip", About: "the 100 best chunks of 400 tokens in the order of their gzip distance to the question, the last one cut", cut: fixed, gzip: true, between: "\n\n"},
		{Name: "longllmlingua-shell", About: "LongLLMLingua's steps with word statistics for its model: passages by the question's likelihood, of each its better sentences", cut: ours(passages), shell: true},
	}
}

// Named returns the baselines of a comma-separated list; "all" is every
// one, "none" or "" no one.
func Named(list string) ([]Baseline, error) {
	all := All()
	switch list {
	case "all":
		return all, nil
	case "none", "":
		return nil, nil
	}
	var out []Baseline
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(b Baseline) bool { return b.Name == name })
		if i < 0 {
			var names []string
			for _, b := range all {
				names = append(names, b.Name)
			}
			return nil, fmt.Errorf("unknown baseline %q; known are all, none, %s", name, strings.Join(names, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// unit is a run of one document that a baseline keeps or leaves.
type unit struct {
	doc *eval.Document
	extent
	tokens int // 0 while not counted
}

// pool is what a question may draw from: the units of its group.
type pool struct {
	units  []unit
	source []search.Source
	model  *likelihood // of the shell
}

// On indexes the set's documents and returns the baseline as a ContextFunc, which
// is not safe for concurrent use. Tokens are those of counter.
func (b Baseline) On(s *eval.EvidenceSet, counter tokens.Counter) (eval.ContextFunc, error) {
	analyzer, err := text.NewAnalyzer("english")
	if err != nil {
		return nil, err
	}
	pools := map[string]*pool{}
	build := func(group string) (*pool, error) {
		p := &pool{}
		ib := index.NewBuilder(index.Config{})
		var title, body []string
		for i := range s.Documents {
			d := &s.Documents[i]
			if group != "" && d.Group != group {
				continue
			}
			cuts := []extent{{0, len(d.Text)}}
			if b.cut != nil {
				cuts = b.cut(d.Text, counter)
			} else if d.Text == "" {
				continue
			}
			title = title[:0]
			if b.titled {
				title = analyzer.Terms(title, d.Title)
			}
			for _, x := range cuts {
				p.units = append(p.units, unit{doc: d, extent: x})
				if !b.random && !b.shell {
					body = analyzer.Terms(body[:0], d.Text[x.start:x.end])
					ib.Add(index.Fields{Title: title, Body: body})
				}
			}
		}
		if b.shell {
			p.model = newLikelihood(analyzer, p.units)
		} else if !b.random {
			inverted, err := index.OpenInverted(ib.Bytes())
			if err != nil {
				return nil, fmt.Errorf("baseline %s: %w", b.Name, err)
			}
			p.source = []search.Source{{Inverted: inverted}}
		}
		return p, nil
	}
	var asked *eval.Question // for whom order was made: the next budget has the same
	var order []int
	return func(ctx context.Context, q *eval.Question, budget int) (*eval.Context, error) {
		p := pools[q.Group]
		if p == nil {
			var err error
			if p, err = build(q.Group); err != nil {
				return nil, err
			}
			pools[q.Group] = p
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if b.random {
			return b.fill(p.units, shuffled(q.ID, len(p.units)), budget, counter), nil
		}
		words := analyzer.QueryTerms(nil, q.Text)
		if b.shell {
			return p.model.compress(p.units, words, budget, counter), nil
		}
		if asked != q {
			if order = p.rank(words); b.gzip {
				order = byGzip(p, q, order)
			}
			asked = q
		}
		return b.fill(p.units, order, budget, counter), nil
	}, nil
}

// depth bounds how many units a ranking holds: far more than any budget takes.
const depth = 2000

func (p *pool) rank(words []string) []int {
	var terms []search.Term
	var names []string
	for _, w := range words {
		if i := slices.Index(names, w); i >= 0 {
			terms[i].Weight++
			continue
		}
		names = append(names, w)
		terms = append(terms, search.Term{Text: w, Weight: 1})
	}
	hits := search.TopK(p.source, terms, search.StatsOf(p.source, names), params, min(depth, len(p.units)))
	order := make([]int, len(hits))
	for i, h := range hits {
		order[i] = int(h.Row.Row)
	}
	return order
}

// shuffled is a random order that depends on the question alone.
func shuffled(question string, n int) []int {
	h := fnv.New64a()
	h.Write([]byte(question))
	return rand.New(rand.NewPCG(h.Sum64(), 1)).Perm(n)
}

// fill takes units in order until the budget is full. Counts of units are added
// up to choose, and the text is counted whole at the end: where it is over the
// budget after all, the last unit is cut shorter or dropped.
func (b Baseline) fill(units []unit, order []int, budget int, counter tokens.Counter) *eval.Context {
	gap := counter.Count(b.between)
	var kept []unit
	var left *unit // did not fit and is to be cut
	used := 0
	var sb strings.Builder
	for _, i := range order {
		u := &units[i]
		if u.tokens == 0 {
			u.tokens = counter.Count(u.text())
		}
		cost := u.tokens
		if len(kept) > 0 {
			cost += gap
		}
		if used+cost > budget {
			if b.last == cutLast {
				left = u
				break
			}
			if budget-used < smallest {
				break
			}
			continue
		}
		if len(kept) > 0 {
			sb.WriteString(b.between)
		}
		sb.WriteString(u.text())
		kept = append(kept, *u)
		used += cost
	}
	s := sb.String()
	if left != nil {
		head := s
		if len(kept) > 0 {
			head += b.between
		}
		if n := longest(head, left.text(), budget, counter); n > 0 {
			u := *left
			u.end = u.start + n
			kept = append(kept, u)
			s = head + u.text()
		}
	}
	n := counter.Count(s)
	for len(kept) > 0 && n > budget {
		last := kept[len(kept)-1]
		kept = kept[:len(kept)-1]
		s = s[:len(s)-(last.end-last.start)]
		if len(kept) > 0 {
			s = strings.TrimSuffix(s, b.between)
		}
		n = counter.Count(s)
	}
	c := &eval.Context{Text: s, Tokens: n}
	for _, u := range kept {
		c.Spans = append(c.Spans, eval.Span{Doc: u.doc.ID, Start: u.start, End: u.end})
	}
	return c
}

func (u *unit) text() string { return u.doc.Text[u.start:u.end] }

// longest returns how many bytes of tail, whole characters, fit behind head.
func longest(head, tail string, budget int, counter tokens.Counter) int {
	border := func(n int) int {
		for n < len(tail) && n > 0 && !utf8.RuneStart(tail[n]) {
			n--
		}
		return min(n, len(tail))
	}
	fits := func(n int) bool { return counter.Count(head+tail[:n]) <= budget }
	// Counting a document whole would cost more than all the rest: the search
	// starts at a guess and doubles it.
	lo, hi := 0, border(max(64, 6*budget-len(head)))
	for hi < len(tail) && fits(hi) {
		lo, hi = hi, border(2*hi)
	}
	if hi >= len(tail) && fits(len(tail)) {
		return len(tail)
	}
	// lo fits or is 0, hi does not.
	for {
		mid := border((lo + hi) / 2)
		if mid <= lo {
			if lo > 0 || fits(0) {
				return lo
			}
			return 0
		}
		if fits(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
}
