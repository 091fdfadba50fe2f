package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func commands() (root, search *cobra.Command) {
	root = &cobra.Command{Use: "root"}
	root.PersistentFlags().String("index", "", "")
	search = &cobra.Command{Use: "search", Run: func(*cobra.Command, []string) {}}
	search.Flags().Int("hits", 10, "")
	search.Flags().StringSlice("guards", []string{"list"}, "")
	search.Flags().Bool("fold", false, "")
	other := &cobra.Command{Use: "other", Run: func(*cobra.Command, []string) {}}
	other.Flags().Int("budget", 1000, "")
	other.Flags().String("llm", "", "")
	root.AddCommand(search, other)
	return root, search
}

func suggest(string, []string) string { return "" }

func TestApply(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, Name)
	root, search := commands()
	read := func(text string, allowed []string) (File, error) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return Read(root, path, allowed, suggest)
	}
	own, err := read("hits = 3\nbudget = 5\nfold = true\n[search]\nhits = 4\nguards = [\"a\", \"b\"]", nil)
	if err != nil {
		t.Fatal(err)
	}
	beside, err := read("guards = [\"c\"]\nfold = false", Shared)
	if err != nil {
		t.Fatal(err)
	}
	if err := search.ParseFlags([]string{"--index", "x"}); err != nil {
		t.Fatal(err)
	}
	if err := Apply(search, []File{own, beside}, func(name string) bool { return name == "fold" }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"hits": "4", "guards": "[c]", "fold": "false", "index": "x"} {
		if f := search.Flags().Lookup(name); f.Value.String() != want || f.Changed != (name == "index") {
			t.Errorf("%s is %s, want %s; changed %v", name, f.Value, want, f.Changed)
		}
	}
	for text, want := range map[string]string{
		"hits = {": "line 1", "nothing = 1": "unknown setting", "[nowhere]\nhits = 1": "unknown command", "[search]\nbudget = 1": "unknown setting",
		"hits = 1979-05-27": "no value of a flag", "guards = [\"a,b\"]": "no comma", "llm = \"http://x\"": "your own configuration only", "index = \"x\"": "your own configuration only",
	} {
		if _, err := read(text, Shared); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if f, err := Read(root, filepath.Join(path, Name), nil, suggest); err != nil || f.Exists {
		t.Error(f, err)
	}
	bad, err := read("hits = \"many\"", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, search = commands()
	if err := Apply(search, []File{bad}, func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), "hits") {
		t.Error(err)
	}
}

// TestEnvironment: variables come over files, flags over variables, and one that names no
// flag is an error.
func TestEnvironment(t *testing.T) {
	_, search := commands()
	own := File{Path: "own.toml", Exists: true, Values: map[string]map[string]string{"": {"hits": "3", "fold": "true", "index": "y"}}}
	env, err := Environment(search, []string{"TAMIS_SEARCH_HITS=7", "TAMIS_SEARCH_GUARDS=a,b", "TAMIS_OTHER_BUDGET=x", "TAMIS_INDEX=z", "HOME=/", "TAMIS_SEARCH_FOLD=", "odd"}, suggest)
	if err != nil {
		t.Fatal(err)
	}
	files := []File{own, env}
	skip := func(name string) bool { return name == "index" }
	if err := search.ParseFlags([]string{"--guards", "c"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range Settings(search, files, skip) {
		if want := map[string]Setting{
			"hits": {"hits", "7", "$TAMIS_SEARCH_HITS"}, "fold": {"fold", "true", "own.toml"}, "guards": {"guards", "a,b", "$TAMIS_SEARCH_GUARDS"}, "index": {"index", "", ""},
		}[s.Name]; s != want {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
	if err := Apply(search, files, skip); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"hits": "7", "guards": "[c]", "fold": "true"} {
		if got := search.Flags().Lookup(name).Value.String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, err := Environment(search, []string{"TAMIS_SEARCH_HITZ=7"}, suggest); err == nil || !strings.Contains(err.Error(), "$TAMIS_SEARCH_HITZ sets no flag") {
		t.Error(err)
	}
	bad, err := Environment(search, []string{"TAMIS_SEARCH_HITS=many"}, suggest)
	if err != nil {
		t.Fatal(err)
	}
	if err := Apply(search, []File{bad}, skip); err == nil || !strings.HasPrefix(err.Error(), "$TAMIS_SEARCH_HITS: ") {
		t.Error(err)
	}
}
