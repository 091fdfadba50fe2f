package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCheckedIn fails when the assembly in the tree is not what the generator
// writes: go generate ./internal/simd makes it so.
func TestCheckedIn(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes; run go generate ./internal/simd", name)
		}
	}
	assembly, err := filepath.Glob(filepath.Join("..", "*.s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range assembly {
		if _, ok := files[filepath.Base(file)]; !ok {
			t.Errorf("%s comes from no generator", file)
		}
	}
}
