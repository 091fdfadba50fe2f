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
