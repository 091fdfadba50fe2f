// Package training is tamis train: what a corpus itself teaches, kept where it helps.
package training

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/train"
)

// App is what the command needs of the program.
type App struct {
	Out  io.Writer
	Note func(format string, args ...any)
	JSON func(v any) error // a value, indented
	Open func(ctx context.Context) (engine.Index, error)
	// Beside is the folder that a model of the index is kept in, where none is named; "" where
	// the index is in no folder.
	Beside func() string
	// Counting shows how far a work is until end.
	Counting func(ctx context.Context, what string) (progress func(done, all int), end func(error))
}

type options struct {
	train.Options
	to           string
	keep, asJSON bool
}

// Command is tamis train.
func (a *App) Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Learn from the index itself, or from labels, what helps to search it",
		Args:  flags.Subcommand,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.vectors(), a.expansion(), a.pruner(), a.projection())
	return cmd
}

func (a *App) vectors() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "vectors [--index DIR] [--to DIR] [--keep]",
		Short: "Learn vectors of the words of the index, which searches then weigh",
		Long: `train vectors learns which words of the index stand in the same passages, without a
published model, judgments or a network, and gives each passage a vector: searches (contexts do not) then find
what is about the same in other words, and rank passages that are alike together.

Before anything is kept it is examined: a model that saw four documents of five is asked
questions made of the headings and titles of the fifth ones, and the passages under these,
without them, are to be found by words alone and by both. Where the gain is no more than
chance nothing is kept, unless --keep says so.

The model is a folder (--to, else the name of the index with .model behind it), with a card
that says what it was learned from. Later runs of tamis index go on with it; new words are
known when it is trained anew. The same index gives the same model.`,
		Example: `  tamis train vectors
  tamis train vectors --to ~/models/notes && tamis search "backup rotation"`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), &o) },
	}
	o.flags(cmd.Flags())
	return cmd
}

func (a *App) expansion() *cobra.Command {
	o := options{Options: train.Options{Expand: true}}
	cmd := &cobra.Command{
		Use:   "expansion [--index DIR] [--to DIR] [--keep]",
		Short: "Learn vectors, and the terms that passages lack and searches find them by",
		Long: `train expansion learns what train vectors learns, and lends each passage terms that it lacks
and that the passages have which are most like it by these vectors: a sparse field of the
index, by which searches find what does not say the words that are asked for. What a passage
says itself keeps its weight; part numbers and names are found as before.

Searches weigh words, lent terms and vectors together. A plan can name them: sparse is the
list of lent terms, dense that of vectors (see tamis search --help).

It is examined as train vectors does it, by terms that only passages of documents which the
model saw may lend. Where the gain over words is no more than chance, or less than that of
vectors alone, nothing is kept, unless --keep says so.

Later runs of tamis index expand new passages by the ones that were there; what is new lends
nothing until it is trained anew. Of more than 20,000 passages a part lends, evenly taken.`,
		Example: `  tamis train expansion
  tamis train expansion --keep && tamis search --plan 'linear(text, sparse, norm=none)' "backup rotation"`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), &o) },
	}
	o.flags(cmd.Flags())
	return cmd
}

func (o *options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.to, "to", "", "folder of the model (default: the index with .model behind its name)")
	f.StringVar(&o.Analyzer, "analyzer", "", "the analysis of texts (default: that of most of the index)")
	f.IntVar(&o.Width, "width", lsi.DefaultWidth, "numbers of a vector, a multiple of 32")
	f.IntVar(&o.Most, "passages", train.DefaultMost, "how many are learned from at most")
	f.Uint64Var(&o.Seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&o.keep, "keep", false, "keep the model though it is not seen to help")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
}

// result is what is printed.
type result struct {
	Gain    *train.Gain    `json:"gain,omitempty"`
	Kept    bool           `json:"kept"`
	Folder  string         `json:"folder,omitempty"`
	Terms   int            `json:"terms"`
	Width   int            `json:"width"`
	Lending int            `json:"lending,omitempty"` // passages that lend terms
	Seconds float64        `json:"seconds"`
	Encoded *tamis.Encoded `json:"encoded,omitempty"`
}

func (a *App) run(ctx context.Context, o *options) (err error) {
	if o.to == "" {
		if o.to = a.Beside(); o.to == "" {
			return flags.Usagef("the index is in no folder: say with --to where the model is kept")
		}
	}
	if o.Width < 32 || o.Most < 1 {
		return flags.Usagef("--width is 32 or more, --passages 1 or more")
	}
	if err := lsi.Takes(o.to); err != nil { // before the work
		return err
	}
	ix, err := a.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ix.Close()) }()
	if o.Analyzer == "" {
		if o.Analyzer, err = most(ix); err != nil {
			return err
		}
	} else if _, err := text.NewAnalyzer(o.Analyzer); err != nil {
		return flags.Usagef("--analyzer: %w", err)
	}
	began := time.Now()
	m, gain, err := a.learn(ctx, ix, o)
	if err != nil {
		return err
	}
	r := result{Gain: gain, Terms: m.Terms(), Width: m.Width(), Seconds: time.Since(began).Seconds(), Kept: o.keep || gain != nil && gain.Real()}
	if x := m.Expansion(); x != nil {
		r.Lending = x.Passages()
	}
	if r.Kept {
		if err := m.Save(o.to); err != nil {
			return err
		}
		if err := writeCard(o.to, m, gain); err != nil {
			return err
		}
		r.Folder = m.Place()
		progress, end := a.Counting(ctx, "passages encoded")
		encoded, err := ix.Encode(ctx, m, progress)
		if end(err); err != nil {
			return err
		}
		r.Encoded = &encoded
	}
	if o.asJSON {
		return a.JSON(r)
	}
	return a.print(&r)
}

// learn is train.Learn; a corpus that no question can be made of is learned from all the
// same, where the model is to be kept.
func (a *App) learn(ctx context.Context, ix engine.Index, o *options) (*lsi.Model, *train.Gain, error) {
	progress, end := a.Counting(ctx, "rounds of learning")
	o.Progress = progress
	m, gain, err := train.Learn(ctx, documents(ix), o.Options)
	if errors.Is(err, train.ErrUnasked) && o.keep {
		a.Note("%v", err)
		m, err = train.Unexamined(ctx, documents(ix), o.Options)
	}
	end(err)
	return m, gain, err
}

// most is the analysis of an index's prose: the first of its analyses that is no code's.
func most(ix engine.Index) (string, error) {
	names, err := ix.Analyzers()
	if err != nil {
		return "", err
	}
	for _, n := range names {
		if n != "code" {
			return n, nil
		}
	}
	return "code", nil
}

// documents are all of an index, in the order of their ids.
func documents(ix engine.Index) train.Source {
	return func(ctx context.Context) iter.Seq2[*tamis.Document, error] { return system.Documents(ctx, ix) }
}

func (a *App) print(r *result) error {
	what := "vectors"
	if r.Lending > 0 {
		what = "lent terms and vectors"
	}
	if g := r.Gain; g != nil {
		d := g.Difference
		alone := ""
		if r.Lending > 0 {
			alone = fmt.Sprintf("%.4f with lent terms, %.4f with vectors, ", g.Expanded, g.Vectors)
		}
		if _, err := fmt.Fprintf(a.Out, "%d questions made of headings and titles, over %d passages: nDCG@10 %.4f by words, %s%.4f with %s that saw none of these documents (%+.4f, 95%% of %+.4f to %+.4f)\n", g.Questions, g.Passages, g.Words, alone, g.Both, what, d.Mean, d.Low, d.High); err != nil {
			return err
		}
	}
	if !r.Kept {
		why := "the gain is no more than chance"
		if r.Gain.Difference.Low > 0 {
			why = "vectors alone gain more: tamis train vectors"
		}
		_, err := fmt.Fprintf(a.Out, "not kept: %s (%d terms, %.0f s); --keep keeps it all the same\n", why, r.Terms, r.Seconds)
		return err
	}
	_, err := fmt.Fprintf(a.Out, "kept: %d terms, %d numbers a vector, learned in %.0f s, in %s; %d passages have %s, searches weigh them from now on\n", r.Terms, r.Width, r.Seconds, screen.Name(r.Folder), r.Encoded.Passages, what)
	return err
}
