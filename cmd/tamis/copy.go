package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/reading"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
)

func (a *app) copyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy the documents of one index into another, embedded or in a cluster",
		Long: `copy puts the documents of one index into another, which is made where there is
none: an embedded one (a folder), or one in a cluster of OpenSearch
(opensearch://HOST:PORT/NAME). What is there already is left alone, so a copy that was
stopped goes on where it was. Each document is read again and held against its original.
Vectors are copied with their documents.`,
		Example: `  tamis copy .tamis opensearch://127.0.0.1:9200/notes
  tamis copy 'opensearch://127.0.0.1:9200/notes?shards=3&replicas=1' notes.tamis`,
		Args: flags.Exact("FROM", "TO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := a.at(cmd.Context(), args[0], false)
			if err != nil {
				return err
			}
			defer from.Close()
			to, err := a.at(cmd.Context(), args[1], true)
			if err != nil {
				return err
			}
			defer to.Close()
			progress, end := a.counting(cmd.Context(), "documents copied")
			c, err := engine.Copy(cmd.Context(), from, to, progress)
			end(err)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(c)
			}
			if err := reading.Skipped(a.errs, c.Skipped); err != nil || a.quiet {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%d added, %d updated, %d unchanged; %d read again and found to be the same\n", c.Added, c.Updated, c.Unchanged, c.Verified)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

// at opens the index at a folder or address.
func (a *app) at(ctx context.Context, where string, write bool) (engine.Index, error) {
	if strings.HasPrefix(where, opensearch.Scheme) {
		return a.inCluster(ctx, where, opensearch.Options{MustExist: !write, ReadOnly: !write})
	}
	if write {
		return tamis.Open(where, tamis.Options{})
	}
	return tamis.OpenReadOnly(where)
}
