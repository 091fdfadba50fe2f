package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) statsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats [--index DIR]",
		Short: "Count what the index holds",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			ix, err := a.anyIndex(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer ix.Close()
			s, err := ix.Stats()
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(s)
			}
			if a.clustered() {
				_, err = fmt.Fprintf(a.out, "documents  %d\npassages   %d\nrecords    %s in %d segments, %d deleted ones in them\nsettings   %s, %s; analyses %s\n",
					s.Documents, s.Passages, size(s.StoreBytes), s.Segments, s.Deleted, s.Similarity, s.Language, strings.Join(s.Analyzers, ", "))
				for _, f := range s.Vectors {
					if err == nil {
						_, err = fmt.Fprintf(a.out, "vectors    %s: %d %s ones\n", f.Field, f.Documents, f.Kind)
					}
					if f.Model != "" && err == nil {
						_, err = fmt.Fprintf(a.out, "           made by %s\n", screen.Name(f.Model))
					}
				}
				return err
			}
			_, err = fmt.Fprintf(a.out, "documents  %d, text %s\npassages   %d\nsegments   %d, %s (%d in memory), %d deleted documents in them\nstore      %s (log %s)\nbytes      %.2f for each of the text; merging owes %s\nsettings   %s, %s; analyses %s\n",
				s.Documents, size(s.SourceBytes), s.Passages, s.Segments, size(s.SegmentBytes), s.LiveSegments, s.Deleted,
				size(s.StoreBytes), size(s.LogBytes), s.Amplification, size(s.MergeDebt),
				s.Similarity, s.Language, strings.Join(s.Analyzers, ", "))
			if len(s.Roles) > 0 && err == nil {
				var counts []string
				for _, name := range role.All {
					if n := s.Roles[name]; n > 0 {
						counts = append(counts, fmt.Sprintf("%s %d", name, n))
					}
				}
				_, err = fmt.Fprintf(a.out, "roles      %s\n", strings.Join(counts, ", "))
			}
			if s.Outdated > 0 && err == nil {
				_, err = fmt.Fprintf(a.out, "outdated   %d documents were indexed by another version; tamis index does them anew\n", s.Outdated)
			}
			for _, f := range s.Vectors {
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "vectors    %s: %d %s ones of %d numbers, %d bits each, in segments %s\n",
					f.Field, f.Documents, f.Kind, f.Weights, f.Bits, size(f.IndexBytes))
				if f.Model != "" && err == nil {
					_, err = fmt.Fprintf(a.out, "           made by %s\n", screen.Name(f.Model))
				}
			}
			if len(s.Vectors) > 0 && err == nil {
				_, err = fmt.Fprintf(a.out, "           %s of the store are their durable copy\n", size(s.VectorBytes))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// size prints a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
