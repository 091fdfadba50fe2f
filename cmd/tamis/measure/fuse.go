package measure

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/fuse"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/search/plan"
)

func (c *Console) fuseCommand() *cobra.Command {
	var (
		qrels, out   string
		given, plans []string
		tune, asJSON bool
		k            int
	)
	cmd := &cobra.Command{
		Use:   "fuse --qrels F --run F... --plan EXPR...",
		Short: "Rank by several TREC runs at once and score that",
		Long: `fuse takes runs as the lists of plans (see tamis search --help): a list is called as
its file is, without what follows the last dot, or as --run NAME=FILE says. Several
--plan are compared with the first, query by query. --tune finds the weights of the
outermost lists on half of the queries, every other one, for the other half.`,
		Example: "  tamis eval fuse --qrels qrels.txt --run bm25.trec --run dense.trec --plan bm25 --plan 'rrf(bm25, dense)'",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "qrels"); err != nil {
				return err
			}
			if len(given) == 0 || len(plans) == 0 {
				return flags.Usagef("give runs and what is to become of them: --run FILE --run FILE --plan 'rrf(A, B)'")
			}
			if len(plans) > 1 && out != "" {
				return flags.Usagef("--out is for one plan and --plan was given %d times", len(plans))
			}
			judged, err := files.Read(qrels, trec.ReadQrels)
			if err != nil {
				return err
			}
			runs, err := readRuns(given)
			if err != nil {
				return err
			}
			measures := trec.DefaultMeasures()
			at := slices.IndexFunc(measures, func(m trec.Measure) bool { return m.Name() == compared })
			var reports []planned
			var first []float64
			for _, expr := range plans {
				p, run, err := fused(cmd, runs, expr, judged, measures[at], tune, k)
				if errors.Is(err, plan.ErrSyntax) || errors.Is(err, lists.ErrNone) {
					return flags.Usagef("--plan %q: %w", expr, err)
				}
				if err != nil {
					return err
				}
				scores, err := trec.Evaluate(judged, run, measures, trec.Options{Complete: true})
				if err != nil {
					return err
				}
				p.Report = scores.Report()
				if values := scores.Column(at); first == nil {
					first = values
				} else if diff, err := figures.Compare(first, values); err == nil {
					p.Diff = &diff
				}
				reports = append(reports, *p)
				if err := writeTo(out, run.Write); err != nil {
					return err
				}
			}
			return c.printPlans(reports, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&qrels, "qrels", "", "judgments in TREC form")
	f.StringArrayVar(&given, "run", nil, "run in TREC form, FILE or NAME=FILE")
	f.StringArrayVar(&plans, "plan", nil, "what ranks: the name of a run, or an expression")
	f.StringVar(&out, "out", "", "write the ranking to this file in TREC form")
	f.BoolVar(&tune, "tune", false, "find the weights on one half of the queries for the other")
	f.IntVarP(&k, "hits", "k", 1000, "documents a query")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// fused ranks by a plan; with weights found on the other half of the queries where
// tune says so, and the plan has some.
func fused(cmd *cobra.Command, runs fuse.Runs, expr string, judged trec.Qrels, m trec.Measure, tune bool, k int) (*planned, *trec.Run, error) {
	node, err := plan.Parse(expr)
	if err != nil {
		return nil, nil, err
	}
	if !tune || len(node.Weights()) < 2 {
		run, err := runs.Rank(cmd.Context(), node, runs.Queries(), k)
		return &planned{Plan: expr}, run, err
	}
	run, halves, err := runs.Halves(cmd.Context(), node, judged, m, k)
	if err != nil {
		return nil, nil, err
	}
	return &planned{Plan: halves[0].String() + " | " + halves[1].String()}, run, nil
}

func readRuns(given []string) (fuse.Runs, error) {
	runs := fuse.Runs{}
	for _, g := range given {
		name, file, ok := strings.Cut(g, "=")
		if !ok {
			name, file = filepath.Base(g), g
			name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), filepath.Ext(strings.TrimSuffix(name, ".gz")))
		}
		if runs[name] != nil {
			return nil, flags.Usagef("two runs are called %s: say --run NAME=FILE", name)
		}
		run, err := files.Read(file, trec.ReadRun)
		if err != nil {
			return nil, err
		}
		runs[name] = run
	}
	return runs, nil
}
