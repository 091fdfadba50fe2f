package flags

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// UsageError is a mistake in the command line: exit code 2.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// Exact wants n arguments, named in the message.
func Exact(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		if len(args) > len(names) {
			return Usagef("unexpected argument %q: put a question of several words in quotes", args[len(names)])
		}
		return Usagef("missing %s; usage: %s", names[len(args)], cmd.UseLine())
	}
}

// AtLeastOne wants arguments, named in the message.
func AtLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return Usagef("missing %s; usage: %s", name, cmd.UseLine())
		}
		return nil
	}
}

// Subcommand wants no argument: one that comes is no command.
func Subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return Usagef("unknown command %q%s; see %s --help", args[0], DidYouMean(args[0], commandNames(cmd)), cmd.CommandPath())
}

// Wrong says what is wrong with a flag, and which one may be meant.
func Wrong(cmd *cobra.Command, err error) error {
	meant := ""
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if name := DidYouMean(unknown.GetSpecifiedName(), names); name != "" {
			meant = strings.Replace(name, `"`, "--", 1)
			meant = strings.Replace(meant, `"`, "", 1)
		}
	}
	return Usagef("%w%s; see %s --help", err, meant, cmd.CommandPath())
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
