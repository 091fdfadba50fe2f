// Package classifying is tamis classify: labels by examples, of an index or of a file, with
// the examples that speak for them.
package classifying

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/classify/learned"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/local"
)

// App is what the command needs of the program.
type App struct {
	Out  io.Writer
	Warn func(format string, args ...any)
	JSON func(v any) error // a value, indented
	Open func(ctx context.Context) (engine.Index, error)
	// Scope adds the flags that say whose examples count; what it returns reads them.
	Scope func(f *pflag.FlagSet) func() (tamis.Scope, error)
}

type options struct {
	examples, label, none, file string
	keep                        string
	declared                    []string
	url, chat                   string
	evidence                    int
	asJSON                      bool
	model                       encoding.Flag
	scope                       func() (tamis.Scope, error)
}

// nothing is what --keep says to keep nothing.
const nothing = "none"

const help = `classify gives a text the labels that documents like it have: those of the index
with a label in their metadata (--label says which field; a string or a list), or the
records of a file (--examples, JSON Lines of text and label). Words count, and the
vectors of the model that the index was made with, or of --model. No model is needed.

A confidence is the probability that the label is right if any is, as it was on
examples that were left out in turn. "None of these" is said where a text looks less
like the examples than others whose labels were left out; examples that have no label
(--none names the label that says so) make that better. Each answer shows the nearest
examples as its evidence: tamis show DOC:START-END prints one in its place.

What takes a while to learn is kept for the next run, which answers at once: as long as
the examples, the model and the method are the same. --keep names the file for it.

With --llm a chat model chooses among the likeliest labels, shown the nearest examples.
It is sent these examples and the text, nothing else; key in $TAMIS_LLM_KEY.`

// Command is tamis classify.
func (a *App) Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "classify [--index DIR | --examples FILE] [--label FIELD] [--none LABEL] [--model DIR] [--json] TEXT | --file FILE",
		Short: "Give a text labels by examples that have some",
		Long:  help,
		Example: `  tamis classify "my card was declined abroad"
  tamis classify --label team --filter 'type = "mail"' "the printer on floor two is jammed"
  tamis classify --examples tickets.jsonl --none other --json "where is my parcel?"
  tamis classify --examples tickets.jsonl --file incoming.txt
  tamis classify --llm http://localhost:11434/v1 --llm-model qwen3 "where is my parcel?"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.file != "" {
				return flags.Exact()(cmd, args)
			}
			return flags.Exact("TEXT")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.examples, "examples", "", "take the examples from this file instead of the index: JSON Lines of text and label")
	f.StringVar(&o.label, "label", "label", "metadata field that holds the labels of an example")
	f.StringVar(&o.none, "none", "", "label of examples that have none of the others")
	f.StringSliceVar(&o.declared, "labels", nil, "the labels that there are: those without an example are named, others do not count")
	f.StringVar(&o.file, "file", "", "give each line of this file labels: plain text, or JSON with text; - is standard input")
	f.StringVar(&o.keep, "keep", "", "keep what is learned in this file, or none to keep nothing (default: a file in your cache folder, by what it is learned of)")
	f.IntVarP(&o.evidence, "evidence", "n", 3, "examples that are shown")
	f.StringVar(&o.url, "llm", "", "what chooses: a chat endpoint such as http://localhost:11434/v1, or the GGUF file or the folder of a model")
	f.StringVar(&o.chat, "llm-model", "", "name of its model")
	f.BoolVar(&o.asJSON, "json", false, "print JSON, with --file an object a line")
	o.model.AddAsking(f)
	o.scope = a.Scope(f)
	return cmd
}

func (a *App) run(cmd *cobra.Command, o options, args []string) error {
	if o.evidence < 0 {
		return flags.Usagef("--evidence is %d: it must be at least 0", o.evidence)
	}
	if o.examples == "-" && o.file == "-" {
		return flags.Usagef("--examples and --file cannot both be standard input")
	}
	ctx := cmd.Context()
	var chat llm.Model
	if o.url != "" {
		m, closeModel, err := local.Named(llm.Config{URL: o.url, Model: o.chat})
		if err != nil {
			return flags.UsageError{Err: err}
		}
		defer closeModel() // of a file that was only read
		chat = m
	}
	texts := []classify.Example{{Text: strings.Join(args, "")}}
	if o.file != "" {
		var err error
		texts, err = files.Read(o.file, func(name string, r io.Reader) ([]classify.Example, error) {
			return classify.Read(name, r, o.label, o.none, true)
		})
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			return fmt.Errorf("%s holds no text", screen.Name(o.file))
		}
	} else if strings.TrimSpace(texts[0].Text) == "" {
		return flags.Usagef("the text is empty: there is nothing to give a label")
	}
	from, err := a.source(ctx, o)
	if err != nil {
		return err
	}
	defer from.close()
	c, err := a.learn(ctx, o, from)
	if err != nil {
		return err
	}
	if err := learned.Encode(ctx, from.encoder, texts); err != nil {
		return err
	}
	for _, t := range texts {
		r, err := c.Classify(t.Text, t.Vectors, o.evidence)
		if err != nil {
			return err
		}
		if chat != nil {
			err := c.Ask(ctx, chat, t.Text, t.Vectors, r)
			if errors.Is(err, classify.ErrReply) {
				a.Warn("%v: the examples alone count", err)
			} else if err != nil {
				return err
			}
		}
		if err := a.show(o, t, r); err != nil {
			return err
		}
	}
	return nil
}

// learn makes a classifier of examples, and warns of what is odd about them.
func (a *App) learn(ctx context.Context, o options, from *source) (*classify.Classifier, error) {
	examples := from.examples
	if len(o.declared) > 0 {
		examples = a.declared(o, examples)
	}
	keep := learned.Keep{File: o.keep, Folder: learned.Folder(), Warn: a.Warn}
	if o.keep == nothing {
		keep = learned.Keep{}
	}
	c, err := learned.Learn(ctx, keep, from.encoder, examples)
	if errors.Is(err, classify.ErrNoExamples) {
		return nil, fmt.Errorf("%w with a label in %q in %s: name the field with --label, or examples with --examples FILE", err, o.label, from.name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, from.name)
	}
	w := c.Warnings()
	a.warnOf("the same text has different labels: %s", "; ", w.Contradictions)
	a.warnOf("labels with one example, of which nothing could be measured: %s", ", ", w.Single)
	return c, nil
}

// declared keeps the examples of the labels that there are.
func (a *App) declared(o options, examples []classify.Example) (kept []classify.Example) {
	has := map[string]bool{}
	for _, l := range o.declared {
		has[l] = false
	}
	dropped := 0
	for _, e := range examples {
		var labels []string
		for _, l := range e.Labels {
			if _, ok := has[l]; ok {
				has[l] = true
				labels = append(labels, l)
			}
		}
		if len(labels) == 0 && len(e.Labels) > 0 {
			dropped++
			continue
		}
		e.Labels = labels
		kept = append(kept, e)
	}
	var without []string
	for _, l := range o.declared {
		if !has[l] {
			without = append(without, l)
		}
	}
	a.warnOf("labels without an example, which no text can be given: %s", ", ", without)
	if dropped > 0 {
		a.Warn("%d examples have labels that --labels does not name, and do not count", dropped)
	}
	return kept
}

// mostNamed is how many of a kind a warning names.
const mostNamed = 3

func (a *App) warnOf(format, by string, list []string) {
	if len(list) == 0 {
		return
	}
	named := strings.Join(list[:min(len(list), mostNamed)], by)
	if n := len(list) - mostNamed; n > 0 {
		named += fmt.Sprintf(" and %d more", n)
	}
	a.Warn(format, named)
}

// shown is a result as JSON.
type shown struct {
	ID   string `json:"id,omitempty"`
	Text string `json:"text"`
	*classify.Result
}

func (a *App) show(o options, t classify.Example, r *classify.Result) error {
	switch {
	case o.asJSON && o.file != "":
		return line(a.Out, shown{t.ID, t.Text, r})
	case o.asJSON:
		return a.JSON(shown{"", t.Text, r})
	case o.file != "":
		labels, confidence := "-", r.NoneIs
		if len(r.Labels) > 0 {
			var all []string
			for _, l := range r.Labels {
				all = append(all, l.Label)
			}
			labels, confidence = strings.Join(all, ","), r.Labels[0].Confidence
		}
		_, err := fmt.Fprintf(a.Out, "%s\t%.2f\t%s\n", screen.Line(labels), confidence, screen.Line(strings.Join(strings.Fields(t.Text), " ")))
		return err
	}
	if r.None {
		fmt.Fprintf(a.Out, "%s  %.2f\n", screen.Style(a.Out, screen.Bold, "none of these"), r.NoneIs)
	}
	for _, l := range r.Labels {
		fmt.Fprintf(a.Out, "%s  %.2f\n", screen.Style(a.Out, screen.Bold, screen.Line(l.Label)), l.Confidence)
	}
	var others []string
	for _, l := range r.Others {
		if l.Confidence >= .01 || r.None {
			others = append(others, fmt.Sprintf("%s %.2f", screen.Line(l.Label), l.Confidence))
		}
	}
	if len(others) > 0 {
		fmt.Fprintln(a.Out, screen.Style(a.Out, screen.Dim, "else "+strings.Join(others, ", ")))
	}
	for _, e := range r.Evidence {
		labels := "none"
		if len(e.Labels) > 0 {
			labels = strings.Join(e.Labels, ", ")
		}
		if _, err := fmt.Fprintf(a.Out, "  %.2f  %s  %s\n        %s\n", e.Similarity, screen.Line(labels),
			screen.Style(a.Out, screen.Dim, fmt.Sprintf("%s:%d-%d", screen.Name(receipt.ShortPath(e.ID)), e.Start, e.End)), screen.Line(excerptOf(e.Text))); err != nil {
			return err
		}
	}
	return nil
}

const excerptRunes = 160

func excerptOf(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > excerptRunes {
		return string(r[:excerptRunes-1]) + "…"
	}
	return s
}
