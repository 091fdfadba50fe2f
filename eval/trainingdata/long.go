package trainingdata

import (
	"context"
	"strings"
)

// What a long example is packed of.
const (
	branches = 4      // sections that are found from one
	led      = 400    // bytes of a section that others are found by
	joined   = "\n\n" // between two texts
	leastFul = 2      // a long example has at least half of its length

	leastTokens = 40 // where fewer are left the example is full
)

// long packs sections that have to do with each other, found breadth first from the one
// that answers (Staniszewski and others 2023, structured packing), into one context.
func (m *maker) long(ctx context.Context, q *query) error {
	type node struct {
		d          *document
		start, end int
	}
	most := max(1500, m.Length/2) // bytes of a section: about an eighth of the length
	start, end := m.around(q.doc, q.first, q.last, most)
	root := node{q.doc, min(start, q.start), max(end, q.end)}
	texts, tokens := []Text{m.text(root.d, root.start, root.end, Positive)}, m.Counter.Count(q.doc.Source[root.start:root.end])
	if tokens > m.Length {
		m.made.Left["sections that are longer than a long example"]++
		return nil
	}
	c := &chooser{m: m, q: q}
	// The section that answers is taken, whatever else it holds.
	c.spans = append(c.spans, span(root.d, root.start, root.end).plain())
	c.taken = append(c.taken, shingles(m.terms(root.d.Source[root.start:root.end])))
	draw := m.draws(q, Long)
	full := func(size int) bool { return tokens+size+len(texts)+1 > m.Length }
	// add takes the section of a passage, or the passage where that alone fits.
	add := func(d *document, at int) *node {
		for _, most := range []int{most, 0} {
			start, end := m.around(d, at, at, most)
			if size := m.Counter.Count(d.Source[start:end]); !full(size) && c.takes(d, start, end) {
				texts, tokens = append(texts, m.text(d, start, end, Context)), tokens+size
				return &node{d, start, end}
			}
		}
		return nil
	}
	part := m.parts[q.doc.split]
	for queue, misses := []node{root}, 0; misses < tries && !full(leastTokens); {
		if len(queue) == 0 {
			// Where one thing leads to no other any more, another one is drawn.
			d := part[draw.IntN(len(part))]
			if misses++; len(d.passages) > 0 {
				if n := add(d, draw.IntN(len(d.passages))); n != nil {
					queue, misses = append(queue, *n), 0
					texts[len(texts)-1].As = Drawn
				}
			}
			continue
		}
		n := queue[0]
		queue = queue[1:]
		title := strings.Join(append([]string{n.d.Title}, n.d.passages[n.d.at(n.start)].Headings...), " ")
		text := n.d.Source[n.start:n.end]
		hits, err := m.search(ctx, title+" "+text[:min(led, len(text))], q.doc.split, 40)
		if err != nil {
			return err
		}
		found := 0
		for _, h := range hits {
			if found == branches || full(leastTokens) {
				break
			}
			d := m.by[h.Doc]
			if at := d.at(h.Start); at >= 0 {
				if n := add(d, at); n != nil {
					queue, found = append(queue, *n), found+1
				}
			}
		}
	}
	draw.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	// Where two meet there may be a token more than in each.
	tokens = m.Counter.Count(Joined(texts))
	for tokens > m.Length && len(texts) > 1 {
		last := len(texts) - 1
		if texts[last].As == Positive {
			texts[0], texts[last] = texts[last], texts[0]
		}
		texts = texts[:last]
		tokens = m.Counter.Count(Joined(texts))
	}
	if tokens > m.Length || tokens*leastFul < m.Length {
		m.made.Left["long examples that could not be filled by half"]++
		return nil
	}
	return m.put(q, Example{Kind: Long, Texts: texts, Tokens: tokens, Target: target(texts)})
}

// Joined is the context of an example: its texts, an empty line between two.
func Joined(texts []Text) string {
	all := make([]string, len(texts))
	for i := range texts {
		all[i] = texts[i].Text
	}
	return strings.Join(all, joined)
}
