package measure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
)

// retrieval is what eval retrieval is asked.
type retrieval struct {
	corpus, queries, qrels, similarity, runFile string
	index, model, with, rerank                  string
	plans                                       []string
	recall                                      float32
	k                                           int
}

// planned is the report of one plan of several; Diff compares the first measure with
// that of the first plan.
type planned struct {
	Plan string `json:"plan"`
	*trec.Report
	Diff *figures.Difference `json:"ndcg@10_diff,omitempty"`
}

func (c *Console) retrievalCommand() *cobra.Command {
	var (
		o      retrieval
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "retrieval --corpus F --queries F --qrels F [--model DIR] [--plan NAME|EXPR]...",
		Short: "Rank the documents of a JSON Lines corpus and score the run",
		Long: `retrieval ranks documents by words, or by a plan (see tamis search --help). --model
gives their passages vectors; with --index DIR the index is kept, so that another run
need not make them again. Several --plan are compared with the first, query by query.`,
		Example: "  tamis eval retrieval --corpus corpus.jsonl.gz --queries queries.jsonl --qrels qrels.txt --similarity lucene\n" +
			"  tamis eval retrieval --corpus corpus.jsonl.gz --queries queries.jsonl --qrels qrels.txt --model minilm --index kept --plan text --plan dense --plan hybrid",
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "corpus", "queries", "qrels"); err != nil {
				return err
			}
			if len(o.plans) > 1 && o.runFile != "" {
				return flags.Usagef("--run is for one plan and --plan was given %d times", len(o.plans))
			}
			reports, err := c.retrieval(cmd.Context(), &o)
			var wrong *tamis.InvalidError
			switch {
			case errors.As(err, &wrong) && wrong.Field == "plan":
				return flags.Usagef("--%w", err)
			case err != nil:
				return err
			case len(reports) > 1:
				return c.printPlans(reports, asJSON)
			}
			return c.printRanking(reports[0].Report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.corpus, "corpus", "", "documents, JSON Lines of _id, title, text")
	f.StringVar(&o.queries, "queries", "", "queries, JSON Lines of _id, text")
	f.StringVar(&o.qrels, "qrels", "", "judgments in TREC form")
	f.StringVar(&o.similarity, "similarity", "default", "default, or lucene for Lucene's analysis, lengths and parameters")
	f.StringVar(&o.model, "model", "", "folder or name of a model that gives passages vectors")
	f.StringVar(&o.with, "encode-with", "title", "what of its document a passage is encoded with: see tamis index --help")
	f.StringArrayVar(&o.plans, "plan", nil, "what ranks: text, dense, hybrid, or an expression (default: text; hybrid with --model)")
	encoding.AddReranker(f, &o.rerank, "plans call reranker")
	f.StringVar(&o.index, "index", "", "keep the index in this folder, or at this address of a cluster: opensearch://HOST:PORT/NAME")
	f.StringVar(&o.runFile, "run", "", "write the ranking to this file in TREC form")
	f.Float32Var(&o.recall, "recall", 1, "search vectors faster, for at least this recall of the best 10, where -k is 100 or less")
	f.IntVarP(&o.k, "hits", "k", 1000, "documents a query")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// retrieval measures each plan.
func (c *Console) retrieval(ctx context.Context, o *retrieval) ([]planned, error) {
	settings := tamis.Options{}
	switch o.similarity {
	case "default":
	case "lucene":
		settings.Similarity = tamis.Lucene
	default:
		return nil, flags.Usagef("--similarity is %q: use default or lucene", o.similarity)
	}
	qs, err := files.Read(o.queries, trec.ReadQueries)
	if err != nil {
		return nil, err
	}
	judged, err := files.Read(o.qrels, trec.ReadQrels)
	if err != nil {
		return nil, err
	}
	ix, err := indexOf(ctx, o.index, settings)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	own, embedded := ix.(*tamis.Index)
	if o.model != "" && !embedded {
		return nil, fmt.Errorf("--model: %w", engine.Lacks(engine.Vectors))
	}
	report, err := c.Index(ctx, ix, []string{o.corpus}, tamis.FileOptions{Stdin: c.In})
	if err != nil {
		return nil, err
	}
	for _, s := range report.Skipped {
		fmt.Fprintf(c.Errs, "skipped %s:%d: %s\n", screen.Name(s.Path), s.Line, screen.Line(s.Reason))
	}
	field, vectors, done, err := encoded(ctx, own, o.model, o.with, qs)
	if err != nil {
		return nil, err
	}
	defer done()
	var reads encode.Judge
	if o.rerank != "" {
		r, err := encoding.Reranker(o.rerank)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		reads = r
	}
	if len(o.plans) == 0 {
		o.plans = []string{""}
		if o.model != "" {
			o.plans[0] = tamis.Hybrid
		}
	}
	var all []planned
	var first []float64
	for _, plan := range o.plans {
		run, scores, r, err := trec.Retrieval(ctx, qs, judged, system.SearchDocuments(ix, tamis.Query{Plan: plan, Field: field, Rerank: reads, Recall: o.recall}, vectors), o.k, trec.DefaultMeasures())
		if err != nil {
			return nil, err
		}
		if err := writeTo(o.runFile, run.Write); err != nil {
			return nil, err
		}
		p := planned{Plan: plan, Report: r}
		at := slices.IndexFunc(scores.Measures, func(m trec.Measure) bool { return m.Name() == compared })
		if values := scores.Column(at); first == nil {
			first = values
		} else if diff, err := figures.Compare(first, values); err == nil {
			p.Diff = &diff
		}
		all = append(all, p)
	}
	return all, nil
}

// indexOf opens the index of a folder, of memory or of the address of a cluster, and makes it
// where there is none.
func indexOf(ctx context.Context, index string, o tamis.Options) (engine.Index, error) {
	if !strings.HasPrefix(index, opensearch.Scheme) {
		return tamis.Open(index, o)
	}
	name, at, err := opensearch.Parse(index)
	if err != nil {
		return nil, flags.Usagef("--index: %w", err)
	}
	at.Similarity = o.Similarity
	ix, err := opensearch.Open(ctx, name, at)
	if err != nil {
		return nil, err
	}
	return ix, nil
}

// compared is the measure by which plans are.
const compared = "ndcg@10"

// encoded gives the passages of an index vectors with a model, which it uses from then on
// until done, and says in which field and what those of the queries are; none without a model.
func encoded(ctx context.Context, ix *tamis.Index, name, input string, queries []trec.Query) (field string, vectors map[string]tamis.Vector, done func() error, err error) {
	if name == "" {
		return "", nil, func() error { return nil }, nil
	}
	opened, err := encoding.Open(ctx, name, model.Int8)
	if err != nil {
		return "", nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.Close())
		}
	}()
	e, err := encoding.With(opened, input)
	if err != nil {
		return "", nil, nil, err
	}
	if _, err := ix.Encode(ctx, e, nil); err != nil {
		return "", nil, nil, err
	}
	ix.Use(e)
	texts := make([]string, len(queries))
	for i, q := range queries {
		texts[i] = q.Text
	}
	vectors = make(map[string]tamis.Vector, len(texts))
	i := 0
	for v, err := range e.All(ctx, slices.Values(texts), encode.Query) {
		if err != nil {
			return "", nil, nil, err
		}
		vectors[texts[i]] = v
		i++
	}
	return e.Name(), vectors, opened.Close, nil
}

func (c *Console) printPlans(all []planned, asJSON bool) error {
	if asJSON {
		return c.JSON(map[string]any{"plans": all})
	}
	for _, p := range all {
		diff := ""
		if d := p.Diff; d != nil {
			diff = fmt.Sprintf("  %+.4f [%+.4f, %+.4f] p %.4f", d.Mean, d.Low, d.High, d.P)
		}
		m := p.Metrics
		if _, err := fmt.Fprintf(c.Out, "ndcg@10 %.4f  recall@100 %.4f  map %.4f  mrr@10 %.4f%s  %s\n", m[compared], m["recall@100"], m["map"], m["mrr@10"], diff, p.Plan); err != nil {
			return err
		}
	}
	return nil
}
