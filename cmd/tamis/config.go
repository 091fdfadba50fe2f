package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/config"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
)

// settings are defaults of flags from configuration files.
type settings struct {
	index string // the user's default index
	files []config.File
}

// configure reads the configuration and gives flags that were not given their
// values from it: those of the user, and over these those beside the index.
func (a *app) configure(cmd *cobra.Command) error {
	read := func(path string, allowed []string) error {
		f, err := config.Read(cmd.Root(), path, allowed, flags.DidYouMean)
		a.settings.files = append(a.settings.files, f)
		return err
	}
	if own := ownConfig(); own != "" {
		if err := read(own, nil); err != nil {
			return flags.UsageError{Err: err}
		}
		a.settings.index = a.settings.files[0].Values[""]["index"]
	}
	if err := read(filepath.Join(a.indexDir(), config.Name), config.Shared); err != nil {
		return flags.UsageError{Err: err}
	}
	if err := a.settingsOf(cmd); err != nil {
		return flags.UsageError{Err: err}
	}
	if err := config.Apply(cmd, a.settings.files, notFromFiles); err != nil {
		return flags.UsageError{Err: err}
	}
	return nil
}

// ownConfig is the configuration of whoever runs the command: the file that $TAMIS_CONFIG
// names, else the one in their folder of configurations; "" where there is neither.
func ownConfig() string {
	if file := os.Getenv("TAMIS_CONFIG"); file != "" {
		return file
	}
	home, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, "tamis", config.Name)
}

// settingsOf adds what the environment sets for a command.
func (a *app) settingsOf(cmd *cobra.Command) error {
	f, err := config.Environment(cmd, os.Environ(), flags.DidYouMean)
	a.settings.files = append(a.settings.files, f)
	return err
}

// notFromFiles: the index is looked for by itself, and a variable comes over the file.
func notFromFiles(flag string) bool {
	return flag == "index" || flag == "llm" && os.Getenv("TAMIS_LLM") != ""
}

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config [COMMAND]",
		Short: "Show the configuration files and what they set, or what holds for a command",
		Long: `config shows which configuration files there are, what they set, and which index
is used; with the name of a command, each of its flags with the value that holds, and
whence. A file is TOML: a setting is a flag's name with its default, for all
commands that have it, or for one in a table of its name:

  tokenizer = "cl100k_base"

  [context]
  budget = 500
  guards = ["list", "table"]

Flags win over the environment ($TAMIS_INDEX, $TAMIS_LLM, and for each flag of each
command $TAMIS_COMMAND_FLAG, such as $TAMIS_SERVE_LISTEN), the environment over
the file beside the index (.tamis/config.toml), and that over your own, which
$TAMIS_CONFIG may name. The one beside the index sets only how results are made and look.`,
		Example: "  tamis config\n  tamis config serve",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.printSettings(cmd.Root(), args[0])
			}
			for _, f := range a.settings.files {
				there := ""
				if !f.Exists {
					there = "  (not there)"
				}
				if f.Exists && len(f.Values["config"]) == 0 && f.Path == "the environment" {
					continue
				}
				fmt.Fprintf(a.out, "%s%s\n", a.bold(screen.Name(f.Path)), there)
				for _, command := range slices.Sorted(maps.Keys(f.Values)) {
					for _, name := range slices.Sorted(maps.Keys(f.Values[command])) {
						fmt.Fprintf(a.out, "  %s = %s\n", strings.TrimPrefix(command+"."+name, "."), screen.Name(f.Values[command][name]))
					}
				}
			}
			_, err := fmt.Fprintf(a.out, "index %s\n", screen.Name(a.indexDir()))
			return err
		},
	}
}

// printSettings prints each flag of a command with the value that holds and whence.
func (a *app) printSettings(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		if c.Name() == name {
			if err := a.settingsOf(c); err != nil {
				return flags.UsageError{Err: err}
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, s := range config.Settings(c, a.settings.files, notFromFiles) {
				from := "default"
				if s.From != "" {
					from = screen.Name(s.From)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, screen.Name(s.Value), from)
			}
			return w.Flush()
		}
		names = append(names, c.Name())
	}
	return flags.Usagef("no command %s%s", screen.Name(name), flags.DidYouMean(name, names))
}
