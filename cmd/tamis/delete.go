package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) deleteCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "delete [--index DIR] DOC...",
		Short:   "Remove documents from the index",
		Long:    "delete removes documents from the index by id; the id of a file is its absolute path, and a relative path is taken as one too.",
		Example: "  tamis delete notes/old.md",
		Args:    flags.AtLeastOne("DOC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ix, err := a.anyIndex(cmd.Context(), true)
			if err != nil {
				return err
			}
			defer ix.Close()
			deleted := 0
			var missing []string
			for _, doc := range args {
				n, err := ix.Delete(cmd.Context(), doc)
				if err != nil {
					return err
				}
				if n == 0 {
					abs, err := filepath.Abs(doc)
					if err != nil {
						return err
					}
					if n, err = ix.Delete(cmd.Context(), abs); err != nil {
						return err
					}
				}
				if n == 0 {
					missing = append(missing, screen.Name(doc))
				}
				deleted += n
			}
			switch {
			case asJSON:
				err = a.printJSON(map[string]int{"deleted": deleted})
			case !a.quiet:
				_, err = fmt.Fprintf(a.out, "%d deleted\n", deleted)
			}
			if err == nil && len(missing) > 0 {
				err = fmt.Errorf("no such document in the index: %s", strings.Join(missing, ", "))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
