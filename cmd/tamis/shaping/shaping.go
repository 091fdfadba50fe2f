// Package shaping is tamis eval shapes and tamis eval steering: vectors in all shapes that they
// can be kept in, and moved along their features, in one table each.
package shaping

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/shapes"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
)

// Console is where figures are shown.
type Console struct {
	Out      io.Writer
	Progress io.Writer // nil where nobody watches
	JSON     func(v any) error
}

// Command is tamis eval shapes.
func (c *Console) Command() *cobra.Command {
	var (
		corpus, queries, qrels string
		models                 []string
		o                      shapes.Options
		asJSON                 bool
	)
	cmd := &cobra.Command{
		Use:   "shapes --corpus F --queries F --qrels F [--model DIR]... [--sizes N,...]",
		Short: "What vectors are worth by the shape in which they are kept",
		Long: `shapes ranks documents by the words of a JSON Lines corpus and by the vectors of each --model,
in all shapes that they can be kept in, one line each: bytes a document, microseconds of the median
query on one thread without its model, the share of the exact best 10 of the same vectors, by
how many standard deviations of the best hundred's scores the best relevant document stands above
the best other one, and nDCG@10, also of smaller indexes: those of --sizes, shares of the
documents that are relevant to no query.

Of words there are the inverted index and dense vectors that imitate it, of a model of dense
vectors numbers of 32, 8 and 1 bits, fewer numbers, codes of thousands of bits, and numbers beside
those that imitate words, features and what they stand for; of one of sparse vectors the inverted index and slices of values and
indexes, of one of token vectors MaxSim over all and by lists. A document is one vector here, of
as much of it as the model reads.

With --units documents are divided instead, into whole documents, passages of about 200 and 100
tokens and sentences, each under its document's title, and a document ranks by its best piece: by
BM25 and by 8 bits a number of each model. --units all takes all of them.`,
		Example: "  tamis eval shapes --corpus corpus.jsonl.gz --queries queries.jsonl --qrels qrels.txt --model minilm --sizes .125,.25,.5\n  tamis eval shapes --corpus corpus.jsonl.gz --queries queries.jsonl --qrels qrels.txt --model minilm --units all",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if corpus == "" || queries == "" || qrels == "" {
				return flags.Usagef("give --corpus, --queries and --qrels; see tamis eval shapes --help")
			}
			if len(o.Sizes) > 0 && (slices.Min(o.Sizes) <= 0 || slices.Max(o.Sizes) > 1) {
				return flags.Usagef("--sizes are shares above 0, up to 1: give such as .125,.25,.5")
			}
			if slices.Equal(o.Units, []string{"all"}) {
				o.Units = shapes.Units()
			}
			for _, u := range o.Units {
				if !slices.Contains(shapes.Units(), u) {
					return flags.Usagef("--units %s: there are %s, and all", u, strings.Join(shapes.Units(), ", "))
				}
			}
			s, err := read(corpus, queries, qrels)
			if err != nil {
				return err
			}
			for _, name := range models {
				m, opened := encoding.Open(cmd.Context(), name, model.Int8)
				if opened != nil {
					return opened
				}
				defer func() { err = errors.Join(err, m.Close()) }()
				o.Models = append(o.Models, m)
			}
			if c.Progress != nil {
				o.Began = func(of string) { fmt.Fprintln(c.Progress, screen.Line(of)) }
			}
			r, err := shapes.Measure(cmd.Context(), s, o)
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
	f.StringArrayVar(&models, "model", nil, "folder or name of a model (repeatable)")
	f.StringVar(&o.Analyzer, "analyzer", "english", "the analysis of texts")
	f.Float64SliceVar(&o.Sizes, "sizes", nil, "shares of the documents that are relevant to nothing")
	f.StringSliceVar(&o.Units, "units", nil, "what documents are divided into: some of "+strings.Join(shapes.Units(), ", ")+", or all")
	f.Uint64Var(&o.Seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// read reads a retrieval test.
func read(corpus, queries, qrels string) (*shapes.Set, error) {
	s := &shapes.Set{}
	var err error
	if s.Queries, err = files.Read(queries, trec.ReadQueries); err != nil {
		return nil, err
	}
	if s.Judged, err = files.Read(qrels, trec.ReadQrels); err != nil {
		return nil, err
	}
	s.Documents, err = files.Read(corpus, func(name string, r io.Reader) (docs []shapes.Document, err error) {
		seen := map[string]bool{}
		err = files.Lines(name, r, func(line *files.Record) error {
			id, err := line.ID()
			if err == nil && seen[id] {
				err = fmt.Errorf("document %q comes twice", id)
			}
			seen[id] = true
			docs = append(docs, shapes.Document{ID: id, Title: line.Title, Text: line.Text})
			return err
		})
		if len(docs) == 0 {
			err = cmp.Or(err, fmt.Errorf("%s: holds no document", name))
		}
		return docs, err
	})
	return s, err
}
