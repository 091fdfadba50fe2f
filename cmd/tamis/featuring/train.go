package featuring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/train/features"
)

type learning struct {
	features.Options
	to     string
	asJSON bool
	scope  func() (tamis.Scope, error)
}

// Train is tamis train features.
func (a *App) Train() *cobra.Command {
	var l learning
	cmd := &cobra.Command{
		Use:   "features [--index DIR] [--to FILE] [--count N] [--active N] [--rounds N]",
		Short: "Learn features of the index's vectors, and name them",
		Long: `train features takes the dense vectors of the passages apart into a few of many directions each
(a top-k sparse autoencoder), and names each direction by the terms that mark the passages in which
it fires. No published model, judgments or network are needed, but the vectors: of tamis index
--model, or tamis train vectors.

One document of ten is held out: it says how much of the variance of vectors the features explain,
and how well names tell where features fire, beside the names of other features.

The features are kept in a file (--to, else the index with .features behind its name). tamis
features shows them, tamis search --steer asks along one. The same index and seed give the same
file. A training that is interrupted goes on when it is started again with the same options.
Of what --filter and --as leave out nothing is learned.`,
		Example: `  tamis train features
  tamis train features --count 256 --active 8 --to small.features`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error { return a.train(cmd.Context(), &l) },
	}
	f := cmd.Flags()
	f.StringVar(&l.to, "to", "", "the file of features (default: the index with .features behind its name)")
	f.StringVar(&l.Field, "field", "", "the field of dense vectors, where there are several")
	f.IntVar(&l.Features, "count", 0, "how many features (default: one for four passages, four for each number of a vector at most)")
	f.IntVar(&l.Active, "active", 0, fmt.Sprintf("of which a passage has so many at most (default %d)", autoencoder.DefaultActive))
	f.IntVar(&l.Rounds, "rounds", autoencoder.DefaultRounds, "how often each passage is seen")
	f.IntVar(&l.Most, "passages", features.DefaultMost, "how many are learned from at most")
	f.Float32Var(&l.Rate, "rate", 0, "by how much a step changes the model at first (default 0.002)")
	f.Uint64Var(&l.Seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&l.asJSON, "json", false, "print JSON")
	l.scope = a.Scope(f)
	return cmd
}

// learned is what is printed.
type learned struct {
	File    string           `json:"file"`
	Field   string           `json:"field"`
	Count   int              `json:"features"`
	Learned features.Learned `json:"learned"`
	Seconds float64          `json:"seconds"`
	Bytes   int64            `json:"bytes"`        // of the file
	Memory  uint64           `json:"memory_bytes"` // taken from the system, in all
}

func (a *App) train(ctx context.Context, l *learning) (err error) {
	if l.Features < 0 || l.Active < 0 || l.Rounds < 1 || l.Most < 1 || l.Rate < 0 {
		return flags.Usagef("--count and --active are 0 or more, --rounds and --passages are 1 or more, --rate 0 or more")
	}
	if l.Seen, err = l.scope(); err != nil {
		return err
	}
	if l.to, err = a.file(l.to); err != nil {
		return err
	}
	ix, err := a.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ix.Close()) }()
	l.Checkpoint = l.to + ".partial"
	progress, end := a.Counting(ctx, "steps of learning")
	l.Progress = progress
	began := time.Now()
	s, err := features.Learn(ctx, ix, l.Options)
	if end(err); err != nil {
		if errors.Is(err, context.Canceled) {
			a.Note("the same command goes on from %s", screen.Name(l.Checkpoint))
		}
		return a.Failed(err)
	}
	if err := s.Save(l.to); err != nil {
		return err
	}
	r := learned{File: l.to, Field: s.Field, Count: len(s.Features), Learned: s.Learned, Seconds: time.Since(began).Seconds()}
	if info, err := os.Stat(l.to); err == nil {
		r.Bytes = info.Size()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Memory = m.Sys
	if l.asJSON {
		return a.JSON(r)
	}
	return a.Paged(func(out io.Writer) error {
		x := r.Learned
		_, err := fmt.Fprintf(out, `%d features of %d passages' vectors, %d active at most: %.1f %% of their variance is explained, %.1f %% of that of %d passages held out; %d dead
names tell where features fire in passages held out: AUC %.3f, with names of other features %.3f (%d features that fire in %d or more); %.0f %% of the names begin as no other
kept in %s (%.1f MB), %.0f s, %.0f MB of memory
`, r.Count, x.Passages, x.Active, 100*x.Explained, 100*x.Unseen, x.HeldOut, x.Dead, x.Names.AUC, x.Names.Shuffled, x.Names.Judged, features.LeastJudged, 100*x.Names.Unique, screen.Name(r.File), float64(r.Bytes)/1e6, r.Seconds, float64(r.Memory)/1e6)
		return err
	})
}
