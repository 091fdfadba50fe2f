package tamis_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tamis "github.com/tamis-search/tamis"
)

// TestHeaderOfLongTable: a row that stands far below the header of its table comes
// with it, although nothing that was asked is in the header.
func TestHeaderOfLongTable(t *testing.T) {
	for _, rows := range []int{300, 6000} { // within reach, and further
		var b strings.Builder
		b.WriteString("heron,weight,lake\n")
		for i := range rows {
			fmt.Fprintf(&b, "bird%d,%d,%s\n", i, 1000+i*7, []string{"Como", "Garda", "Iseo"}[i%3])
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "birds.csv"), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		ix := open(t, "")
		if _, err := ix.AddFiles(t.Context(), []string{dir}, tamis.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		c, err := ix.Context(t.Context(), fmt.Sprint("bird", rows-20), tamis.Budget{Tokens: 80, Counter: "o200k_base"})
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("bird%d\t", rows-20); !strings.Contains(c.Text, "heron\tweight\tlake") || !strings.Contains(c.Text, want) {
			t.Errorf("%d rows: a context without the header or the row:\n%s", rows, c.Text)
		}
		if again, err := ix.Replay(t.Context(), c, tamis.Scope{}); err != nil || again != c.Text {
			t.Errorf("replays as %q, %v", again, err)
		}
	}
}
