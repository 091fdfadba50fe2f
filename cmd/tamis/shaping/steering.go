package shaping

import (
	"errors"
	"math"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/shapes"
	"github.com/tamis-search/tamis/model"
)

// Steering is tamis eval steering.
func (c *Console) Steering() *cobra.Command {
	var (
		corpus, queries, qrels, name string
		o                            shapes.SteerOptions
		asJSON                       bool
	)
	cmd := &cobra.Command{
		Use:   "steering --corpus F --queries F --qrels F --model DIR [--by N,...]",
		Short: "What searches find that are steered along a feature",
		Long: `steering learns features of the documents' vectors, as tamis train features does, and asks each
query by its vector moved along one of them, as tamis search --steer does: along what its relevant
documents share (an oracle: nobody knows them before), what half of these share (judged by the other
half alone), what the five best hits share, and a feature drawn at random. --by is how far, in
means of the feature where it fires. nDCG@10, exactly; differences are of the other half to no
steering, with their 95 % interval.`,
		Example: "  tamis eval steering --corpus corpus.jsonl.gz --queries queries.jsonl --qrels qrels.txt --model minilm --by .5,1,2",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if corpus == "" || queries == "" || qrels == "" || name == "" {
				return flags.Usagef("give --corpus, --queries, --qrels and --model; see tamis eval steering --help")
			}
			for _, by := range o.By {
				if math.IsNaN(by) || math.Abs(by) > 100 {
					return flags.Usagef("--by has %g: give numbers from -100 to 100", by)
				}
			}
			s, err := read(corpus, queries, qrels)
			if err != nil {
				return err
			}
			m, err := encoding.Open(cmd.Context(), name, model.Int8)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, m.Close()) }()
			r, err := shapes.Steer(cmd.Context(), s, m, o)
			if err != nil {
				return err
			}
			if asJSON {
				return c.JSON(r)
			}
			return r.WriteTable(c.Out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&corpus, "corpus", "", "documents, JSON Lines of _id, title, text")
	f.StringVar(&queries, "queries", "", "queries, JSON Lines of _id, text")
	f.StringVar(&qrels, "qrels", "", "judgments in TREC form")
	f.StringVar(&name, "model", "", "folder or name of a model of dense vectors")
	f.Float64SliceVar(&o.By, "by", []float64{.5, 1, 2}, "how far, in means of the feature")
	f.IntVar(&o.Features, "count", 0, "how many features (default: as tamis train features)")
	f.IntVar(&o.Active, "active", 0, "of which a document has so many at most")
	f.Uint64Var(&o.Seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
