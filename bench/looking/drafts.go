package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/llm/local"
	"github.com/tamis-search/tamis/text/tokens"
)

// drafts has the model write a draft answer from a first context, as tamis ask --drafts 1 does, and packs a second
// one: with the draft as tamis weighs it, and with its words as if they were asked.
func (b *bench) drafts(ctx context.Context, name string, set *eval.EvidenceSet, ix *tamis.Index) error {
	m, err := local.Open(b.path, local.Options{MaxTokens: 48})
	if err != nil {
		return err
	}
	defer m.Close()
	counter, err := tokens.New(tokens.Default)
	if err != nil {
		return err
	}
	const first = 256
	budgets := []int{256, 512}
	names := []string{"without", "draft weighed", "draft asked"}
	kept, answers := make([][3][]float64, len(budgets)), make([][3][]float64, len(budgets))
	var took []float64
	changed := 0 // contexts, by a draft that is weighed
	for q := range b.questions(set) {
		if len(took) == b.most {
			break
		}
		began := time.Now()
		said, err := ask.Drafts(ctx, ix, q.Text, ask.Options{Budget: tamis.Budget{Tokens: first}, Model: m, Context: []tamis.ContextOption{tamis.Lab{KeepDuplicates: true}}}, 1)
		if err != nil {
			return err
		}
		took = append(took, float64(time.Since(began).Milliseconds()))
		asked := q.Text
		for _, s := range said {
			asked += " " + s
		}
		for i, n := range budgets {
			before := ""
			for k, o := range [][]tamis.ContextOption{nil, {tamis.Drafts(said)}, nil} {
				text := q.Text
				if k == 2 {
					text = asked
				}
				c, err := ix.Context(ctx, text, tamis.Budget{Tokens: n}, append(o, tamis.Lab{KeepDuplicates: true})...)
				if err != nil {
					return err
				}
				if k == 0 {
					before = c.Text
				} else if k == 1 && c.Text != before {
					changed++
				}
				found := &eval.Context{Text: c.Text, Tokens: c.Tokens}
				for _, s := range c.Spans {
					found.Spans = append(found.Spans, eval.Span{Doc: s.Doc, Start: s.Start, End: s.End})
				}
				j := set.Judge(q, found, counter)
				kept[i][k] = append(kept[i][k], j.EvidenceRecall)
				if j.HasAnswer {
					answers[i][k] = append(answers[i][k], figure(j.AnswerFound))
				}
			}
		}
	}
	fmt.Printf("%s, %d questions; a draft takes %.0f ms in the median; %d of %d contexts are others for one that is weighed\n", name, len(took), figures.Median(took), changed, len(took)*len(budgets))
	for i, n := range budgets {
		if err := compare(fmt.Sprintf("evidence in %d tokens", n), names, kept[i][:]); err != nil {
			return err
		}
		if len(answers[i][0]) > 0 {
			if err := compare(fmt.Sprintf("answers in %d tokens", n), names, answers[i][:]); err != nil {
				return err
			}
		}
	}
	return nil
}

func figure(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
