package measure

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/train"
)

// dimensions is what eval dimensions is asked.
type dimensions struct {
	corpus, queries, qrels, analyzer string
	widths                           []int
	seed                             uint64
}

// dimension is what vectors of so many numbers give; Width 0 is words alone.
type dimension struct {
	Width   int                 `json:"width"`
	Bytes   int                 `json:"bytes"` // of all vectors, 8 bits a number
	Seconds float64             `json:"seconds"`
	Dense   float64             `json:"dense_ndcg@10,omitempty"`
	Hybrid  float64             `json:"hybrid_ndcg@10"`
	Diff    *figures.Difference `json:"ndcg@10_diff,omitempty"` // of Hybrid, to words
}

func (c *Console) dimensionsCommand() *cobra.Command {
	var (
		o      dimensions
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "dimensions --corpus F --queries F --qrels F [--widths N,...]",
		Short: "What vectors learned from a corpus give by how many numbers they have",
		Long: `dimensions learns vectors of a JSON Lines corpus as tamis train vectors does, once for each
of --widths, and ranks documents by them alone and beside words: effectiveness against size,
in one table. Nothing is kept.`,
		Example: "  tamis eval dimensions --corpus corpus.jsonl.gz --queries queries.jsonl --qrels qrels.txt --widths 32,64,128,256",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "corpus", "queries", "qrels"); err != nil {
				return err
			}
			if slices.Min(append(o.widths, 32)) < 32 {
				return flags.Usagef("--widths are 32 or more")
			}
			all, err := c.dimensions(cmd.Context(), &o)
			if err != nil {
				return err
			}
			if asJSON {
				return c.JSON(map[string]any{"dimensions": all})
			}
			return c.printDimensions(all)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.corpus, "corpus", "", "documents, JSON Lines of _id, title, text")
	f.StringVar(&o.queries, "queries", "", "queries, JSON Lines of _id, text")
	f.StringVar(&o.qrels, "qrels", "", "judgments in TREC form")
	f.StringVar(&o.analyzer, "analyzer", "english", "the analysis of texts")
	f.IntSliceVar(&o.widths, "widths", []int{32, 64, 128, 192, 256}, "numbers of a vector, multiples of 32")
	f.Uint64Var(&o.seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *Console) dimensions(ctx context.Context, o *dimensions) ([]dimension, error) {
	qs, err := files.Read(o.queries, trec.ReadQueries)
	if err != nil {
		return nil, err
	}
	judged, err := files.Read(o.qrels, trec.ReadQrels)
	if err != nil {
		return nil, err
	}
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	if _, err := c.Index(ctx, ix, []string{o.corpus}, tamis.FileOptions{Stdin: c.In}); err != nil {
		return nil, err
	}
	ranked := func(plan string) ([]float64, float64, error) {
		_, scores, r, err := trec.Retrieval(ctx, qs, judged, system.SearchDocuments(ix, tamis.Query{Plan: plan}, nil), 1000, trec.DefaultMeasures())
		if err != nil {
			return nil, 0, err
		}
		at := slices.IndexFunc(scores.Measures, func(m trec.Measure) bool { return m.Name() == compared })
		return scores.Column(at), r.Metrics[compared], nil
	}
	words, mean, err := ranked("text")
	if err != nil {
		return nil, err
	}
	all := []dimension{{Hybrid: mean}}
	from := func(ctx context.Context) iter.Seq2[*tamis.Document, error] { return system.Documents(ctx, ix) }
	for _, width := range o.widths {
		began := time.Now()
		m, err := train.Unexamined(ctx, from, train.Options{Options: lsi.Options{Analyzer: o.analyzer, Width: width, Seed: o.seed}})
		if err != nil {
			return nil, err
		}
		d := dimension{Width: m.Width(), Seconds: time.Since(began).Seconds()}
		encoded, err := ix.Encode(ctx, m, nil)
		if err != nil {
			return nil, err
		}
		d.Bytes = encoded.Passages * d.Width
		ix.Use(m)
		if _, d.Dense, err = ranked("dense"); err != nil {
			return nil, err
		}
		hybrid, mean, err := ranked(tamis.Hybrid)
		if err != nil {
			return nil, err
		}
		d.Hybrid = mean
		if diff, err := figures.Compare(words, hybrid); err == nil {
			d.Diff = &diff
		}
		all = append(all, d)
	}
	return all, nil
}

func (c *Console) printDimensions(all []dimension) error {
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "numbers\tbytes\tlearned in\tndcg@10 dense\thybrid\tto words, 95 % interval")
	for _, d := range all {
		if d.Width == 0 {
			fmt.Fprintf(w, "words\t\t\t\t%.4f\t\n", d.Hybrid)
			continue
		}
		diff := ""
		if d.Diff != nil {
			diff = fmt.Sprintf("%+.4f [%+.4f, %+.4f]", d.Diff.Mean, d.Diff.Low, d.Diff.High)
		}
		fmt.Fprintf(w, "%d\t%d\t%.1f s\t%.4f\t%.4f\t%s\n", d.Width, d.Bytes, d.Seconds, d.Dense, d.Hybrid, diff)
	}
	return w.Flush()
}
