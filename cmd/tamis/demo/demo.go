// Package demo is tamis demo: the documentation and the sources of the Go installation on
// this machine indexed, three questions answered, each context proved by its receipt.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
)

// questions have their answers in every recent Go release.
var questions = []string{
	"What does GOGC control?",
	"How does the HTTP client decide whether to follow a redirect?",
	"Which synchronization does a mutex Unlock guarantee?",
}

const budget = 200

// App is what the command needs of the program.
type App struct {
	Out io.Writer
	Dir *string // --index, "" where none was named; set when flags have been read
	// Index adds the files under paths to ix and shows how far it is.
	Index func(ctx context.Context, ix engine.Index, paths []string, o tamis.FileOptions) (tamis.Report, error)
	Size  func(int64) string // a number of bytes for people
}

// Command is tamis demo.
func (a *App) Command() *cobra.Command {
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
			return a.run(cmd, root)
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

func (a *App) run(cmd *cobra.Command, root string) error {
	dir, err := a.folder(root)
	if err != nil {
		return err
	}
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		return err
	}
	defer ix.Close()
	fmt.Fprintf(a.Out, "Indexing the documentation and the standard library of %s\n", root)
	begin := time.Now()
	report, err := a.Index(cmd.Context(), ix, []string{filepath.Join(root, "doc"), filepath.Join(root, "src")},
		tamis.FileOptions{Exclude: []string{"testdata/", "vendor/", "/cmd/", "*_test.go"}})
	if err != nil {
		return err
	}
	stats, err := ix.Stats()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%d files, %d passages in %.1f s (%d unchanged, %d skipped), index %s\n",
		stats.Documents, stats.Passages, time.Since(begin).Seconds(), report.Unchanged, len(report.Skipped), a.Size(stats.SegmentBytes+stats.StoreBytes))

	file := filepath.Join(dir, "receipt.json")
	for _, q := range questions {
		begin := time.Now()
		c, err := ix.Context(cmd.Context(), q, tamis.Budget{Tokens: budget})
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "\n%s  %s\n", screen.Style(a.Out, screen.Bold, "? "+q), screen.Style(a.Out, screen.Dim, fmt.Sprintf("%.0f ms", float64(time.Since(begin).Microseconds())/1000)))
		if len(c.Spans) == 0 {
			return errors.New("nothing found")
		}
		fmt.Fprintf(a.Out, "%s\n\n", c.Text)
		if err := receipt.Sources(a.Out, c); err != nil {
			return err
		}
		if err := a.proveReplay(cmd, ix, c, file); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.Out, `
Every line above is a byte range of a file, and the receipt proves it. Type next:

  tamis index ~/notes                             a folder of your own, into ./.tamis
  tamis context "a question about your notes"
  tamis ask --llm URL --model NAME "a question"   any OpenAI-compatible endpoint
  tamis context --index %s --replay %s

(tamis is this program: go install github.com/tamis-search/tamis/cmd/tamis@latest, or go run ./cmd/tamis)
`, dir, file)
	return err
}

func (a *App) folder(root string) (string, error) {
	if *a.Dir != "" {
		return *a.Dir, nil
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
func (a *App) proveReplay(cmd *cobra.Command, ix *tamis.Index, c *tamis.Context, file string) error {
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
	_, err = fmt.Fprintln(a.Out, screen.Style(a.Out, screen.Dim, "replayed from the sources: the same bytes"))
	return err
}
