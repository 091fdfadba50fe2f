package attending

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/model/train"
)

// A text is a file, or the files of a folder that are text and not hidden, or what the program says of itself.
func TestTexts(t *testing.T) {
	dir := t.TempDir()
	half := strings.Repeat("one half\n", train.LeastText/18+1)
	for name, data := range map[string]string{"a.txt": half, "b/c.md": half, "b/binary": "\x00\x01", "b/latin": "caf\xe9", ".hidden/d.txt": half, ".e": half} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := textOf(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	if whole, err := train.NewText([]byte(half + half)); err != nil || whole.Digest != folder.Digest {
		t.Errorf("other files are read of a folder: %v", err)
	}
	for path, says := range map[string]string{filepath.Join(dir, "b"): "too small to learn from", filepath.Join(dir, "none"): "none"} {
		if _, err := textOf(nil, path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
	root := &cobra.Command{Use: "sieve", Short: "Sieve", Long: strings.Repeat("of many words ", train.LeastText/14)}
	root.AddCommand(&cobra.Command{Use: "hidden", Hidden: true, Long: "unheard of"}, &cobra.Command{Use: "seen", Long: "heard of", Run: func(*cobra.Command, []string) {}})
	var b bytes.Buffer
	said(&b, root)
	if s := b.String(); strings.Contains(s, "unheard") || !strings.Contains(s, "# sieve seen") {
		t.Errorf("the program says %q", s[max(0, len(s)-200):])
	}
	if _, err := textOf(root.Commands()[0], ""); err != nil {
		t.Error(err)
	}
}
