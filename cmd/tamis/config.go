package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	if home, err := os.UserConfigDir(); err == nil {
		if err := read(filepath.Join(home, "tamis", config.Name), nil); err != nil {
			return flags.UsageError{Err: err}
		}
		a.settings.index = a.settings.files[0].Values[""]["index"]
	}
	if err := read(filepath.Join(a.indexDir(), config.Name), config.Shared); err != nil {
		return flags.UsageError{Err: err}
	}
	err := config.Apply(cmd, a.settings.files, func(flag string) bool {
		return flag == "index" || flag == "llm" && os.Getenv("TAMIS_LLM") != ""
	})
	if err != nil {
		return flags.UsageError{Err: err}
	}
	return nil
}

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Show the configuration files and what they set",
		Long: `config shows which configuration files there are, what they set, and which index
is used. A file is TOML: a setting is a flag's name with its default, for all
commands that have it, or for one in a table of its name:

  tokenizer = "cl100k_base"

  [context]
  budget = 500
  guards = ["list", "table"]

Flags win over the environment ($TAMIS_INDEX, $TAMIS_LLM), the environment over
the file beside the index (.tamis/config.toml), and that over your own. The one
beside the index sets only how results are made and look.`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, f := range a.settings.files {
				there := ""
				if !f.Exists {
					there = "  (not there)"
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
