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
		Short: "Learn from the index itself what helps to search it",
		Args:  flags.Subcommand,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.vectors())
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
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "folder of the model (default: the index with .model behind its name)")
	f.StringVar(&o.Analyzer, "analyzer", "", "the analysis of texts (default: that of most of the index)")
	f.IntVar(&o.Width, "width", lsi.DefaultWidth, "numbers of a vector, a multiple of 32")
	f.IntVar(&o.Most, "passages", train.DefaultMost, "how many are learned from at most")
	f.Uint64Var(&o.Seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&o.keep, "keep", false, "keep the model though it is not seen to help")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

// result is what is printed.
type result struct {
	Gain    *train.Gain    `json:"gain,omitempty"`
	Kept    bool           `json:"kept"`
	Folder  string         `json:"folder,omitempty"`
	Terms   int            `json:"terms"`
	Width   int            `json:"width"`
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

// learn is train.Vectors; a corpus that no question can be made of is learned from all the
// same, where the model is to be kept.
func (a *App) learn(ctx context.Context, ix engine.Index, o *options) (*lsi.Model, *train.Gain, error) {
	progress, end := a.Counting(ctx, "rounds of learning")
	o.Progress = progress
	m, gain, err := train.Vectors(ctx, documents(ix), o.Options)
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
	if g := r.Gain; g != nil {
		d := g.Difference
		if _, err := fmt.Fprintf(a.Out, "%d questions made of headings and titles, over %d passages: nDCG@10 %.4f by words, %.4f with vectors that saw none of these documents (%+.4f, 95%% of %+.4f to %+.4f)\n", g.Questions, g.Passages, g.Words, g.Both, d.Mean, d.Low, d.High); err != nil {
			return err
		}
	}
	if !r.Kept {
		_, err := fmt.Fprintf(a.Out, "not kept: the gain is no more than chance (%d terms, %.0f s); --keep keeps it all the same\n", r.Terms, r.Seconds)
		return err
	}
	_, err := fmt.Fprintf(a.Out, "kept: %d terms, %d numbers a vector, learned in %.0f s, in %s; %d passages have vectors, searches weigh them from now on\n", r.Terms, r.Width, r.Seconds, screen.Name(r.Folder), r.Encoded.Passages)
	return err
}
