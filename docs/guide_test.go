// Package docs holds documents; its test executes those that show commands.
package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/internal/nodes"
)

// TestGuide executes every command of the guide as its reader would: each recipe in a folder
// of its own, a block of sh after the other. What a block of text after one shows must be its
// output (see shown). What a reader has already (files, mostly) is made by blocks in
// comments. TAMIS_GUIDE=1 turns it on: it builds the program and takes a minute.
func TestGuide(t *testing.T) {
	if os.Getenv("TAMIS_GUIDE") == "" {
		t.Skip("TAMIS_GUIDE is not set")
	}
	root := evaldata.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "guide.md"))
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/tamis")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "TAMIS_SOURCE="+root, "GOFLAGS=-mod=mod", "GOWORK=off")
	recipes := 0
	for _, recipe := range regexp.MustCompile(`(?m)^## `).Split(string(text), -1)[1:] {
		title, _, _ := strings.Cut(recipe, "\n")
		blocks := blocksOf(recipe)
		if len(blocks) == 0 {
			continue
		}
		recipes++
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			last := ""
			node := exampleNode
			if strings.Contains(recipe, exampleNode) {
				node = strings.TrimPrefix(nodes.Start(t, 1).Addresses()[0], "http://")
			}
			for _, b := range blocks {
				b.text = strings.ReplaceAll(b.text, exampleNode, node)
				if b.language == "text" {
					shown(t, title, b.text, last)
					continue
				}
				last = execute(t, dir, append(env, "HOME="+dir, "GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE")), b.text)
			}
		})
	}
	if recipes < 10 {
		t.Errorf("%d recipes, at least 10", recipes)
	}
}

// exampleNode is the address of a cluster in the guide.
const exampleNode = "127.0.0.1:9200"

type block struct{ language, text string }

func blocksOf(recipe string) (blocks []block) {
	for _, m := range regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$").FindAllStringSubmatch(recipe, -1) {
		blocks = append(blocks, block{m[1], m[2]})
	}
	return blocks
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// published is how a reader gets the library; here it is the one that is tested.
var published = strings.NewReplacer("go get github.com/tamis-search/tamis@latest",
	`go mod edit -require github.com/tamis-search/tamis@v0.0.0 -replace "github.com/tamis-search/tamis=$TAMIS_SOURCE" && cp "$TAMIS_SOURCE/go.sum" .`)

func execute(t *testing.T, dir string, env []string, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	// What a block leaves running (a server) ends with the block.
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+published.Replace(script))
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
	return string(out)
}

// shown: want is got, whole. In want a line "…" stands for any lines, and "…" at the end of
// another for the rest of it.
func shown(t *testing.T, title, want, got string) {
	t.Helper()
	expr := "^"
	for line := range strings.Lines(strings.TrimSpace(want) + "\n") {
		line = strings.TrimRight(line, "\n")
		if line == "…" {
			expr += `(?:[^\n]*\n)*?`
			continue
		}
		before, open := strings.CutSuffix(line, "…")
		expr += regexp.QuoteMeta(before)
		if open {
			expr += `[^\n]*`
		}
		expr += `\n`
	}
	if trimmed := strings.TrimSpace(got) + "\n"; !regexp.MustCompile(expr + "$").MatchString(trimmed) {
		t.Fatalf("%s: the guide shows\n%s\nand this is printed:\n%s", title, want, got)
	}
}
