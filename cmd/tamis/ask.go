package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
)

func (a *app) askCommand() *cobra.Command {
	var (
		url, model string
		budget     tamis.Budget
		drafts     int
		timeout    time.Duration
		asJSON     bool
		scope      scope
	)
	cmd := &cobra.Command{
		Use:   "ask [--index DIR] [--llm URL] [--model NAME] [--filter EXPR] [--as GROUP,...] QUESTION",
		Short: "Answer a question from the index, with checked citations",
		Long: `ask packs the context for a question and streams the answer of any
OpenAI-compatible chat endpoint, which is given that context and nothing else.
Each citation in the reply is checked; one that names no source is marked "?".
Without an endpoint (--llm or $TAMIS_LLM) the packed context is the answer. An
empty answer is a failure; one that the model's limit of tokens cut off is said to be.

The key is taken from $TAMIS_LLM_KEY, else $OPENAI_API_KEY.`,
		Example: `  tamis ask "which tables does the importer lock?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 "which tables does the importer lock?"`,
		Args: flags.Exact("QUESTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if url == "" {
				url = os.Getenv("TAMIS_LLM")
			}
			if timeout < 0 {
				return flags.Usagef("--timeout must be more than nothing, such as 90s or 10m")
			}
			o := ask.Options{Budget: budget, Drafts: drafts}
			if url != "" {
				client, err := llm.New(llm.Config{URL: url, Model: model, Timeout: timeout})
				if err != nil {
					return flags.UsageError{Err: err}
				}
				o.Model = client
			}
			seen, err := scope.resolve(cmd.Flags())
			if err != nil {
				return err
			}
			o.Context = append(o.Context, seen)
			ix, err := a.anyIndex(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer ix.Close()
			e, err := (&encoding.Flag{}).Use(cmd.Context(), ix, a.warn) // --model is that of the answer
			if errors.Is(err, encoding.ErrSeveral) {
				a.warn("%v: words alone count here", encoding.ErrSeveral)
			} else if err != nil {
				return err
			} else {
				defer e.Close()
			}
			here := func() {}
			if o.Model != nil && a.progress != nil && !a.quiet {
				ticks := time.NewTicker(time.Second / 4)
				defer ticks.Stop()
				here = screen.Waiting(a.progress, "waiting for the model", ticks.C)
			}
			defer here()
			if !asJSON {
				o.Stream = func(piece string) {
					here()
					fmt.Fprint(a.out, piece)
				}
			}
			answer, err := ask.Answer(cmd.Context(), ix, args[0], o)
			here()
			if err != nil {
				return budgetError(budget, err)
			}
			a.hintLanguage(ix, args[0], seen)
			return a.printAnswer(answer, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&url, "llm", "", "chat endpoint, such as http://localhost:11434/v1 (default $TAMIS_LLM)")
	f.StringVar(&model, "model", "", "model name")
	addBudget(f, &budget)
	scope.add(f)
	f.IntVar(&drafts, "drafts", 0, "draft answers that the model is asked for first, to find what the question has no words for")
	f.DurationVar(&timeout, "timeout", 0, "how long an answer or a draft may take, its first token included (default 5m, of which 2m for the first token)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printAnswer prints what follows a streamed answer, or all of it as JSON.
func (a *app) printAnswer(answer *ask.Reply, asJSON bool) error {
	if asJSON {
		return a.printJSON(struct {
			*ask.Reply
			Context receipt.Printed `json:"context"`
		}{answer, receipt.Of(answer.Context, false)})
	}
	fmt.Fprintln(a.out)
	if !a.quiet {
		fmt.Fprintln(a.errs)
		if err := receipt.Sources(a.errs, answer.Context); err != nil {
			return err
		}
	}
	if why := receipt.Doubt(answer.Context); why != "" {
		a.note("%s", why)
	}
	if why := answer.CutOff(); why != "" {
		a.warn("%s", why)
	}
	for _, n := range answer.Unknown {
		a.warn("the reply cites [%d], which is not among the sources", n)
	}
	return nil
}
