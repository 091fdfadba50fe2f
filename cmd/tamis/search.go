package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
)

func (a *app) searchCommand() *cobra.Command {
	var (
		k      int
		unit   string
		fold   bool
		asJSON bool
		scope  scope
		vector vectorQuery
	)
	cmd := &cobra.Command{
		Use:   "search [--index DIR] [-k N] [--unit passage|document] [--filter EXPR] [--as GROUP,...] [--fold] QUERY | --vector JSON",
		Short: "Rank passages or documents by a query",
		Long: `search ranks passages or documents by the words of a query, or documents by the
inner product of their learned sparse vectors with one: --vector, --vector-file.
The result is exact; --recall allows a search by vector to be faster and miss
some.`,
		Example: `  tamis search "segment merging"
  tamis search -k 20 --unit document "http2 frames"
  tamis search --filter 'lang = "en" and path ^ "docs/"' "read timeout"
  tamis search --json "read timeout" | jq '.hits[].path'
  tamis search --vector '{"sieve": 1.5, "fine": 0.75}'
  tamis search --vector-file question.json --field splade --recall 0.95`,
		Args: func(cmd *cobra.Command, args []string) error {
			if vector.given() {
				return exact()(cmd, args)
			}
			return exact("QUERY")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if k < 1 {
				return usagef("-k is %d: it must be at least 1", k)
			}
			if unit != "passage" && unit != "document" {
				return usagef("--unit is %q: use passage or document", unit)
			}
			if vector.given() && cmd.Flags().Changed("unit") && unit == "passage" {
				return usagef("--unit is passage: vectors rank documents") // those of passages are not filled yet
			}
			if err := vector.read(a.in, cmd.Flags()); err != nil {
				return err
			}
			expr, groups, err := scope.resolve(cmd.Flags())
			if err != nil {
				return err
			}
			ix, err := a.openToRead(cmd.Context())
			if err != nil {
				return err
			}
			defer ix.Close()
			q := tamis.Query{K: k, Unit: tamis.Unit(unit), Fold: fold, Filter: expr, Groups: groups}
			if vector.given() {
				vector.fill(&q)
				if !cmd.Flags().Changed("unit") {
					q.Unit = "" // that of the field
				}
			} else {
				q.Text = args[0]
			}
			res, err := ix.Search(cmd.Context(), q)
			if err != nil {
				return scopeError(err)
			}
			a.hintLanguage(ix, q.Text, tamis.Scope{Filter: expr, Groups: groups})
			if asJSON {
				return a.printJSON(res)
			}
			return a.printHits(res)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&k, "hits", "k", 10, "number of hits")
	f.StringVar(&unit, "unit", "passage", "what is ranked: passage or document")
	scope.add(f)
	vector.add(f)
	f.BoolVar(&fold, "fold", false, "leave out near-duplicates of better hits")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printHits(res *tamis.Results) error {
	if len(res.Hits) == 0 {
		_, err := fmt.Fprintln(a.out, "No hits.")
		return err
	}
	for _, h := range res.Hits {
		where := at(h.Doc, h.Doc, h.Path, h.Place)
		if h.Title != "" && h.Title != h.Doc {
			where += "  " + style(a.out, dim, h.Title)
		}
		what := fmt.Sprintf("bytes %d-%d, score %.2f", h.Start, h.End, h.Score)
		text := "\n    " + excerpt(h.Text, 300)
		if h.Text == "" { // a document that is a vector alone
			what, text = fmt.Sprintf("score %.2f", h.Score), ""
		}
		_, err := fmt.Fprintf(a.out, "%2d. %s  %s%s\n", h.Rank, style(a.out, bold, where), style(a.out, dim, what), text)
		if err != nil {
			return err
		}
	}
	if !res.Exact {
		_, err := fmt.Fprintf(a.out, "Approximate: searches like this found %.1f %% of the best 10.\n", 100*res.Recall)
		return err
	}
	return nil
}

// excerpt is the start of a text on one line.
func excerpt(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	cut := strings.LastIndexByte(s[:limit], ' ')
	if cut <= 0 {
		cut = limit
	}
	return strings.ToValidUTF8(s[:cut], "") + " …"
}
