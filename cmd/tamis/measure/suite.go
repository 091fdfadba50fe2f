package measure

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/arms"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/synthetic"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/local"
	"github.com/tamis-search/tamis/text/tokens"
)

// suites is what eval suite is asked.
type suites struct {
	lengths, budgets, arms, tokenizer     string
	items, shrink                         int
	seed                                  uint64
	haystack, documents, questions        string
	llm, model                            string
	timeout                               time.Duration
	runFile, only, keep, htmlFile, svgDir string
	require                               []string
	asJSON                                bool
	gates                                 []figures.Gate
	header                                arms.Header
	tasks                                 []synthetic.Task
	from                                  synthetic.Options
	how                                   arms.Options
}

func (c *Console) suiteCommand() *cobra.Command {
	var o suites
	cmd := &cobra.Command{
		Use:   "suite NAME...",
		Short: "Measure contexts on long texts made from a seed",
		Long: `suite makes long texts that hide what a question asks for, and says how much of it is
kept in few tokens: by a search for chunks, by tamis, by tamis with half of the words
left out, beside the whole text. No model is needed; with --llm one answers from each
of these, and writes summaries as one more of them.

NAME is a suite, a task, or all. Suites:
` + aboutSuites() + `
Lengths and budgets are tokens, 4k is 4096. The same --seed makes the same items. With
--run, what was done is kept in a file, and the same command goes on where it stopped;
what the endpoint failed to answer counts as wrong and is asked again then.

--require MEASURE>=X fails the command, for CI. Measures are needle_recall, evidence_recall
and answers of what tamis packs, and replies with --llm, each @BUDGET: the mean over
tasks, or of one task, as in niah_single_1:needle_recall@1000.`,
		Example: "  tamis eval suite ruler --lengths 128k --items 10\n" +
			"  tamis eval suite ruler no-overlap --lengths 4k,16k,64k --svg pictures --html suites.html\n" +
			"  tamis eval suite niah_single_2 distractors --haystack docs/ --require 'needle_recall@1000>=0.9'\n" +
			"  tamis eval suite ruler --lengths 16k --llm http://localhost:11434/v1 --model qwen3 --run ruler.jsonl\n" +
			"  tamis eval suite ruler --shrink 30 --keep few.txt && tamis eval suite ruler --only few.txt",
		ValidArgs: append(append([]string{"all"}, synthetic.Suites()...), taskNames()...),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return flags.Usagef("name a suite: all, %s; see tamis eval suite --help", strings.Join(synthetic.Suites(), ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			start := time.Now()
			if err := o.check(args); err != nil {
				return err
			}
			if err := c.load(cmd.Context(), &o); err != nil {
				return err
			}
			report, err := c.runSuites(cmd.Context(), &o)
			if err != nil {
				return err
			}
			report.TookS = figures.Round(time.Since(start).Seconds(), 2)
			if err := c.showSuites(&o, report); err != nil {
				return err
			}
			return figures.Unmet(o.gates, report.Values(o.tasks, o.how))
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *suites) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.lengths, "lengths", "4k,32k,128k", "tokens of the long texts, comma-separated; tasks of a size of their own take no notice")
	f.IntVar(&o.items, "items", 10, "items for each task and length, and each value of a task's axis")
	f.StringVar(&o.budgets, "budgets", "1000", "token budgets of contexts, comma-separated")
	f.StringVar(&o.arms, "arms", "", "ways to make a context: full, retrieved, packed, dropped, filtered; summarised and entailed with --llm; or a baseline of eval context")
	f.StringVar(&o.tokenizer, "tokenizer", tokens.Default, "what counts tokens")
	f.Uint64Var(&o.seed, "seed", 42, "what the items are drawn by")
	f.StringVar(&o.haystack, "haystack", "", "fill the long texts from this file, folder or index instead of stock sentences")
	f.StringVar(&o.documents, "documents", "", "documents of --questions, as for eval context")
	f.StringVar(&o.questions, "questions", "", "your own questions, for the tasks qa_1 and qa_2")
	f.StringVar(&o.llm, "llm", "", "what answers: a chat endpoint such as http://localhost:11434/v1, or the GGUF file or the folder of a model")
	f.StringVar(&o.model, "model", "", "name of its model")
	f.DurationVar(&o.timeout, "timeout", 0, "how long an answer may take (default 5m)")
	f.StringVar(&o.runFile, "run", "", "keep results in this file, JSON Lines, and go on with what is in it")
	f.StringVar(&o.only, "only", "", "ask the items that this file names alone, an id a line")
	f.IntVar(&o.shrink, "shrink", 0, "choose so many items that order the arms and baselines as all items do")
	f.StringVar(&o.keep, "keep", "", "write the ids of the items that --shrink chose to this file")
	f.StringArrayVar(&o.require, "require", nil, "fail unless MEASURE>=X, as in needle_recall@1000>=0.9")
	f.StringVar(&o.htmlFile, "html", "", "write the report with its pictures to this file")
	f.StringVar(&o.svgDir, "svg", "", "write heat maps of depth and length, and curves, as SVG files into this folder")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
}

// aboutSuites lists suites with their tasks, for help.
func aboutSuites() string {
	var b strings.Builder
	last := ""
	for _, t := range synthetic.All() {
		if t.Suite != last {
			fmt.Fprintf(&b, "  %s\n", t.Suite)
			last = t.Suite
		}
		fmt.Fprintf(&b, "    %-20s %s\n", t.Name, t.About)
	}
	return b.String()
}

func taskNames() (names []string) {
	for _, t := range synthetic.All() {
		names = append(names, t.Name)
	}
	return names
}

// check reads the flags, before anything is made.
func (o *suites) check(args []string) (err error) {
	wrong := func(err error) error { return flags.UsageError{Err: err} }
	if (o.documents == "") != (o.questions == "") {
		return flags.Usagef("--documents and --questions belong together: give both")
	}
	if o.tasks, err = synthetic.Named(args, o.questions != ""); err != nil {
		return wrong(err)
	}
	if o.items < 1 || o.items > 100_000 {
		return flags.Usagef("--items is %d: give a number from 1 on, such as 10", o.items)
	}
	if o.from.Lengths, err = sizes("lengths", o.lengths, "4k,32k,128k"); err != nil {
		return err
	}
	if o.how.Budgets, err = sizes("budgets", o.budgets, "256,1000"); err != nil {
		return err
	}
	if o.from.Counter, err = tokens.New(o.tokenizer); err != nil {
		return wrong(err)
	}
	if o.llm != "" {
		zero := 0.
		if o.how.Model, _, err = local.Named(llm.Config{URL: o.llm, Model: o.model, Timeout: o.timeout, Temperature: &zero}); err != nil {
			return wrong(err)
		}
	} else if o.model != "" || o.timeout != 0 {
		return flags.Usagef("--model and --timeout are those of an endpoint: name one with --llm URL")
	}
	var list []string
	if o.arms != "" {
		for a := range strings.SplitSeq(o.arms, ",") {
			list = append(list, strings.TrimSpace(a))
		}
	} else if o.shrink > 0 {
		// The more systems, the better are items known.
		list = []string{arms.Packed, arms.Dropped}
		for _, b := range baselines.All() {
			list = append(list, b.Name)
		}
	}
	if o.how.Arms, err = arms.Named(list, o.how.Model != nil); err != nil {
		return wrong(err)
	}
	if o.shrink < 0 || o.keep != "" && o.shrink == 0 {
		return flags.Usagef("--shrink is %d: give the number of items to choose; --keep writes their ids", o.shrink)
	}
	if o.gates, err = figures.ParseGates(o.require); err != nil {
		return wrong(err)
	}
	o.how.Counter = o.from.Counter
	if err := figures.Known(o.gates, arms.Measures(o.tasks, o.how)); err != nil {
		return wrong(err)
	}
	o.from.Seed, o.from.Items = o.seed, o.items
	o.header = arms.Header{Version: arms.RunVersion, Seed: o.seed, Lengths: o.from.Lengths, Items: o.items, Counter: o.from.Counter.Name()}
	for _, t := range o.tasks {
		o.header.Tasks = append(o.header.Tasks, t.Name)
	}
	if o.llm != "" {
		o.header.Model = o.model
	}
	return nil
}

// sizes reads a list of token counts, ascending, each once; k is 1024.
func sizes(flag, list, example string) ([]int, error) {
	var out []int
	for s := range strings.SplitSeq(list, ",") {
		s = strings.TrimSpace(s)
		digits, k := strings.CutSuffix(strings.ToLower(s), "k")
		n, err := strconv.Atoi(digits)
		if k {
			n *= 1024
		}
		if err != nil || n < 1 || n > 1<<26 {
			return nil, flags.Usagef("--%s holds %q: give token counts such as %s", flag, s, example)
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// load reads what the user gave to make items of.
func (c *Console) load(ctx context.Context, o *suites) error {
	if o.questions != "" {
		set, err := eval.LoadEvidence(o.documents, o.questions)
		if err != nil {
			return err
		}
		o.from.Questions = set
		h := sha256.New()
		for _, d := range set.Documents {
			fmt.Fprintf(h, "%s\x00%s\x00", d.ID, d.Text)
		}
		for _, q := range set.Questions {
			fmt.Fprintf(h, "%s\x00%s\x00%q\x00%v\x00", q.ID, q.Text, q.Answers, q.Evidence)
		}
		o.header.Questions = fmt.Sprintf("%x", h.Sum(nil)[:8])
	}
	if o.haystack == "" {
		return nil
	}
	docs, err := c.haystack(ctx, o.haystack)
	if err != nil {
		return err
	}
	h := sha256.New()
	for _, d := range docs {
		fmt.Fprintf(h, "%s\x00%s\x00", d.ID, d.Source)
	}
	o.header.Haystack = fmt.Sprintf("%x", h.Sum(nil)[:8])
	if o.from.Haystack, err = synthetic.NewHaystack(docs, o.from.Counter); err != nil {
		return fmt.Errorf("%s: %w", o.haystack, err)
	}
	return nil
}

// haystack reads the documents of a file, a folder or an index.
func (c *Console) haystack(ctx context.Context, path string) (docs []corpus.Document, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("--haystack: %w", err)
	}
	ix, err := tamis.OpenReadOnly(path)
	if errors.Is(err, tamis.ErrNotFound) || err != nil && !isFolder(path) {
		if ix, err = tamis.Open("", tamis.Options{}); err != nil {
			return nil, err
		}
		report, err := c.Index(ctx, ix, []string{path}, tamis.FileOptions{Stdin: c.In})
		if err != nil {
			return nil, errors.Join(err, ix.Close())
		}
		if n := len(report.Skipped); n > 0 {
			fmt.Fprintf(c.Errs, "%s: %d files were not read, the first %s: %s\n", screen.Name(path), n, screen.Name(report.Skipped[0].Path), screen.Line(report.Skipped[0].Reason))
		}
	} else if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ix.Close()) }()
	for after := ""; ; {
		list, next, err := ix.Documents(ctx, tamis.Page{After: after, Limit: 1000}, tamis.Scope{})
		if err != nil {
			return nil, err
		}
		for _, l := range list {
			d, err := ix.Document(ctx, l.ID, tamis.Scope{})
			if err != nil {
				return nil, err
			}
			docs = append(docs, *d)
		}
		if next == "" {
			return docs, nil
		}
		after = next
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// runSuites makes the items and asks them.
func (c *Console) runSuites(ctx context.Context, o *suites) (report *arms.Report, err error) {
	items := synthetic.Each(o.tasks, o.from)
	count := synthetic.Count(o.tasks, o.from)
	if o.only != "" {
		ids, err := readIDs(o.only)
		if err != nil {
			return nil, err
		}
		items, count = only(items, ids, o.only), len(ids)
	}
	if o.runFile != "" {
		run, err := arms.OpenRun(o.runFile, o.header)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, run.Close()) }()
		o.how.Done, o.how.Emit = run.Done, run.Write
	}
	all, err := arms.Run(ctx, c.watched(items, count), o.how)
	if err != nil {
		switch {
		case o.runFile != "" && len(all) > 0:
			err = fmt.Errorf("%w; %d results are kept in %s: the same command goes on from there", err, len(all), o.runFile)
		case errors.Is(err, llm.ErrGone):
			err = fmt.Errorf("%w; with --run FILE what was answered is kept", err)
		}
		return nil, err
	}
	report = arms.NewReport(o.tasks, all, o.how)
	if o.shrink > 0 {
		if report.Shrunk, err = arms.Shrink(all, o.shrink); err != nil {
			return nil, fmt.Errorf("--shrink: %w", err)
		}
		err = writeTo(o.keep, func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Join(report.Shrunk.IDs, "\n")+"\n")
			return err
		})
	}
	return report, err
}

// watched shows how many of the items have been asked, to who watches.
func (c *Console) watched(items iter.Seq2[*synthetic.Item, error], count int) iter.Seq2[*synthetic.Item, error] {
	if c.Progress == nil || *c.Quiet {
		return items
	}
	return func(yield func(*synthetic.Item, error) bool) {
		n := 0
		for it, err := range items {
			if n++; err == nil {
				fmt.Fprintf(c.Progress, "\r\x1b[K%d of %d %s", n, count, screen.Line(it.ID))
			}
			if !yield(it, err) {
				break
			}
		}
		fmt.Fprint(c.Progress, "\r\x1b[K")
	}
}

func readIDs(path string) (map[string]bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ids := map[string]bool{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		if id := strings.TrimSpace(in.Text()); id != "" {
			ids[id] = true
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s names no items", path)
	}
	return ids, nil
}

// only leaves the items of these ids; one that is not made is an error.
func only(items iter.Seq2[*synthetic.Item, error], ids map[string]bool, path string) iter.Seq2[*synthetic.Item, error] {
	return func(yield func(*synthetic.Item, error) bool) {
		missing := map[string]bool{}
		for id := range ids {
			missing[id] = true
		}
		for it, err := range items {
			if err == nil && !ids[it.ID] {
				continue
			}
			if err == nil {
				delete(missing, it.ID)
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
		for id := range missing {
			yield(nil, fmt.Errorf("%s names %q, which is no item of these suites, lengths and --items", path, id))
			return
		}
	}
}

// showSuites writes all that was asked for.
func (c *Console) showSuites(o *suites, report *arms.Report) error {
	model := o.how.Model != nil
	if o.svgDir != "" {
		if err := os.MkdirAll(o.svgDir, 0o755); err != nil {
			return err
		}
		for _, p := range report.Pictures() {
			if err := writeTo(filepath.Join(o.svgDir, p.Name), p.WriteSVG); err != nil {
				return err
			}
		}
	}
	if o.htmlFile != "" {
		if err := writeTo(o.htmlFile, func(w io.Writer) error { return report.WriteHTML(w, model) }); err != nil {
			return err
		}
	}
	if o.asJSON {
		return c.JSON(report)
	}
	return report.WriteTable(c.Out, model)
}
