package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) checkCommand() *cobra.Command {
	var repair, asJSON bool
	cmd := &cobra.Command{
		Use:   "check [--index DIR] [--repair]",
		Short: "Verify everything stored",
		Long: `check reads every document and every derived file and compares them with their
digests, and what is there with what the index says must be there. It exits 0
when everything stored is whole or can be rebuilt. An index that lacks documents
is not written any more; --repair gives up what is missing, says what that was,
and makes the rest an index again. A backup is the better way.`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			ix, err := a.openToCheck(repair)
			if err != nil {
				return err
			}
			defer ix.Close()
			r, err := ix.Check(cmd.Context(), repair)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(r)
			} else {
				for _, s := range append(r.Lost, r.Derivable...) {
					fmt.Fprintln(a.out, "damaged:", screen.Line(s))
				}
				_, err = fmt.Fprintf(a.out, "%d documents, %d passages, %d segments: %d lost, %d damaged that can be rebuilt, %d rebuilt\n",
					r.Documents, r.Passages, r.Segments, len(r.Lost), len(r.Derivable), r.Repaired)
			}
			if err == nil && len(r.Lost) > 0 {
				err = fmt.Errorf("%d stored things are damaged: %s", len(r.Lost), r.Lost[0])
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "build damaged derived files anew, and give up what is lost")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// openToCheck opens an index as it is: without repair nothing is changed, and a
// writer may be at work.
func (a *app) openToCheck(repair bool) (*tamis.Index, error) {
	if repair {
		ix, err := tamis.Open(a.indexDir(), tamis.Options{MustExist: true, AcceptLoss: true})
		return ix, a.noIndex(err)
	}
	ix, err := tamis.OpenReadOnly(a.indexDir())
	return ix, a.noIndex(err)
}
