package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/suite"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/tune"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

func (c *Console) contextCommand() *cobra.Command {
	var (
		documents, questions, budgets, against, tokenizer, runFile, index string
		asJSON, tune                                                      bool
		o                                                                 suiteOptions
	)
	cmd := &cobra.Command{
		Use:   "context --documents F --questions F | --sets DIR",
		Short: "Measure how much gold evidence a context keeps under token budgets",
		Long: `context asks questions whose answering bytes are known and says how much of them
the contexts keep. With --sets it asks those of every set in a folder, beside
baselines, and compares question by question.`,
		Example: "  tamis eval context --documents documents.jsonl.gz --questions questions.jsonl --budgets 256,1000 --baselines all\n" +
			"  tamis eval context --sets evidence --baselines all --held-out --plot curves.svg\n" +
			"  tamis eval context --sets evidence --pooled --ablate\n" +
			"  tamis eval context --sets evidence --unit all\n" +
			"  tamis eval context --tune --sets evidence",
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.sets != "" {
				for _, f := range []string{"documents", "questions", "run", "index", "chapters", "rerank"} {
					if cmd.Flags().Changed(f) {
						return flags.Usagef("--%s is for one set and --sets for many: give one of them", f)
					}
				}
			} else if f := o.needsSets(tune); f != "" {
				return flags.Usagef("--%s needs --sets DIR, a folder of evidence sets", f)
			} else if err := errors.Join(required(cmd, "documents", "questions"), o.chaptersAlone()); err != nil {
				return err
			}
			if o.plot != "" && !cmd.Flags().Changed("budgets") {
				budgets = curveBudgets
			}
			limits, err := numbers(budgets)
			if err != nil {
				return err
			}
			counter, err := tokens.New(tokenizer)
			if err != nil {
				return flags.UsageError{Err: err}
			}
			if o.model != "" {
				e, err := encoding.Open(cmd.Context(), o.model, model.Int8)
				if err != nil {
					return err
				}
				defer e.Close()
				o.encoder = e
			}
			if tune {
				return c.tune(cmd.Context(), o.sets, limits, counter, asJSON)
			}
			if len(o.units) > 0 {
				return c.units(cmd.Context(), o, documents, questions, limits, counter, asJSON)
			}
			if o.sets != "" {
				chosen, err := baselines.Named(against)
				if err != nil {
					return flags.UsageError{Err: err}
				}
				return c.evalSuite(cmd.Context(), o, limits, counter, chosen, asJSON)
			}
			set, err := eval.LoadEvidence(documents, questions)
			if err != nil {
				return err
			}
			var report *eval.ContextReport
			err = writeTo(runFile, func(w io.Writer) error {
				run := eval.NewRunWriter(w)
				report, err = contexts(cmd.Context(), set, index, o, limits, counter, run.Write)
				return errors.Join(err, run.Flush())
			})
			if err != nil {
				return err
			}
			if report.Baselines, err = baselineReports(cmd.Context(), set, against, limits, counter); err != nil {
				return err
			}
			if asJSON {
				return c.JSON(report)
			}
			return c.printContexts(report)
		},
	}
	f := cmd.Flags()
	f.StringVar(&documents, "documents", "", "documents, JSON Lines of id, title, text")
	f.StringVar(&questions, "questions", "", "questions, JSON Lines of id, question, answers, evidence")
	f.StringVar(&o.sets, "sets", "", "folder of evidence sets: in each a documents.jsonl(.gz) and a questions.jsonl")
	f.StringVar(&index, "index", "", "measure over a cluster, in new indexes that go in the end: opensearch://HOST:PORT/NAME, and NAME-2 … for more groups")
	f.BoolVar(&tune, "tune", false, "search the weights of the score on all --sets, and measure the search: half of them against the other")
	f.StringVar(&o.model, "model", "", "folder of a model that gives passages vectors, which contexts weigh")
	encoding.AddReranker(f, &o.rerank, "of --documents, reads the best passages of each question")
	o.add(f)
	f.StringVar(&budgets, "budgets", "256,512,1000,2000", "token budgets, comma-separated; more of them with --plot")
	f.StringVar(&against, "baselines", "none", "none, all, or a list such as fixed-chunks,bm25-sentences")
	f.StringVar(&tokenizer, "tokenizer", "o200k_base", "what counts tokens")
	f.StringVar(&runFile, "run", "", "write the contexts to this file, JSON Lines")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// curveBudgets are those of a plot.
const curveBudgets = "64,96,128,192,256,384,512,768,1000,1400,2000,2800,4000"

type suiteOptions struct {
	sets, plot                          string
	pooled, heldOut, ablate, candidates bool
	units                               []string
	model, rerank                       string
	chapters                            bool
	encoder                             tamis.Encoder // of model
}

func (o *suiteOptions) add(f *pflag.FlagSet) {
	f.StringSliceVar(&o.units, "unit", nil, "compare contexts made of these units, all or some of: "+strings.Join(unit.Kinds(), ", "))
	f.BoolVar(&o.chapters, "chapters", false, "of --documents: long texts without headings get chapters, as tamis index --chapters makes them")
	f.BoolVar(&o.pooled, "pooled", false, "ask every question of the documents of all --sets as one corpus")
	f.BoolVar(&o.heldOut, "held-out", false, "tune the weights for each of --sets on the half of them that it is not in")
	f.BoolVar(&o.ablate, "ablate", false, "ask --sets again without each ingredient of the score")
	f.BoolVar(&o.candidates, "candidates", false, "say of --sets how much evidence was among the sentences scored")
	f.StringVar(&o.plot, "plot", "", "draw the recall of --sets over the budget as an SVG image into this file")
}

// chaptersAlone is the error of --chapters beside what they are not made for.
func (o *suiteOptions) chaptersAlone() error {
	if o.chapters && (o.model != "" || len(o.units) > 0) {
		return flags.Usagef("--chapters is for --documents and --questions, without --model and --unit")
	}
	return nil
}

// needsSets names a flag that was given and means nothing without --sets.
func (o *suiteOptions) needsSets(tune bool) string {
	for _, f := range []struct {
		name  string
		given bool
	}{{"tune", tune}, {"pooled", o.pooled}, {"held-out", o.heldOut}, {"ablate", o.ablate}, {"candidates", o.candidates}, {"plot", o.plot != ""}} {
		if f.given {
			return f.name
		}
	}
	return ""
}

// suiteReport is what eval context --sets prints.
type suiteReport struct {
	*suite.Report
	Halves    []map[string]float64 `json:"halves,omitempty"`
	Ablations []suite.Ablation     `json:"ablations,omitempty"`
}

func (c *Console) evalSuite(ctx context.Context, o suiteOptions, budgets []int, counter tokens.Counter, against []baselines.Baseline, asJSON bool) error {
	names, sets, err := eval.LoadEvidenceSets(o.sets)
	if err != nil {
		return err
	}
	slices.Sort(budgets)
	s := &suite.Suite{Names: names, Sets: sets, Budgets: slices.Compact(budgets), Counter: counter, Baselines: against, Candidates: o.candidates, Encoder: o.encoder}
	var halves []map[string]float64
	if o.heldOut {
		if s.Weights, err = heldOut(ctx, s); err != nil {
			return err
		}
		halves = []map[string]float64{byName(*s.Weights[1]), byName(*s.Weights[0])}
	}
	if o.pooled {
		if s.Sets, err = eval.Pool(names, sets); err != nil {
			return err
		}
	}
	report, err := runSuite(ctx, s, o.ablate)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	report.Halves = halves
	if o.plot != "" {
		title := "Evidence in the context, mean of the sets"
		if o.pooled {
			title = "Evidence in the context, all sets as one corpus"
		}
		if err := writeTo(o.plot, func(w io.Writer) error { return report.WritePlot(w, title) }); err != nil {
			return err
		}
	}
	if asJSON {
		return c.JSON(report)
	}
	if err := report.WriteTable(c.Out); err != nil || !o.ablate {
		return err
	}
	fmt.Fprintln(c.Out)
	return suite.WriteAblations(c.Out, s.Budgets, report.Ablations)
}

func runSuite(ctx context.Context, s *suite.Suite, ablate bool) (*suiteReport, error) {
	full, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	r := &suiteReport{Report: full}
	if ablate {
		r.Ablations, err = s.Ablate(ctx, full)
	}
	return r, err
}

// heldOut gives each set the weights that were tuned on the half of the sets
// that it is not in, at the usual budgets.
func heldOut(ctx context.Context, s *suite.Suite) ([]*score.Weights, error) {
	t, err := tune.New(ctx, s.Names, s.Sets, []int{256, 512, 1000, 2000})
	if err != nil {
		return nil, err
	}
	halves, err := t.Halves(ctx)
	if err = errors.Join(err, t.Close()); err != nil {
		return nil, err
	}
	weights := make([]*score.Weights, len(s.Sets))
	for i := range weights {
		weights[i] = &halves[(i+1)%2]
	}
	return weights, nil
}

func contexts(ctx context.Context, set *eval.EvidenceSet, index string, o suiteOptions, budgets []int, counter tokens.Counter, emit func(*eval.Context) error) (*eval.ContextReport, error) {
	open := func() (*system.Contexts, error) { return system.NewContexts(ctx, set, o.encoder) }
	if o.chapters {
		open = func() (*system.Contexts, error) {
			return system.OpenContexts(ctx, set, func(string) (engine.Index, error) { return tamis.Open("", tamis.Options{Chapters: true}) }, nil)
		}
	}
	if index != "" {
		if !strings.HasPrefix(index, opensearch.Scheme) || o.encoder != nil || o.chapters {
			return nil, flags.Usagef("--index is the address of a cluster (opensearch://HOST:PORT/NAME), without --model and --chapters: else contexts are measured in memory")
		}
		open = func() (*system.Contexts, error) { return system.ContextsInCluster(ctx, set, index) }
	}
	own, err := open()
	if err != nil {
		return nil, err
	}
	if o.rerank != "" {
		reads, err := encoding.Reranker(o.rerank)
		if err != nil {
			return nil, errors.Join(err, own.Close())
		}
		defer reads.Close()
		own.Rerank.By = reads
	}
	report, err := set.Run(ctx, own.Ask(counter.Name()), budgets, counter, emit)
	return report, errors.Join(err, own.Close())
}

func baselineReports(ctx context.Context, set *eval.EvidenceSet, names string, budgets []int, counter tokens.Counter) (map[string]*eval.ContextReport, error) {
	chosen, err := baselines.Named(names)
	if err != nil {
		return nil, flags.UsageError{Err: err}
	}
	reports := map[string]*eval.ContextReport{}
	for _, b := range chosen {
		ask, err := b.On(set, counter)
		if err != nil {
			return nil, fmt.Errorf("baseline %s: %w", b.Name, err)
		}
		if reports[b.Name], err = set.Run(ctx, ask, budgets, counter, nil); err != nil {
			return nil, fmt.Errorf("baseline %s: %w", b.Name, err)
		}
	}
	return reports, nil
}

func (c *Console) printContexts(r *eval.ContextReport) error {
	fmt.Fprintf(c.Out, "%d questions; evidence recall %% (wholly covered %%) at each budget\n%-20s", r.Questions, "")
	for _, b := range r.Budgets {
		fmt.Fprintf(c.Out, "%16d", b.Budget)
	}
	fmt.Fprintln(c.Out)
	row := func(name string, r *eval.ContextReport) {
		fmt.Fprintf(c.Out, "%-20s", name)
		for _, b := range r.Budgets {
			fmt.Fprintf(c.Out, "%8.1f (%5.1f)", 100*b.EvidenceRecall, 100*b.FullCoverage)
		}
		fmt.Fprintln(c.Out)
	}
	row("tamis", r)
	for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
		row(name, r.Baselines[name])
	}
	fmt.Fprintf(c.Out, "%-20s", "tamis, ms median")
	for _, b := range r.Budgets {
		fmt.Fprintf(c.Out, "%8.1f        ", b.TookMSP50)
	}
	_, err := fmt.Fprintln(c.Out)
	return err
}
