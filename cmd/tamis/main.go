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
	"os/signal"
	"syscall"

	"github.com/tamis-search/tamis/internal/screen"
)

func main() { os.Exit(runInterruptible()) }

// runInterruptible runs the program's command line. The first signal ends it in
// good order, another one at once.
func runInterruptible() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if s, ok := (<-signals).(syscall.Signal); ok {
			signal.Stop(signals)
			cancel(interrupted(s))
		}
	}()
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// interrupted: a signal has ended the command. Shells tell by an exit code beyond
// 128 which.
type interrupted syscall.Signal

func (i interrupted) Error() string { return "interrupted" }

// run executes a command line: 0 when it worked, 1 for a failure and for nothing
// found, 2 for wrong usage, 130 when it was interrupted.
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
	var signal interrupted
	if errors.As(context.Cause(ctx), &signal) && errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.errs, "tamis: interrupted")
		return 128 + int(signal)
	}
	if !errors.Is(err, errNothing) || !a.quiet {
		fmt.Fprintln(a.errs, "tamis: "+screen.Line(err.Error()))
	}
	var u usageError
	if errors.As(err, &u) {
		return 2
	}
	return 1
}
