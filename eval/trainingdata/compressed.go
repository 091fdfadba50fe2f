package trainingdata

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/internal/portable"
)

func (s Span) plain() eval.Span { return eval.Span{Doc: s.Doc, Start: s.Start, End: s.End} }

// compressedTo is the share of a passage's bytes that its shortened form has at most,
// beside its first choice.
const compressedTo = .5

// compressed shows shortened passages, of which one answers (CoLoR, Seo and others 2024):
// they are shortened without knowledge of the query, as those of a whole collection are.
// Of the one that answers a form that keeps the answer is preferred to one that does not.
func (m *maker) compressed(ctx context.Context, q *query) error {
	texts, err := m.hard(ctx, &chooser{m: m, q: q}, m.Options.Negatives, Negative)
	if err != nil || len(texts) == 0 {
		return err
	}
	sentences := sentencesOf(q.doc, q.start, q.end)
	var answer, rest []corpus.Sentence
	for _, s := range sentences {
		if e := q.Evidence[0]; s.Start < e.End && e.Start < s.End {
			answer = append(answer, s)
		} else {
			rest = append(rest, s)
		}
	}
	if len(rest) == 0 || len(answer) == 0 {
		m.made.Left["passages that cannot be shortened without their answer"]++
		return nil
	}
	size := 0
	for _, s := range answer {
		size += s.End - s.Start
	}
	chosen, rejected := m.kept(q.doc, q.start, q.end, answer, ""), m.kept(q.doc, q.start, q.end, m.salient(q.doc, rest, size), "")
	if 2*len(rejected.Text) < len(chosen.Text) || strings.Contains(folded(rejected.Text), q.quote) {
		m.made.Left["passages with little beside their answer"]++
		return nil
	}
	texts = append(texts, *m.positive(q))
	for i := range texts {
		t := &texts[i]
		d := m.by[t.Doc]
		all := sentencesOf(d, t.Start, t.End)
		if len(all) < 2 {
			continue // it stays whole
		}
		short := m.kept(d, t.Start, t.End, m.salient(d, all, int(compressedTo*float64(t.End-t.Start))), t.As)
		short.Rank, short.Score = t.Rank, t.Score
		if t.As == Positive && !strings.Contains(folded(short.Text), q.quote) {
			m.made.Left["answers that are lost where passages are shortened"]++
			return nil
		}
		*t = short
	}
	draw := m.draws(q, Compressed)
	draw.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	return m.put(q, Example{Kind: Compressed, Texts: texts, Target: target(texts), Chosen: &chosen, Rejected: &rejected})
}

func sentencesOf(d *document, start, end int) (out []corpus.Sentence) {
	for i := max(0, d.at(start)); i < len(d.passages) && d.passages[i].Start < end; i++ {
		for _, s := range d.passages[i].Sentences {
			if s.Start >= start && s.End <= end {
				out = append(out, s)
			}
		}
	}
	return out
}

// salient are the sentences whose words are rarest in the corpus, for their length, in the
// order of the text: one, and as many as fit so many bytes.
func (m *maker) salient(d *document, all []corpus.Sentence, bytes int) []corpus.Sentence {
	weight := func(s corpus.Sentence) float64 {
		terms := m.terms(d.Source[s.Start:s.End])
		length := float64(len(terms))
		slices.Sort(terms)
		sum := 0.0
		for _, t := range slices.Compact(terms) {
			sum += portable.Log(float64(1+m.passages) / float64(1+m.spoken[t]))
		}
		return sum / math.Sqrt(8+length)
	}
	type weighed struct {
		corpus.Sentence
		w float64
	}
	list := make([]weighed, len(all))
	for i, s := range all {
		list[i] = weighed{s, weight(s)}
	}
	slices.SortStableFunc(list, func(a, b weighed) int { return cmp.Compare(b.w, a.w) })
	var out []corpus.Sentence
	for _, x := range list {
		if n := x.End - x.Start; len(out) == 0 || n <= bytes {
			out = append(out, x.Sentence)
			bytes -= n
		}
	}
	slices.SortFunc(out, func(a, b corpus.Sentence) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// kept is a range of which some sentences are kept.
func (m *maker) kept(d *document, start, end int, keep []corpus.Sentence, as string) Text {
	t := m.text(d, start, end, as)
	var lines []string
	for _, s := range keep {
		t.Kept = append(t.Kept, span(d, s.Start, s.End))
		lines = append(lines, d.Source[s.Start:s.End])
	}
	t.Text = strings.Join(lines, "\n")
	return t
}
