package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/featuring"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/text/excerpt"
)

const searchHelp = `search ranks passages or documents by the words of a query, or documents by the
inner product of their vectors with one: --vector, --vector-file. --model says
which model's vectors weigh, of those that tamis index --model made; where its
folder has weights for questions (idf.json and a tokenizer) it is not run for them.
--model with --field ranks by that field alone. The result is exact; --recall allows
a search by vector to be faster and miss some.

A query is a set of words: any of them may match, in the forms that their language
gives them (rotate, rotated), rare words count most. There is no syntax for
phrases, prefixes, fuzzy words or fields: quotes, *, ~, AND, OR, NOT and title: mean
nothing. --filter keeps to documents by path, type, language, date and metadata.

Where tamis index --model made vectors, words and meaning rank together; --plan text
is words alone. A plan is a list (text, dense, sparse, multi) or what becomes of some:
  rrf(text, dense, k=10)                         reciprocal ranks
  linear(text, 0.7*dense)                        sums of scores; norm=minmax, z, median, none
  rerank(text, dense, n=50)                      the best 50 in another order
  rerank(rrf(text, dense), reranker, n=50)       by the model of --rerank, which reads them
  boost(text, 'role = "test"', by=0.5)           factors where a filter holds
  near(text, dense, n=10, by=0.6)                what is like others that were found
  recent(text, days=365) · smooth(dense, by=0.2) · max, first, sum(dense)
  feedback(sparse, docs=5, terms=20, by=0.4)     asked again with what was found
Lists give 100 rows, or depth=N. --explain says what ranked, where each list has
each hit, what each word of the query brought it, and in the mean each type of source
(--by kind: the metadata that says it). A type is preferred by boost.

--steer moves the question's vector q along features that tamis train features found (tamis
features lists them): q + number × mean × direction, where mean is how far along it passages
go, in the mean, in which the feature fires, and direction has the length 1.`

func (a *app) searchCommand() *cobra.Command {
	var (
		k      int
		unit   string
		fold   bool
		asJSON bool
		places bool
		by     string
		scope  scope
		vector flags.VectorQuery
		model  encoding.Searching
		steer  = featuring.Steering{App: a.featuring()}
	)
	cmd := &cobra.Command{
		Use:   "search [--index DIR] [-k N] [--unit passage|document] [--filter EXPR] [--as GROUP,...] [--fold] [--plan NAME|EXPR] [--rerank DIR] [--explain] QUERY | --vector JSON",
		Short: "Rank passages or documents by a query",
		Long:  searchHelp,
		Example: `  tamis search "segment merging"
  tamis search -k 20 --unit document "http2 frames"
  tamis search --filter 'lang = "en" and path ^ "docs/"' "read timeout"
  tamis search --json "read timeout" | jq '.hits[].path'
  tamis search --explain --plan 'linear(text, 2*dense)' "read timeout"
  tamis search --explain --by kind --plan "boost(text, 'kind = \"specification\"', by=2)" "read timeout"
  tamis search --vector '{"sieve": 1.5, "fine": 0.75}'
  tamis search --vector '[0.12, -0.4, 0.03]' --field minilm
  tamis search --model doc-v3 "segment merging"
  tamis search --explain --steer 'boundary layer=+2' "heat transfer"
  tamis search --vector-file question.json --field splade --recall 0.95`,
		Args: func(cmd *cobra.Command, args []string) error {
			if vector.Given() && (!model.Ranked() || len(args) == 0) {
				return flags.Exact()(cmd, args)
			}
			return flags.Exact("QUERY")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if k < 1 {
				return flags.Usagef("-k is %d: it must be at least 1", k)
			}
			if unit != "passage" && unit != "document" {
				return flags.Usagef("--unit is %q: use passage or document", unit)
			}
			if err := vector.Read(a.in, cmd.Flags(), model.Given()); err != nil {
				return err
			}
			seen, err := scope.resolve(cmd.Flags())
			if err == nil {
				model.Plan, err = planHere(model.Plan)
			}
			if model.Move = steer.Move(); err != nil {
				return err
			}
			ix, err := a.anyIndex(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer ix.Close()
			asked := strings.Join(args, "") // one at most
			q := tamis.Query{Text: asked, K: k, Unit: tamis.Unit(unit), Fold: fold, Filter: seen.Filter, Groups: seen.Groups, Explain: places}
			done, err := a.ranked(cmd, ix, &q, &vector, &model)
			if err != nil {
				return err
			}
			defer done()
			res, err := ix.Search(cmd.Context(), q)
			if err != nil {
				return scopeError(err)
			}
			if res.Query = asked; !model.Given() {
				a.hintLanguage(ix, asked, seen)
			}
			show := func() error { return a.printJSON(res) }
			switch {
			case asJSON && places:
				show = func() error { return a.printJSON(explain(res, by, &steer)) }
			case !asJSON:
				m, err := matcherOf(ix, asked)
				if err != nil {
					return err
				}
				show = func() error { return errors.Join(steer.Print(a.out, places), a.printHits(res, m, places, by)) }
			}
			if err = a.paged(show); err == nil && len(res.Hits) == 0 {
				err = errNothing
			}
			return err
		},
	}
	f := cmd.Flags()
	f.IntVarP(&k, "hits", "k", 10, "number of hits")
	f.StringVar(&unit, "unit", "passage", "what is ranked: passage or document")
	scope.add(f)
	vector.Add(f)
	model.Add(f)
	steer.Add(f)
	f.BoolVar(&places, "explain", false, "say what ranked, where each list of the plan has each hit, and what each word brought it, and each type of source")
	f.StringVar(&by, "by", "role", "the metadata that is the type of a source for --explain")
	f.BoolVar(&fold, "fold", false, "leave out near-duplicates of better hits")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// ranked says what else than words ranks: a vector, or a model, until done.
func (a *app) ranked(cmd *cobra.Command, ix engine.Index, q *tamis.Query, vector *flags.VectorQuery, model *encoding.Searching) (done func() error, err error) {
	none := func() error { return nil }
	if !model.Ranked() && model.Move == nil && (vector.Given() || model.Given() && cmd.Flags().Changed("field")) {
		return none, byVector(cmd, ix, q, vector, &model.Flag)
	}
	vector.Fill(q)
	return model.Open(cmd.Context(), ix, q, a.warn)
}

// byVector has a query rank by the vector that is given, or that a model makes of its text.
func byVector(cmd *cobra.Command, ix engine.Index, q *tamis.Query, vector *flags.VectorQuery, model *encoding.Flag) (err error) {
	asked := q.Text
	q.Text = ""
	vector.Fill(q)
	if !cmd.Flags().Changed("unit") {
		q.Unit = "" // that of the field
	}
	if model.Given() {
		q.Vector, q.Field, err = model.Question(cmd.Context(), ix, asked, vector.Field(cmd.Flags()))
	}
	return err
}

const excerptBytes = 300

// matcherOf finds the words of a query as the index reads them.
func matcherOf(ix engine.Index, query string) (*excerpt.Matcher, error) {
	analyzers, err := ix.Analyzers()
	return excerpt.New(analyzers, query), err
}

func (a *app) printHits(res *tamis.Results, m *excerpt.Matcher, places bool, by string) error {
	if places {
		what := res.Plan
		if what == "" {
			what = "text"
		}
		fmt.Fprintln(a.out, "plan: "+screen.Line(what))
	}
	for _, h := range res.Hits {
		where := a.bold(receipt.At(receipt.ShortPath(h.Doc), h.Doc, h.Path, h.Place))
		if h.Title != "" && h.Title != h.Doc && h.Title != filepath.Base(h.Doc) {
			where += "  " + a.dim(oneLine(h.Title))
		}
		if len(h.Headings) > 0 {
			where += "  " + a.dim(oneLine(strings.Join(h.Headings, " > ")))
		}
		what := fmt.Sprintf("bytes %d-%d, score %s", h.Start, h.End, scoreOf(h, res.Plan))
		text := "\n    " + m.Highlight(a.out, m.Excerpt(h.Text, excerptBytes))
		if h.Text == "" { // a document that is a vector alone
			what, text = "score "+scoreOf(h, res.Plan), ""
		}
		if said := receipt.Dates(h.Dates); said != "" {
			text += "\n    " + a.dim(said)
		}
		if said := termLine(h.Terms); said != "" {
			text = "\n    " + a.dim("words: "+said) + text
		}
		if places && len(h.Lists) > 0 {
			var all []string
			for _, l := range h.Lists {
				all = append(all, fmt.Sprintf("%s %d. (%.4g)", l.List, l.Rank, l.Score))
			}
			text = "\n    " + a.dim(strings.Join(all, ", ")) + text
		}
		if _, err := fmt.Fprintf(a.out, "%2d. %s  %s%s\n", h.Rank, where, a.dim(what), text); err != nil {
			return err
		}
	}
	if places {
		a.printTypes(res.Hits, by)
	}
	if !res.Exact {
		_, err := fmt.Fprintf(a.out, "Approximate: searches like this found %.1f %% of the best 10.\n", 100*res.Recall)
		return err
	}
	return nil
}

// scoreOf prints a score: those of plans may be small.
func scoreOf(h tamis.Hit, plan string) string {
	if plan != "" {
		return fmt.Sprintf("%.4g", h.Score)
	}
	return fmt.Sprintf("%.2f", h.Score)
}
