package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

// onceFlag is a string that may be given once: of two, one would be forgotten
// without a word.
type onceFlag struct {
	value *string
	given bool
}

func (o *onceFlag) String() string {
	if o.value == nil {
		return ""
	}
	return *o.value
}
func (o *onceFlag) Type() string { return "string" }
func (o *onceFlag) Set(s string) error {
	if o.given {
		return fmt.Errorf("it was given twice, as %q and %q: a command has one", *o.value, s)
	}
	*o.value, o.given = s, true
	return nil
}

// subcommand wants no argument: one that comes is no command.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unknown command %q%s; see %s --help", args[0], didYouMean(args[0], commandNames(cmd)), cmd.CommandPath())
}

// flagError says what is wrong with a flag, and which one may be meant.
func flagError(cmd *cobra.Command, err error) error {
	meant := ""
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if name := didYouMean(unknown.GetSpecifiedName(), names); name != "" {
			meant = strings.Replace(name, `"`, "--", 1)
			meant = strings.Replace(meant, `"`, "", 1)
		}
	}
	return usagef("%w%s; see %s --help", err, meant, cmd.CommandPath())
}

// didYouMean is the part of a message that says which of the names may be meant;
// "" where none is near.
func didYouMean(name string, names []string) string {
	// Cobra measures how far its commands are from a word.
	var nearest cobra.Command
	nearest.SuggestionsMinimumDistance = 2
	for _, n := range names {
		nearest.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	if near := nearest.SuggestionsFor(name); len(near) > 0 {
		return fmt.Sprintf("; did you mean %q?", near[0])
	}
	return ""
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

// choices are the flags whose values are names, with these, for completion.
var choices = map[string]func() []string{
	"order":      render.Orders,
	"render":     render.Renderings,
	"cut":        pack.Cuts,
	"guards":     func() []string { return append([]string{"none"}, unit.Guards()...) },
	"tokenizer":  tokens.Names,
	"unit":       func() []string { return []string{"passage", "document"} },
	"similarity": func() []string { return []string{"default", "lucene"} },
	"bits":       func() []string { return []string{"8", "16", "32"} },
}

// lists are those that take several values.
var lists = []string{"guards"}

// complete teaches the shell what can follow: values of flags, folders, and
// nothing where a question stands.
func complete(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		complete(c)
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		var err error
		if f.Name == "index" {
			err = cmd.MarkFlagDirname(f.Name)
		} else if values, ok := choices[f.Name]; ok {
			err = cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, given string) ([]string, cobra.ShellCompDirective) {
				return completeChoice(given, values(), slices.Contains(lists, f.Name)), cobra.ShellCompDirectiveNoFileComp
			})
		}
		if err != nil {
			panic(err) // a flag that is there, once
		}
	})
	if strings.Contains(cmd.Use, "QUESTION") || strings.Contains(cmd.Use, "QUERY") {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}

// completeChoice are the values that may follow what was given; of a list, those
// that it does not have yet.
func completeChoice(given string, values []string, list bool) []string {
	if !list {
		return values
	}
	before := given[:strings.LastIndexByte(given, ',')+1]
	taken := strings.Split(before, ",")
	var out []string
	for _, v := range values {
		if !slices.Contains(taken, v) {
			out = append(out, before+v)
		}
	}
	return out
}
