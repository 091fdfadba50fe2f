// Package measure is tamis eval: rankings and contexts measured against judgments.
package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/trec"
)

// Console is where a measurement takes its input and shows its figures.
type Console struct {
	In        io.Reader
	Out, Errs io.Writer
	Progress  io.Writer // nil where nobody watches
	Quiet     *bool     // set when flags have been read
	JSON      func(v any) error
	// Index adds the files under paths to ix and shows how far it is.
	Index func(ctx context.Context, ix engine.Index, paths []string, o tamis.FileOptions) (tamis.Report, error)
	// Open opens the index that is meant, for reading, and says what it is called.
	Open func(ctx context.Context) (engine.Index, string, error)
}

// show prints a report as JSON, or as the table that it makes of itself.
func (c *Console) show(report interface{ WriteTable(w io.Writer) error }, asJSON bool) error {
	if asJSON {
		return c.JSON(report)
	}
	return report.WriteTable(c.Out)
}

// Command is tamis eval with its subcommands.
func (c *Console) Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Measure ranking and contexts: over one's own documents, or against judgments",
		Args:  flags.Subcommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.Usagef("say what to measure: tamis eval corpus, compare, data, retrieval, shapes, context, conversation, segment, sparse, suite, classify, trec or fuse; see tamis eval --help")
		},
	}
	cmd.AddCommand(c.corpusCommand(), c.compareCommand(), c.retrievalCommand(), c.dimensionsCommand(), c.contextCommand(), c.conversationCommand(), c.segmentCommand(), c.sparseCommand(), c.trecCommand(), c.fuseCommand(), c.suiteCommand(), c.classifyCommand(), c.acronymsCommand(), c.keyphrasesCommand(), c.dataCommand(), c.aroundCommand(), c.topicsCommand(), c.linksCommand())
	return cmd
}

// required makes flags obligatory with a message of our own.
func required(cmd *cobra.Command, names ...string) error {
	for _, n := range names {
		if f := cmd.Flags().Lookup(n); f.Value.String() == "" {
			return flags.Usagef("missing --%s %s; see tamis eval %s --help", n, strings.ToUpper(f.Usage[:1])+f.Usage[1:], cmd.Name())
		}
	}
	return nil
}

func (c *Console) trecCommand() *cobra.Command {
	var (
		qrels, runFile string
		asJSON         bool
	)
	cmd := &cobra.Command{
		Use:   "trec --qrels F --run F",
		Short: "Score a TREC run with trec_eval's measures",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "qrels", "run"); err != nil {
				return err
			}
			judged, err := files.Read(qrels, trec.ReadQrels)
			if err != nil {
				return err
			}
			run, err := files.Read(runFile, trec.ReadRun)
			if err != nil {
				return err
			}
			scores, err := trec.Evaluate(judged, run, trec.DefaultMeasures(), trec.Options{})
			if err != nil {
				return err
			}
			return c.printRanking(scores.Report(), asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&qrels, "qrels", "", "judgments in TREC form")
	f.StringVar(&runFile, "run", "", "run in TREC form")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *Console) printRanking(r *trec.Report, asJSON bool) error {
	if asJSON {
		return c.JSON(r)
	}
	fmt.Fprintf(c.Out, "%-14s %d\n", "queries", r.Queries)
	for _, name := range slices.Sorted(maps.Keys(r.Metrics)) {
		fmt.Fprintf(c.Out, "%-14s %.4f\n", name, r.Metrics[name])
	}
	if r.TookMS == 0 {
		return nil
	}
	_, err := fmt.Fprintf(c.Out, "%-14s %.1f, median query %.3f\n", "took ms", r.TookMS, r.TookMSP50)
	return err
}

func numbers(list string) ([]int, error) {
	var out []int
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			return nil, flags.Usagef("--budgets holds %q: give token counts such as 256,512,1000", s)
		}
		out = append(out, n)
	}
	return out, nil
}

// writeTo lets write fill a file; an empty name drops what is written.
func writeTo(name string, write func(io.Writer) error) error {
	if name == "" {
		return write(io.Discard)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
