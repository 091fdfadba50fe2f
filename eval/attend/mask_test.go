package attend

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

var update = flag.Bool("update", false, "draw the masks of docs/sparsity.md anew")

// writeMasks has the model calibrated.
func writeMasks(t *testing.T, d *decoder.Decoder, path string) *attention.Masks {
	t.Helper()
	m, err := Calibrate(context.Background(), d, Options{Trials: 3, Seed: 1}, .05)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCalibrate: the built model's heads read the token before and the one before that, and then rest on the
// first: masks are that, and with a tail they find everything.
func TestCalibrate(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	d := built64(t)
	path := filepath.Join(t.TempDir(), "masks.json")
	m := writeMasks(t, d, path)
	for i, want := range []attention.Mask{{Diagonals: []int{1}}, {Diagonals: []int{2}}, {Columns: []int{0}}, {Columns: []int{0}}} {
		if got := m.Layers[i/2][i%2]; !slices.Equal(got.Columns, want.Columns) || !slices.Equal(got.Diagonals, want.Diagonals) {
			t.Errorf("layer %d, head %d: %+v instead of %+v", i/2, i%2, got, want)
		}
	}
	r, err := Run(context.Background(), d, Options{Policies: []string{"dam:" + path, "dam:" + path + "+tail"}, Lengths: []int{1500}, Trials: 1, Questions: 8, Steps: 2})
	if err != nil {
		t.Fatal(err)
	}
	if alone, tail := r.Rows[1], r.Rows[2]; alone.Recall["many"] > .3 || tail.Recall["many"] < 1 || tail.Read > .3 {
		t.Errorf("masks find %v, with a tail %v, and read %.2f", alone.Recall, tail.Recall, tail.Read)
	}
}

// TestMasks: the pictures of docs/sparsity.md are what the policies do.
func TestMasks(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	d := built64(t)
	path, err := filepath.Abs(filepath.Join("..", "..", "docs", "sparsity.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	writeMasks(t, d, "masks.json")
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
