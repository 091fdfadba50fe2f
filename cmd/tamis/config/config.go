// Package config reads the configuration files of the command line: TOML, in
// which a setting is a flag's name with its default, for all commands that have the
// flag, or for one command in a table of its name.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis/internal/screen"
)

// Name of a configuration file, in the user's folder of tamis and beside an index.
const Name = "config.toml"

// Shared are the flags that the configuration beside an index may set. It may
// come with somebody else's files, so that it decides how results are made and
// look, never where they go or who asks.
var Shared = []string{"budget", "tokenizer", "order", "render", "cut", "guards", "most-of", "shrink", "hits", "unit", "fold", "language", "exclude"}

// File is one configuration file: names of flags with their values, for all
// commands that have them ("") or for one, by its name.
type File struct {
	Path   string
	Exists bool
	Values map[string]map[string]string

	variables map[string]string // of the environment, by the flag that they set
}

// Setting is a flag with the value that holds.
type Setting struct {
	Name, Value string
	From        string // the file or variable that sets it; "" where it is the flag's default
}

// Settings are the flags of cmd with what holds where none is given: what a later file has
// comes over an earlier one, a command's table over what is for all. Flags for which skip is
// true are not set by files, but by variables of their own.
func Settings(cmd *cobra.Command, files []File, skip func(flag string) bool) []Setting {
	var all []Setting
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		s := Setting{Name: f.Name, Value: strings.Trim(f.Value.String(), "[]")}
		for _, file := range files {
			for _, command := range []string{"", top(cmd)} {
				if value, ok := file.Values[command][f.Name]; ok && (file.variables != nil || !skip(f.Name)) {
					s.Value, s.From = value, file.from(f.Name)
				}
			}
		}
		if f.Name != "help" {
			all = append(all, s)
		}
	})
	return all
}

// Apply gives flags of cmd that were not given their Settings.
func Apply(cmd *cobra.Command, files []File, skip func(flag string) bool) error {
	for _, s := range Settings(cmd, files, skip) {
		if f := cmd.Flags().Lookup(s.Name); s.From != "" && !f.Changed {
			if err := set(f, s.Value); err != nil {
				return fmt.Errorf("%s: %s: %w", screen.Name(s.From), s.Name, err)
			}
		}
	}
	return nil
}

// from is where a setting of the file stands.
func (f File) from(flag string) string {
	if name, ok := f.variables[flag]; ok {
		return "$" + name
	}
	return f.Path
}

// Environment is what variables set of a command's flags: TAMIS_COMMAND_FLAG, in capitals,
// with "_" for "-". One that names no flag is an error: what it was to set would not hold.
func Environment(cmd *cobra.Command, variables []string, suggest func(name string, names []string) string) (File, error) {
	command := top(cmd)
	f := File{Path: "the environment", Exists: true, Values: map[string]map[string]string{command: {}}, variables: map[string]string{}}
	known := map[string][]string{}
	commandFlags(cmd.Root(), "", known)
	variable := func(flag string) string {
		return "TAMIS_" + strings.ToUpper(strings.ReplaceAll(command+"_"+flag, "-", "_"))
	}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		if command == "" || !strings.HasPrefix(name, variable("")) || value == "" {
			continue
		}
		i := slices.IndexFunc(known[command], func(flag string) bool { return variable(flag) == name })
		if i < 0 {
			names := make([]string, len(known[command]))
			for i, flag := range known[command] {
				names[i] = variable(flag)
			}
			return f, fmt.Errorf("$%s sets no flag of tamis %s%s", screen.Name(name), command, suggest(name, names))
		}
		f.Values[command][known[command][i]], f.variables[known[command][i]] = value, name
	}
	return f, nil
}

// top is the name of the command below the root that cmd is, or is below.
func top(cmd *cobra.Command) string {
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	return cmd.Name()
}

// set sets a flag as if it had this default.
func set(f *pflag.Flag, value string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.Replace(strings.Split(value, ","))
	}
	return f.Value.Set(value)
}

// Read reads a configuration file, if it is there, for the commands below root. Of
// the flags only some may be set where allowed is not nil. suggest says which of
// the names a wrong one may mean.
func Read(root *cobra.Command, path string, allowed []string, suggest func(name string, names []string) string) (File, error) {
	file := File{Path: path, Values: map[string]map[string]string{}}
	if s, err := os.Stat(filepath.Dir(path)); err != nil || !s.IsDir() {
		return file, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return file, nil
	}
	if err != nil {
		return file, err
	}
	file.Exists = true
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return file, fmt.Errorf("%s: %w", screen.Name(path), err)
	}
	known := map[string][]string{"": nil}
	commandFlags(root, "", known)
	for command, names := range known {
		slices.Sort(names)
		known[command] = slices.Compact(names)
	}
	put := func(command, name string, value any) error {
		if !slices.Contains(known[command], name) {
			return fmt.Errorf("%s: unknown setting %q%s; settings are the flags of commands, see tamis config --help", screen.Name(path), name, suggest(name, known[command]))
		}
		if allowed != nil && !slices.Contains(allowed, name) {
			return fmt.Errorf("%s: %s can be set in your own configuration only, since this file may have come with somebody else's index", screen.Name(path), name)
		}
		s, err := stringOf(value)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", screen.Name(path), name, err)
		}
		if file.Values[command] == nil {
			file.Values[command] = map[string]string{}
		}
		file.Values[command][name] = s
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		table, ok := tree[key].(map[string]any)
		if !ok {
			if err := put("", key, tree[key]); err != nil {
				return file, err
			}
			continue
		}
		if _, ok := known[key]; !ok || key == "" {
			return file, fmt.Errorf("%s: unknown command [%s]%s", screen.Name(path), key, suggest(key, slices.Sorted(maps.Keys(known))))
		}
		for _, name := range slices.Sorted(maps.Keys(table)) {
			if err := put(key, name, table[name]); err != nil {
				return file, err
			}
		}
	}
	return file, nil
}

// commandFlags collects the flags of all commands, by the name of the command
// below the root, and all under "".
func commandFlags(cmd *cobra.Command, top string, known map[string][]string) {
	for _, f := range []*pflag.FlagSet{cmd.LocalFlags(), cmd.InheritedFlags()} {
		f.VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Name == "version" {
				return
			}
			known[""] = append(known[""], f.Name)
			if top != "" && f.Name != "index" {
				known[top] = append(known[top], f.Name)
			}
		})
	}
	for _, c := range cmd.Commands() {
		if top == "" {
			commandFlags(c, c.Name(), known)
		} else {
			commandFlags(c, top, known)
		}
	}
}

// stringOf is a value as a flag takes it.
func stringOf(value any) (string, error) {
	switch v := value.(type) {
	case string, bool, int64, float64:
		return fmt.Sprint(v), nil
	case []any:
		items := make([]string, len(v))
		for i := range v {
			var err error
			if items[i], err = stringOf(v[i]); err != nil {
				return "", err
			}
			if strings.Contains(items[i], ",") {
				return "", fmt.Errorf("%q: an item of a list has no comma", items[i])
			}
		}
		return strings.Join(items, ","), nil
	}
	return "", fmt.Errorf("a %T is no value of a flag; use a string, a number, true, false or a list", value)
}
