// Package flags is what the command line's flags can do beyond those of pflag: a
// flag that is given once, vectors, values that the shell completes; and how wrong
// usage is told, with the names that may be meant.
package flags

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

// Once is a string that may be given once: of two, one would be forgotten
// without a word.
type Once struct {
	Value *string
	given bool
}

// String is the value.
func (o *Once) String() string {
	if o.Value == nil {
		return ""
	}
	return *o.Value
}

// Type is that of a string.
func (o *Once) Type() string { return "string" }

// Set takes the value, once.
func (o *Once) Set(s string) error {
	if o.given {
		return fmt.Errorf("it was given twice, as %q and %q: a command has one", *o.Value, s)
	}
	*o.Value, o.given = s, true
	return nil
}

// DidYouMean is the part of a message that says which of the names may be meant;
// "" where none is near.
func DidYouMean(name string, names []string) string {
	// Cobra measures how far its commands are from a word.
	var nearest cobra.Command
	for _, n := range names {
		nearest.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	for nearest.SuggestionsMinimumDistance = 1; nearest.SuggestionsMinimumDistance <= 2; nearest.SuggestionsMinimumDistance++ {
		if near := nearest.SuggestionsFor(name); len(near) > 0 {
			return fmt.Sprintf("; did you mean %q?", near[0])
		}
	}
	return ""
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
	"attention":  attention.Names,
	"policies":   attention.Names,
	"mask":       attention.Names,
}

// lists are those that take several values.
var lists = []string{"guards", "policies"}

// Complete teaches the shell what can follow: values of flags, folders, and
// nothing where a question stands.
func Complete(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		Complete(c)
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		var err error
		if f.Name == "index" {
			err = cmd.MarkFlagDirname(f.Name)
		} else if values, ok := choices[f.Name]; ok {
			if f.Name == "unit" && strings.Contains(f.Usage, unit.Thought) {
				values = unit.Kinds
			}
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
