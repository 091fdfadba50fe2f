package encoding

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/model"
)

// Asking are the models of tamis context: --model weighs meaning, --rerank reads passages.
type Asking struct {
	meaning Flag
	rerank
}

type rerank struct {
	name  string
	n, ms int
}

// Add makes the flags.
func (r *Asking) Add(f *pflag.FlagSet) {
	r.meaning.AddAsking(f)
	AddReranker(f, &r.name, "reads the best passages beside the question and ranks them anew")
	f.IntVar(&r.n, "rerank-n", 0, "how many passages it reads (default 20)")
	f.IntVar(&r.ms, "rerank-ms", 0, "for how many milliseconds it reads: what it comes to, and so the context, differs from run to run")
}

// Open has ix weigh meaning and returns what reads passages, as the flags ask for. The
// caller calls done in the end.
func (r *Asking) Open(ctx context.Context, f *pflag.FlagSet, ix engine.Index, warn func(format string, args ...any)) (by tamis.Rerank, done func() error, err error) {
	if by, err = r.open(f); err != nil {
		return by, nil, err
	}
	e, err := r.meaning.Use(ctx, ix, warn)
	if err != nil {
		return by, nil, errors.Join(err, closed(by))
	}
	return by, func() error { return errors.Join(e.Close(), closed(by)) }, nil
}

func (r *rerank) open(f *pflag.FlagSet) (tamis.Rerank, error) {
	o := tamis.Rerank{Most: r.n, Within: time.Duration(r.ms) * time.Millisecond}
	switch {
	case r.name == "" && (f.Changed("rerank-n") || f.Changed("rerank-ms")):
		return o, flags.Usagef("--rerank-n and --rerank-ms are for --rerank DIR, a model that reads passages")
	case f.Changed("rerank-n") && r.n < 1, f.Changed("rerank-ms") && r.ms < 1:
		return o, flags.Usagef("--rerank-n and --rerank-ms are at least 1; without --rerank no model reads passages")
	case r.name == "":
		return o, nil
	}
	by, err := Reranker(r.name)
	if err == nil {
		o.By = by
	}
	return o, err
}

// closed gives back the model that reads passages, where there is one.
func closed(o tamis.Rerank) error {
	if c, ok := o.By.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// AddReranker makes the flag --rerank of a command whose model does what is said.
func AddReranker(f *pflag.FlagSet, name *string, does string) {
	f.StringVar(name, "rerank", "", "folder or name of a model that "+does+": a cross-encoder, OpenProvence, ColBERT")
}

// Reranker opens the model of a folder or name that reads passages beside a question.
func Reranker(name string) (*encode.Reranker, error) {
	dir, err := Folder(name)
	if err != nil {
		return nil, err
	}
	return encode.OpenReranker(dir, model.Int8)
}
