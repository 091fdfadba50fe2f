package measure

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/conversation"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/session/turn"
)

func (c *Console) conversationCommand() *cobra.Command {
	var (
		turns, corpus string
		fit, asJSON   bool
		show          bool
	)
	cmd := &cobra.Command{
		Use:   "conversation --turns F [--corpus F] [--show]",
		Short: "Measure what the turns of conversations are taken to ask, beside rewrites by people",
		Long: `conversation reads turns with their rewrites, JSON Lines of topic, turn, raw, rewrite and
perhaps answer, and says which words that a rewrite adds are carried over from earlier
turns, and which others are. With a corpus it also says how many of the 10 best documents
of the rewrite a turn has: alone, with the first turn, with the last one, and with what is
carried over. --show prints what each turn is taken to ask. --fit finds the weights of the
features on the turns, and what they are worth on tenths that they were not fitted on.`,
		Example: "  tamis eval conversation --turns cast2020.jsonl --corpus corpus.jsonl.gz\n" +
			"  tamis eval conversation --turns cast2019.jsonl --fit",
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "turns"); err != nil {
				return err
			}
			list, err := files.Read(turns, conversation.Read)
			if err != nil {
				return err
			}
			switch {
			case fit:
				return c.fitTurns(list, asJSON)
			case show:
				return c.showTurns(list)
			}
			rank, done, err := c.ranksOf(cmd.Context(), corpus)
			if err != nil {
				return err
			}
			report, err := conversation.Measure(cmd.Context(), list, &turn.Fitted, rank)
			if err = errors.Join(err, done()); err != nil {
				return err
			}
			if asJSON {
				return c.JSON(report)
			}
			return report.Write(c.Out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&turns, "turns", "", "turns of conversations, JSON Lines of topic, turn, raw, rewrite")
	f.StringVar(&corpus, "corpus", "", "documents that are ranked, JSON Lines of _id, title, text")
	f.BoolVar(&fit, "fit", false, "fit the weights on the turns, and print them")
	f.BoolVar(&show, "show", false, "print what each turn is taken to ask, and its rewrite")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// ranksOf indexes a corpus in memory; nil where none is named.
func (c *Console) ranksOf(ctx context.Context, corpus string) (rank conversation.Rank, done func() error, err error) {
	if corpus == "" {
		return nil, func() error { return nil }, nil
	}
	var ix engine.Index
	if ix, err = tamis.Open("", tamis.Options{}); err != nil {
		return nil, nil, err
	}
	if _, err := c.Index(ctx, ix, []string{corpus}, tamis.FileOptions{Stdin: c.In}); err != nil {
		return nil, nil, errors.Join(err, ix.Close())
	}
	return func(ctx context.Context, question string, carried []turn.Carried) ([]string, error) {
		found, err := ix.Search(ctx, tamis.Query{Text: question, Beside: session.Beside(carried), K: conversation.Top, Unit: tamis.Documents, IDsOnly: true})
		if errors.Is(err, tamis.ErrNoTerms) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		ids := make([]string, len(found.Hits))
		for i, h := range found.Hits {
			ids[i] = h.Doc
		}
		return ids, nil
	}, ix.Close, nil
}

func (c *Console) showTurns(list []conversation.Turn) error {
	for _, of := range conversation.Conversations(list) {
		for i, a := range conversation.Meant(of, &turn.Fitted) {
			if _, err := fmt.Fprintf(c.Out, "%s.%d  %s\n      %s\n", of[i].Topic, of[i].Number, a.Text(), of[i].Rewrite); err != nil {
				return err
			}
		}
	}
	return nil
}

// fitTurns prints weights, and what they are worth on turns that they were not fitted on.
func (c *Console) fitTurns(list []conversation.Turn, asJSON bool) error {
	all := conversation.Conversations(list)
	w, err := conversation.Fit(all)
	if err != nil {
		return err
	}
	folds, err := conversation.Folds(all, 10)
	if err != nil {
		return err
	}
	if asJSON {
		weights := map[string]float64{}
		for i, name := range turn.FeatureNames {
			weights[name] = w[i]
		}
		return c.JSON(map[string]any{"weights": weights, "folds": folds})
	}
	for i, name := range turn.FeatureNames {
		fmt.Fprintf(c.Out, "%-28s %6.2f\n", name, w[i])
	}
	_, err = fmt.Fprintf(c.Out, "\non tenths that were left out: precision %.3f, recall %.3f, F1 %.3f [%.3f, %.3f]\n", folds.Precision, folds.Recall, folds.F1, folds.Low, folds.High)
	return err
}
