package attending

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/model/train"
)

// TestParts: each part of the table has a name of its own in the file that keeps it, which changes with all that it is
// measured with: another text under the same name is measured again.
func TestParts(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	seen := map[string]bool{}
	cmd := &cobra.Command{Long: strings.Repeat("what is said of a program ", 10_000)} // the text of a task
	cmd.SetContext(t.Context())
	for i, change := range []func(o *options){
		func(*options) {},
		func(o *options) { o.Seed = 2 },
		func(o *options) { o.Trials = 2 },
		func(o *options) { o.Questions = 9 },
	} {
		if err := os.WriteFile(text, make([]byte, 10+i), 0o600); err != nil {
			t.Fatal(err)
		}
		o := &options{model: filepath.Join(dir, "m.gguf#f32"), text: text, Options: attend.Options{Lengths: []int{512, 1024}, Trials: 3, Questions: 8, Seed: 1}}
		change(o)
		parts, err := (&Console{}).parts(cmd, o)
		if err != nil || len(parts) != 4+len(train.Tasks())+1+len(train.CompressorTasks()) { // two lengths for each of two models first
			t.Fatalf("%d parts, %v", len(parts), err)
		}
		for _, p := range parts {
			if seen[p.with] {
				t.Errorf("twice: %s", p.with)
			}
			seen[p.with] = true
		}
	}
	before := named(text)
	if err := os.WriteFile(text, make([]byte, 99), 0o600); err != nil {
		t.Fatal(err)
	}
	if named(text) == before {
		t.Error("another text has the same name")
	}
}
