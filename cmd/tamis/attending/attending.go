// Package attending is tamis eval attention: what policies of attention find, cost and save.
package attending

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/induction"
)

// Console is where figures go.
type Console struct {
	Out      io.Writer
	Progress io.Writer // nil where nobody watches
	JSON     func(v any) error
}

type options struct {
	attend.Options
	model, text, suite, write, plot string
	models                          string
	mask, calibrate                 string
	layer, head                     int
	shares                          []float64
	list, asJSON                    bool
	threads                         int
}

// Command is tamis eval attention.
func (c *Console) Command() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "attention [--model FILE.gguf --text FILE] [--policies P,...] [--shares S,...] [--lengths N,...]",
		Short: "Measure what sparse attention finds, costs and saves, beside dense attention",
		Long: `attention reads long texts with a model under policies that read, or keep, a share of
the tokens, and says for each policy and length:

  needle, many, joint   facts found: one that the prompt ends with; many, asked one by
                        one; keys that mean something else in each context
  perplexity, same      of the text that follows, and how often the most probable token
                        is that of dense attention (with --text)
  divergence            of the next token's probabilities from those of dense
                        attention, in nats
  read, read a step     shares of the tokens so far that prefill and decoding read
  entropy               of attention while decoding, in nats
  prefill, step, cache  time and bytes, and beside dense attention in the same run

Without --model the model is one that is built, not trained: it finds exactly what it can
read, so that what is lost is the policy's doing. --write keeps it as a file. With --model
it is any GGUF file that tamis runs, and --text is a text it has not seen, in which
facts are hidden.

A policy is a name, a colon and a share where it is not a quarter; parts for prefill,
decoding and the cache are joined by +, and q8 or q4 for a cache of as many bits. ` + "`tamis eval attention --list`" + ` says which there are.
--shares asks for each policy at each of them. --suite frontier is the whole grid; with
--state it goes on where it was broken off.

--suite trained is about attention that models are trained with: nsa, hsa, hsa-window,
ssa, dma, memory, and dense beside them. It trains small models, one for each task and
each of them, in minutes, and asks them in texts longer than those they were trained on.
--models keeps them, as folders that --model and tamis ask take; the same seed makes the
same bytes. Tasks are recall (a key has a value), joint (a context and a key have one),
passkey (a key has five in a row), documents (several documents give the same keys
other values, and the context says which is meant; for it there is memory-crossbatch
too, memory that was trained beside other documents) and text: a text is learned byte by
byte, what this program says of its commands or --text, a file or a folder, and of a
tenth that was held out the same bytes are foreseen behind as many bytes as --lengths say.

--suite compressed is about contexts that a model reads as vectors: for a small model of
each of the same tasks it trains compressors, which --policies names, and says what is found where
all tokens are read, where vectors are, where the segments that the model looks at are read
as tokens all the same (--shares of them, beside as many at random), and where the
last tokens are read that take as many positions. Compressors whose names begin with n fold
a text of any length into as many vectors, q at the end with the question known. --models keeps them, and tamis ask
--compress takes them.

--suite all has tables of everything: policies on the built model, and with --model and --text on
that one too, what models are trained with, and contexts read as vectors; how much each
operator reads, and what it finds by task and length. It takes an hour where no models are
kept: with --state and --models it goes on where it was broken off.`,
		Example: `  tamis eval attention
  tamis eval attention --policies stripes+tail,quest:0.1,ada-snapkv --lengths 4096,8192
  tamis eval attention --model SmolLM2-135M-Instruct.Q4_1.gguf --text book.txt --lengths 2048
  tamis eval attention --suite frontier --state frontier.jsonl --plot frontier.svg
  tamis eval attention --suite trained --models trained --tasks recall --lengths 256,4096
  tamis eval attention --suite trained --models trained --tasks text --text docs --lengths 256,4096
  tamis eval attention --suite compressed --models trained --tasks recall --lengths 256,1024
  tamis eval attention --suite all --models trained --lengths 1024,4096 --state all.jsonl
  tamis eval attention --list
  tamis eval attention --mask stripes:0.1+tail`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.model, "model", "", "GGUF file or folder of a model, #f32 behind it for exact products (default: one that is built)")
	f.StringVar(&o.text, "text", "", "file of held-out text, for --model; with --suite trained file or folder of the task text")
	f.StringSliceVar(&o.Tasks, "tasks", attend.Tasks, "what is asked; with --suite trained and compressed: recall, joint, passkey, and with trained documents, text")
	f.StringSliceVar(&o.Policies, "policies", nil, "policies, as --list says them (default: each there is)")
	f.Float64SliceVar(&o.shares, "shares", nil, "shares that policies without one are asked for (default 0.25)")
	f.IntSliceVar(&o.Lengths, "lengths", nil, "tokens of texts (default 2048,4096)")
	f.IntVar(&o.Trials, "trials", 3, "texts of each kind and length")
	f.IntVar(&o.Questions, "questions", 16, "questions about a text with many facts, 20 at most with --model, 64 without")
	f.IntVar(&o.Steps, "steps", 32, "steps of decoding that are timed and compared")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the texts")
	f.IntVar(&o.threads, "threads", 0, "threads of the model (default: all)")
	f.StringVar(&o.suite, "suite", "", "frontier: each policy at shares of 0.05, 0.1, 0.25 and 0.5, at 2048, 8192 and 32768 tokens as far as the model goes, where no others are given; a second table says from which share on each holds. trained: small models that are trained here. compressed: contexts that these read as vectors. all: tables of these and of policies")
	f.StringVar(&o.models, "models", "", "with --suite trained, compressed and all: folder that keeps the models, where those that are there are not trained again")
	f.StringVar(&o.State, "state", "", "file in which results are kept as they are done: what is in it is not measured again")
	f.StringVar(&o.plot, "plot", "", "SVG file for recall, of many facts where these are asked, over shares or lengths")
	f.StringVar(&o.write, "write", "", "write the built model to this GGUF file, and measure nothing")
	f.StringVar(&o.mask, "mask", "", "draw what this policy reads, in --layer and --head, and measure nothing")
	f.StringVar(&o.calibrate, "calibrate", "", "write masks of the model's mean attention over --trials texts, at the first of --shares, to this file for dam:FILE, and measure nothing")
	f.IntVar(&o.layer, "layer", 1, "with --mask: layer, from 0 on")
	f.IntVar(&o.head, "head", 0, "with --mask: head of keys, from 0 on")
	f.BoolVar(&o.list, "list", false, "list the policies, and measure nothing")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

func (c *Console) run(cmd *cobra.Command, o *options) error {
	switch {
	case o.list:
		return c.list(o.asJSON)
	case o.write != "":
		return induction.WriteFile(o.write)
	}
	switch o.suite {
	case "trained", "compressed":
		return c.trained(cmd, o)
	case "all":
		return c.all(cmd, o)
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.text != "" {
		data, err := os.ReadFile(o.text)
		if err != nil {
			return err
		}
		o.Text = strings.ToValidUTF8(string(data), "\uFFFD")
	}
	d, done, err := open(o.model)
	if err != nil {
		return err
	}
	defer done()
	if o.threads > 0 {
		d.Threads = o.threads
	}
	if o.mask != "" {
		return attend.WriteMask(cmd.Context(), c.Out, d, o.Options, o.mask, o.layer, o.head)
	}
	o.fill(d.Positions)
	if o.calibrate != "" {
		m, err := attend.Calibrate(cmd.Context(), d, o.Options, o.shares[0])
		if err != nil {
			return err
		}
		return draw(o.calibrate, func(w io.Writer) error { return json.NewEncoder(w).Encode(m) })
	}
	here := c.watching(&o.Watch)
	r, err := attend.Run(cmd.Context(), d, o.Options)
	here()
	if r == nil || len(r.Rows) == 0 {
		return err
	}
	return errors.Join(c.show(r, o), err) // what was done before it failed, too
}

func (c *Console) show(r *attend.Report, o *options) error {
	r.Model = "the built model"
	if o.model != "" {
		r.Model = screen.Name(filepath.Base(strings.TrimSuffix(o.model, "#f32")))
	}
	if o.plot != "" {
		if err := draw(o.plot, r.WriteSVG); err != nil {
			return err
		}
	}
	if o.asJSON {
		return c.JSON(r)
	}
	if err := r.WriteTable(c.Out); err != nil || o.suite == "" {
		return err
	}
	fmt.Fprintln(c.Out)
	return r.WriteFrontier(c.Out)
}

// check looks at flags before anything is loaded.
func (o *options) check() error {
	most := 64
	if o.model != "" {
		most = 20
	}
	switch {
	case o.model != "" && o.text == "":
		return flags.Usagef("--model needs --text FILE, a text that the model has not seen, in which facts are hidden")
	case o.model == "" && o.text != "":
		return flags.Usagef("--text is for --model FILE.gguf: the built model reads no language")
	case o.suite != "" && o.suite != "frontier":
		return flags.Usagef("--suite is %q: there are frontier, trained, compressed and all", o.suite)
	case o.models != "":
		return flags.Usagef("--models is for --suite trained, compressed and all")
	case o.Trials < 1 || o.Trials > 1000:
		return flags.Usagef("--trials is %d: use 1 to 1000", o.Trials)
	case o.Questions < 1 || o.Questions > most:
		return flags.Usagef("--questions is %d: use 1 to %d", o.Questions, most)
	case o.Steps < 1 || o.Steps > 4096:
		return flags.Usagef("--steps is %d: use 1 to 4096", o.Steps)
	case o.threads < 0:
		return flags.Usagef("--threads is %d: use 1 or more, 0 for all", o.threads)
	}
	for _, t := range o.Tasks {
		if !slices.Contains(attend.Tasks, t) {
			return flags.Usagef("--tasks holds %q: there are %s", t, strings.Join(attend.Tasks, ", "))
		}
	}
	for _, n := range o.Lengths {
		if n < 64+16*o.Questions {
			return flags.Usagef("--lengths holds %d: for %d questions use %d tokens or more, or ask fewer with --questions", n, o.Questions, 64+16*o.Questions)
		}
	}
	for _, s := range o.shares {
		if !(s > 0 && s <= 1) {
			return flags.Usagef("--shares holds %g: use numbers above 0, and 1 at most", s)
		}
	}
	for _, p := range append(o.Policies, o.mask) {
		if _, err := attention.Parse(p); err != nil {
			return flags.UsageError{Err: err}
		}
	}
	return nil
}

// fill puts defaults where nothing was said, and shares behind policies.
func (o *options) fill(positions int) {
	const behind = 256 // a question, an answer, and steps
	if len(o.Policies) == 0 {
		for _, f := range attention.Families() {
			o.Policies = append(o.Policies, f.Name)
			switch f.Name {
			case "snapkv":
				o.Policies = append(o.Policies, "ada-snapkv")
			case "window", "stripes":
				o.Policies = append(o.Policies, f.Name+"+tail")
			}
		}
		for _, f := range attention.Forms() {
			o.Policies = append(o.Policies, f.Name, "snapkv+"+f.Name)
		}
	}
	if o.suite == "frontier" {
		if len(o.shares) == 0 {
			o.shares = []float64{.05, .1, .25, .5}
		}
		if len(o.Lengths) == 0 {
			o.Lengths = []int{2048, min(8192, positions-behind)}
			if positions > 32768+behind {
				o.Lengths = append(o.Lengths, 32768)
			}
		}
	}
	if len(o.Lengths) == 0 {
		o.Lengths = []int{2048, 4096}
	}
	if len(o.shares) == 0 {
		o.shares = []float64{attention.DefaultShare}
	}
	var all []string
	for _, p := range o.Policies {
		first, rest, more := strings.Cut(p, "+")
		if strings.Contains(p, ":") || p == "dense" || slices.ContainsFunc(attention.Forms(), func(f attention.Family) bool { return f.Name == first }) {
			all = append(all, p)
			continue
		}
		if more {
			rest = "+" + rest
		}
		for _, s := range o.shares {
			all = append(all, fmt.Sprintf("%s:%g%s", first, s, rest))
		}
	}
	o.Policies = all
}

// open opens a model, or one that is built in a file of its own.
func open(path string) (d *decoder.Decoder, done func(), err error) {
	if path != "" {
		path, f32 := strings.CutSuffix(path, "#f32")
		if d, err = decoder.Open(path, decoder.Options{F32: f32}); err != nil {
			return nil, nil, err
		}
		return d, func() { d.Close() }, nil
	}
	dir, err := os.MkdirTemp("", "tamis-attention-")
	if err != nil {
		return nil, nil, err
	}
	path = filepath.Join(dir, "induction.gguf")
	if err = induction.WriteFile(path); err == nil {
		d, err = decoder.Open(path, decoder.Options{})
	}
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return d, func() {
		d.Close()
		os.RemoveAll(dir)
	}, nil
}

func draw(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// list says which policies there are.
func (c *Console) list(asJSON bool) error {
	if asJSON {
		return c.JSON(attention.Listed())
	}
	return attend.WriteFamilies(c.Out)
}
