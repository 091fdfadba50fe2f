package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var manPages = flag.String("man", "", "folder to write the manual pages to, for a release")

// TestManPages: each command that a user sees has a manual page, which says what it is,
// how it is called and what its flags do. It stands here because the commands can only be
// reached from here, and so that what writes manual pages is no part of the program.
func TestManPages(t *testing.T) {
	dir := *manPages
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root := newApp(strings.NewReader(""), io.Discard, io.Discard).root()
	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "tamis " + release, Manual: "tamis"}, dir); err != nil {
		t.Fatal(err)
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if !cmd.IsAvailableCommand() && cmd != root {
			return
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s has no page: %v", cmd.CommandPath(), err)
			return
		}
		for _, want := range []string{".SH NAME", ".SH SYNOPSIS", "--help"} {
			if !strings.Contains(strings.ReplaceAll(string(page), `\-`, "-"), want) {
				t.Errorf("%s does not have %q", name, want)
			}
		}
		if cmd.Short == "" {
			t.Errorf("%s does not say what it is", name)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}
