package attend

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw the masks of docs/sparsity.md anew")

// TestMasks: the pictures of docs/sparsity.md are what the policies do.
func TestMasks(t *testing.T) {
	d := built64(t)
	path := filepath.Join("..", "..", "docs", "sparsity.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- mask (\\S+) -->\n```text\n.*?```\n")
	n := 0
	now := blocks.ReplaceAllStringFunc(string(text), func(block string) string {
		name := blocks.FindStringSubmatch(block)[1]
		n++
		var out strings.Builder
		if err := WriteMask(context.Background(), &out, d, Options{Seed: 1}, name, 1, 0); err != nil {
			t.Fatal(err)
		}
		return "<!-- mask " + name + " -->\n```text\n" + out.String() + "```\n"
	})
	if n < 18 {
		t.Errorf("only %d masks are drawn", n)
	}
	if now == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/sparsity.md shows other masks than the policies have; go test ./eval/attend -run Masks -update draws them anew")
	}
	if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}
