package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/llm"
)

func (a *app) askCommand() *cobra.Command {
	var (
		url, model string
		budget     tamis.Budget
		drafts     int
		asJSON     bool
		scope      scope
	)
	cmd := &cobra.Command{
		Use:   "ask [--index DIR] [--llm URL] [--model NAME] [--filter EXPR] [--as GROUP,...] QUESTION",
		Short: "Answer a question from the index, with checked citations",
		Long: `ask packs the context for a question and streams the answer of any
OpenAI-compatible chat endpoint, which is given that context and nothing else.
Each citation in the reply is checked; one that names no source is marked "?".
Without an endpoint (--llm or $TAMIS_LLM) the packed context is the answer.

The key is taken from $TAMIS_LLM_KEY, else $OPENAI_API_KEY.`,
		Example: `  tamis ask "which tables does the importer lock?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 "which tables does the importer lock?"`,
		Args: exact("QUESTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if url == "" {
				url = os.Getenv("TAMIS_LLM")
			}
			o := ask.Options{Budget: budget, Drafts: drafts}
			if url != "" {
				client, err := llm.New(llm.Config{URL: url, Model: model})
				if err != nil {
					return usageError{err}
				}
				o.Model = client
			}
			if !asJSON {
				o.Stream = func(piece string) { fmt.Fprint(a.out, piece) }
			}
			var seen tamis.Scope
			var err error
			if seen.Filter, seen.Groups, err = scope.resolve(cmd.Flags()); err != nil {
				return err
			}
			o.Context = append(o.Context, seen)
			ix, err := a.openToRead(cmd.Context())
			if err != nil {
				return err
			}
			defer ix.Close()
			answer, err := ask.Answer(cmd.Context(), ix, args[0], o)
			if err != nil {
				return budgetError(budget, err)
			}
			a.hintLanguage(ix, args[0], seen)
			if asJSON {
				return a.printJSON(answer)
			}
			fmt.Fprint(a.out, "\n\n")
			if err := a.printSources(answer.Context); err != nil {
				return err
			}
			for _, n := range answer.Unknown {
				fmt.Fprintf(a.errs, "tamis: the reply cites [%d], which is not among the sources\n", n)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&url, "llm", "", "chat endpoint, such as http://localhost:11434/v1 (default $TAMIS_LLM)")
	f.StringVar(&model, "model", "", "model name")
	addBudget(f, &budget)
	scope.add(f)
	f.IntVar(&drafts, "drafts", 0, "draft answers that the model is asked for first, to find what the question has no words for")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
