package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFolders: what happens below a folder is told, also in folders that come later;
// what is skipped is not.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(name), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	write("a/one.txt")
	write(".git/x")
	f, err := New([]string{dir}, func(folder string) bool { return filepath.Base(folder)[0] == '.' })
	if err != nil {
		t.Skip("nothing can be watched here:", err)
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	next := func(want ...string) *Changes {
		t.Helper()
		all := &Changes{paths: map[string]bool{}}
		for {
			c, err := f.Next(ctx)
			if err != nil {
				t.Fatalf("%v never came: %v", want, err)
			}
			for p := range c.paths {
				all.paths[p] = true
			}
			missing := false
			for _, w := range want {
				missing = missing || !all.Has(filepath.Join(dir, w))
			}
			if !missing {
				return all
			}
		}
	}
	write(".git/y")
	write("a/one.txt")
	write("b/c/two.txt")
	c := next("a/one.txt", "b/c/two.txt")
	if c.Has(filepath.Join(dir, "a/other.txt")) || c.Has(filepath.Join(dir, ".git/y")) {
		t.Errorf("%+v", c)
	}
	write("b/c/three.txt") // in a folder that came
	next("b/c/three.txt")
	if err := os.Rename(filepath.Join(dir, "a/one.txt"), filepath.Join(dir, "b/one.txt")); err != nil {
		t.Fatal(err)
	}
	next("a/one.txt", "b/one.txt")
	if err := os.RemoveAll(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	next("b/c/two.txt")
	cancel()
	if _, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestOverflow: more events than the system keeps mean that anything may have changed.
func TestOverflow(t *testing.T) {
	dir := t.TempDir()
	f, err := New([]string{dir}, func(string) bool { return false })
	if err != nil {
		t.Skip("nothing can be watched here:", err)
	}
	defer f.Close()
	for i := range 60_000 { // nobody listens
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i%50)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		c, err := f.Next(ctx)
		if err != nil {
			t.Skip("the system kept all events:", err)
		}
		if c.Has(filepath.Join(dir, "never")) {
			return
		}
	}
}

// TestFile: of a file, its folder is watched for it alone.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(name, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := New([]string{name}, func(string) bool { return false })
	if err != nil {
		t.Skip("nothing can be watched here:", err)
	}
	defer f.Close()
	for _, n := range []string{filepath.Join(dir, "b.txt"), name} {
		if err := os.WriteFile(n, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := f.Next(ctx)
	if err != nil || !c.Has(name) || c.Has(filepath.Join(dir, "b.txt")) {
		t.Errorf("%+v, %v", c, err)
	}
}
