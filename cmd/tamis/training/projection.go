package training

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/weights"
	"github.com/tamis-search/tamis/train/asked"
	"github.com/tamis-search/tamis/train/projection"
)

type projecting struct {
	projection.Options
	model, to    string
	questions    int
	keep, asJSON bool
}

func (a *App) projection() *cobra.Command {
	o := projecting{Options: projection.Defaults}
	cmd := &cobra.Command{
		Use:   "projection --model DIR [--to DIR] [--keep]",
		Short: "Make late interaction by few numbers a token of an encoder, which stays as it is",
		Long: `train projection makes a model of late interaction of an encoder that gives one vector a text: a
matrix turns the state of each token into few numbers, those directions in which the states of
the index's own passages have most of their squares.

What it writes is a folder as ColBERT's are: a copy of the encoder with the matrix in 1_Dense. An
index made with it (tamis index --model) has vectors of tokens, the list multi of plans; it can
be a model for --rerank too.

It is examined on questions made of the index (headings, definitions, tables, titles): how high the
passages that answer stand among those which words find, beside one vector a passage and whole
states. Where the gain over one vector is no more than chance nothing is kept, unless --keep says
so. The same index, encoder and seed give the same bytes.`,
		Example: `  tamis train projection --model minilm --to ~/models/late
  tamis index --index late --model ~/models/late ~/notes && tamis search --index late --plan multi "backup rotation"`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error { return a.project(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.model, "model", "", "folder or name of the encoder, of dense vectors")
	f.StringVar(&o.to, "to", "", "folder of the model (default: the index with .late behind its name)")
	f.IntVar(&o.Width, "width", o.Width, fmt.Sprintf("numbers of a token, a multiple of %d", simd.Columns))
	f.IntVar(&o.questions, "questions", 1000, "how many questions are made of the index at most, with passages to look at")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "what is drawn at random depends on it alone")
	f.BoolVar(&o.keep, "keep", false, "keep the model though it is not seen to help")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

func (o *projecting) check(a *App) error {
	switch {
	case o.model == "":
		return flags.Usagef("--model names the encoder: a folder, or a name that tamis models pull knows")
	case o.questions < 1:
		return flags.Usagef("--questions is more than 0")
	case o.Width < 1 || o.Width%simd.Columns != 0:
		return flags.Usagef("--width is a multiple of %d", simd.Columns)
	case o.to == "":
		beside, ok := strings.CutSuffix(a.Beside(), ".model")
		if !ok {
			return flags.Usagef("the index is in no folder: say with --to where the model is kept")
		}
		o.to = beside + ".late"
	}
	entries, err := os.ReadDir(o.to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 && !isProjected(o.to) {
		err = fmt.Errorf("%s holds something else: name an empty folder with --to", o.to)
	}
	return err
}

const (
	denseFolder = "1_Dense"
	cardFile    = "README.md"
)

const madeBy = "Made by `tamis train projection`"

// isProjected says, by its card, that a folder was written here: others have a 1_Dense too.
func isProjected(dir string) bool {
	card, err := os.ReadFile(filepath.Join(dir, cardFile))
	return err == nil && strings.Contains(string(card), madeBy)
}

// projected is what is printed.
type projected struct {
	*projection.Result
	Kept    bool    `json:"kept"`
	Folder  string  `json:"folder,omitempty"`
	Seconds float64 `json:"seconds"`
	Bytes   uint64  `json:"memory"`
}

func (a *App) project(ctx context.Context, o *projecting) (err error) {
	if err := o.check(a); err != nil {
		return err
	}
	began := time.Now()
	ix, err := a.Open(ctx)
	if err != nil {
		return err
	}
	made, err := questionsOf(ctx, ix, o)
	if err = errors.Join(err, ix.Close()); err != nil {
		return err
	}
	dir, err := encoding.Folder(o.model)
	if err != nil {
		return err
	}
	f, err := encode.OpenFrozen(dir, model.Int8, 0)
	if err != nil {
		return err
	}
	var read func(error)
	o.Reading, read = a.Counting(ctx, "questions read")
	r, err := projection.Learn(ctx, f, made, o.Options)
	read(err)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	p := projected{Result: r, Kept: o.keep || r.Gain.Real()}
	if p.Kept {
		if err := writeProjected(r, dir, o); err != nil {
			return err
		}
		p.Folder = o.to
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.Seconds, p.Bytes = time.Since(began).Seconds(), memory.Sys
	if o.asJSON {
		return a.JSON(p)
	}
	return a.printProjected(&p)
}

// questionsOf makes questions of an index: of its headings, definitions and tables, and of titles as far as these are fewer than half.
func questionsOf(ctx context.Context, ix engine.Index, o *projecting) ([]asked.Question, error) {
	all, err := asked.FromIndex(ctx, ix, o.questions, o.Seed)
	if errors.Is(err, questions.ErrNone) {
		all, err = nil, nil
	}
	if err != nil || 2*len(all) >= o.questions {
		return all, err
	}
	titles, err := asked.FromTitles(ctx, ix, o.questions-len(all), o.Seed)
	return append(all, titles...), err
}

// encoderFiles are those of a folder that make an encoder; what it does behind the states is left out.
var encoderFiles = []string{"*.json", "vocab.txt", "*.model", "*.safetensors", "*.onnx", "onnx/*.json", "onnx/*.onnx"}

// writeProjected writes the folder, the card first, by which it is known as one that may be written again.
func writeProjected(r *projection.Result, from string, o *projecting) error {
	if err := os.MkdirAll(o.to, 0o777); err != nil {
		return err
	}
	if err := replace.File(filepath.Join(o.to, cardFile), []byte(projectedCard(r, from, o))); err != nil {
		return err
	}
	for _, pattern := range encoderFiles {
		names, err := fs.Glob(os.DirFS(from), pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if slices.Contains([]string{"modules.json", "data_config.json"}, name) {
				continue
			}
			if err := copyFile(filepath.Join(from, filepath.FromSlash(name)), filepath.Join(o.to, filepath.FromSlash(name))); err != nil {
				return err
			}
		}
	}
	dense := filepath.Join(o.to, denseFolder)
	if err := os.MkdirAll(dense, 0o777); err != nil {
		return err
	}
	matrix, err := weights.Safetensors([]weights.Written{{Name: "linear.weight", Shape: []int{r.Width, r.In}, Floats: r.Weights}})
	if err != nil {
		return err
	}
	modules := []map[string]any{
		{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
		{"idx": 1, "name": "1", "path": denseFolder, "type": "pylate.models.Dense.Dense"},
	}
	config := map[string]any{"in_features": r.In, "out_features": r.Width, "bias": false, "activation_function": "torch.nn.modules.linear.Identity"}
	m, err := json.MarshalIndent(modules, "", "  ")
	if err != nil {
		return err
	}
	c, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		replace.File(filepath.Join(o.to, "modules.json"), append(m, '\n')),
		replace.File(filepath.Join(dense, "model.safetensors"), matrix),
		replace.File(filepath.Join(dense, "config.json"), append(c, '\n')))
}

func copyFile(from, to string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".copy-")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(0o644)
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(out.Name()))
	}
	return err
}

func projectedCard(r *projection.Result, from string, o *projecting) string {
	g, d := &r.Gain, r.Gain.Difference
	return fmt.Sprintf(`# Late interaction by %d numbers a token

`+madeBy+` of the encoder %s, whose copy it stands in, from %d texts of an index, seed %d: the
directions in which the states of their tokens have most of their squares, %.1f %% of them.
The licence of the encoder is its own; the matrix holds no text.

On %d questions made of the index (mean reciprocal rank of what answers, among what words find): %.4f by one vector
a passage, %.4f by MaxSim of whole states, %.4f by these numbers; beside one vector %+.4f, 95 %% of %+.4f to %+.4f, p %.4f.
`, r.Width, filepath.Base(from), r.Passages, o.Seed, 100*r.Squares, g.Questions, g.Cosine, g.Whole, g.Projected, d.Mean, d.Low, d.High, d.P)
}

func (a *App) printProjected(p *projected) error {
	g := &p.Gain
	cost := fmt.Sprintf("%d texts read in %.0f s with %d MB of memory", p.Passages, p.Seconds, p.Bytes>>20)
	if _, err := fmt.Fprintf(a.Out, `%d numbers a token keep %.1f%% of the squares of the states
%d questions, mean reciprocal rank of what answers: %.4f by one vector a passage, %.4f by MaxSim of whole states, %.4f by these numbers (%+.4f, 95%% of %+.4f to %+.4f)
`, p.Width, 100*p.Squares, g.Questions, g.Cosine, g.Whole, g.Projected, g.Difference.Mean, g.Difference.Low, g.Difference.High); err != nil {
		return err
	}
	if !p.Kept {
		_, err := fmt.Fprintf(a.Out, "not kept: the gain over one vector is no more than chance (%s); --keep keeps it all the same\n", cost)
		return err
	}
	_, err := fmt.Fprintf(a.Out, "kept in %s (%s): tamis index --model %[1]s, then --plan multi\n", screen.Name(p.Folder), cost)
	return err
}
