package measure

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/sparse"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/vector"
)

func (c *Console) sparseCommand() *cobra.Command {
	var (
		documents, queries, qrels, runFile string
		k, bits                            int
		recall                             float64
		exactly, asJSON                    bool
	)
	cmd := &cobra.Command{
		Use:   "sparse --documents F --queries F",
		Short: "Rank learned sparse vectors and measure recall, latency and bytes",
		Long: `Indexes a file of sparse vectors (JSON Lines of id and vector, CIFF, CSR), asks
the vectors of another, and measures. Recall is against exhaustive scoring of the
same vectors in float32.`,
		Example: "  tamis eval sparse --documents documents.jsonl.gz --queries queries.jsonl.gz --qrels qrels.txt -k 10",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "documents", "queries"); err != nil {
				return err
			}
			switch {
			case exactly && cmd.Flags().Changed("recall"):
				return flags.Usagef("--exact and --recall exclude each other: give one of them")
			case !(recall > 0 && recall <= 1):
				return flags.Usagef("--recall is %g: give a share such as 0.95", recall)
			case k < 1:
				return flags.Usagef("-k is %d: ask for at least one document", k)
			}
			precision, ok := map[int]impact.Precision{8: impact.Bits8, 16: impact.Bits16, 32: impact.Float32}[bits]
			if !ok {
				return flags.Usagef("--bits is %d: use 8, 16 or 32", bits)
			}
			var judged trec.Qrels
			if qrels != "" {
				var err error
				if judged, err = files.Read(qrels, trec.ReadQrels); err != nil {
					return err
				}
			}
			skipped := func(err error) { fmt.Fprintln(c.Errs, "skipped "+screen.Line(err.Error())) }
			v := vector.NewVocabulary()
			docs, err := sparse.Read(documents, v, skipped)
			if err != nil {
				return err
			}
			asked, err := sparse.Read(queries, v, skipped)
			if err != nil {
				return err
			}
			run, r, err := sparse.Measure(cmd.Context(), docs, asked, judged, sparse.Options{K: k, Recall: recall, Precision: precision})
			if err != nil {
				return err
			}
			if err := writeTo(runFile, run.Write); err != nil {
				return err
			}
			if asJSON {
				return c.JSON(r)
			}
			return c.printSparse(r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&documents, "documents", "", "documents: vectors in JSON Lines, CIFF or CSR")
	f.StringVar(&queries, "queries", "", "queries: vectors in JSON Lines, CIFF or CSR")
	f.StringVar(&qrels, "qrels", "", "judgments in TREC form")
	f.StringVar(&runFile, "run", "", "write the ranking to this file in TREC form")
	f.IntVarP(&k, "hits", "k", 10, "documents a query")
	f.BoolVar(&exactly, "exact", false, "the exact best (the default)")
	f.Float64Var(&recall, "recall", 1, "search faster for at least this recall")
	f.IntVar(&bits, "bits", 32, "how weights are stored: 8, 16 or 32 bits")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *Console) printSparse(r *sparse.Report) error {
	how := "exact"
	if !r.Exact {
		how = fmt.Sprintf("tuned to recall %g", r.Target)
	}
	fmt.Fprintf(c.Out, "%d documents, %d non-zeros, built in %.1f s: %d bytes\n", r.Documents, r.Nonzeros, r.BuildS, r.IndexBytes)
	fmt.Fprintf(c.Out, "%d queries, k = %d, %s: recall %.4f, µs p50 %.0f, mean %.0f, p99 %.0f\n", r.Queries, r.K, how, r.Recall, r.Latency.P50, r.Latency.Mean, r.Latency.P99)
	for _, name := range slices.Sorted(maps.Keys(r.Metrics)) {
		if _, err := fmt.Fprintf(c.Out, "%-14s %.4f\n", name, r.Metrics[name]); err != nil {
			return err
		}
	}
	return nil
}
