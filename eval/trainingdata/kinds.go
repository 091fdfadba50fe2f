package trainingdata

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
)

// positive is the passage that answers.
func (m *maker) positive(q *query) *Text {
	t := m.text(q.doc, q.start, q.end, Positive)
	return &t
}

func (m *maker) pair(_ context.Context, q *query) error {
	return m.put(q, Example{Kind: Pairs, Positive: m.positive(q)})
}

func (m *maker) negatives(ctx context.Context, q *query) error {
	texts, err := m.hard(ctx, &chooser{m: m, q: q}, m.Options.Negatives, Negative)
	if err != nil || len(texts) == 0 {
		return err
	}
	return m.put(q, Example{Kind: Negatives, Positive: m.positive(q), Texts: texts})
}

// high is how many passages of a ranking are related, and low from where on they are
// related in part only.
const high, low = 30, 100

// distracting chooses so many texts of each of the three kinds.
func (m *maker) distracting(ctx context.Context, c *chooser, draw *rand.Rand, n int) ([]Text, error) {
	out, err := m.hard(ctx, c, n, Related)
	if err != nil || out == nil {
		return nil, err
	}
	out = slices.DeleteFunc(out, func(t Text) bool { return t.Rank > high })
	ranked := map[int]bool{} // passages of the query's document that rank high
	for i, h := range c.q.hits {
		if i < high && h.Doc == c.q.doc.ID {
			ranked[c.q.doc.at(h.Start)] = true
		}
	}
	// Partly related: other sections of the same document, else what ranks low.
	found := 0
	for _, at := range draw.Perm(len(c.q.doc.passages)) {
		if found == n {
			break
		}
		start, end := c.q.doc.trimmed(at, at)
		if !ranked[at] && !c.q.beside(c.q.doc, start) && c.takes(c.q.doc, start, end) {
			out = append(out, m.text(c.q.doc, start, end, Partly))
			found++
		}
	}
	for i := low; i < len(c.q.hits) && found < n; i++ {
		h := c.q.hits[i]
		d := m.by[h.Doc]
		at := d.at(h.Start)
		if at < 0 || c.q.beside(d, h.Start) {
			continue
		}
		if start, end := d.trimmed(at, at); c.takes(d, start, end) {
			t := m.text(d, start, end, Partly)
			t.Rank, t.Score = i+1, h.Score
			out = append(out, t)
			found++
		}
	}
	return append(out, m.unrelated(c, draw, n)...), nil
}

// tries is how many passages are drawn for one that is unrelated.
const tries = 40

// unrelated are passages of other documents without a term of the query.
func (m *maker) unrelated(c *chooser, draw *rand.Rand, n int) (out []Text) {
	part := m.parts[c.q.doc.split]
	for range tries * n {
		if len(out) == n {
			break
		}
		d := part[draw.IntN(len(part))]
		if d == c.q.doc || len(d.passages) == 0 {
			continue
		}
		at := draw.IntN(len(d.passages))
		start, end := d.trimmed(at, at)
		has := slices.ContainsFunc(m.terms(d.Title+"\n"+strings.Join(d.passages[at].Headings, "\n")+"\n"+d.Source[start:end]), func(t string) bool { return slices.Contains(c.q.terms, t) })
		if !has && c.takes(d, start, end) {
			out = append(out, m.text(d, start, end, Unrelated))
		}
	}
	return out
}

func (m *maker) distractors(ctx context.Context, q *query) error {
	texts, err := m.distracting(ctx, &chooser{m: m, q: q}, m.draws(q, Distractors), max(1, m.Options.Negatives/2))
	if err != nil {
		return err
	}
	if kindsOf(texts) < 2 {
		m.made.Left["distractors of one kind alone"]++
		return nil
	}
	return m.put(q, Example{Kind: Distractors, Positive: m.positive(q), Texts: texts})
}

func kindsOf(texts []Text) int {
	of := map[string]bool{}
	for i := range texts {
		of[texts[i].As] = true
	}
	return len(of)
}

// mostSection bounds a section in an example, in bytes.
const mostSection = 8000

// segments gives the same query four contexts, from what answers alone to what answers
// among texts that do not, at a place that is drawn: a reader that is trained on all of
// them learns to look for it.
func (m *maker) segments(ctx context.Context, q *query) error {
	e := q.Evidence[0]
	variants := []struct {
		name       string
		start, end int
	}{{"evidence", e.Start, e.End}, {"passage", q.start, q.end}}
	start, end := m.around(q.doc, q.first, q.last, mostSection)
	if start, end = min(start, q.start), max(end, q.end); end-start > q.end-q.start {
		variants = append(variants, struct {
			name       string
			start, end int
		}{"section", start, end})
	}
	last := 0
	for i, v := range variants {
		if v.end-v.start == last {
			continue // the evidence is its passage
		}
		last = v.end - v.start
		if err := m.put(q, Example{Kind: Segments, Variant: variants[i].name, Texts: []Text{m.text(q.doc, v.start, v.end, Positive)}, Target: 1}); err != nil {
			return err
		}
	}
	draw := m.draws(q, Segments)
	texts, err := m.distracting(ctx, &chooser{m: m, q: q}, draw, max(1, m.Options.Negatives/2))
	if err != nil || len(texts) == 0 {
		return err
	}
	texts = append(texts, *m.positive(q))
	draw.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	return m.put(q, Example{Kind: Segments, Variant: "distracted", Texts: texts, Target: target(texts)})
}

// target is the number of the text that answers, from 1.
func target(texts []Text) int {
	return 1 + slices.IndexFunc(texts, func(t Text) bool { return t.As == Positive })
}

// around is the section of some passages, cut to those around them that fit so many bytes.
func (m *maker) around(d *document, from, to, most int) (start, end int) {
	first, last := d.section(from)
	last = max(last, to)
	for more := true; more; {
		more = false
		if from > first && d.passages[to].End-d.passages[from-1].Start <= most {
			from, more = from-1, true
		}
		if to < last && d.passages[to+1].End-d.passages[from].Start <= most {
			to, more = to+1, true
		}
	}
	return d.trimmed(from, to)
}
