package measure

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/about"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/subjects"
	"github.com/tamis-search/tamis/eval/trec"
)

func (c *Console) topicsCommand() *cobra.Command {
	var (
		queries, qrels string
		topics         int
		asJSON         bool
	)
	cmd := &cobra.Command{
		Use:   "topics [--index DIR] [--queries F --qrels F] [PATH...]",
		Short: "Measure the topics of a corpus, and what they do for searches",
		Long: `topics measures tamis topics over the documents of an index, or of files and folders,
which are indexed in memory for it: how well the words of a topic belong together in the
documents themselves (normalised pointwise mutual information in ten words, C_V in 110), by
each way of grouping documents, beside documents that are dealt out in turn. With queries
and judgments it says what it does for searches to filter by topics or to prefer them.`,
		Example: "  tamis eval topics --index .tamis\n" +
			"  tamis eval topics --queries queries.jsonl --qrels qrels.txt corpus.jsonl.gz",
		RunE: func(cmd *cobra.Command, args []string) error {
			if topics < 0 || topics > about.MostTopics {
				return flags.Usagef("--topics is %d: ask for 1 to %d, or 0 for as many as suit the corpus", topics, about.MostTopics)
			}
			if (queries == "") != (qrels == "") {
				return flags.Usagef("--queries and --qrels need each other")
			}
			ix, name, err := c.asked(cmd.Context(), &own{}, args)
			if err != nil {
				return err
			}
			defer ix.Close()
			report, err := subjects.Coherence(cmd.Context(), ix, topics)
			if err == nil && queries != "" {
				err = searched(cmd.Context(), report, ix, queries, qrels, topics)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&queries, "queries", "", "queries, JSON Lines of _id, text")
	f.StringVar(&qrels, "qrels", "", "judgments in TREC form")
	f.IntVarP(&topics, "topics", "n", 0, "how many topics (default: by the number of documents, 12 at most)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func searched(ctx context.Context, r *subjects.Report, ix engine.Index, queries, qrels string, topics int) error {
	asked, err := files.Read(queries, trec.ReadQueries)
	if err != nil {
		return err
	}
	judged, err := files.Read(qrels, trec.ReadQrels)
	if err != nil {
		return err
	}
	return r.Search(ctx, ix, asked, judged, topics)
}
