// Command asm writes the assembly of package simd and the Go declarations that
// belong to it. It is a module of its own, so that the product does not depend on
// the library that it uses (avo). Run it with go generate in package simd.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// config is that of all files: its words stand in their first line.
var config = printer.Config{Argv: []string{"go", "generate", "./internal/simd"}, Pkg: "simd"}

func main() {
	dir := flag.String("dir", "..", "the folder to write to")
	flag.Parse()
	if err := write(*dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	files, err := generate()
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the files by name.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	all := ir.NewFile()
	for _, part := range []struct {
		name    string
		kernels func(*gen)
	}{
		{"postings_amd64.s", postings},
		{"impact_amd64.s", impact},
		{"matrix_amd64.s", matrix},
		{"layers_amd64.s", layers},
		{"integer_amd64.s", integer},
		{"dense_amd64.s", dense},
		{"blocks_amd64.s", blocks},
		{"open_amd64.s", open},
	} {
		g := &gen{Context: build.NewContext(), single: map[uint8]operand.Mem{}}
		part.kernels(g)
		f, err := g.compile()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		if files[part.name], err = printer.NewGoAsm(config).Print(f); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		all.Constraints = f.Constraints
		all.Sections = append(all.Sections, f.Sections...)
	}
	var err error
	if files["kernels_amd64.go"], err = printer.NewStubs(config).Print(all); err != nil {
		return nil, fmt.Errorf("declarations: %w", err)
	}
	if files["kernels_other.go"], err = elsewhere(all); err != nil {
		return nil, fmt.Errorf("declarations for other machines: %w", err)
	}
	return files, nil
}

func (g *gen) compile() (*ir.File, error) {
	g.ConstraintExpr("!purego")
	f, err := g.Result()
	if err != nil {
		return nil, err
	}
	return f, pass.Compile.Execute(f)
}

// elsewhere declares the kernels for machines that have none: they compile there
// and are never called.
func elsewhere(f *ir.File) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s\n\n//go:build !amd64 || purego\n\npackage %s\n\n", config.GeneratedWarning(), config.Pkg)
	for _, fn := range f.Functions() {
		body := "{}"
		if fn.Signature.Results().Bytes() > 0 {
			body = "{ return 0 }"
		}
		fmt.Fprintf(&b, "%s %s\n", strings.TrimSpace(fn.Stub()), body)
	}
	return format.Source(b.Bytes())
}
