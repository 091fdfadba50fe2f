package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
)

// demoQuestions have their answers in every recent Go release.
var demoQuestions = []string{
	"What does GOGC control?",
	"How does the HTTP client decide whether to follow a redirect?",
	"Which synchronization does a mutex Unlock guarantee?",
}

const demoBudget = 200

func (a *app) demoCommand() *cobra.Command {
	var goroot string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Index the Go documentation and sources on this machine and answer three questions",
		Long: `demo finds the Go installation, indexes its documentation and the standard
library, answers three questions with contexts and their receipts, and says what
to type next. The index stays in --index, else in a folder of the user's cache.`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, err := findGo(goroot)
			if err != nil {
				return err
			}
			return a.demo(cmd, root)
		},
	}
	cmd.Flags().StringVar(&goroot, "goroot", "", "Go installation (default: found by the go command)")
	return cmd
}

func findGo(root string) (string, error) {
	if root == "" {
		if out, err := exec.Command("go", "env", "GOROOT").Output(); err == nil {
			root = strings.TrimSpace(string(out))
		}
	}
	for _, dir := range []string{root, os.Getenv("GOROOT"), "/usr/local/go", "/usr/lib/go"} {
		if dir == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "src", "runtime")); err == nil {
			return filepath.EvalSymlinks(dir)
		}
	}
	return "", fmt.Errorf("no Go installation found: name one with --goroot, or index a folder of yours with tamis index PATH")
}

func (a *app) demo(cmd *cobra.Command, root string) error {
	dir, err := a.demoDir(root)
	if err != nil {
		return err
	}
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		return err
	}
	defer ix.Close()
	fmt.Fprintf(a.out, "Indexing the documentation and the standard library of %s\n", root)
	begin := time.Now()
	report, err := a.indexPaths(cmd.Context(), ix, []string{filepath.Join(root, "doc"), filepath.Join(root, "src")},
		tamis.FileOptions{Exclude: []string{"testdata/", "vendor/", "/cmd/", "*_test.go"}})
	if err != nil {
		return err
	}
	stats, err := ix.Stats()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d files, %d passages in %.1f s (%d unchanged, %d skipped), index %s\n",
		stats.Documents, stats.Passages, time.Since(begin).Seconds(), report.Unchanged, len(report.Skipped), size(stats.SegmentBytes+stats.StoreBytes))

	file := filepath.Join(dir, "receipt.json")
	for _, q := range demoQuestions {
		begin := time.Now()
		c, err := ix.Context(cmd.Context(), q, tamis.Budget{Tokens: demoBudget})
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "\n%s  %s\n", a.bold("? "+q), a.dim(fmt.Sprintf("%.0f ms", float64(time.Since(begin).Microseconds())/1000)))
		if len(c.Spans) == 0 {
			return errNothing
		}
		fmt.Fprintf(a.out, "%s\n\n", c.Text)
		if err := receipt.Sources(a.out, c); err != nil {
			return err
		}
		if err := a.proveReplay(cmd, ix, c, file); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.out, `
Every line above is a byte range of a file, and the receipt proves it. Type next:

  tamis index ~/notes                             a folder of your own, into ./.tamis
  tamis context "a question about your notes"
  tamis ask --llm URL --model NAME "a question"   any OpenAI-compatible endpoint
  tamis context --index %s --replay %s

(tamis is this program: go install github.com/tamis-search/tamis/cmd/tamis@latest, or go run ./cmd/tamis)
`, dir, file)
	return err
}

func (a *app) demoDir(root string) (string, error) {
	if a.dir != "" {
		return a.dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the demo's index: name one with --index: %w", err)
	}
	version := "go"
	if b, err := os.ReadFile(filepath.Join(root, "VERSION")); err == nil {
		version = strings.Fields(string(b) + " go")[0]
	}
	return filepath.Join(cache, "tamis", "demo-"+version), nil
}

// proveReplay keeps the receipt and rebuilds the text from it.
func (a *app) proveReplay(cmd *cobra.Command, ix *tamis.Index, c *tamis.Context, file string) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		return err
	}
	text, err := ix.Replay(cmd.Context(), c, tamis.Scope{})
	if err != nil {
		return err
	}
	if text != c.Text {
		return fmt.Errorf("the receipt %s does not rebuild the context", file)
	}
	_, err = fmt.Fprintln(a.out, a.dim("replayed from the sources: the same bytes"))
	return err
}
