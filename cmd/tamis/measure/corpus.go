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
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/judge"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/eval/scorecard"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

// own is what eval corpus is asked.
type own struct {
	html, pictures, save, load     string
	trec                           string
	saveQuestions, saveDocuments   string
	require, kinds, without, guard []string
	budgets, against, tokenizer    string
	model                          string
	llm, llmModel, judgments       string
	timeout                        time.Duration
	encoder                        encoding.Encoder // of model, while it is open
	count                          int
	seed                           uint64
	asJSON                         bool
}

func (c *Console) corpusCommand() *cobra.Command {
	var o own
	cmd := &cobra.Command{
		Use:   "corpus [--index DIR] [PATH...]",
		Short: "Measure contexts over one's own documents, without judgments or a model",
		Long: `corpus makes questions from the documents of an index, or of files and folders, which
are indexed in memory for it, and says how much of the answering bytes contexts keep.
Documents say themselves what answers what: first statements their heading, definitions
their term, comments what a function does, rows of tables, links the section they lead
to, letters their subject. The same documents and --seed give the same questions.

Beside tamis stands BM25 over chunks of 400 tokens (--baselines). --html writes a page
with the figures, pictures, and the questions that were missed; --save keeps the figures
for tamis eval compare. With --require, as in evidence_recall@1000>=.8, the exit code is
1 where a measure is not what it must be. Measures, each at a budget: evidence_recall,
full_coverage, any_evidence, precision, position, tokens, latency_p50, latency_p99,
violations, gain (over the baseline), and KIND/evidence_recall.

With --llm a model answers from the contexts of one budget (the largest up to 1,000) and
grades them: nugget_recall, nugget_score, faithfulness, answer_relevance,
context_precision and context_recall. Judgments that are none are counted: they are
worth nothing, and each figure says what it would be at most. --judgments keeps replies,
so that the same command goes on where it stopped.

--save-questions writes the questions as tamis eval context reads them, for editing by
hand; --load asks them. Evidence may be given as its text alone.`,
		Example: "  tamis eval corpus --html card.html docs\n" +
			"  tamis eval corpus --index .tamis --require 'evidence_recall@1000>=.8' --require 'latency_p99@1000<200'\n" +
			"  tamis eval corpus --save-questions questions.jsonl --save a.json docs\n" +
			"  tamis eval corpus --load questions.jsonl --without look --save b.json docs && tamis eval compare a.json b.json\n" +
			"  tamis eval corpus --questions 50 --llm http://localhost:11434/v1 --llm-model qwen3 --judgments judgments.jsonl docs",
		RunE: func(cmd *cobra.Command, args []string) error { return c.corpus(cmd.Context(), &o, args) },
	}
	f := cmd.Flags()
	f.IntVar(&o.count, "questions", 200, "how many questions are made at most")
	f.Uint64Var(&o.seed, "seed", 1, "another number draws other questions")
	f.StringSliceVar(&o.kinds, "kinds", nil, "kinds of questions: "+strings.Join(questions.Kinds, ", ")+" (default all)")
	f.StringVar(&o.load, "load", "", "ask the questions of this file, JSON Lines of id, question, evidence")
	f.StringVar(&o.saveQuestions, "save-questions", "", "write the questions to this file")
	f.StringVar(&o.saveDocuments, "save-documents", "", "write the documents to this file, for tamis eval context --documents")
	f.StringVar(&o.html, "html", "", "write the scorecard as one HTML page to this file")
	f.StringVar(&o.pictures, "svg", "", "write the scorecard's pictures as SVG files into this folder")
	f.StringVar(&o.save, "save", "", "write the scorecard as JSON to this file, for tamis eval compare")
	f.StringVar(&o.trec, "trec", "", "write a run and judgments of documents in TREC form into this folder")
	f.StringArrayVar(&o.require, "require", nil, "fail unless a measure is so, as in evidence_recall@1000>=.8 (repeatable)")
	f.StringVar(&o.budgets, "budgets", "256,512,1000,2000", "token budgets, comma-separated")
	f.StringVar(&o.against, "baselines", "fixed-chunks", "none, all, or a list such as fixed-chunks,bm25-sentences")
	f.StringVar(&o.tokenizer, "tokenizer", "o200k_base", "what counts tokens")
	f.StringVar(&o.model, "model", "", "folder of a model that gives passages vectors, which contexts weigh (with PATH)")
	f.StringVar(&o.llm, "llm", "", "chat endpoint that answers and grades, such as http://localhost:11434/v1")
	f.StringVar(&o.llmModel, "llm-model", "", "name of the model at the endpoint")
	f.StringVar(&o.judgments, "judgments", "", "keep the endpoint's replies in this file, and take those that are in it")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long one reply of the endpoint may take")
	f.StringSliceVar(&o.without, "without", nil, "features of the score that count nothing, such as look or names")
	f.StringSliceVar(&o.guard, "guards", unit.DefaultGuards(), "keep with a sentence what it needs to be understood, none or some of: "+strings.Join(unit.Guards(), ", "))
	f.BoolVar(&o.asJSON, "json", false, "print the scorecard as JSON")
	return cmd
}

// options reads the flags, before anything is read or measured.
func (o *own) options() (s scorecard.Options, gates []figures.Gate, err error) {
	if s.Budgets, err = numbers(o.budgets); err != nil {
		return s, nil, err
	}
	slices.Sort(s.Budgets)
	s.Budgets = slices.Compact(s.Budgets)
	if o.count < 1 {
		return s, nil, flags.Usagef("--questions %d: ask at least one", o.count)
	}
	if s.Counter, err = tokens.New(o.tokenizer); err != nil {
		return s, nil, flags.UsageError{Err: err}
	}
	if s.Baselines, err = baselines.Named(o.against); err != nil {
		return s, nil, flags.UsageError{Err: err}
	}
	for _, k := range o.kinds {
		if !slices.Contains(questions.Kinds, k) {
			return s, nil, flags.Usagef("--kinds %s: there are %s", k, strings.Join(questions.Kinds, ", "))
		}
	}
	if o.llm == "" && (o.llmModel != "" || o.judgments != "") {
		return s, nil, flags.Usagef("--llm-model and --judgments are those of an endpoint: name one with --llm URL")
	}
	if s.Layout.Guards = o.guard; slices.Equal(o.guard, []string{"none"}) {
		s.Layout.Guards = []string{}
	}
	if s.Lab.Weights, err = weightsWithout(o.without); err != nil {
		return s, nil, err
	}
	if gates, err = figures.ParseGates(o.require); err == nil {
		err = figures.Known(gates, scorecard.Measures(s.Budgets, questions.Kinds, o.llm != ""))
	}
	if err != nil {
		return s, nil, flags.Usagef("--require: %w", err)
	}
	s.Load, s.Questions = o.load, questions.Options{Count: o.count, Seed: o.seed, Kinds: o.kinds}
	return s, gates, nil
}

// weightsWithout are the default weights without features; nil where none is named.
func weightsWithout(names []string) (*score.Weights, error) {
	if len(names) == 0 {
		return nil, nil
	}
	w := score.DefaultWeights()
	var known []string
	for f := range score.NumFeatures {
		known = append(known, f.String())
	}
	for _, n := range names {
		i := slices.Index(known, n)
		if i < 0 {
			return nil, flags.Usagef("--without %s: there are %s", n, strings.Join(known, ", "))
		}
		w[i] = 0
	}
	return &w, nil
}

func (c *Console) corpus(ctx context.Context, o *own, paths []string) error {
	s, gates, err := o.options()
	if err != nil {
		return err
	}
	grader, err := o.grader()
	if err != nil {
		return err
	}
	ix, name, err := c.asked(ctx, o, paths)
	if o.encoder != nil {
		defer o.encoder.Close()
	}
	if err != nil {
		return err
	}
	defer ix.Close()
	s.Progress = c.counted("asking")
	p, err := scorecard.Prepare(ctx, ix, s)
	if errors.Is(err, questions.ErrNone) {
		return fmt.Errorf("%s: %w; ask your own with --load FILE", name, err)
	}
	if err != nil {
		return err
	}
	if n := len(p.Stale); n > 0 {
		fmt.Fprintf(c.Errs, "tamis: %d questions of %s are left out, whose evidence is gone; first, %s: %s\n", n, screen.Name(o.load), screen.Line(p.Stale[0].ID), screen.Line(p.Stale[0].Reason))
	}
	if p.Without != "" {
		fmt.Fprintln(c.Errs, "tamis: "+p.Without)
	}
	if p.Made != nil && len(p.Questions) < min(o.count, 50) && !*c.Quiet {
		fmt.Fprintf(c.Errs, "tamis: only %d questions could be made of %d documents: look at the intervals\n", len(p.Questions), p.Made.Documents)
	}
	err = errors.Join(
		kept(o.saveQuestions, func(w io.Writer) error { return questions.Write(w, p.Questions) }),
		kept(o.saveDocuments, func(w io.Writer) error { return writeDocuments(ctx, w, ix) }))
	if err == nil && o.trec != "" {
		err = p.WriteTREC(ctx, ix, o.trec)
	}
	if err != nil {
		return err
	}
	card, err := p.Measure(ctx, name)
	if err != nil {
		return err
	}
	judging := c.judged(ctx, o, grader, card)
	if errors.Is(judging, context.Canceled) {
		return judging
	}
	err = errors.Join(kept(o.html, card.WriteHTML), kept(o.save, func(w io.Writer) error { return json.NewEncoder(w).Encode(card) }))
	if err == nil && o.pictures != "" {
		err = card.WritePictures(o.pictures)
	}
	if err != nil {
		return err
	}
	if o.asJSON {
		err = c.JSON(card)
	} else {
		err = card.WriteText(c.Out)
	}
	if err = errors.Join(err, judging); err != nil {
		return err
	}
	return card.Gated(gates)
}

// grader is the endpoint that grades, nil where none is named.
func (o *own) grader() (*judge.Grader, error) {
	if o.llm == "" {
		return nil, nil
	}
	zero := 0.0
	model, err := llm.New(llm.Config{URL: o.llm, Model: o.llmModel, Timeout: o.timeout, Temperature: &zero})
	if err != nil {
		return nil, flags.UsageError{Err: err}
	}
	g := &judge.Grader{Model: model, Name: o.llmModel}
	if o.judgments != "" {
		g.Memory, err = judge.OpenMemory(o.judgments)
	}
	return g, err
}

// judged has an endpoint grade the contexts of a card, where one is named. What was made
// without it is written whatever becomes of it.
func (c *Console) judged(ctx context.Context, o *own, g *judge.Grader, card *scorecard.Card) error {
	if g == nil {
		return nil
	}
	err := card.Grade(ctx, g, c.counted("grading"))
	if errors.Is(err, llm.ErrGone) && o.judgments != "" {
		err = fmt.Errorf("%w; what it said is in %s: the same command goes on", err, screen.Name(o.judgments))
	}
	return errors.Join(err, g.Memory.Close())
}

// kept is writeTo for a file that need not be named.
func kept(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	return writeTo(name, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		return errors.Join(write(b), b.Flush())
	})
}

// asked is the index that is measured: the one that is meant, or one in memory of paths.
func (c *Console) asked(ctx context.Context, o *own, paths []string) (engine.Index, string, error) {
	if len(paths) == 0 {
		if o.model != "" {
			return nil, "", flags.Usagef("--model is for PATH: an index that has vectors brings its model")
		}
		return c.Open(ctx)
	}
	for _, p := range paths {
		if _, err := os.Stat(p); p != "-" && err != nil {
			return nil, "", fmt.Errorf("no such file or folder: %s", screen.Name(p))
		}
	}
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		return nil, "", err
	}
	_, err = c.Index(ctx, ix, paths, tamis.FileOptions{Stdin: c.In})
	if err == nil && o.model != "" {
		if o.encoder, err = encoding.Open(ctx, o.model, model.Int8); err == nil {
			_, err = ix.Encode(ctx, o.encoder, c.counted("encoding"))
			ix.Use(o.encoder)
		}
	}
	if err != nil {
		return nil, "", errors.Join(err, ix.Close())
	}
	var names []string
	for _, p := range paths {
		if abs, err := filepath.Abs(p); err == nil {
			p = filepath.Base(abs)
		}
		names = append(names, p)
	}
	return ix, strings.Join(names, ", "), nil
}

// counted shows how much of something is done, where somebody watches.
func (c *Console) counted(what string) func(done, all int) {
	if c.Progress == nil || *c.Quiet {
		return nil
	}
	return func(done, all int) {
		end := ""
		if done == all {
			end = "\r\033[K"
		}
		fmt.Fprintf(c.Progress, "\r%s: %d of %d%s", what, done, all, end)
	}
}

func writeDocuments(ctx context.Context, w io.Writer, ix engine.Index) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return eachDocument(ctx, ix, func(d *tamis.Document) error {
		return e.Encode(struct {
			ID    string `json:"id"`
			Title string `json:"title"`
			Text  string `json:"text"`
		}{d.ID, d.Title, d.Source})
	})
}
