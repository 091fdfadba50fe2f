package main

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/arms"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
)

const (
	left    = .3  // share of the words that shrinking leaves out
	longest = 450 // tokens of a document that the model reads
)

// word is one of a sentence.
type word struct {
	start, end int  // bytes of the document
	gone       bool // by counts
	stays      bool
	tokens     []float64 // nats, after all of the document before
	alone      []float64 // after the sentence before
}

// words leaves as many words out of the sentences that hold an answer as shrinking by counts does, and the same
// kinds never: by what a model makes of each beside the text before (Li et al. 2023), a word being worth the sum, the mean or the
// most of its tokens, and by lot.
func (b *bench) words(ctx context.Context, name string, set *eval.EvidenceSet, ix *tamis.Index) error {
	names := []string{"counts", "model, sum", "model, mean", "model, most", "sentence alone, mean", "by lot"}
	var kept [6][]float64
	var took, tokens []float64
	words, gone := 0, 0
	for q := range b.questions(set) {
		if len(kept[0]) >= b.most {
			break
		}
		if len(q.Answers) == 0 || len(q.Evidence) == 0 {
			continue
		}
		doc, _ := set.Document(q.Evidence[0].Doc)
		sentence, err := shrunk(ctx, ix, q, doc)
		if err != nil {
			return err
		}
		if sentence == nil {
			continue
		}
		began := time.Now()
		end := sentence[len(sentence)-1].end
		n, err := b.weigh(ctx, doc.Text[:end], 0, func(at int) *[]float64 { return &sentence[at].tokens }, sentence)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		span := time.Since(began)
		if _, err := b.weigh(ctx, doc.Text[sentence[0].start:end], sentence[0].start, func(at int) *[]float64 { return &sentence[at].alone }, sentence); err != nil {
			return err
		}
		took, tokens = append(took, float64(span.Milliseconds())), append(tokens, float64(n))
		for _, w := range sentence {
			words++
			gone += int(figure(w.gone))
		}
		for k, worth := range []func(w *word) float64{
			nil,
			func(w *word) float64 { return total(w.tokens) },
			func(w *word) float64 { return total(w.tokens) / float64(max(1, len(w.tokens))) },
			func(w *word) float64 { return slices.Max(append(w.tokens, 0)) },
			func(w *word) float64 { return total(w.alone) / float64(max(1, len(w.alone))) },
			func(w *word) float64 { return lot(q.ID, w.start) },
		} {
			kept[k] = append(kept[k], arms.Score(without(doc.Text, sentence, worth), q.Answers, true))
		}
	}
	fmt.Printf("%s, %d sentences with an answer, %.1f %% of their words left out; the model takes %.0f ms for %.0f tokens in the median\n",
		name, len(kept[0]), 100*float64(gone)/float64(max(words, 1)), figures.Median(took), figures.Median(tokens))
	return compare("answers that are still there", names, kept[:])
}

func total(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

func lot(id string, at int) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, id, at)
	return float64(h.Sum64()*0x9e3779b97f4a7c15>>11) / (1 << 53)
}

// shrunk are the words of the sentence with an answer in a question's document, as contexts shrink it; nil
// where the context has none, or all of it.
func shrunk(ctx context.Context, ix *tamis.Index, q *eval.Question, doc *eval.Document) ([]word, error) {
	var all []score.Unit
	lab := tamis.Lab{KeepDuplicates: true, Trace: func(u []score.Unit) { all = slices.Clone(u) }}
	c, err := ix.Context(ctx, q.Text, tamis.Budget{Tokens: 1000}, tamis.Layout{Shrink: left, Unit: unit.Sentence}, lab)
	if err != nil {
		return nil, err
	}
	for _, u := range all {
		if u.Doc != doc.ID || arms.Score(doc.Text[u.Start:u.End], q.Answers, true) == 0 {
			continue
		}
		var words []word
		some, most := false, true
		for at := u.Start; at < u.End; {
			rest := doc.Text[at:u.End]
			skip := len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
			n := strings.IndexFunc(rest[skip:], unicode.IsSpace)
			if n < 0 {
				n = len(rest) - skip
			}
			if n == 0 {
				break
			}
			w := word{start: at + skip, end: at + skip + n, gone: true}
			for _, s := range c.Spans {
				if s.Doc == doc.ID && s.Start <= w.start && w.end <= s.End {
					w.gone = false
				}
			}
			w.stays = stays(doc.Text[w.start:w.end], len(words) == 0)
			some, most = some || w.gone, most && w.gone
			words, at = append(words, w), w.end
		}
		if some && !most {
			return words, nil
		}
	}
	return nil, nil
}

// stays is what pack/shrink.go never leaves out.
func stays(w string, first bool) bool {
	bare := strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if strings.ContainsFunc(bare, unicode.IsDigit) || strings.HasSuffix(bare, "n't") || strings.HasSuffix(bare, "n’t") || !first && bare != "" && unit.NameRune(bare) {
		return true
	}
	return slices.Contains([]string{"not", "no", "never", "none", "nor", "neither", "without", "cannot", "except", "unless", "only"}, strings.ToLower(bare))
}

// weigh has the model read a text that begins at a byte of the document, up to the end of some words, which get
// the nats of their tokens. It returns how many tokens there are, 0 where they are too many.
func (b *bench) weigh(ctx context.Context, text string, first int, of func(at int) *[]float64, words []word) (int, error) {
	tokens := b.d.Tokenizer.Encode(text, -1)
	if len(tokens) > longest {
		return 0, nil
	}
	c := b.d.NewCache()
	var before []float32
	for from := 0; from < len(tokens); from += decoder.MostEach {
		some := tokens[from:min(from+decoder.MostEach, len(tokens))]
		ids := make([]int32, len(some))
		for i, t := range some {
			ids[i] = t.ID
		}
		all, err := b.d.ReadEach(ctx, c, ids)
		if err != nil {
			return 0, err
		}
		for i, t := range some {
			if before != nil {
				for k := range words {
					if first+t.Start < words[k].end && words[k].start < first+t.End {
						*of(k) = append(*of(k), surprise(before, t.ID))
					}
				}
			}
			before = all[i]
		}
	}
	return len(tokens), nil
}

// without is a sentence without as many words as counts leave out, those of least worth; nil: those.
func without(text string, words []word, worth func(w *word) float64) string {
	gone := make([]bool, len(words))
	n := 0
	var order []int
	for i, w := range words {
		if w.gone {
			n++
		}
		if gone[i] = w.gone && worth == nil; !w.stays {
			order = append(order, i)
		}
	}
	if worth != nil {
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(worth(&words[i]), worth(&words[j])) })
		for _, i := range order[:min(n, len(order))] {
			gone[i] = true
		}
	}
	var out []string
	for i, w := range words {
		if !gone[i] {
			out = append(out, text[w.start:w.end])
		}
	}
	return strings.Join(out, " ")
}
