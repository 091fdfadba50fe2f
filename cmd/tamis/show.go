package main

import (
	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/cmd/tamis/showing"
)

func (a *app) showCommand() *cobra.Command {
	var (
		file   string
		around int
		asJSON bool
		open   bool
		viewer showing.Viewer
		scope  scope
	)
	cmd := &cobra.Command{
		Use:   "show [--index DIR] [--filter EXPR] [--as GROUP,...] [--receipt FILE] [--open] LABEL | DOC:LINE | DOC:START-END",
		Short: "Show a passage in its surroundings, or open its file at its page",
		Long: `show prints a passage with the lines around it, numbered as grep -n -C does: "12:" is
a line of the passage, "11-" one beside it.

A passage is named by the label that a context gives its source: of the receipt in
FILE, or of the last context that was shown on a terminal. Or by a document and a
line, as lists of sources name it, or a range of bytes, as receipts do.

--open opens the file as well: in the system's viewer, at its page where that viewer
can be told, or with the command that --viewer names. In this {} stands for the file,
{page} and {line} for where the passage begins; viewer = "…" in your configuration
keeps it. What stands in an archive or a mail is opened as a copy.`,
		Example: `  tamis show 2
  tamis show --receipt receipt.json 2
  tamis show notes/backups.md:12
  tamis show notes/backups.md:L12-L14
  tamis show -C 10 notes/backups.md:671-743
  tamis show --open 2
  tamis show --open --viewer 'vim +{line} {}' notes/backups.md:12`,
		Args: flags.Exact("LABEL or DOC:LINE or DOC:START-END"),
		RunE: func(cmd *cobra.Command, args []string) error {
			seen, err := scope.resolve(cmd.Flags())
			if err != nil {
				return err
			}
			if around < 0 {
				return flags.Usagef("-C is %d: it must be at least 0", around)
			}
			if file != "" && !showing.IsLabel(args[0]) {
				return flags.Usagef("%q is not a label of a receipt, such as 2", args[0])
			}
			passages, err := showing.Named(args[0], func() (*tamis.Context, error) { return a.receiptMeant(file) })
			if err != nil {
				return err
			}
			ix, err := a.anyIndex(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer ix.Close()
			var found []*tamis.Surroundings
			for _, p := range passages {
				s, err := p.Find(cmd.Context(), ix, around, seen)
				if err != nil {
					return scopeError(err)
				}
				found = append(found, s)
			}
			print := func() error {
				if asJSON {
					return a.printJSON(map[string]any{"passages": found})
				}
				return showing.Print(a.out, found)
			}
			if !open {
				return a.paged(print)
			}
			if err := print(); err != nil {
				return err
			}
			viewer.In, viewer.Out, viewer.Errs = a.in, a.out, a.errs
			if a.terminal != nil {
				viewer.Out = a.terminal // an editor drives it
			}
			if a.progress != nil {
				viewer.Errs = a.progress
			}
			what, err := viewer.Open(cmd.Context(), found[0])
			if err == nil {
				a.note("opened %s", what)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "receipt", "", "the receipt whose label is meant (- for standard input)")
	f.IntVarP(&around, "context", "C", 3, "lines on either side")
	f.BoolVar(&open, "open", false, "open the file too, at its page where the viewer can be told")
	f.StringVar(&viewer.Command, "viewer", "", "open files with this command, such as 'zathura --page={page} {}'")
	scope.add(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// remember keeps a context that a terminal shows.
func (a *app) remember(c *tamis.Context) {
	if a.terminal != nil {
		at := a.indexDir()
		if !a.clustered() {
			at = absolutePath(at)
		}
		showing.Keep(at, c)
	}
}

// receiptMeant is that of a file, or the last one that a terminal showed, with its
// index.
func (a *app) receiptMeant(file string) (*tamis.Context, error) {
	if file != "" {
		return receipt.Read(file, a.in)
	}
	index, c, err := showing.Last()
	if err == nil && a.dir == "" {
		a.dir = index
	}
	return c, err
}
