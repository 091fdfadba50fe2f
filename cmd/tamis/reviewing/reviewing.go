// Package reviewing is tamis review: a report of what many documents say of a question.
package reviewing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/local"
	"github.com/tamis-search/tamis/review"
)

// App is what the command needs of the program.
type App struct {
	Out, Errs io.Writer
	Quiet     *bool // set when flags have been read
	Note      func(format string, args ...any)
	Open      func(ctx context.Context) (engine.Index, error)
	Scope     func(f *pflag.FlagSet) (resolve func() (tamis.Scope, error))
	Failed    func(b tamis.Budget, err error) error
}

// asked are the flags.
type asked struct {
	review.Options
	url, model, out     string
	timeout             time.Duration
	anew, steps, asJSON bool
}

// Command is tamis review.
func (a *App) Command() *cobra.Command {
	var (
		o       asked
		resolve func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:   "review [--index DIR] [--check] [--budget N] [--log FILE] [--llm URL] QUESTION",
		Short: "Report what many documents say of a question, claim by claim with the evidence",
		Long: `review searches with keywords that widen (words that many of the best documents have,
headings, acronyms written out), reads whole documents, distils claims, each with the bytes
that bear it, joins those that say the same, sets contradictions side by side, and prints a
report in Markdown with citations and a bibliography. Every quotation is read again from its
source before the report is printed.

Without an endpoint claims stand as their sources have them. With --llm a model phrases those
that are kept; what it writes is checked against the evidence (numbers, denials, directions,
words) and refused where it says more. --money bounds what it may cost, by --price-in and
--price-out for a million tokens.

Every step is a line of the log. A review that was interrupted goes on where it stopped when
it is asked again, and gives the same report; --anew begins anew.

--check takes the question for a claim: what is for it, what is against it, and every step
with what came of it.`,
		Example: `  tamis review "does coffee raise blood pressure?"
  tamis review --check "coffee raises blood pressure" --out check.md
  tamis review --llm http://localhost:11434/v1 --model qwen3 --price-in 0.5 --price-out 1.5 --money 0.10 "does coffee raise blood pressure?"`,
		Args: flags.Exact("QUESTION"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.Question = args[0]
			if o.Scope, err = resolve(); err != nil {
				return err
			}
			return a.run(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Check, "check", false, "the question is a claim: say what is for it and what against, and show every step")
	f.IntVar(&o.Tokens, "budget", 100_000, "most tokens of documents that are read")
	f.IntVar(&o.Report, "report", 2000, "most tokens of claims in the report")
	f.IntVar(&o.Documents, "documents", 60, "most documents that are read")
	f.IntVar(&o.Rounds, "rounds", 3, "rounds of searches, each wider than the one before")
	f.StringVar(&o.Log, "log", "", "file of the steps (default tamis-review-….jsonl here, named by the question; none for no file)")
	f.BoolVar(&o.anew, "anew", false, "begin anew: forget the steps in the log")
	f.BoolVar(&o.steps, "steps", false, "show every step in the report")
	f.StringVar(&o.out, "out", "", "write the report to this file")
	f.StringVar(&o.url, "llm", "", "what phrases claims: a chat endpoint such as http://localhost:11434/v1, or the GGUF file or the folder of a model (default $TAMIS_LLM)")
	f.StringVar(&o.model, "model", "", "model name")
	f.DurationVar(&o.timeout, "timeout", 0, "how long the model may take for a claim (default 5m, of which 2m for the first token)")
	f.Float64Var(&o.Price.In, "price-in", 0, "price of a million tokens that the model reads")
	f.Float64Var(&o.Price.Out, "price-out", 0, "price of a million tokens that it writes")
	f.Float64Var(&o.Money, "money", 0, "what the model may cost in all (0: no bound)")
	resolve = a.Scope(f)
	f.BoolVar(&o.asJSON, "json", false, "print JSON: all that was found, not what is kept alone")
	return cmd
}

// logName is the log of a question where none is named: asked again, it is found.
func (o *asked) logName() string {
	switch o.Log {
	case "none":
		return ""
	case "":
		key, err := json.Marshal([]any{o.Question, o.Check, o.Scope})
		if err != nil {
			panic(err) // strings
		}
		return fmt.Sprintf("tamis-review-%x.jsonl", sha256.Sum256(key))[:len("tamis-review-")+8] + ".jsonl"
	}
	return o.Log
}

func (a *App) run(ctx context.Context, o *asked) error {
	if o.Money < 0 || o.Price.In < 0 || o.Price.Out < 0 {
		return flags.Usagef("--money, --price-in and --price-out are not below 0")
	}
	if o.url == "" {
		o.url = os.Getenv("TAMIS_LLM")
	}
	if o.url != "" {
		m, closeModel, err := local.Named(llm.Config{URL: o.url, Model: o.model, Timeout: o.timeout})
		if err != nil {
			return flags.UsageError{Err: err}
		}
		defer closeModel() // of a file that was only read
		o.Model = m
	}
	if o.Money > 0 && o.Price == (review.Price{}) {
		return flags.Usagef("--money needs --price-in or --price-out: nobody else says what a token costs")
	}
	o.Log = o.logName()
	if o.anew && o.Log != "" {
		if err := os.Remove(o.Log); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	ix, err := a.Open(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	begin := time.Now()
	rep, err := review.Run(ctx, ix, o.Options)
	if err != nil {
		var wrong *tamis.InvalidError
		if o.Log != "" && !errors.As(err, &wrong) && !errors.Is(err, review.ErrOther) {
			err = fmt.Errorf("%w; what was done is in %s: ask again to go on", err, screen.Name(o.Log))
		}
		return a.Failed(tamis.Budget{Tokens: 1}, err)
	}
	var b bytes.Buffer
	if o.asJSON {
		err = rep.JSON(&b)
	} else {
		err = rep.Markdown(&b, o.steps || o.Check)
	}
	switch {
	case err != nil:
	case o.out != "":
		err = replace.File(o.out, b.Bytes())
	default:
		_, err = a.Out.Write(b.Bytes())
	}
	if err == nil {
		log := ""
		if o.Log != "" {
			log = ", steps in " + screen.Name(o.Log)
		}
		a.Note("%d documents read, %d tokens, %d claims, %d kept, %d ranges replayed, %.1f s%s", len(rep.Read), rep.Tokens, len(rep.Claims), len(rep.Kept), rep.Replayed, time.Since(begin).Seconds(), log)
	}
	return err
}
