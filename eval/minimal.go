package eval

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/text/tokens"
)

// Minimal is a smallest part of a context, found by leaving one sentence out
// after the other, that holds as much evidence as all of them, or where the
// question has none, an answer if the whole does.
type Minimal struct {
	Spans  []Span
	Tokens int // of the sentences, each on a line, without labels
}

// Minimal leaves sentences out for good, last one first, while what is left stays
// sufficient. No further one can be left out of the result: it is minimal,
// though not always the smallest. How much longer a context is than this is how
// far it is from minimal (Context-Picker, 2025). It needs labels, hence it serves
// evaluation and calibration only.
func (s *EvidenceSet) Minimal(q *Question, c *Context, counter tokens.Counter) Minimal {
	texts := make([]string, 0, len(c.Spans))
	spans := make([]Span, 0, len(c.Spans))
	for _, x := range c.Spans {
		if d, ok := s.Document(x.Doc); ok && borders(d.Text, x.Start, x.End) {
			for _, e := range sentences(d.Text, x) {
				spans = append(spans, e)
				texts = append(texts, d.Text[e.Start:e.End])
			}
		}
	}
	judge := func(spans []Span, texts []string) Judgment {
		c := &Context{Spans: spans}
		if q.bytes == 0 {
			c.Text = strings.Join(texts, "\n")
		}
		return s.Judge(q, c, nil)
	}
	whole := judge(spans, texts)
	enough := func(j Judgment) bool {
		if q.bytes > 0 {
			return j.Hit >= whole.Hit
		}
		return j.AnswerFound || !whole.AnswerFound
	}
	for i := len(spans) - 1; i >= 0; i-- {
		fewer := append(append([]Span{}, spans[:i]...), spans[i+1:]...)
		rest := append(append([]string{}, texts[:i]...), texts[i+1:]...)
		if enough(judge(fewer, rest)) {
			spans, texts = fewer, rest
		}
	}
	return Minimal{spans, counter.Count(strings.Join(texts, "\n"))}
}

// sentences are those in x of a document's text.
func sentences(text string, x Span) (out []Span) {
	for _, p := range split.Split(&corpus.Document{ID: "eval", Type: "text", Source: text[x.Start:x.End]}, split.Options{}) {
		for _, s := range p.Sentences {
			out = append(out, Span{x.Doc, x.Start + s.Start, x.Start + s.End})
		}
	}
	return out
}

// Question returns a question by its id, or nil.
func (s *EvidenceSet) Question(id string) *Question {
	for i := range s.Questions {
		if s.Questions[i].ID == id {
			return &s.Questions[i]
		}
	}
	return nil
}
