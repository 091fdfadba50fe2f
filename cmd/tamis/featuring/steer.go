package featuring

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/train/features"
	"github.com/tamis-search/tamis/vector"
)

// Steering is how tamis search is steered along features.
type Steering struct {
	App  *App `json:"-"`
	said []string
	file string

	Steps []features.Step `json:"steps"`
	// Cosine is that of the question's vector as it was asked and as it was made.
	Cosine float32 `json:"cosine"`
}

// Add makes the flags.
func (s *Steering) Add(f *pflag.FlagSet) {
	f.StringArrayVar(&s.said, "steer", nil, "move the question's vector along a feature: FEATURE=NUMBER, as in 'boundary layer=+2' or 17=-1 (repeatable)")
	f.StringVar(&s.file, "features", "", "the file of features for --steer (default: the index with .features behind its name)")
}

// Move is what has a query ask along the features; nil where none was named.
func (s *Steering) Move() func(ctx context.Context, e tamis.Encoder, q *tamis.Query) error {
	if len(s.said) == 0 {
		return nil
	}
	return s.move
}

func (s *Steering) move(ctx context.Context, e tamis.Encoder, q *tamis.Query) error {
	if q.Vector != nil {
		return flags.Usagef("--steer moves the vector of the query's words: leave out --vector")
	}
	at, err := s.App.file(s.file)
	if err != nil {
		return err
	}
	set, err := features.Open(at)
	if err != nil {
		return err
	}
	if e == nil || set.Field != e.Name() {
		return fmt.Errorf("--steer: the features are of the vectors in %s, and no model that made them is asked: name it with --model", screen.Line(set.Field))
	}
	if s.Steps, err = set.ParseSteps(s.said); err != nil {
		return flags.UsageError{Err: fmt.Errorf("--steer: %w", err)}
	}
	v, err := encode.Question(ctx, e, q.Text)
	if err != nil {
		return err
	}
	asked, ok := v.(vector.Dense)
	if !ok {
		return fmt.Errorf("--steer: the model makes %s vectors, features are of dense ones", v.Kind())
	}
	moved, err := set.Steered(asked, s.Steps)
	if err != nil {
		return fmt.Errorf("--steer: %w", err)
	}
	if a, ok := asked.Unit(); ok {
		if b, ok := moved.Unit(); ok {
			s.Cosine = a.Dot(b)
		}
	}
	q.Vector, q.Field = moved, e.Name()
	if q.Plan == "" {
		q.Plan = tamis.Hybrid
	}
	return nil
}

// Print says how a search was steered, where that is wanted.
func (s *Steering) Print(out io.Writer, wanted bool) error {
	if len(s.Steps) == 0 || !wanted {
		return nil
	}
	for _, x := range s.Steps {
		if _, err := fmt.Fprintf(out, "steered: %+g × %.3f along feature %d, %s (%.1f %% of the passages)\n", x.By, x.Mean, x.Feature, screen.Line(x.Name), 100*x.Share); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "the question's vector has the cosine %.3f with what it was\n", s.Cosine)
	return err
}
