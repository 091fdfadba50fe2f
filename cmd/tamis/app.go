package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tamis-search/tamis"
)

// app is what the subcommands share: the streams and the index flag.
type app struct {
	in        io.Reader
	out, errs io.Writer
	dir       string
}

// usageError is a mistake in the command line: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tamis",
		Short: "From a large corpus to the smallest context that still answers a question",
		Long: `tamis indexes folders and finds, for a question, the few lines that answer it,
each with its source, inside a token budget. No service, no weights, no
configuration; one binary.`,
		Example: `  tamis index ~/notes
  tamis search "backup rotation"
  tamis context --budget 800 "how often are backups rotated?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 "how often are backups rotated?"`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; see tamis --help", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w; see tamis %s --help", err, strings.TrimPrefix(c.CommandPath(), "tamis "))
	})
	cmd.PersistentFlags().StringVar(&a.dir, "index", "", "index directory (default $TAMIS_INDEX, then ./.tamis)")
	cmd.AddCommand(
		a.indexCommand(), a.searchCommand(), a.contextCommand(), a.askCommand(), a.outlineCommand(), a.demoCommand(),
		a.evalCommand(), a.deleteCommand(), a.checkCommand(), a.statsCommand(), a.compactCommand(), a.backupCommand(), a.restoreCommand(), a.versionCommand(),
	)
	return cmd
}

// exact wants n arguments, named in the message.
func exact(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		if len(args) > len(names) {
			return usagef("unexpected argument %q: put a question of several words in quotes", args[len(names)])
		}
		return usagef("missing %s; usage: %s", names[len(args)], cmd.UseLine())
	}
}

func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("missing %s; usage: %s", name, cmd.UseLine())
		}
		return nil
	}
}

func (a *app) indexDir() string {
	if a.dir != "" {
		return a.dir
	}
	if dir := os.Getenv("TAMIS_INDEX"); dir != "" {
		return dir
	}
	return ".tamis"
}

// open opens an index that must exist, for writing.
func (a *app) open() (*tamis.Index, error) {
	ix, err := tamis.Open(a.indexDir(), tamis.Options{MustExist: true})
	return ix, a.noIndex(err)
}

func (a *app) noIndex(err error) error {
	if errors.Is(err, tamis.ErrNotFound) {
		return fmt.Errorf("no index at %s: make one with tamis index PATH, or name one with --index", a.indexDir())
	}
	return err
}

// openToRead opens an index that must exist, beside whoever writes it. What
// opening finds damaged is built anew before it returns, for good where the
// index is not being written.
func (a *app) openToRead(ctx context.Context) (*tamis.Index, error) {
	ix, err := tamis.OpenReadOnly(a.indexDir())
	if err != nil {
		return nil, a.noIndex(err)
	}
	if ix.Incomplete() > 0 {
		if own, err := a.open(); err == nil {
			_ = ix.Close() // it wrote nothing
			ix = own
		}
	}
	if err := ix.Ready(ctx); err != nil {
		return nil, errors.Join(err, ix.Close())
	}
	for _, what := range ix.Damage() {
		fmt.Fprintln(a.errs, "tamis: the index is damaged:", what+"; see tamis check")
	}
	return ix, nil
}

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// colour says whether to colour what goes to w: only on a terminal, and never
// with NO_COLOR.
func colour(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == ""
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// style wraps s in an ANSI attribute where w shows colours.
func style(w io.Writer, code, s string) string {
	if !colour(w) {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

const (
	bold = "1"
	dim  = "2"
	cyan = "36"
)
