// Command tamis indexes folders and finds, for a question, the few lines that
// answer it, each with its source, inside a token budget.
//
// Each subcommand is one file here; what they do is done by package tamis.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
)

func main() { os.Exit(run(interruptible(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run executes a command line: 0 when it worked, 1 for a failure and for nothing
// found, 2 for wrong usage, 128 and its number for a signal.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := newApp(in, out, errs)
	cmd := a.root()
	cmd.SetArgs(args)
	cmd.SetIn(in)
	cmd.SetOut(a.out)
	cmd.SetErr(a.errs)
	err := cmd.ExecuteContext(ctx)
	defer a.flush()
	if err == nil {
		return 0
	}
	if by, ok := context.Cause(ctx).(interrupt); ok && errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.errs, "tamis: interrupted")
		return by.code()
	}
	if !errors.Is(err, errNothing) || !a.quiet {
		fmt.Fprintln(a.errs, "tamis: "+screen.Line(err.Error()))
	}
	var u flags.UsageError
	if errors.As(err, &u) {
		return 2
	}
	return 1
}
