// Package evaldata finds the public evaluation data that some tests measure
// against. The data is not part of the repository.
package evaldata

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder rel of the evaluation data, or skips the test with a
// line that names what is missing. The data is looked for at $TAMIS_DATA, else
// at ../shared/data beside the repository. With TAMIS_REQUIRE_DATA=1 the test
// fails where it would be skipped.
func Dir(t testing.TB, rel string) string {
	t.Helper()
	root := os.Getenv("TAMIS_DATA")
	if root == "" {
		root = filepath.Join(Root(t), "..", "shared", "data")
	}
	dir := filepath.Join(root, filepath.FromSlash(rel))
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("TAMIS_REQUIRE_DATA") == "1" {
			t.Fatalf("evaluation data required but absent: %s", dir)
		}
		t.Skipf("evaluation data absent: %s (set TAMIS_DATA to its folder)", dir)
	}
	return dir
}

// Root returns the root folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
