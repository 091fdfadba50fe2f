package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/eval/trainingdata"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/text/tokens"
)

// examples is what eval data is asked.
type examples struct {
	trainingdata.Options
	out, check, tokenizer string
	asJSON                bool
}

func (c *Console) dataCommand() *cobra.Command {
	var o examples
	cmd := &cobra.Command{
		Use:   "data --out FOLDER [--index DIR] [PATH...]",
		Short: "Make examples to train on from one's own documents, with receipts",
		Long: `data makes examples to train retrievers, readers and compressors of the documents of an
index, or of files and folders, which are indexed in memory for it. Queries are those of
tamis eval corpus; no model is asked. The folder gets two files of JSON Lines a kind:
KIND.train.jsonl, and KIND.held-out.jsonl of documents that no example to train on has a
byte of. What is held out and nearly repeats what is trained on is left out.

  pairs        a query and the passage that answers it
  negatives    with passages that rank high and do not answer
  distractors  with passages related, partly related, and unrelated to the query
  segments     the answer alone, in its passage, its section, and among distractors
  long         sections that have to do with each other, packed to --length tokens
  compressed   shortened passages; the one that answers is named, and two forms of it,
               one that keeps the answer and one that does not, are a preference

Each text has its document, its bytes and their SHA-256; --check makes all texts of such
a folder anew from the documents and fails where one has changed. The same documents and
--seed give the same files.`,
		Example: "  tamis eval data --out examples docs\n" +
			"  tamis eval data --out examples --kinds pairs,negatives --queries 5000 --index .tamis\n" +
			"  tamis eval data --check examples docs",
		RunE: func(cmd *cobra.Command, args []string) error { return c.data(cmd.Context(), &o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "write the examples into this folder, which is made")
	f.StringVar(&o.check, "check", "", "replay the examples in this folder instead")
	f.StringSliceVar(&o.Kinds, "kinds", nil, "kinds of examples: "+strings.Join(trainingdata.Kinds, ", ")+" (default all)")
	f.IntVar(&o.Count, "queries", 1000, "how many queries are made at most")
	f.Uint64Var(&o.Seed, "seed", 1, "another number draws others")
	f.Float64Var(&o.HeldOut, "hold-out", .2, "share of documents that are held out")
	f.IntVar(&o.Negatives, "negatives", 7, "negatives of an example at most; half of it are distractors of each kind")
	f.IntVar(&o.Length, "length", 8000, "tokens of a long example at most")
	f.StringVar(&o.tokenizer, "tokenizer", "o200k_base", "what counts tokens")
	f.BoolVar(&o.asJSON, "json", false, "print what was made as JSON")
	return cmd
}

func (o *examples) checked() (err error) {
	for _, k := range o.Kinds {
		if !slices.Contains(trainingdata.Kinds, k) {
			return flags.Usagef("--kinds %s: there are %s", k, strings.Join(trainingdata.Kinds, ", "))
		}
	}
	switch {
	case (o.out == "") == (o.check == ""):
		return flags.Usagef("say where examples go with --out FOLDER, or which are replayed with --check FOLDER")
	case o.Count < 1:
		return flags.Usagef("--queries %d: make at least one", o.Count)
	case o.Negatives < 1:
		return flags.Usagef("--negatives %d: have at least one", o.Negatives)
	case o.Length < 100:
		return flags.Usagef("--length %d: a long example has 100 tokens at least", o.Length)
	case !(o.HeldOut >= 0 && o.HeldOut < 1):
		return flags.Usagef("--hold-out %g: give a share, at least 0 and less than 1", o.HeldOut)
	}
	if o.Counter, err = tokens.New(o.tokenizer); err != nil {
		return flags.UsageError{Err: err}
	}
	return nil
}

func (c *Console) data(ctx context.Context, o *examples, paths []string) error {
	if err := o.checked(); err != nil {
		return err
	}
	ix, name, err := c.asked(ctx, &own{}, paths)
	if err != nil {
		return err
	}
	defer ix.Close()
	if o.check != "" {
		return c.replayed(ctx, ix, o)
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	w := exampleFiles{dir: o.out, open: map[string]*exampleFile{}}
	o.Progress = c.counted("making examples")
	made, err := trainingdata.Make(ctx, ix, o.Options, w.write)
	if err := errors.Join(err, w.close(err == nil)); err != nil {
		if errors.Is(err, questions.ErrNone) || errors.Is(err, trainingdata.ErrNotDivided) {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err
	}
	if o.HeldOut > 0 && made.Asked[trainingdata.HeldOut] < int(o.HeldOut*float64(made.Queries)/4) && !*c.Quiet {
		fmt.Fprintf(c.Errs, "tamis: of the documents that are held out only %d queries could be made: try another --seed or a larger --hold-out\n", made.Asked[trainingdata.HeldOut])
	}
	if o.asJSON {
		return c.JSON(made)
	}
	fmt.Fprintf(c.Out, "%d queries over %d documents, %d of them held out\n\n%-14s%10s%10s\n", made.Queries, made.Documents, made.HeldOut, "examples", "train", "held out")
	for _, k := range trainingdata.Kinds {
		if of := made.Examples[k]; of != nil {
			fmt.Fprintf(c.Out, "%-14s%10d%10d\n", k, of[trainingdata.Train], of[trainingdata.HeldOut])
		}
	}
	return nil
}

// exampleFiles are the files of a folder of examples: they have their names once they are
// whole, so that an interrupted run leaves those of an earlier one as they were.
type exampleFiles struct {
	dir  string
	open map[string]*exampleFile
}

type exampleFile struct {
	f *os.File
	b *bufio.Writer
}

const unfinished = ".part"

func (w *exampleFiles) write(e *trainingdata.Example) error {
	name := filepath.Join(w.dir, e.Kind+"."+e.Split+".jsonl")
	x := w.open[name]
	if x == nil {
		f, err := os.Create(name + unfinished)
		if err != nil {
			return err
		}
		x = &exampleFile{f, bufio.NewWriter(f)}
		w.open[name] = x
	}
	to := json.NewEncoder(x.b)
	to.SetEscapeHTML(false)
	return to.Encode(e)
}

func (w *exampleFiles) close(whole bool) (err error) {
	for name, x := range w.open {
		one := errors.Join(x.b.Flush(), x.f.Close())
		if whole && one == nil {
			one = os.Rename(name+unfinished, name)
		} else {
			one = errors.Join(one, os.Remove(name+unfinished))
		}
		err = errors.Join(err, one)
	}
	return err
}

// replayed holds the examples of a folder to the documents.
func (c *Console) replayed(ctx context.Context, ix engine.Index, o *examples) error {
	names, err := filepath.Glob(filepath.Join(o.check, "*.jsonl"))
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s has no examples: make some with tamis eval data --out", screen.Name(o.check))
	}
	if err != nil {
		return err
	}
	source := sources(func(id string) (string, error) { return ix.Source(ctx, id, tamis.Scope{}) })
	var all trainingdata.Checked
	for _, n := range names {
		got, err := files.Read(n, func(name string, r io.Reader) (*trainingdata.Checked, error) {
			return trainingdata.Verify(name, r, source)
		})
		if err == nil {
			err = all.Add(got)
		}
		if err != nil {
			return err
		}
	}
	if o.asJSON {
		return c.JSON(all)
	}
	_, err = fmt.Fprintf(c.Out, "%d examples, %d texts, %d bytes: all of them as they stand in %d documents\n", all.Examples, all.Texts, all.Bytes, len(all.Documents[trainingdata.Train])+len(all.Documents[trainingdata.HeldOut]))
	return err
}

// mostSources bounds the texts that are kept for replaying, in bytes.
const mostSources = 256 << 20

// sources keeps texts that were read, since examples come back to the same documents.
func sources(read func(string) (string, error)) func(string) (string, error) {
	held, bytes := map[string]string{}, 0
	return func(id string) (string, error) {
		if s, ok := held[id]; ok {
			return s, nil
		}
		s, err := read(id)
		if err != nil {
			return "", err
		}
		if bytes += len(s); bytes > mostSources {
			clear(held)
			bytes = len(s)
		}
		held[id] = s
		return s, nil
	}
}
