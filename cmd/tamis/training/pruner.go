package training

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
	head "github.com/tamis-search/tamis/model/pruner"
	"github.com/tamis-search/tamis/train/asked"
	"github.com/tamis-search/tamis/train/pruner"
)

type pruning struct {
	head.Options
	model, labels, licence, to string
	layers, questions          int
	keep, asJSON               bool
}

func (a *App) pruner() *cobra.Command {
	o := pruning{Options: head.Defaults}
	cmd := &cobra.Command{
		Use:   "pruner --model DIR [--labels FILE] [--to DIR] [--keep]",
		Short: "Learn to rank passages and to keep their sentences, behind an encoder that stays as it is",
		Long: `train pruner learns a small network behind a published encoder, which is not changed: of the
states of a question and of a passage it says how well the passage answers, and how probable it is
of each sentence that it is worth keeping. The folder that it writes is a model for --rerank.

It learns from labels, JSON Lines with a question and a passage each:

  {"question": "...", "title": "...", "sentences": ["...", "..."], "keep": [1]}
  {"question": "...", "title": "...", "passage": "...", "answers": false}

keep has the numbers of the sentences that answer, from 0, none of a passage that does not
answer. A question that comes without such a passage gets those of others which have most of
its words. Where lines contradict each other the more frequent one counts, and as frequent
ones are left out; how many is said.

Without --labels it learns from the index: questions that its documents answer by what they
are made of (headings, definitions, tables; see tamis eval corpus), beside passages that words
find and that do not answer.

Questions about one subject of five are held out; on these it is examined beside the encoder
alone. Where the gain is no more than chance nothing is kept, unless --keep says so. What the
encoder makes of the texts is kept in the folder until the end: a second start goes on with it.
The same labels, encoder and seed give the same bytes.`,
		Example: `  tamis train pruner --model minilm --labels labels.jsonl --to ~/models/pruner
  tamis context --rerank ~/models/pruner "who restores a backup?"`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error { return a.prune(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.model, "model", "", "folder or name of the encoder, of dense vectors")
	f.StringVar(&o.labels, "labels", "", "file of labels, JSON Lines; without it, questions made of the index")
	f.StringVar(&o.licence, "licence", "", "the licence of the labels, for the card")
	f.StringVar(&o.to, "to", "", "folder of the head (default: the index with .pruner behind its name)")
	f.IntVar(&o.layers, "layers", 0, "how many of the encoder's first layers are read (default: all)")
	f.IntVar(&o.questions, "questions", 2000, "how many questions are made of an index at most")
	f.IntVar(&o.Hidden, "hidden", o.Hidden, "numbers of the hidden layer")
	f.IntVar(&o.Epochs, "epochs", o.Epochs, "how often it goes through what it learns from")
	f.Float64Var(&o.Rate, "rate", o.Rate, "how far a step goes")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "what is drawn at random depends on it alone")
	f.BoolVar(&o.keep, "keep", false, "keep the head though it is not seen to help")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

func (o *pruning) check(a *App) error {
	switch {
	case o.model == "":
		return flags.Usagef("--model names the encoder: a folder, or a name that tamis models pull knows")
	case o.Hidden < 1 || o.Hidden > 4096 || o.Epochs < 1 || o.questions < 1 || o.layers < 0 || !(o.Rate > 0):
		return flags.Usagef("--hidden is 1 to 4096; --epochs, --questions, --layers and --rate are more than 0")
	case o.to == "" && o.labels != "":
		return flags.Usagef("--labels goes with --to, the folder of the head")
	case o.to == "":
		beside, ok := strings.CutSuffix(a.Beside(), ".model")
		if !ok {
			return flags.Usagef("the index is in no folder: say with --to where the head is kept")
		}
		o.to = beside + ".pruner"
	}
	return head.Takes(o.to)
}

// pruned is what is printed.
type pruned struct {
	*pruner.Result
	Kept    bool    `json:"kept"`
	Folder  string  `json:"folder,omitempty"`
	Seconds float64 `json:"seconds"`
	Bytes   uint64  `json:"memory"`
	Warning string  `json:"warning,omitempty"`
}

func (a *App) prune(ctx context.Context, o *pruning) (err error) {
	if err := o.check(a); err != nil {
		return err
	}
	began := time.Now()
	asked, err := a.asked(ctx, o)
	if err != nil {
		return err
	}
	dir, err := encoding.Folder(o.model)
	if err != nil {
		return err
	}
	f, err := encode.OpenFrozen(dir, model.Int8, o.layers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.MkdirAll(o.to, 0o777); err != nil {
		return err
	}
	r, err := a.learned(ctx, f, asked, o)
	diverged := errors.Is(err, head.ErrDiverged) && r != nil
	if err != nil && !diverged {
		return fmt.Errorf("%w%s", err, left(o.to))
	}
	p := pruned{Result: r, Kept: o.keep || r.Gain.Real()}
	if diverged {
		p.Warning = err.Error()
		a.Note("%v: the last good state is what is examined", err)
	}
	if p.Kept {
		if err := write(r, f.Is(), o); err != nil {
			return err
		}
		p.Folder = o.to
	}
	if err := os.Remove(filepath.Join(o.to, head.Features)); err != nil {
		return err
	}
	if !p.Kept && !head.Is(o.to) {
		if err := os.Remove(o.to); err != nil && !p.Kept {
			a.Note("%v", err)
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.Seconds, p.Bytes = time.Since(began).Seconds(), memory.Sys
	if o.asJSON {
		return a.JSON(p)
	}
	return a.printPruned(&p)
}

// left says that what was made can be gone on with.
func left(dir string) string {
	if info, err := os.Stat(filepath.Join(dir, head.Features)); err == nil && info.Size() > 1<<10 {
		return "; what the encoder has made is kept in " + screen.Name(dir) + ": the same command goes on with it"
	}
	return ""
}

func (a *App) asked(ctx context.Context, o *pruning) ([]asked.Question, error) {
	if o.labels != "" {
		l, err := files.Read(o.labels, pruner.ReadLabels)
		if err != nil {
			return nil, err
		}
		if l.Repeated > 0 || l.Unanswered > 0 {
			a.Note("%s: %d lines repeat another one; labels that contradict each other: %d went by the more frequent one, %d were left out; %d questions are answered by no passage", o.labels, l.Repeated, l.Twice, l.Undecided, l.Unanswered)
		}
		return l.Asked, nil
	}
	ix, err := a.Open(ctx)
	if err != nil {
		return nil, err
	}
	all, err := asked.FromIndex(ctx, ix, o.questions, o.Seed)
	return all, errors.Join(err, ix.Close())
}

func (a *App) learned(ctx context.Context, f *encode.Frozen, asked []asked.Question, o *pruning) (*pruner.Result, error) {
	reading, read := a.Counting(ctx, "questions read")
	learning, learned := a.Counting(ctx, "rounds of learning")
	r, err := pruner.Learn(ctx, f, asked, o.to, pruner.Options{Options: o.Options, Reading: reading, Learning: learning})
	read(err)
	learned(err)
	return r, err
}

// write saves the head with its card, the encoder's folder by the way from it.
func write(r *pruner.Result, is head.Encoder, o *pruning) error {
	if to, err := filepath.Abs(o.to); err == nil {
		if way, err := filepath.Rel(to, is.Place); err == nil && !strings.HasPrefix(way, filepath.Join("..", "..", "..")) {
			is.Place = filepath.ToSlash(way)
		}
	}
	card := replace.File(filepath.Join(o.to, "README.md"), []byte(prunerCard(r, &is, o)))
	return errors.Join(card, r.Head.Save(o.to, is))
}

func prunerCard(r *pruner.Result, is *head.Encoder, o *pruning) string {
	var b strings.Builder
	from, licence := "questions made of an index", "who may not see its texts should not get the head, and their licence is its own"
	if o.labels != "" {
		from = "the labels of " + filepath.Base(o.labels)
		if licence = "the licence of the labels was not said"; o.licence != "" {
			licence = "the labels: " + o.licence
		}
	}
	fmt.Fprintf(&b, `# A head that ranks passages and keeps sentences

Made by `+"`tamis train pruner`"+` from %s: %d questions, %d hidden numbers, at most %d epochs, rate %g, seed %d.
It stands behind the first %d layers of the encoder %s, %d wide, which stays as it is.
Licence: %s; that of the encoder is its own.

On %d questions about what it never saw (mean reciprocal rank):

| | questions | cosine | MaxSim | head | difference, 95 %% |
|---|---|---|---|---|---|
`, from, r.Questions, o.Hidden, o.Epochs, o.Rate, o.Seed, is.Layers, is.Name, is.Width, licence, r.Gain.Questions)
	for _, x := range []struct {
		what string
		r    pruner.Ranking
	}{{"passages", r.Gain.Passages}, {"sentences", r.Gain.Sentences}} {
		d := x.r.Difference
		fmt.Fprintf(&b, "| %s | %d | %.4f | %.4f | %.4f | %+.4f (%+.4f to %+.4f, p %.4f) |\n", x.what, x.r.Questions, x.r.Cosine, x.r.MaxSim, x.r.Head, d.Mean, d.Low, d.High, d.P)
	}
	b.WriteString("\nOf passages that answer, where sentences below a threshold go:\n\n| threshold | answers kept | text removed |\n|---|---|---|\n")
	for _, p := range r.Gain.Curve {
		fmt.Fprintf(&b, "| %.1f | %.1f %% | %.1f %% |\n", p.Threshold, 100*p.Answers, 100*p.Removed)
	}
	return b.String()
}

// printGain prints what was measured.
func (a *App) printGain(g *pruner.Gain) error {
	for _, x := range []struct {
		what string
		r    pruner.Ranking
	}{{"passages", g.Passages}, {"sentences", g.Sentences}} {
		d := x.r.Difference
		if _, err := fmt.Fprintf(a.Out, "%s, %d questions: mean reciprocal rank %.4f by cosine, %.4f by MaxSim, %.4f by the head (%+.4f, 95%% of %+.4f to %+.4f)\n", x.what, x.r.Questions, x.r.Cosine, x.r.MaxSim, x.r.Head, d.Mean, d.Low, d.High); err != nil {
			return err
		}
	}
	for _, c := range g.Curve {
		if _, err := fmt.Fprintf(a.Out, "sentences below .%d go: %.1f%% of answers kept, %.1f%% of the text removed\n", int(10*c.Threshold+.5), 100*c.Answers, 100*c.Removed); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) printPruned(p *pruned) error {
	if err := a.printGain(&p.Gain); err != nil {
		return err
	}
	cost := fmt.Sprintf("learned from %d questions in %.0f s with %d MB of memory, examined on what was held out; the features of %d were there", p.Questions, p.Seconds, p.Bytes>>20, p.Resumed)
	if !p.Kept {
		_, err := fmt.Fprintf(a.Out, "not kept: the gain is no more than chance (%s); --keep keeps it all the same\n", cost)
		return err
	}
	_, err := fmt.Fprintf(a.Out, "kept in %s (%s): --rerank %[1]s\n", screen.Name(p.Folder), cost)
	return err
}
