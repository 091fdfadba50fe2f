package conversing

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/local"
	"github.com/tamis-search/tamis/pack/render"
)

// question is what tamis ask is asked with.
type question struct {
	url, model       string
	attention        string
	compress         string
	order            string
	schema           string
	budget           tamis.Budget
	drafts           int
	timeout          time.Duration
	asJSON           bool
	session          string
	asAsked, rewrite bool
	resolve          func() (tamis.Scope, error)
}

// Ask is tamis ask.
func (a *App) Ask() *cobra.Command {
	q := &question{}
	cmd := &cobra.Command{
		Use:   "ask [--index DIR] [--llm URL|FILE.gguf|DIR] [--model NAME] [--session FILE] [--filter EXPR] [--as GROUP,...] QUESTION",
		Short: "Answer a question from the index, with checked citations",
		Long: `ask packs the context for a question and streams the answer of any
OpenAI-compatible chat endpoint, or of a model in a GGUF file, which runs in this
process; it is given that context and nothing else. The weights of such a file stay as
they are in it; #f32 after its name unpacks them, which takes more time and memory.
With --attention such a model reads, or keeps, a part of what it is told: less time, and
answers that may differ (tamis eval attention measures what is lost). With --compress it
reads vectors in the place of the sources' tokens, where its folder has weights that make them.
Each citation in the reply is checked; one that names no source is marked "?".
With --schema the answer is JSON of the JSON Schema in that file. A model in a file can
say nothing else: each next word is chosen among those that the schema allows. An
endpoint is asked for it, and its answer looked at.

Without an endpoint (--llm or $TAMIS_LLM) the packed context is the answer. An
empty answer is a failure; one that the model's limit of tokens cut off is said to be.

With --session the question is the next turn of a conversation, which is kept in that
file (see tamis session): it is asked with what earlier turns named, and the model sees the
whole window and the last questions. With --rewrite the model says first what the question
means, for the search; what the window shows is verbatim all the same.

The key is taken from $TAMIS_LLM_KEY, else $OPENAI_API_KEY.`,
		Example: `  tamis ask "which tables does the importer lock?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 "which tables does the importer lock?"
  tamis ask --llm SmolLM2-135M-Instruct.Q4_1.gguf "which tables does the importer lock?"
  tamis ask --llm SmolLM2-135M-Instruct.Q4_1.gguf --attention stripes+tail "which tables does the importer lock?"
  tamis ask --llm trained/recall-reader --compress r4s16 "which tables does the importer lock?"
  tamis ask --llm SmolLM2-135M-Instruct.Q4_1.gguf --schema tables.schema.json --json "which tables does the importer lock?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 --session importer.json "for how long?"`,
		Args: flags.Exact("QUESTION"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.answer(cmd, q, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&q.url, "llm", "", "what answers: a chat endpoint such as http://localhost:11434/v1, or the GGUF file or the folder of a model (default $TAMIS_LLM)")
	f.StringVar(&q.model, "model", "", "model name")
	f.StringVar(&q.attention, "attention", "", "what a model in a file reads and keeps, such as stripes+tail or snapkv:0.25; tamis eval attention --list says what there is (default dense: everything)")
	f.StringVar(&q.compress, "compress", "", "the sources are read as vectors: NAME of a compressor, which is the folder compress/NAME beside the model's files, or NAME:SHARE for the share of them that is read as tokens all the same")
	f.StringVar(&q.order, "order", "", "order of the documents: "+strings.Join(render.Orders(), ", ")+"; small models use what stands last most")
	f.StringVar(&q.schema, "schema", "", "the answer is JSON of the JSON Schema in this file")
	f.StringVar(&q.session, "session", "", "the question is the next turn of the session in this file, which is made where there is none")
	f.BoolVar(&q.asAsked, "as-asked", false, "in a session: take the question by itself, with nothing that earlier ones named")
	f.BoolVar(&q.rewrite, "rewrite", false, "in a session: have the model say what the question means, for the search")
	a.Budget(f, &q.budget)
	q.resolve = a.Scope(f)
	f.IntVar(&q.drafts, "drafts", 0, "draft answers that the model is asked for first, to find what the question has no words for")
	f.DurationVar(&q.timeout, "timeout", 0, "how long an answer or a draft may take, its first token included (default 5m, of which 2m for the first token)")
	f.BoolVar(&q.asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) answer(cmd *cobra.Command, q *question, text string) error {
	o, seen, err := q.options()
	if err != nil {
		return err
	}
	ix, err := a.Open(cmd.Context())
	if err != nil {
		return err
	}
	defer ix.Close()
	done, err := a.use(cmd, ix)
	if err != nil {
		return err
	}
	defer done()
	var w *window
	if q.session != "" {
		if w, err = a.window(cmd.Context(), q.session, ix, seen, true); err != nil {
			return err
		}
		if o.Session = w.Session; !cmd.Flags().Changed("budget") {
			o.Budget.Tokens = 0 // the session's
		}
	}
	here := func() {}
	if o.Model != nil && a.Progress != nil && !*a.Quiet {
		ticks := time.NewTicker(time.Second / 4)
		defer ticks.Stop()
		here = screen.Waiting(a.Progress, "waiting for the model", ticks.C)
	}
	defer here()
	if !q.asJSON {
		o.Stream = func(piece string) {
			here()
			fmt.Fprint(a.Out, piece)
		}
	}
	answer, err := ask.Answer(cmd.Context(), ix, text, o)
	here()
	if err == nil && w != nil {
		err = w.save()
	}
	if err != nil {
		return a.Failed(q.budget, err)
	}
	a.Hint(ix, text, seen)
	return a.printAnswer(answer, q.asJSON)
}

// options are what the flags say.
func (q *question) options() (o ask.Options, seen tamis.Scope, err error) {
	if q.timeout < 0 {
		return o, seen, flags.Usagef("--timeout must be more than nothing, such as 90s or 10m")
	}
	if q.session == "" && (q.asAsked || q.rewrite) {
		return o, seen, flags.Usagef("--as-asked and --rewrite are for a conversation: name its file with --session")
	}
	if q.session != "" && q.order != "" {
		return o, seen, flags.Usagef("--order is for one question: a session's window only grows at its end")
	}
	o = ask.Options{Budget: q.budget, Drafts: q.drafts, Rewrite: q.rewrite}
	url := cmp.Or(q.url, os.Getenv("TAMIS_LLM"))
	if url == "" && q.attention != "" {
		return o, seen, flags.Usagef("--attention is for a model that reads: name its file with --llm")
	}
	if url == "" && q.compress != "" {
		return o, seen, flags.Usagef("--compress is for a model that reads: name its folder with --llm")
	}
	if url != "" {
		// A file of a model stays open until the process ends.
		if o.Model, _, err = local.Named(llm.Config{URL: url, Model: q.model, Timeout: q.timeout, Attention: q.attention, Compress: q.compress}); err != nil {
			return o, seen, flags.UsageError{Err: err}
		}
	}
	if q.schema != "" {
		if o.Model == nil {
			return o, seen, flags.Usagef("--schema is for a model's answer: name the model with --llm")
		}
		if o.Schema, err = os.ReadFile(q.schema); err == nil && !json.Valid(o.Schema) {
			err = fmt.Errorf("%s is no JSON", q.schema)
		}
		if err != nil {
			return o, seen, flags.UsageError{Err: fmt.Errorf("--schema: %w", err)}
		}
	}
	if seen, err = q.resolve(); err != nil {
		return o, seen, err
	}
	o.Context = append(o.Context, seen)
	if q.order != "" {
		o.Context = append(o.Context, tamis.Layout{Order: q.order})
	}
	if q.asAsked {
		o.Context = append(o.Context, tamis.Beside{})
	}
	return o, seen, nil
}

// use has the vectors of an index weigh, where it has those of one model.
func (a *App) use(cmd *cobra.Command, ix engine.Index) (done func(), err error) {
	done = func() {}
	e, err := (&encoding.Flag{}).Use(cmd.Context(), ix, a.Warn) // --model is that of the answer
	if errors.Is(err, encoding.ErrSeveral) {
		a.Warn("%v: words alone count here", encoding.ErrSeveral)
		return done, nil
	}
	if err != nil {
		return done, err
	}
	return func() { e.Close() }, nil
}

// printAnswer prints what follows a streamed answer, or all of it as JSON.
func (a *App) printAnswer(answer *ask.Reply, asJSON bool) error {
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
	a.askedAs(answer.Asked)
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
