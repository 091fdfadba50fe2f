package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/reading"
	"github.com/tamis-search/tamis/corpus/read"
)

func (a *app) readCommand() *cobra.Command {
	var (
		asJSON  bool
		phrases int
		dir     string
		locked  flags.Locked
		o       read.Options
	)
	cmd := &cobra.Command{
		Use:   "read [--json] [--out DIR] FILE...",
		Short: "Show what is made of a file: text, blocks, places, what was left out and why",
		Long: `read shows the documents of files as they would be indexed. No index is needed.

--json prints an object for each document. With --out, each file gives one file
NAME.json: the document that it is, or all that it holds one after another; what
stands inside a document (an attachment) is in NAME!INSIDE.json.

--keyphrases N shows, instead of the text, the N phrases that say most of what a
document is about, with how often each stands there, and the acronyms that it defines.`,
		Example: "  tamis read report.pdf\n  tamis read --keyphrases 10 report.pdf\n  tamis read --json --out read ~/papers/*.pdf",
		Args:    flags.AtLeastOne("FILE"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if phrases < 0 {
				return flags.Usagef("--keyphrases is %d: it must be at least 0", phrases)
			}
			if o.Passwords, err = locked.Words(); err != nil {
				return err
			}
			o.OCR, o.Stdin, o.Explain = locked.OCR, a.in, true
			if dir != "" {
				if err := os.MkdirAll(dir, 0o777); err != nil {
					return err
				}
			}
			failed, unlisted := 0, 0
			err = a.paged(func() error {
				r := read.New(o)
				for f, err := range r.Files(args...) {
					if err != nil {
						unlisted++
						a.warn("%s", err)
						continue
					}
					var docs []reading.Document
					for d, err := range r.Documents(cmd.Context(), f) {
						shown := reading.Of(&d)
						if err != nil {
							shown = reading.Failed(err)
							failed++
						}
						if err := shown.FindWords(phrases); err != nil {
							return err
						}
						if cmd.Context().Err() != nil {
							return cmd.Context().Err()
						}
						docs = append(docs, shown)
					}
					if err := a.showRead(f.Path, docs, dir, asJSON); err != nil {
						return err
					}
				}
				return nil
			})
			if dir != "" {
				failed = 0 // the files say so
			}
			if n := failed + unlisted; err == nil && n > 0 {
				err = fmt.Errorf("could not read all of it: %d skipped", n)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON, an object a line for each document")
	f.IntVar(&phrases, "keyphrases", 0, "show so many phrases that say what a document is about, and its acronyms")
	f.StringVar(&dir, "out", "", "write a file NAME.json for each FILE into this folder")
	locked.Add(f)
	return cmd
}

// showRead prints or writes what was made of a file.
func (a *app) showRead(path string, docs []reading.Document, dir string, asJSON bool) error {
	if dir == "" {
		for _, d := range docs {
			if !asJSON {
				fmt.Fprint(a.out, d)
				continue
			}
			e := json.NewEncoder(a.out)
			e.SetEscapeHTML(false)
			if err := e.Encode(d); err != nil {
				return err
			}
		}
		return nil
	}
	return reading.Write(dir, path, docs)
}

func (a *app) formatsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "formats",
		Short: "List the formats that are read",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON {
				return a.printJSON(map[string]any{"formats": read.Formats()})
			}
			for _, f := range read.Formats() {
				if _, err := fmt.Fprintf(a.out, "%-34s %s\n", f.Name, strings.Join(f.Extensions, " ")); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
