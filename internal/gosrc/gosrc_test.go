package gosrc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPieces(t *testing.T) {
	root := t.TempDir()
	long := "  a\u00a0" + strings.Repeat("a b\n", PieceWords) + "aa\xff "
	write(t, root, map[string]string{
		"b/long.md": long, "a.go": "package a\n", "image.png": "no", "blank.txt": " \n",
	})
	var ids, words []string
	for p, err := range Pieces(root) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
		if strings.TrimSpace(p.Text) != p.Text {
			t.Errorf("%s starts or ends with white space", p.ID)
		}
		if strings.HasPrefix(p.ID, "b/") {
			words = append(words, strings.Fields(p.Text)...)
		}
	}
	if want := []string{"a.go#0", "b/long.md#0", "b/long.md#1", "b/long.md#2"}; !slices.Equal(ids, want) {
		t.Errorf("pieces %q, want %q", ids, want)
	}
	if want := strings.Fields(strings.ToValidUTF8(long, "\uFFFD")); !slices.Equal(words, want) {
		t.Errorf("the pieces hold %d words, the file %d, or their order differs", len(words), len(want))
	}
	for range Pieces(root) {
		break
	}
	for _, err := range Pieces(filepath.Join(root, "absent")) {
		if err == nil {
			t.Error("no error for an absent root")
		}
	}
}

func TestQuestions(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{
		"src/p/p.go": "package p\n\n// F does one thing and does it well. Not this.\nfunc F() {}\n\n" +
			"// G is short.\nfunc G() {}\n\n// T holds what nobody else would hold.\ntype T int\n\n" +
			"// h is not exported but long enough.\nfunc h() {}\n",
		"src/p/testdata/bad.go": "not Go",
		"src/p/p_test.go":       "package p\n\n// TestX is a test and no documentation.\nfunc TestX() {}\n",
	})
	got, err := Questions(root, 2)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if want := []string{"F does one thing and does it well", "T holds what nobody else would hold"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := Questions(root, 3); err == nil {
		t.Error("no error when there are too few questions")
	}
}
