package eval

import (
	"strings"

	"github.com/tamis-search/tamis/text/tokens"
)

// Context is one context for one question under one budget: a line of the run
// file. Spans stand in the order of the text.
type Context struct {
	ID     string `json:"id"`
	Budget int    `json:"budget"`
	Tokens int    `json:"tokens"`
	Text   string `json:"text"`
	Spans  []Span `json:"spans"`

	// Candidates is what it was chosen from; nil where that was not asked for. It
	// is no part of the run file.
	Candidates []Span `json:"-"`
}

// Judgment is what a context is worth.
type Judgment struct {
	// EvidenceRecall is the share of the gold evidence's bytes inside kept spans.
	EvidenceRecall float64
	// FullCoverage says that all of it was kept, AnyEvidence that at least half
	// of one gold span was.
	FullCoverage, AnyEvidence bool
	// Whole counts the gold spans that were kept from their first byte to their last.
	Whole int
	// HasAnswer says that the question has an answer that can be looked for: of
	// at least 3 characters, no "yes" or label, and found in a document of its
	// evidence. AnswerFound says that the text holds one, case and white space
	// folded.
	HasAnswer, AnswerFound bool
	// Kept and Hit are the bytes of the joined spans, and of the evidence in them.
	Kept, Hit int
	// Tokens is the count of the text, recounted.
	Tokens int
	// OverBudget and TokensDiffer compare that count with the budget and with
	// what the context claims.
	OverBudget, TokensDiffer bool
	// Verbatim is the number of spans that are out of range, not on characters'
	// borders, of an unknown document or another group's, or whose bytes do not
	// occur in the text in their order.
	Verbatim int

	found  float64 // evidence recall of the candidates
	traced bool    // there were some
}

// Judge scores a context against the gold evidence of its question. A nil
// counter trusts the tokens that the context claims.
func (s *EvidenceSet) Judge(q *Question, c *Context, counter tokens.Counter) Judgment {
	j := Judgment{HasAnswer: len(q.answers) > 0, Tokens: c.Tokens}
	kept := map[string][]extent{}
	var good []string // the bytes of each span in range
	for _, x := range c.Spans {
		d, ok := s.Document(x.Doc)
		if !ok || !borders(d.Text, x.Start, x.End) || (q.Group != "" && d.Group != q.Group) {
			j.Verbatim++
			continue
		}
		good = append(good, d.Text[x.Start:x.End])
		kept[x.Doc] = append(kept[x.Doc], extent{x.Start, x.End})
	}
	rest := c.Text
	for _, bytes := range good {
		i := strings.Index(rest, bytes)
		if i < 0 {
			j.Verbatim++
			continue
		}
		rest = rest[i+len(bytes):]
	}
	for d, v := range kept {
		v = union(v)
		kept[d] = v
		for _, x := range v {
			j.Kept += x.end - x.start
		}
		j.Hit += overlap(q.gold[d], v)
		for _, g := range q.gold[d] {
			if 2*overlap([]extent{g}, v) >= g.end-g.start {
				j.AnyEvidence = true
			}
		}
	}
	for _, g := range q.Evidence {
		if overlap([]extent{{g.Start, g.End}}, kept[g.Doc]) == g.End-g.Start {
			j.Whole++
		}
	}
	if q.copied {
		j.EvidenceRecall, j.FullCoverage, j.AnyEvidence = q.anywhere(kept)
	} else if q.bytes > 0 {
		j.EvidenceRecall = float64(j.Hit) / float64(q.bytes)
		j.FullCoverage = j.Hit == q.bytes
	}
	if j.traced = c.Candidates != nil; j.traced {
		j.found = q.share(c.Candidates)
	}
	if j.HasAnswer {
		f := fold(c.Text)
		for _, a := range q.answers {
			j.AnswerFound = j.AnswerFound || strings.Contains(f, a)
		}
	}
	if counter != nil {
		j.Tokens = counter.Count(c.Text)
		j.TokensDiffer = j.Tokens != c.Tokens
	}
	j.OverBudget = c.Budget > 0 && j.Tokens > c.Budget
	return j
}

// anywhere judges evidence that has copies: of each piece the place counts of which most
// was kept, each piece by its bytes.
func (q *Question) anywhere(kept map[string][]extent) (recall float64, full, some bool) {
	hit, all := 0.0, 0
	for i, e := range q.Evidence {
		share := 0.0
		for _, p := range q.places(i) {
			share = max(share, float64(overlap(kept[p.Doc], []extent{{p.Start, p.End}}))/float64(p.End-p.Start))
		}
		hit, all = hit+share*float64(e.End-e.Start), all+e.End-e.Start
		some = some || share >= .5
	}
	return hit / float64(all), hit == float64(all), some
}

// EvidenceBytes are those of all gold evidence, joined.
func (q *Question) EvidenceBytes() int { return q.bytes }

// places are those where a piece of evidence stands.
func (q *Question) places(i int) []Span {
	if i < len(q.Copies) {
		return append([]Span{q.Evidence[i]}, q.Copies[i]...)
	}
	return q.Evidence[i : i+1]
}

// EvidenceIn is how many bytes of the gold evidence lie in a span.
func (q *Question) EvidenceIn(x Span) int {
	return overlap(q.gold[x.Doc], []extent{{x.Start, x.End}})
}

// Within says where the first evidence in a span begins, a copy of some as well, counted
// from the span's start; false where it holds none.
func (q *Question) Within(x Span) (at int, ok bool) {
	for i := range q.Evidence {
		for _, p := range q.places(i) {
			if p.Doc == x.Doc && p.Start < x.End && p.End > x.Start {
				if from := max(0, p.Start-x.Start); !ok || from < at {
					at, ok = from, true
				}
			}
		}
	}
	return at, ok
}

// share is the part of the evidence's bytes that lie in the spans.
func (q *Question) share(spans []Span) float64 {
	if q.bytes == 0 {
		return 0
	}
	in := map[string][]extent{}
	for _, x := range spans {
		if q.gold[x.Doc] != nil {
			in[x.Doc] = append(in[x.Doc], extent{x.Start, x.End})
		}
	}
	hit := 0
	for d, v := range in {
		hit += overlap(q.gold[d], union(v))
	}
	return float64(hit) / float64(q.bytes)
}
