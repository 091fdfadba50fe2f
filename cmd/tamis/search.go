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
	)
	cmd := &cobra.Command{
		Use:   "search [--index DIR] [-k N] [--unit passage|document] [--filter EXPR] [--as GROUP,...] [--fold] QUERY",
		Short: "Rank passages or documents by a query",
		Example: `  tamis search "segment merging"
  tamis search -k 20 --unit document "http2 frames"
  tamis search --filter 'lang = "en" and path ^ "docs/"' "read timeout"
  tamis search --json "read timeout" | jq '.hits[].path'`,
		Args: exact("QUERY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if k < 1 {
				return usagef("-k is %d: it must be at least 1", k)
			}
			if unit != "passage" && unit != "document" {
				return usagef("--unit is %q: use passage or document", unit)
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
			res, err := ix.Search(cmd.Context(), tamis.Query{Text: args[0], K: k, Unit: tamis.Unit(unit), Fold: fold, Filter: expr, Groups: groups})
			if err != nil {
				return err
			}
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
		where := h.Doc
		if h.Title != "" && h.Title != h.Doc {
			where += "  " + style(a.out, dim, h.Title)
		}
		_, err := fmt.Fprintf(a.out, "%2d. %s  %s\n    %s\n", h.Rank, style(a.out, bold, where),
			style(a.out, dim, fmt.Sprintf("bytes %d-%d, score %.2f", h.Start, h.End, h.Score)), excerpt(h.Text, 300))
		if err != nil {
			return err
		}
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
