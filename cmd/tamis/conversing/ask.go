package conversing

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
	"github.com/tamis-search/tamis/llm/local"
)

// asking is how a question was asked.
type asking struct {
	url, model string
	budget     tamis.Budget
	drafts     int
	timeout    time.Duration
	asJSON     bool
	session    string
	asAsked    bool
	rewrite    bool
	resolve    func() (tamis.Scope, error)
}

// Ask is tamis ask.
func (a *App) Ask() *cobra.Command {
	var how asking
	cmd := &cobra.Command{
		Use:   "ask [--index DIR] [--llm URL|FILE.gguf] [--model NAME] [--filter EXPR] [--as GROUP,...] QUESTION",
		Short: "Answer a question from the index, with checked citations",
		Long: `ask packs the context for a question and streams the answer of any
OpenAI-compatible chat endpoint, or of a model in a GGUF file, which runs in this
process; it is given that context and nothing else.
Each citation in the reply is checked; one that names no source is marked "?".
Without an endpoint (--llm or $TAMIS_LLM) the packed context is the answer. With
--session the question is the next turn of a conversation: see tamis session. An
empty answer is a failure; one that the model's limit of tokens cut off is said to be.

The key is taken from $TAMIS_LLM_KEY, else $OPENAI_API_KEY.`,
		Example: `  tamis ask "which tables does the importer lock?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 "which tables does the importer lock?"`,
		Args: flags.Exact("QUESTION"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ask(cmd, how, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&how.url, "llm", "", "what answers: a chat endpoint such as http://localhost:11434/v1, or the GGUF file of a model (default $TAMIS_LLM)")
	f.StringVar(&how.model, "model", "", "model name")
	addFile(f, &how.session)
	f.BoolVar(&how.asAsked, "as-asked", false, "in a session: take the question by itself, with nothing that earlier ones named")
	f.BoolVar(&how.rewrite, "rewrite", false, "in a session: have the model say what the question means, for the search")
	a.Budget(f, &how.budget)
	how.resolve = a.Scope(f)
	f.IntVar(&how.drafts, "drafts", 0, "draft answers that the model is asked for first, to find what the question has no words for")
	f.DurationVar(&how.timeout, "timeout", 0, "how long an answer or a draft may take, its first token included (default 5m, of which 2m for the first token)")
	f.BoolVar(&how.asJSON, "json", false, "print JSON")
	return cmd
}

// ask answers a question and prints what it needs to be believed.
func (a *App) ask(cmd *cobra.Command, how asking, question string) error {
	if how.url == "" {
		how.url = os.Getenv("TAMIS_LLM")
	}
	if how.timeout < 0 {
		return flags.Usagef("--timeout must be more than nothing, such as 90s or 10m")
	}
	o := ask.Options{Budget: how.budget, Drafts: how.drafts}
	if how.url != "" {
		m, closeModel, err := local.Named(llm.Config{URL: how.url, Model: how.model, Timeout: how.timeout})
		if err != nil {
			return flags.UsageError{Err: err}
		}
		defer closeModel() // of a file that was only read
		o.Model = m
	}
	seen, err := how.resolve()
	if err != nil {
		return err
	}
	o.Context = append(o.Context, seen)
	ix, err := a.Open(cmd.Context())
	if err != nil {
		return err
	}
	defer ix.Close()
	if asked, ok := ix.(encoding.Asked); ok {
		e, err := (&encoding.Flag{}).Use(cmd.Context(), asked, a.Warn) // --model is that of the answer
		if errors.Is(err, encoding.ErrSeveral) {
			a.Warn("%v: words alone count here", encoding.ErrSeveral)
		} else if err != nil {
			return err
		} else {
			defer e.Close()
		}
	}
	var w *window
	if cmd.Flags().Changed("session") {
		if w, err = a.window(cmd.Context(), how.session, ix, seen, true); err != nil {
			return err
		}
		o.Session, o.Rewrite = w.Session, how.rewrite
		if !cmd.Flags().Changed("budget") {
			o.Budget.Tokens = 0 // the session's
		}
		if how.asAsked {
			o.Context = append(o.Context, tamis.Beside{})
		}
	}
	here := func() {}
	if o.Model != nil && a.Progress != nil && !*a.Quiet {
		ticks := time.NewTicker(time.Second / 4)
		defer ticks.Stop()
		here = screen.Waiting(a.Progress, "waiting for the model", ticks.C)
	}
	defer here()
	if !how.asJSON {
		o.Stream = func(piece string) {
			here()
			fmt.Fprint(a.Out, piece)
		}
	}
	answer, err := ask.Answer(cmd.Context(), ix, question, o)
	here()
	if err != nil {
		return a.Failed(how.budget, err)
	}
	if w != nil {
		if err := w.save(); err != nil {
			return err
		}
	}
	a.Hint(ix, question, seen)
	return a.printAnswer(answer, how.asJSON, how.asAsked)
}

// printAnswer prints what follows a streamed answer, or all of it as JSON.
func (a *App) printAnswer(answer *ask.Reply, asJSON, asAsked bool) error {
	if asJSON {
		return a.JSON(struct {
			*ask.Reply
			Context receipt.Printed `json:"context"`
		}{answer, receipt.Of(answer.Context, false)})
	}
	fmt.Fprintln(a.Out)
	if !*a.Quiet {
		fmt.Fprintln(a.Errs)
		if err := receipt.Sources(a.Errs, answer.Context); err != nil {
			return err
		}
	}
	if answer.NoRewrite != "" {
		a.Warn("%s", answer.NoRewrite)
	} else if answer.Rewrite != "" {
		a.Note("searched for: %s", answer.Rewrite)
	}
	if !asAsked {
		a.askedAs(answer.Asked)
	}
	if why := receipt.Doubt(answer.Context); why != "" {
		a.Note("%s", why)
	}
	if why := answer.CutOff(); why != "" {
		a.Warn("%s", why)
	}
	for _, n := range answer.Unknown {
		a.Warn("the reply cites [%d], which is not among the sources", n)
	}
	return nil
}
