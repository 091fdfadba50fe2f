package conversing

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/link"
	"github.com/tamis-search/tamis/session/entities"
)

func (a *App) entities() *cobra.Command {
	var (
		known  string
		gone   []string
		where  bool
		asJSON bool
		scope  func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:   "entities --entities FILE [--delete NAME] [--where]",
		Short: "List what a user asks about by name, or delete it",
		Long: `entities lists what questions named, where a file was given to keep that in (tamis session
ask --entities FILE). The file is JSON and may be edited; deleting it forgets all.

--where looks in the index for the document that each name means: the entry or page of that
name, or its declaration; the other names help to tell which.`,
		Example: "  tamis session entities --entities mine.json\n  tamis session entities --entities mine.json --delete kubelet\n  tamis session entities --entities mine.json --where",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if known == "" {
				return flags.Usagef("say with --entities FILE which store is meant; none is kept without")
			}
			store, err := entities.Load(known)
			if err != nil {
				return err
			}
			for _, name := range gone {
				if !store.Delete(name) {
					return fmt.Errorf("%q is not among the entities of %s", name, screen.Name(known))
				}
			}
			if len(gone) > 0 {
				if err := store.Save(known); err != nil {
					return err
				}
			}
			var of map[string]link.Target
			if where {
				seen, err := scope()
				if err != nil {
					return err
				}
				if of, err = a.meant(cmd.Context(), store, seen); err != nil {
					return err
				}
			}
			return a.printEntities(store, of, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&known, "entities", os.Getenv("TAMIS_ENTITIES"), "file of the store (default $TAMIS_ENTITIES)")
	f.StringSliceVar(&gone, "delete", nil, "forget this name")
	f.BoolVar(&where, "where", false, "say which document of the index each name means")
	scope = a.Scope(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// meant are the documents that names of a store are likeliest to mean.
func (a *App) meant(ctx context.Context, s *entities.Store, seen tamis.Scope) (map[string]link.Target, error) {
	ix, err := a.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	of := map[string]link.Target{}
	for _, e := range s.Entities {
		var others []string
		for _, o := range s.Entities {
			if o.Name != e.Name {
				others = append(others, o.Name)
			}
		}
		found, err := link.Resolve(ctx, ix, link.Mention{Text: e.Name, Context: strings.Join(others, " ")}, link.Default, seen, 1)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			of[e.Name] = found[0]
		}
	}
	return of, nil
}

// printEntities prints a store with what its names mean, where that was looked for.
func (a *App) printEntities(s *entities.Store, of map[string]link.Target, asJSON bool) error {
	if asJSON && of == nil {
		return a.JSON(s)
	}
	if asJSON {
		return a.JSON(struct {
			*entities.Store
			Where map[string]link.Target `json:"where"`
		}{s, of})
	}
	for _, e := range s.Entities {
		fmt.Fprintf(a.Out, "%5d  %s\n", e.Count, screen.Line(e.Name))
		if t, ok := of[e.Name]; ok {
			at := strings.Join(t.Headings, " › ")
			if at != "" {
				at = "  " + screen.Line(at)
			}
			fmt.Fprintf(a.Out, "       %s:%d-%d%s\n", screen.Name(receipt.ShortPath(t.Doc)), t.Start, t.End, at)
		}
	}
	return nil
}
