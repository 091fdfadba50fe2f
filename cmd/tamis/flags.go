package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
)

// subcommand wants no argument: one that comes is no command.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unknown command %q%s; see %s --help", args[0], flags.DidYouMean(args[0], commandNames(cmd)), cmd.CommandPath())
}

// flagError says what is wrong with a flag, and which one may be meant.
func flagError(cmd *cobra.Command, err error) error {
	meant := ""
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if name := flags.DidYouMean(unknown.GetSpecifiedName(), names); name != "" {
			meant = strings.Replace(name, `"`, "--", 1)
			meant = strings.Replace(meant, `"`, "", 1)
		}
	}
	return usagef("%w%s; see %s --help", err, meant, cmd.CommandPath())
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
