package tamis_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
)

const (
	mostFunctionLines = 100
	mostPackageLines  = 3000
)

// Those that are longer than the house allows. Names leave these lists when they
// are mended, and none comes in.
var (
	longFunctions = map[string]bool{}
	longPackages  = map[string]bool{"corpus/read/pdf": true} // glyphs, lines, columns, tables and tags are one set of types
)

// TestLengths holds functions and packages, without their tests, to a length that
// can be read.
func TestLengths(t *testing.T) {
	lines, long := map[string]int{}, map[string]bool{}
	productFiles(t, func(pkg, file string) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines[pkg] += bytes.Count(data, []byte("\n"))
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, data, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			name := pkg + "." + fn.Name.Name
			if n <= mostFunctionLines {
				continue
			}
			long[name] = true
			if !longFunctions[name] {
				t.Errorf("%s: %s has %d lines, more than %d", fset.Position(fn.Pos()), name, n, mostFunctionLines)
			}
		}
	})
	for name := range longFunctions {
		if !long[name] {
			t.Errorf("%s has become short: take it off longFunctions", name)
		}
	}
	for pkg, n := range lines {
		if n > mostPackageLines && !longPackages[pkg] {
			t.Errorf("package %s has %d lines without its tests, more than %d", pkg, n, mostPackageLines)
		}
	}
	for pkg := range longPackages {
		if lines[pkg] <= mostPackageLines {
			t.Errorf("package %s has become short: take it off longPackages", pkg)
		}
	}
}

// productFiles calls f with each source file of the module that is built, and its
// package, "" for the root.
func productFiles(t *testing.T, f func(pkg, file string)) {
	t.Helper()
	root := evaldata.Root(t)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." {
				_, err := os.Stat(filepath.Join(file, "go.mod"))
				if err == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") {
					return filepath.SkipDir
				}
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		if pkg == "." {
			pkg = ""
		}
		f(pkg, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
